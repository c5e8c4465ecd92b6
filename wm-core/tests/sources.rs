//! Descriptors of the handler's own, and signals, beside its connections.

mod running;

use nix::sys::{
    pthread::{pthread_kill, pthread_self},
    signal,
};
use running::{PATIENCE, Running};
use std::{
    cell::Cell,
    fs::File,
    io::{self, BufRead, BufReader, ErrorKind, PipeReader, Read, Write},
    os::unix::net::UnixStream,
    rc::Rc,
    sync::mpsc::{self, Receiver},
};
use wm_core::{Context, Interest, Signal, SourceId, Worker, protocol::Text};

/// What a worker tells its test.
fn told<T>(from: &Receiver<T>) -> T {
    from.recv_timeout(PATIENCE).expect("the worker says something")
}

type Started<T> = Box<dyn FnOnce(&mut Context<'_, Text, ()>) -> T + Send>;

/// A worker that does this when it starts.
fn started(start: impl FnOnce(&mut Context<'_, Text, ()>) + Send + 'static) -> Running {
    let start: Started<()> = Box::new(start);
    Running::start(move || {
        let mut start = Some(start);
        Worker::<Text>::new("tcp://127.0.0.1:0").on_worker_start(move |worker| start.take().expect("once")(worker))
    })
}

#[test]
fn a_source_is_called_as_long_as_it_is_ready_and_may_end_itself() {
    let (source, mut writer) = io::pipe().unwrap();
    let (to, from) = mpsc::channel();
    let running = started(move |worker| {
        let id = Rc::new(Cell::new(None::<SourceId>));
        let own = Rc::clone(&id);
        let watched = worker.register(source, Interest::Readable, move |worker, source: &mut PipeReader, ready| {
            assert!(ready.readable && !ready.writable, "{ready:?}");
            let mut byte = [0];
            let count = source.read(&mut byte).unwrap();
            if count == 0 {
                let id = own.get().unwrap();
                assert!(worker.deregister(id) && !worker.deregister(id));
            }
            to.send((count > 0).then_some(byte[0])).unwrap();
        });
        id.set(Some(watched.unwrap()));
    });
    writer.write_all(b"abc").unwrap();
    assert_eq!([told(&from), told(&from), told(&from)], [Some(b'a'), Some(b'b'), Some(b'c')]);
    writer.write_all(b"d").unwrap();
    assert_eq!(told(&from), Some(b'd'));
    drop(writer);
    assert_eq!(told(&from), None);
    drop(running);
    assert_eq!(from.try_iter().count(), 0, "an end is told once");
}

#[test]
fn what_a_source_says_goes_to_the_connections() {
    let (source, mut writer) = io::pipe().unwrap();
    let (to, from) = mpsc::channel();
    let running = Running::start(move || {
        let mut source = Some(source);
        Worker::<Text>::new("tcp://127.0.0.1:0").on_connect(move |_| to.send(()).unwrap()).on_worker_start(
            move |worker| {
                let lines = source.take().expect("once");
                let watched = worker.register(lines, Interest::Readable, |worker, lines, _| {
                    let mut room = [0; 64];
                    let count = lines.read(&mut room).unwrap();
                    worker.broadcast(str::from_utf8(&room[..count]).unwrap());
                });
                watched.unwrap();
            },
        )
    });
    let clients = [running.connect(), running.connect()];
    clients.iter().for_each(|_| told(&from));
    writer.write_all(b"news").unwrap();
    for client in clients {
        let mut line = String::new();
        BufReader::new(client).read_line(&mut line).unwrap();
        assert_eq!(line, "news\n");
    }
}

#[test]
fn a_full_descriptor_is_told_when_it_can_be_written() {
    let (near, mut far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    let mut filled = 0;
    while let Ok(count) = (&near).write(&[b'x'; 4096]) {
        filled += count;
    }
    let (to, from) = mpsc::channel();
    let running = started(move |worker| {
        let watched = worker.register(near, Interest::Both, move |_, _, ready| to.send(ready).unwrap());
        watched.unwrap();
    });
    far.read_exact(&mut vec![0; filled]).unwrap();
    let ready = told(&from);
    assert!(ready.writable && !ready.readable, "{ready:?}");
    far.write_all(b"!").unwrap();
    while !told(&from).readable {}
    drop(running);
}

#[test]
fn a_source_whose_call_panics_is_closed_and_the_worker_goes_on() {
    let (source, writer) = io::pipe().unwrap();
    let running = Running::start(move || {
        let mut source = Some(source);
        Worker::<Text>::new("tcp://127.0.0.1:0")
            .on_worker_start(move |worker| {
                let task = |_: &mut Context<'_, Text, ()>, _: &mut PipeReader, _| panic!("what a source");
                worker.register(source.take().expect("once"), Interest::Readable, task).unwrap();
            })
            .on_message(|client, line| client.send(line))
    });
    let mut closed = writer.try_clone().unwrap();
    (&writer).write_all(b"x").unwrap();
    let mut client = running.connect();
    client.write_all(b"still there\n").unwrap();
    let mut line = String::new();
    BufReader::new(client).read_line(&mut line).unwrap();
    assert_eq!(line, "still there\n");
    // The turn in which the byte was seen may be this one: what follows it sees the pipe closed.
    let mut again = running.connect();
    again.write_all(b"x\n").unwrap();
    BufReader::new(again).read_line(&mut line).unwrap();
    assert_eq!(closed.write(b"y").unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn what_cannot_be_watched_is_an_error_at_once() {
    let (to, from) = mpsc::channel();
    let running = started(move |worker| {
        let file = File::open("Cargo.toml").unwrap();
        to.send(worker.register(file, Interest::Readable, |_, _, _| {}).unwrap_err()).unwrap();
    });
    assert_eq!(told(&from).kind(), ErrorKind::PermissionDenied);
    drop(running);
}

#[test]
fn a_signal_is_a_callback_until_it_is_deregistered() {
    let (to, from) = mpsc::channel();
    let (tell_thread, thread) = mpsc::channel();
    let running = Running::start(move || {
        tell_thread.send(pthread_self()).unwrap();
        Worker::<Text>::new("tcp://127.0.0.1:0")
            .on_worker_start(move |worker| {
                let of_start = to.clone();
                worker.on_signal(Signal::User1, move |worker| of_start.send(worker.len()).unwrap()).unwrap();
            })
            .on_message(|client, line| client.send(line))
    });
    let thread = told(&thread);
    // A reply says that it has started, and blocks the signal.
    let mut client = running.connect();
    client.write_all(b"hello\n").unwrap();
    BufReader::new(&client).read_line(&mut String::new()).unwrap();
    for _ in 0..3 {
        pthread_kill(thread, signal::Signal::SIGUSR1).unwrap();
        assert_eq!(told(&from), 1);
    }
    drop(client);
    drop(running);
    assert_eq!(from.try_iter().count(), 0);
}
