//! Python's smtplib hands a letter in to a server that is made of `mail.wm`, and goes on with other bytes behind `STARTTLS`.

use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use wm_core::protocol::Tcp;
use wm_core::{Framed, FramedError};
use wm_tests::schemas::mail::{self, End, Reply, server};

/// How long anything may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(30);

const SCRIPT: &str = r"
import smtplib, sys
with smtplib.SMTP('127.0.0.1', int(sys.argv[1]), local_hostname='me', timeout=20) as post:
    post.ehlo()
    assert post.has_extn('starttls'), post.esmtp_features
    refused = post.sendmail('a@b', ['c@d', 'nobody@d', 'e@f'], 'Subject: hi\r\n\r\n.dot\r\nbye')
    assert list(refused) == ['nobody@d'], refused
    try:
        post.sendmail('a@b', ['nobody@d'], 'to nobody')
        assert False
    except smtplib.SMTPRecipientsRefused:
        pass
    assert post.noop()[0] == 250
    code, text = post.docmd('STARTTLS')
    assert code == 220, text
    post.sock.sendall(b'under cover')
    print(post.sock.recv(100).decode())
    post.sock.shutdown(2)
    post.close()
";

type Door = Framed<mail::Server, TcpStream>;

/// What a client has handed in.
#[derive(Debug, Default, PartialEq)]
struct Letter {
    to: Vec<String>,
    lines: Vec<String>,
}

const fn reply(code: u64, text: &str) -> Reply<'_> {
    Reply { code, end: End::Last, text }
}

/// Serves one client up to its `STARTTLS`.
fn serve(socket: TcpStream, letters: &mut Vec<Letter>) -> Result<Option<Door>, FramedError> {
    let banner = server::Banner::of(Framed::new(socket)).expect("the start");
    let server::BannerReply::Ready(mut ready) = banner.reply(reply(220, "mail"))? else { return Ok(None) };
    loop {
        let (_, next) = ready.receive(|_| ())?;
        ready = match next {
            server::ReadyCommand::Told(told) => told_all(told)?,
            server::ReadyCommand::From(from) => match from.reply(reply(250, "who to?"))? {
                server::FromReply::Letter(letter) => match take(letter, letters)? {
                    Some(ready) => ready,
                    None => return Ok(None),
                },
                server::FromReply::Ready(ready) => ready,
            },
            server::ReadyCommand::Cover(cover) => match cover.reply(reply(220, "go on"))? {
                server::CoverReply::Tls(tls) => return Ok(Some(tls.into_channel())),
                server::CoverReply::Ready(ready) => ready,
            },
            server::ReadyCommand::Bye(bye) => {
                bye.reply(reply(221, "bye"))?;
                return Ok(None);
            }
        };
    }
}

/// Says what the server can, in two lines.
fn told_all(told: server::Told<Door>) -> Result<server::Ready<Door>, FramedError> {
    let more = Reply { code: 250, end: End::More, text: "mail" };
    match told.reply(more)? {
        server::ToldReply::Ready(ready) => Ok(ready),
        server::ToldReply::Told(told) => match told.reply(reply(250, "STARTTLS"))? {
            server::ToldReply::Ready(ready) => Ok(ready),
            server::ToldReply::Told(_) => panic!("that was the last line"),
        },
    }
}

/// Takes a letter; none if the client has gone.
fn take(
    mut letter: server::Letter<Door>,
    letters: &mut Vec<Letter>,
) -> Result<Option<server::Ready<Door>>, FramedError> {
    let mut taken = Letter::default();
    loop {
        let (rest, next) = letter.receive(|command| command.rest.to_owned())?;
        letter = match next {
            server::LetterCommand::To(to) if rest.contains("nobody") => to.reply(reply(550, "who is that?"))?,
            server::LetterCommand::To(to) => {
                taken.to.push(rest);
                to.reply(reply(250, "ok"))?
            }
            server::LetterCommand::Wrong(wrong) => wrong.reply(reply(503, "not now"))?,
            server::LetterCommand::Told(told) => return told_all(told).map(Some),
            server::LetterCommand::Data(data) => match data.reply(reply(354, "go on"))? {
                server::DataReply::Letter(letter) => letter,
                server::DataReply::Body(mut body) => loop {
                    let (line, next) = body.receive(|text| text.line.to_owned())?;
                    match next {
                        server::BodyText::Body(more) => body = more,
                        server::BodyText::Done(done) => {
                            letters.push(taken);
                            return done.reply(reply(250, "taken")).map(Some);
                        }
                    }
                    taken.lines.push(line);
                },
            },
            server::LetterCommand::Bye(bye) => {
                bye.reply(reply(221, "bye"))?;
                return Ok(None);
            }
        };
    }
}

/// What the client hands in, and whether it gets back what it says under cover.
fn post(listener: &TcpListener) -> Vec<Letter> {
    let (socket, _) = listener.accept().expect("somebody connects");
    socket.set_read_timeout(Some(PATIENCE)).expect("a time that is not zero");
    let mut letters = Vec::new();
    let door = serve(socket, &mut letters).expect("a good conversation").expect("a STARTTLS");
    let mut cover = door.upgrade::<Tcp>();
    let said = cover.receive(<[u8]>::to_vec).expect("bytes").expect("the client is there");
    cover.send(&said[..]).expect("it reads");
    letters
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn smtplib_hands_a_letter_in() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port().to_string();
    let python = Command::new("python3")
        .args(["-c", SCRIPT, &port])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(python) = python else {
        eprintln!("LEFT OUT: python3 is not installed");
        return;
    };
    let (done, wait) = mpsc::channel();
    let served = thread::spawn(move || post(&listener));
    thread::spawn(move || done.send((python.wait_with_output(), served.join())));
    let (output, served) = wait.recv_timeout(2 * PATIENCE).expect("it comes to an end");
    let output = output.expect("python has run");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "under cover\n");
    let to = [" TO:<c@d>", " TO:<e@f>"].map(str::to_owned).to_vec();
    let lines = ["Subject: hi", "", "..dot", "bye"].map(str::to_owned).to_vec();
    assert_eq!(served.expect("no panic"), [Letter { to, lines }]);
}
