//! Generated code over real sockets: a client and a server of a message, on the core, through the loopback of the system.

use crate::engine::Read;
use bytes::BytesMut;
use std::fmt;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use wm_core::net::bind;
use wm_core::protocol::{Duplex, Input, Message, Protocol};
use wm_core::{Address, Framed, Launch, ListenOptions, Service, Worker};

/// Far longer than anything here takes; what waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// How much is under way at once, in bytes: the sockets hold far more.
const UNDER_WAY: usize = 16 << 10;

/// A client sends the messages of `frames` to a server that sends each of them back: what it has received.
///
/// # Panics
///
/// A frame is none of this message, or one of the two fails.
#[must_use]
pub fn echoed<M: Message>(frames: &[Vec<u8>]) -> Vec<Read>
where
    for<'a> M::View<'a>: fmt::Debug,
{
    let any: Address = "tcp://127.0.0.1:0".parse().expect("an address");
    let listener = bind(&any, &ListenOptions::default()).expect("a free port");
    let address = listener.endpoint().expect("bound").socket_addr().expect("an address of the internet");
    let (stopped, stop) = io::pipe().expect("a pipe");
    let server = thread::spawn(move || {
        let worker =
            Worker::<Duplex<M>>::new(&format!("tcp://{address}")).on_message(|client, message| client.send(message));
        Service::run(Box::new(worker), Launch::new(stopped).listener(listener))
    });
    let mut client = connect::<M>(address);
    let mut received = Vec::new();
    let mut sent = 0;
    while sent < frames.len() {
        let mut bytes = 0;
        let first = sent;
        while sent < frames.len() && (sent == first || bytes + frames[sent].len() <= UNDER_WAY) {
            let mut frame = frames[sent].clone();
            let view = M::decode(&mut frame).expect("a good frame");
            if client.protocol().has_finished() {
                // Nothing stands behind it: the next has a connection of its own.
                client = connect::<M>(address);
            }
            client.send(view).expect("the server reads");
            bytes += frames[sent].len();
            sent += 1;
            if client.protocol().has_finished() {
                client.get_ref().shutdown(Shutdown::Write).expect("an open connection");
                break;
            }
        }
        for _ in first..sent {
            let read = client.receive(|message| read::<M>(&message)).expect("an answer");
            received.push(read.expect("the server has not closed"));
        }
    }
    drop((client, stop));
    join(server);
    received
}

/// A client of the server at this address.
fn connect<M: Message>(address: SocketAddr) -> Framed<Duplex<M>, TcpStream> {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time that is not zero");
    stream.set_write_timeout(Some(PATIENCE)).expect("a time that is not zero");
    Framed::new(stream)
}

/// As [`echoed`] of a message that is a datagram: a client sends one, and waits for it to come back.
///
/// # Panics
///
/// A frame is none of this message, or one of the two fails.
#[must_use]
pub fn echoed_in_datagrams<M: Message>(frames: &[Vec<u8>]) -> Vec<Read>
where
    for<'a> M::View<'a>: fmt::Debug,
{
    let any: Address = "udp://127.0.0.1:0".parse().expect("an address");
    let listener = bind(&any, &ListenOptions::default()).expect("a free port");
    let address = listener.endpoint().expect("bound").socket_addr().expect("an address of the internet");
    let (stopped, stop) = io::pipe().expect("a pipe");
    let server = thread::spawn(move || {
        let worker =
            Worker::<Duplex<M>>::new(&format!("udp://{address}")).on_message(|peer, message| peer.send(message));
        Service::run(Box::new(worker), Launch::new(stopped).listener(listener))
    });
    let client = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    client.connect(address).expect("an address of this machine");
    client.set_read_timeout(Some(PATIENCE)).expect("a time that is not zero");
    let mut room = vec![0; M::FRAME_BYTES_MAX + 1];
    let received = frames.iter().map(|frame| {
        client.send(frame).expect("the server is there");
        let len = client.recv(&mut room).expect("an answer");
        let datagram = &mut room[..len];
        assert_eq!(M::input(&mut M::Scan::default(), datagram), Ok(Input::Frame(len)));
        read::<M>(&M::decode(datagram).expect("a good datagram"))
    });
    let received = received.collect();
    drop(stop);
    join(server);
    received
}

/// Waits for a server that was told to stop.
fn join(server: thread::JoinHandle<Result<(), wm_core::Error>>) {
    let (ended, wait) = mpsc::channel();
    thread::spawn(move || ended.send(server.join()));
    wait.recv_timeout(PATIENCE).expect("the server stops").expect("it has not panicked").expect("it has not failed");
}

fn read<M: Message>(message: &M::View<'_>) -> Read
where
    for<'a> M::View<'a>: fmt::Debug,
{
    let mut sent = BytesMut::new();
    let result = M::encode(message, &mut sent);
    Read { shown: format!("{message:?}"), sent: result.map(|()| sent.to_vec()).map_err(Into::into) }
}
