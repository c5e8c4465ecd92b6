//! The master and its workers as real processes: a test for each behaviour that an operator relies on.

#[path = "program.rs"]
mod program;

use nix::sys::signal::Signal;
use program::{Program, ask, eventually, is_gone, lives, send};
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn it_shows_its_workers_and_says_when_all_are_up() {
    let program = Program::ready("tcp://127.0.0.1:0 3 serve tcp://[::1]:0 1 serve");
    assert_eq!(program.workers(4).len(), 4);
    let port = program.port("worker1");
    assert_ne!(port, 0, "the real one");
    assert!(ask(port).is_some());
    let (pid, second) = (program.pid(), program.port("worker2"));
    let (out, err) = program.stop();
    let lines: Vec<_> = out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let expected = [
        format!("wm {}, master process {pid}", env!("CARGO_PKG_VERSION")),
        String::new(),
        "worker listen processes".to_owned(),
        format!("worker1 tcp://127.0.0.1:{port} 3"),
        format!("worker2 tcp://[::1]:{second} 1"),
        String::new(),
        "wm: ready, 4 processes.".to_owned(),
        "wm: stopping, 4 processes may drain for 10 s".to_owned(),
        "wm: stopped".to_owned(),
    ];
    assert_eq!(lines, expected);
    assert_eq!(err, "");
}

#[test]
fn it_is_ready_when_its_workers_say_so_and_not_before() {
    let program = Program::start("tcp://127.0.0.1:0 1 serve_late tcp://127.0.0.1:0 2 serve");
    let (late, port) = (program.port("worker1"), program.port("worker2"));
    assert!(ask(port).is_some());
    assert!(!program.has_said("wm: ready"));
    assert!(ask(late).is_some());
    program.said("wm: ready, 3 processes.");
    program.stop();
}

#[test]
fn a_worker_may_listen_nowhere() {
    let program = Program::ready("none 2 wait");
    assert_eq!(program.said("worker1").split_whitespace().collect::<Vec<_>>(), ["worker1", "none", "2"]);
    assert_eq!(program.workers(2).len(), 2);
    program.stop();
}

#[test]
fn the_file_of_a_unix_socket_is_there_as_long_as_its_service() {
    let path = std::env::temp_dir().join(format!("wm-processes-{}.sock", std::process::id()));
    let address = format!("unix://{}", path.display());
    // One is told to stop, the next does not even start.
    let program = Program::ready(&format!("{address} 2 serve"));
    let answer = || {
        let mut text = String::new();
        UnixStream::connect(&path).and_then(|mut peer| peer.read_to_string(&mut text)).ok().map(|_| text)
    };
    assert!(answer().is_some_and(|text| text.split_whitespace().count() == 2));
    send(program.workers(2)[0], Signal::SIGKILL);
    program.warned("replaced at once");
    program.workers(2);
    assert!(path.exists(), "a worker that dies does not take it along");
    let (code, _, err) = Program::start(&format!("{address} 1 serve")).end();
    assert_eq!(code, Some(1));
    assert!(
        err.contains("is in use: another worker or program listens there; stop it or choose another path"),
        "{err}"
    );
    program.stop();
    assert!(!path.exists());
    assert_eq!(Program::start(&format!("{address} 1 serve tcp://127.0.0.1 1 serve")).end().0, Some(1));
    assert!(!path.exists());

    // A master that is killed leaves it behind; the next one replaces it.
    let program = Program::ready(&format!("{address} 1 hang"));
    let worker = program.workers(1)[0];
    program.signal(Signal::SIGKILL);
    eventually("no worker", || (!lives(worker)).then_some(()));
    assert!(path.exists());
    let program = Program::ready(&format!("{address} 1 serve"));
    assert!(answer().is_some());
    program.stop();
    assert!(!path.exists());
}

#[test]
fn a_quiet_one_says_nothing() {
    let program = Program::start("--quiet tcp://127.0.0.1:0 2 serve");
    program.workers(2);
    assert_eq!(program.stop(), (String::new(), String::new()));
}

#[test]
fn a_killed_worker_is_replaced_and_the_others_stay() {
    // 34 is a real-time signal: it has no name.
    for (number, name) in [("9", "SIGKILL"), ("34", "34"), ("10", "SIGUSR1")] {
        let program = Program::ready("tcp://127.0.0.1:0 3 serve");
        let before = program.workers(3);
        let victim = before[1];
        let sent = Command::new("sh").args(["-c", &format!("kill -{number} {victim}")]).status();
        assert!(sent.is_ok_and(|status| status.success()));
        let line = program.warned(&format!("(pid {victim}) ended after"));
        assert!(line.contains(&format!("by signal {name}; replaced at once")), "{line}");
        let after = program.workers(3);
        assert!(!after.contains(&victim) && after.contains(&before[0]) && after.contains(&before[2]), "{after:?}");
        let (out, _) = program.stop();
        assert!(out.ends_with("wm: stopped; worker1 lost 0 to exit codes, 1 to signals"), "{out}");
    }
}

#[test]
fn a_lone_worker_that_is_killed_serves_again_under_its_number() {
    let program = Program::ready("tcp://127.0.0.1:0 1 serve");
    let port = program.port("worker1");
    let first = ask(port).expect("an answer");
    send(first[0], Signal::SIGKILL);
    let second = eventually("another pid", || ask(port).filter(|answer| answer[0] != first[0]));
    assert_eq!((first[1], second[1]), (0, 0));
    program.stop();
}

#[test]
fn each_order_to_stop_is_obeyed_and_leaves_nobody_behind() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let program = Program::ready("tcp://127.0.0.1:0 3 serve");
        let workers = program.workers(3);
        program.signal(signal);
        let (code, out, err) = program.end();
        assert_eq!((code, err.as_str()), (Some(0), ""), "{signal}: {out}");
        assert!(workers.into_iter().all(is_gone));
    }
}

#[test]
fn one_that_retires_leaves_nobody_behind_either() {
    let program = Program::ready("tcp://127.0.0.1:0 2 serve none 1 wait");
    let (workers, port) = (program.workers(3), program.port("worker1"));
    program.signal(Signal::SIGQUIT);
    program.said("wm: stopping, 3 processes end when their peers have left");
    let (code, out, err) = program.end();
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(workers.into_iter().all(is_gone));
    TcpListener::bind(("127.0.0.1", port)).expect("the port is free again");

    // Whoever has no time for it says so.
    let program = Program::ready("--stop-timeout-ms 50 tcp://127.0.0.1:0 1 hang");
    program.signal(Signal::SIGQUIT);
    program.said("wm: stopping, 1 process end");
    program.signal(Signal::SIGTERM);
    assert_eq!(program.end().0, Some(3));
}

#[test]
fn what_a_terminal_sends_to_the_whole_group_loses_nobody() {
    for signal in [Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT] {
        let program = Program::ready("tcp://127.0.0.1:0 3 serve");
        program.signal_group(signal);
        let (code, out, err) = program.end();
        assert_eq!((code, err.as_str()), (Some(0), ""), "{signal}: {out}");
    }
}

#[test]
fn a_worker_that_does_not_drain_is_killed_at_the_deadline() {
    let program = Program::ready("--stop-timeout-ms 50 tcp://127.0.0.1:0 2 hang tcp://127.0.0.1:0 1 serve");
    program.signal(Signal::SIGTERM);
    program.warned("killing 2 processes before the end of their work");
    let (code, out, _) = program.end();
    assert_eq!(code, Some(3), "{out}");
}

#[test]
fn a_second_interrupt_does_not_wait() {
    let program = Program::ready("--stop-timeout-ms 3600000 tcp://127.0.0.1:0 2 hang");
    program.signal(Signal::SIGINT);
    program.said("wm: stopping");
    program.signal(Signal::SIGINT);
    assert_eq!(program.end().0, Some(3));
}

#[test]
fn without_their_master_workers_end() {
    let program = Program::ready("tcp://127.0.0.1:0 2 hang");
    let (workers, port) = (program.workers(2), program.port("worker1"));
    program.signal(Signal::SIGKILL);
    eventually("no worker", || workers.iter().all(|&pid| !lives(pid)).then_some(()));
    TcpListener::bind(("127.0.0.1", port)).expect("the port is free again");
}

#[test]
fn a_port_in_use_is_told_before_anything_is_forked() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", other.local_addr().unwrap());
    let (code, out, err) = Program::start(&format!("tcp://127.0.0.1:0 1 serve {address} 1 serve")).end();
    let line = format!("{address} is in use: another worker or program listens there; stop it or choose another port");
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert_eq!(err, format!("wm: worker worker2: {line}\nwm: nothing was started"));
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let (code, out, err) = Program::start("--thread tcp://127.0.0.1 1 serve tcp://127.0.0.1:0 0 serve").end();
    assert_eq!((code, out.as_str()), (Some(1), ""));
    let lines: Vec<_> = err.lines().collect();
    assert_eq!(lines.len(), 4, "{err}");
    assert!(lines[0].starts_with("wm: worker worker1: bad address \"tcp://127.0.0.1\": no port;"), "{err}");
    assert!(lines[1].starts_with("wm: worker worker2: a count of 0 processes serves nobody"), "{err}");
    assert!(lines[2].starts_with("wm: the process has 2 threads"), "{err}");

    let (code, _, err) = Program::start("").end();
    assert_eq!(code, Some(1));
    assert!(err.starts_with("wm: there is no worker to run"), "{err}");
}

#[test]
fn a_crash_loop_backs_off_and_what_never_worked_is_given_up() {
    for (manner, how) in [
        ("fail", "by exit code 1 (waiting for events failed: no such luck)"),
        ("panic", "by exit code 101 (panicked: out of luck)"),
    ] {
        let start = Instant::now();
        let program = Program::start(&format!("--attempts 4 tcp://127.0.0.1:0 1 {manner} tcp://127.0.0.1:0 1 serve"));
        let (code, out, err) = program.end();
        assert_eq!(code, Some(2), "{err}");
        let lines: Vec<_> = err.lines().filter(|line| line.starts_with("wm: worker1[0]")).collect();
        let sequels = [
            "replaced at once",
            "2 crashes in a row, next try in 100 ms",
            "3 crashes in a row, next try in 200 ms",
            "4 crashes in a row and it has not worked once: giving up",
        ];
        assert_eq!(lines.len(), sequels.len(), "{err}");
        for (line, sequel) in lines.iter().zip(sequels) {
            assert!(line.ends_with(&format!("{how}; {sequel}")), "{line}");
        }
        assert!(start.elapsed() >= Duration::from_millis(300));
        assert!(out.ends_with("wm: gave up; worker1 lost 4 to exit codes, 0 to signals"), "{out}");
    }
}

#[test]
fn processes_with_a_socket_each_all_get_connections() {
    let program = Program::ready("tcp://127.0.0.1:0 3 serve_apart");
    let port = program.port("worker1");
    let mut seen = BTreeSet::new();
    eventually("an answer of each", || {
        seen.extend(ask(port).map(|answer| answer[1]));
        (seen.len() == 3).then_some(())
    });
    program.stop();
}

#[test]
fn a_worker_holds_no_descriptor_that_is_not_its_own() {
    let program = Program::ready("tcp://127.0.0.1:0 2 serve tcp://127.0.0.1:0 2 serve_apart");
    // The master has three sockets and four ears; a worker has one socket and its voice instead. Signals come to the
    // master by one descriptor, to a worker by two.
    let (sockets, pipes, others) = descriptors(program.pid());
    for pid in program.workers(4) {
        assert_eq!(descriptors(pid), (sockets - 3 + 1, pipes - 4 + 1, others + 1), "{pid}");
    }
    program.stop();
}

#[test]
fn orphans_that_it_inherits_are_reaped() {
    // A subreaper inherits orphans as PID 1 does.
    let program = Program::ready("--subreaper tcp://127.0.0.1:0 1 orphan");
    let orphan = ask(program.port("worker1")).expect("a pid")[0];
    eventually("the orphan to be reaped", || is_gone(orphan).then_some(()));
    assert_eq!(program.stop().1, "", "a stranger is no loss");
}

#[test]
fn a_parent_that_ignores_sigchld_does_not_hide_exits() {
    let program = Program::start_ignoring("CHLD", "tcp://127.0.0.1:0 1 serve");
    program.said("wm: ready");
    let victim = program.workers(1)[0];
    send(victim, Signal::SIGKILL);
    program.warned("replaced at once");
    assert_ne!(program.workers(1), [victim]);
    program.stop();
}

#[test]
fn under_nohup_a_hang_up_stops_nothing() {
    let program = Program::start_ignoring("HUP", "tcp://127.0.0.1:0 1 serve");
    program.said("wm: ready");
    program.signal_group(Signal::SIGHUP);
    // Orders to stop are read before exits: had it been one, the worker would not be replaced.
    send(program.workers(1)[0], Signal::SIGKILL);
    program.warned("replaced at once");
    program.stop();
}

/// How many sockets, pipes and other things a process has open.
fn descriptors(pid: i32) -> (usize, usize, usize) {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).expect("the process is there");
    let links: Vec<_> = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()).collect();
    let count = |kind: &str| links.iter().filter(|link| link.to_string_lossy().starts_with(kind)).count();
    let (sockets, pipes) = (count("socket:"), count("pipe:"));
    (sockets, pipes, links.len() - sockets - pipes)
}
