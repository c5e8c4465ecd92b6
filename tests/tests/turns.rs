//! A session whose states are types: what may be said is a function of the state, now and later, in a worker and without.

use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};
use wm_core::engine::Engine;
use wm_core::protocol::{Before, Either, Input, Protocol, Tcp};
use wm_core::{Connection, ConnectionError, ConnectionId, Framed, Handler, Later, Limits};
use wm_tests::schemas::door::{Answer, Ask, Bye, Hello, Login, Method, Open, Pick, Through, Verdict, client, server};
use wm_tests::schemas::{door, mail};

/// A porter who knows one name, and thinks about each question until it is told to answer.
#[derive(Default)]
struct Porter {
    thinks: Vec<server::Reply<Later>>,
    told: Vec<String>,
}

type Guest<'c, 'w> = &'c mut Connection<'w, door::Server, ()>;

impl server::Handler<Guest<'_, '_>> for Porter {
    fn greet_hello(&mut self, hello: Hello<'_>, choose: server::Choose<Guest<'_, '_>>) {
        let method =
            if hello.methods.iter().any(|one| one == Method::Password) { Method::Password } else { Method::None };
        match choose.pick(Pick { method }).expect("it is legal") {
            server::ChoosePick::Ready(mut ready) => self.told.push(format!("{} is in", ready.channel().id())),
            server::ChoosePick::Prove(_) => self.told.push("prove it".into()),
            server::ChoosePick::Closed(_) => self.told.push("go away".into()),
        }
    }

    fn prove_login(&mut self, login: Login<'_>, check: server::Check<Guest<'_, '_>>) {
        let said = check.verdict(Verdict { status: u8::from(login.name != "tom") });
        self.told.push(match said.expect("it is legal") {
            server::CheckVerdict::Ready(_) => format!("{} is in", login.name),
            server::CheckVerdict::Closed(_) => format!("{} is out", login.name),
        });
    }

    fn ready_ask(&mut self, ask: Ask<'_>, next: server::ReadyAsk<Guest<'_, '_>>) {
        match next {
            server::ReadyAsk::Reply(reply) => self.thinks.push(reply.later()),
            server::ReadyAsk::Ready(_) => self.told.push(format!("no answer to {}", ask.what)),
        }
    }

    fn ready_through(&mut self, _: Through, open: server::Open<Guest<'_, '_>>) {
        open.open(Open);
    }

    fn ready_bye(&mut self, _: Bye, mut closed: server::Closed<Guest<'_, '_>>) {
        self.told.push(format!("{} has gone", closed.channel().id()));
    }

    fn tunnel_raw(&mut self, bytes: &[u8], tunnel: server::Tunnel<Guest<'_, '_>>) {
        // Twice, to see that one may go on.
        tunnel.raw(bytes).and_then(|tunnel| tunnel.raw(bytes));
    }
}

impl Handler for Porter {
    type Protocol = door::Server;
    type Session = ();

    fn on_worker_start(&mut self, worker: &mut wm_core::Context<'_, door::Server, ()>) {
        worker.timer_every(Duration::from_secs(1));
    }

    fn on_message(&mut self, guest: &mut Connection<'_, door::Server, ()>, message: door::ClientMessage<'_>) {
        server::Handler::hear(self, guest, message);
    }

    fn on_error(&mut self, _: &mut Connection<'_, door::Server, ()>, error: &ConnectionError) {
        self.told.push(error.to_string());
    }

    fn on_timer(&mut self, worker: &mut wm_core::Context<'_, door::Server, ()>, _: wm_core::TimerId) {
        for reply in self.thinks.drain(..) {
            match reply.find(&mut *worker) {
                Some(reply) => {
                    let said = reply.answer(Answer { more: false, text: "so" });
                    assert!(matches!(said, Some(server::ReplyAnswer::Ready(_))));
                }
                None => self.told.push("too late".into()),
            }
        }
    }
}

/// A porter, and one guest of his.
struct Scene {
    engine: Engine<Porter>,
    guest: ConnectionId,
    now: Instant,
}

impl Scene {
    fn new() -> Self {
        let now = Instant::now();
        let limits = Limits::default();
        let mut engine = Engine::new(Porter::default(), "porter".into(), 0, limits, Waker::noop().clone(), now);
        engine.start(now);
        let address = SocketAddr::from(([127, 0, 0, 1], 7));
        let guest = engine.accepted(address, address, now);
        Self { engine, guest, now }
    }

    fn says(&mut self, bytes: &[u8]) {
        let room = self.engine.room(self.guest).expect("the guest is listened to");
        room[..bytes.len()].copy_from_slice(bytes);
        self.engine.received(self.guest, bytes.len(), self.now);
    }

    /// What the guest has been told since the last look.
    fn hears(&mut self) -> Vec<u8> {
        let bytes = self.engine.outgoing(self.guest).to_vec();
        self.engine.sent(self.guest, bytes.len(), self.now);
        bytes
    }

    /// The porter has thought.
    fn waits(&mut self) {
        self.now += Duration::from_secs(1);
        self.engine.expire(self.now);
    }
}

const HELLO: &[u8] = &[5, 1, 0];
const WELCOME: &[u8] = &[5, 0];

#[test]
fn a_handler_says_what_the_state_allows() {
    let mut scene = Scene::new();
    scene.says(&[5, 1, 2]);
    assert_eq!(scene.hears(), [5, 2]);
    scene.says(b"\x05\x03tom\x00");
    assert_eq!(scene.hears(), [0]);
    scene.says(b"through\n");
    assert_eq!(scene.hears(), b"open\n");
    scene.says(b"hi");
    assert_eq!(scene.hears(), b"hihi");
}

#[test]
fn an_answer_may_come_later() {
    let mut scene = Scene::new();
    scene.says(HELLO);
    scene.says(b"ask why\n");
    assert_eq!(scene.hears(), WELCOME);
    scene.waits();
    assert_eq!(scene.hears(), b"\x01\x00\x02so");
}

#[test]
fn what_comes_early_waits_for_its_turn() {
    let mut scene = Scene::new();
    scene.says(&[HELLO, b"ask why\n", b"ask wh"].concat());
    assert_eq!(scene.hears(), WELCOME);
    assert!(!scene.engine.wants_more(scene.guest), "no more is read while something waits");
    scene.now += Duration::from_secs(3600);
    assert!(scene.engine.room(scene.guest).is_none());
    scene.waits();
    assert_eq!(scene.hears(), b"\x01\x00\x02so");
    assert!(scene.engine.wants_more(scene.guest), "it is the guest's turn");
    scene.says(b"y\nbye\n");
    scene.waits();
    assert_eq!(scene.hears(), b"\x01\x00\x02so");
    assert!(scene.engine.room(scene.guest).is_none(), "the early goodbye is heard then");
}

#[test]
fn what_has_come_early_is_answered_behind_the_end() {
    let mut scene = Scene::new();
    scene.says(&[HELLO, b"ask why\n", b"bye\n"].concat());
    scene.engine.end_of_stream(scene.guest, scene.now);
    assert_eq!(scene.hears(), WELCOME);
    scene.waits();
    assert_eq!(scene.hears(), b"\x01\x00\x02so");
    assert!(scene.engine.outgoing(scene.guest).is_empty());
}

#[test]
fn a_blocking_client_goes_from_type_to_type() {
    let (here, there) = UnixStream::pair().expect("two sockets");
    for socket in [&here, &there] {
        socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a time that is not zero");
    }
    let porter = thread::spawn(move || {
        let mut framed = Framed::<door::Server, _>::new(there);
        let greet = server::Greet::of(&mut framed).expect("the start");
        let (methods, choose) = greet.receive(|hello| hello.methods.len()).expect("a greeting");
        assert_eq!(methods, 1);
        let server::ChoosePick::Ready(ready) = choose.pick(Pick { method: Method::None }).expect("it reads") else {
            panic!("nothing is to be proved");
        };
        let asked = |message: door::ClientMessage<'_>| format!("{message:?}");
        let (asked, server::ReadyHeard::Reply(reply)) = ready.receive(asked).expect("a question") else {
            panic!("an answer is due");
        };
        assert_eq!(asked, "Ask(Ask { what: \"why\" })");
        let server::ReplyAnswer::Reply(reply) = reply.answer(Answer { more: true, text: "be" }).expect("it reads")
        else {
            panic!("there is more");
        };
        reply.answer(Answer { more: false, text: "cause" }).expect("it reads");
        let end = framed.receive(|message| assert_eq!(message, door::ClientMessage::Bye(Bye)));
        assert!(end.expect("a goodbye").is_some());
        assert!(framed.receive(|_| ()).expect("the end").is_none());
    });
    let greet = client::Greet::of(Framed::<door::Client, _>::new(here)).expect("the start");
    let methods = [Method::None];
    let choose = greet.hello(Hello { methods: methods[..].into() }).expect("it reads");
    let (method, client::ChoosePick::Ready(ready)) = choose.receive(|pick| pick.method).expect("a choice") else {
        panic!("it is open");
    };
    assert_eq!(method, Method::None);
    let client::ReadyAsk::Reply(mut reply) = ready.ask(Ask { what: "why" }).expect("it reads") else {
        panic!("it asks for something");
    };
    let mut text = String::new();
    let ready = loop {
        let (_, next) = reply.receive(|answer| text.push_str(answer.text)).expect("an answer");
        match next {
            client::ReplyAnswer::Reply(more) => reply = more,
            client::ReplyAnswer::Ready(ready) => break ready,
        }
    };
    assert_eq!(text, "because");
    let closed = ready.bye(Bye).expect("it reads");
    assert_eq!(closed.into_channel().protocol().state(), door::State::Closed);
    porter.join().expect("no panic");
}

#[test]
fn whoever_comes_too_late_is_told_so() {
    let mut scene = Scene::new();
    scene.says(HELLO);
    scene.says(b"ask why\n");
    scene.hears();
    // The connection goes away while the answer is thought about.
    scene.engine.failed(scene.guest, std::io::ErrorKind::ConnectionReset.into(), scene.now);
    scene.waits();
    assert_eq!(scene.hears(), b"");
}

/// Hands connections over to bytes, and notes what came when.
#[derive(Default)]
struct Cover {
    told: Vec<String>,
}

type Upgrade = wm_core::protocol::Upgraded<mail::Server, Tcp>;
type Caller<'c, 'w> = Before<&'c mut Connection<'w, Upgrade, ()>>;

impl mail::server::Handler<Caller<'_, '_>> for Cover {
    fn ready_command(&mut self, command: mail::Command<'_>, next: mail::server::ReadyCommand<Caller<'_, '_>>) {
        self.told.push(format!("command {:?}", command.rest));
        let reply = mail::Reply { code: 220, end: mail::End::Last, text: "go on" };
        if let mail::server::ReadyCommand::Cover(cover) = next {
            let said = cover.reply(reply);
            assert!(matches!(said, Some(mail::server::CoverReply::Tls(_))));
        }
    }

    fn letter_command(&mut self, _: mail::Command<'_>, _: mail::server::LetterCommand<Caller<'_, '_>>) {}

    fn body_text(&mut self, _: mail::Text<'_>, _: mail::server::BodyText<Caller<'_, '_>>) {}
}

impl Handler for Cover {
    type Protocol = Upgrade;
    type Session = ();

    fn on_connect(&mut self, caller: &mut Connection<'_, Upgrade, ()>) {
        let banner = mail::server::Banner::of(Before(caller)).expect("the start");
        banner.reply(mail::Reply { code: 220, end: mail::End::Last, text: "mail" });
    }

    fn on_message(
        &mut self,
        caller: &mut Connection<'_, Upgrade, ()>,
        message: Either<mail::ClientMessage<'_>, &[u8]>,
    ) {
        match message {
            Either::Before(message) => mail::server::Handler::hear(self, Before(caller), message),
            Either::After(bytes) => {
                self.told.push(format!("bytes {bytes:?}"));
                caller.send(Either::After(bytes));
            }
        }
    }

    fn on_error(&mut self, _: &mut Connection<'_, Upgrade, ()>, error: &ConnectionError) {
        self.told.push(error.to_string());
    }
}

#[test]
fn a_connection_goes_on_with_another_protocol_and_the_bytes_that_are_there() {
    let now = Instant::now();
    let (log, waker) = (Cover::default(), Waker::noop().clone());
    let mut engine = Engine::new(log, "cover".into(), 0, Limits::default(), waker, now);
    engine.start(now);
    let address = SocketAddr::from(([127, 0, 0, 1], 7));
    let caller = engine.accepted(address, address, now);
    let said = b"STARTTLS\r\nQUIT\r\n";
    engine.room(caller).expect("room")[..said.len()].copy_from_slice(said);
    engine.received(caller, said.len(), now);
    // What was said behind it is no command any more.
    assert_eq!(engine.outgoing(caller), b"220 mail\r\n220 go on\r\nQUIT\r\n");
    assert!(engine.wants_more(caller));
}

#[test]
fn nothing_is_said_in_the_protocol_that_was_or_is_to_come() {
    let mut upgrade = Upgrade::default();
    let mut out = bytes::BytesMut::new();
    let reply = |code| mail::Reply { code, end: mail::End::Last, text: "" };
    let early = upgrade.encode(&Either::After(&b"raw"[..]), &mut out).unwrap_err();
    assert_eq!(early.to_string(), "mail.protocol: in the state `mail` only `mail` is legal");
    upgrade.encode(&Either::Before(reply(220).into()), &mut out).expect("the banner");
    assert_eq!(upgrade.hands_over(), None);
    let mut command = *b"STARTTLS\r\n";
    assert_eq!(upgrade.input(&command), Ok(Input::Frame(10)));
    upgrade.decode(&mut command, &mut bytes::BytesMut::new()).expect("a command");
    assert!(!upgrade.listens(), "it is the server's turn");
    upgrade.encode(&Either::Before(reply(220).into()), &mut out).expect("the last word");
    assert!(upgrade.listens() && !upgrade.is_over() && upgrade.after().is_some());
    let late = upgrade.encode(&Either::Before(reply(220).into()), &mut out).unwrap_err();
    assert_eq!(late.to_string(), "mail.protocol: in the state `tcp` only `tcp` is legal");
}

#[test]
fn variables_decide_what_is_legal() {
    let mut server = mail::Server::default();
    let mut out = bytes::BytesMut::new();
    let mut say = |server: &mut mail::Server, code| {
        server.encode(&mail::Reply { code, end: mail::End::Last, text: "" }.into(), &mut out).expect("a turn");
    };
    let hear = |server: &mut mail::Server, said: &[u8]| {
        let mut said = said.to_vec();
        assert_eq!(server.input(&said), Ok(Input::Frame(said.len())));
        server.decode(&mut said, &mut bytes::BytesMut::new()).expect("a command");
    };
    say(&mut server, 220);
    hear(&mut server, b"MAIL\r\n");
    say(&mut server, 250);
    hear(&mut server, b"DATA\r\n");
    assert_eq!((server.state(), server.memory().recipients), (mail::State::Wrong, 0));
    say(&mut server, 503);
    hear(&mut server, b"RCPT\r\n");
    // What cannot be sent is not remembered.
    let refused = server
        .encode(&mail::Reply { code: 250, end: mail::End::Last, text: "\r\n" }.into(), &mut bytes::BytesMut::new());
    assert!(refused.is_err());
    assert_eq!((server.state(), server.memory().recipients), (mail::State::To, 0));
    say(&mut server, 250);
    assert_eq!((server.state(), server.memory().recipients), (mail::State::Letter, 1));
    hear(&mut server, b"DATA\r\n");
    assert_eq!(server.state(), mail::State::Data);
}
