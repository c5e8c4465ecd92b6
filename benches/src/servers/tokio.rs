//! tokio-util's `LinesCodec` on a current-thread runtime.
//!
//! A reply is flushed when no whole line is left to be answered, so that a burst of lines gets one write, as with ours.

use futures_util::{SinkExt, StreamExt};
use std::{io, net::TcpListener, process::ExitCode};
use tokio::{net::TcpStream, runtime::Builder, task::spawn};
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

/// The longest line of our `text`.
const LINE_BYTES_MAX: usize = 1 << 20;

pub(super) fn serve(listener: TcpListener) -> io::Result<ExitCode> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (peer, _) = listener.accept().await?;
            peer.set_nodelay(true)?;
            spawn(echo(peer));
        }
    })
}

async fn echo(peer: TcpStream) -> Result<(), LinesCodecError> {
    let mut lines = Framed::new(peer, LinesCodec::new_with_max_length(LINE_BYTES_MAX));
    while let Some(line) = lines.next().await {
        lines.feed(line?).await?;
        if lines.read_buffer().is_empty() {
            SinkExt::<String>::flush(&mut lines).await?;
        }
    }
    Ok(())
}
