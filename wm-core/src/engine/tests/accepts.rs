//! Who is let in, and when.

use super::*;

fn from(ip: [u8; 4], port: u16) -> Endpoint {
    SocketAddr::from((ip, port)).into()
}

#[test]
fn a_full_worker_waits_until_a_connection_is_gone_with_its_socket() {
    let mut desk = Desk::with(Limits { connections_max: 2, ..Limits::default() }, |_, _| {});
    assert!(desk.engine.accepts());
    let (first, _second) = (desk.connect(), desk.connect());
    assert!(!desk.engine.accepts());
    desk.end(first);
    assert!(!desk.engine.accepts(), "it is closed, but its socket lingers");
    desk.flush();
    assert!(desk.engine.accepts());
}

#[test]
fn so_many_come_from_one_address_and_the_next_are_turned_away() {
    let mut desk = Desk::with(Limits { connections_per_ip_max: 2, ..Limits::default() }, |guest, what| {
        if what == "count" {
            let count = guest.worker().turned_away().to_string();
            guest.send(count.as_str());
        }
    });
    let come = |desk: &mut Desk, port| {
        let remote = from([192, 0, 2, 1], port);
        let admitted = desk.engine.admits(&remote);
        admitted.then(|| desk.engine.accepted(remote, from([127, 0, 0, 1], 1), desk.now))
    };
    let first = come(&mut desk, 1).unwrap();
    let second = come(&mut desk, 2).unwrap();
    assert_eq!((come(&mut desk, 3), come(&mut desk, 4)), (None, None));
    assert!(desk.engine.admits(&from([192, 0, 2, 2], 1)), "there are others");
    desk.feed(second, b"count\n");
    desk.end(first);
    desk.flush();
    assert_eq!(desk.written(second), "2\n");
    assert!(come(&mut desk, 5).is_some());
    assert!(come(&mut desk, 6).is_none());
}

#[test]
fn accepting_can_be_paused_and_ended() {
    let mut desk = Desk::new(|guest, what| match what {
        "pause" => guest.worker().pause_accept(),
        "resume" => guest.worker().resume_accept(),
        "unlisten" => guest.worker().unlisten(),
        _ => echo(guest, what),
    });
    let id = desk.connect();
    for (line, accepts) in [("pause\n", false), ("resume\n", true), ("unlisten\n", false), ("resume\n", false)] {
        desk.feed(id, line.as_bytes());
        assert_eq!(desk.engine.accepts(), accepts, "after {line}");
    }
    assert!(desk.engine.is_unlistened() && !desk.engine.is_stopping());
    desk.feed(id, b"say hi\n");
    desk.flush();
    assert_eq!(desk.written(id), "say hi\n", "connections stay");
}
