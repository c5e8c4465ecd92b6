//! A protocol of a schema on tokio: no worker, no master, the runtime of your program.
//!
//! You learn: `wm_core::Codec`, which makes a codec of tokio-util of any generated protocol. A message borrows from its
//! frame; the closure says what is kept of it.
//!
//! ```text
//! cargo run --bin on_tokio
//! printf '5:hello,0:,' | nc -N 127.0.0.1 9101
//! ```
//!
//! You see: `5:hello,0:,`.

use futures_util::{SinkExt, StreamExt};
use std::{env, io, net::SocketAddr};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{Decoder, Encoder, Framed};
use wm_core::{Codec, FramedError};
use wm_examples::proto::netstring::{Netstring, Server};

#[expect(clippy::print_stdout, reason = "what a server has to say")]
fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9101".to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(&address).await?;
        println!("listening on {}\nready", listener.local_addr()?);
        loop {
            let (stream, peer) = listener.accept().await?;
            tokio::spawn(serve(stream, peer));
        }
    })
}

#[expect(clippy::print_stderr, reason = "what a server has to say")]
async fn serve(stream: TcpStream, peer: SocketAddr) {
    if let Err(error) = echo(stream).await {
        eprintln!("{peer}: {error}");
    }
}

/// What is received is kept as bytes of its own. Named as what it does, so that it may move between threads in a task.
fn codec()
-> impl Decoder<Item = Vec<u8>, Error = FramedError> + for<'a> Encoder<Netstring<'a>, Error = FramedError> + Send + Unpin
{
    Codec::<Server, _, _>::new(|netstring| netstring.data.to_vec())
}

/// Sends each netstring back.
async fn echo(stream: TcpStream) -> Result<(), FramedError> {
    let mut netstrings = Framed::new(stream, codec());
    while let Some(data) = netstrings.next().await {
        netstrings.send(Netstring { data: &data? }).await?;
    }
    Ok(())
}
