//! The reference: the least that an echo server can do.
//!
//! One `epoll_wait` for whoever is ready, one `read` and one `write` for each of them, edge-triggered as ours. There is
//! one buffer for all; nothing is allocated for a connection but its place in a table of descriptors. It does not know
//! what a line is, sends back whatever it has read, and drops a peer that does not take all of it at once: what a server
//! for the world adds to that is what the ratios show.

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::{
    io::{self, ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    os::fd::AsRawFd,
    process::ExitCode,
};

const LISTENER: u64 = u64::MAX;

pub(super) fn serve(listener: TcpListener) -> io::Result<ExitCode> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    epoll.add(&listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;
    let mut peers: Vec<Option<TcpStream>> = Vec::new();
    let mut buffer = [0; 64 << 10];
    let mut events = [EpollEvent::empty(); 1024];
    loop {
        let count = epoll.wait(&mut events, EpollTimeout::NONE)?;
        for event in &events[..count] {
            if event.data() == LISTENER {
                accept(&epoll, &listener, &mut peers)?;
                continue;
            }
            let slot = usize::try_from(event.data()).ok().and_then(|descriptor| peers.get_mut(descriptor));
            let Some(Some(peer)) = slot else { continue };
            let ended = event.events().contains(EpollFlags::EPOLLRDHUP);
            if !echo(peer, &mut buffer) || ended {
                let descriptor = peer.as_raw_fd();
                peers[usize::try_from(descriptor).unwrap_or_default()] = None;
            }
        }
    }
}

fn accept(epoll: &Epoll, listener: &TcpListener, peers: &mut Vec<Option<TcpStream>>) -> io::Result<()> {
    let peer = match listener.accept() {
        Ok((peer, _)) => peer,
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
        Err(error) => return Err(error),
    };
    peer.set_nonblocking(true)?;
    peer.set_nodelay(true)?;
    let descriptor = usize::try_from(peer.as_raw_fd()).map_err(io::Error::other)?;
    let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLRDHUP | EpollFlags::EPOLLET;
    epoll.add(&peer, EpollEvent::new(flags, descriptor as u64))?;
    if peers.len() <= descriptor {
        peers.resize_with(descriptor + 1, || None);
    }
    peers[descriptor] = Some(peer);
    Ok(())
}

/// Sends back what has come, and says whether the peer is still there. A short read has emptied the socket.
fn echo(peer: &mut TcpStream, buffer: &mut [u8]) -> bool {
    loop {
        match peer.read(buffer) {
            Ok(0) => return false,
            Ok(count) if !matches!(peer.write(&buffer[..count]), Ok(taken) if taken == count) => return false,
            Ok(count) if count < buffer.len() => return true,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}
