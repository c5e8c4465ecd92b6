//! [`Limits`]: what connections may take, with units, defaults and reasons.

use super::Deadlines;

/// What one connection may take, of memory and of time, and how many there may be. All sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The longest frame that is taken, its head included. It is refused as soon as its length is known, before it is
    /// buffered. Of a message that is handed out in [parts](crate::protocol::Stream) it bounds the parts, whose whole the schema
    /// bounds. Default: what the protocol's schema says, [`Protocol::FRAME_BYTES_MAX`]; only a lower value matters.
    /// Of [`Tcp`], whose frames are whatever was read, 64 KiB at most, nothing should be asked here.
    ///
    /// [`Tcp`]: crate::protocol::Tcp
    /// [`Protocol::FRAME_BYTES_MAX`]: crate::protocol::Protocol::FRAME_BYTES_MAX
    pub frame_bytes_max: usize,

    /// With so much queued to be sent the connection stops reading its peer, and `on_buffer_full` is called. Default
    /// 1 MiB, the manual's `maxSendBufferSize`: a few times what the kernel buffers itself.
    pub send_high_bytes: usize,

    /// Below this the connection reads again, and `on_buffer_drain` is called. Default 256 KiB: enough to keep the
    /// peer busy while the handler produces more, and far enough below the high mark not to flutter.
    pub send_low_bytes: usize,

    /// With so much queued a message is refused. Backpressure stops what a peer asks for itself; this bounds what others
    /// send it, as in a broadcast to a peer that does not read. Default 64 MiB, and a connection that is fed only by its
    /// own requests never meets it. If the protocol has [a state in its encoder](crate::protocol::Protocol::ENCODES_ALIKE),
    /// the last message may pass the limit: what is encoded cannot be taken back.
    pub send_queue_bytes_max: usize,

    /// What becomes of a connection whose queue is at that limit. Default [`Overflow::Refuse`].
    pub overflow: Overflow,

    /// How long is waited for a peer.
    pub deadlines: Deadlines,

    /// How many connections one process has at most, the closing ones included. With so many it stops accepting: peers
    /// wait in the backlog, from where other processes of the worker take them, until one connection is over. Default
    /// `usize::MAX`: the limit on descriptors is met in the same way.
    pub connections_max: usize,

    /// How many of them may come from one IP address, or from one /64 network of IPv6, which is what one subscriber has.
    /// With so many the next is accepted and closed at once, without a word and without a callback: it must not keep
    /// others from the backlog. [`Context::turned_away`](super::Context::turned_away) counts them. Default `usize::MAX`:
    /// behind a proxy or a carrier's NAT all come from one address. Unix sockets do not count.
    pub connections_per_ip_max: usize,
}

/// What becomes of a connection whose peer does not take what others send it: its queue is at
/// [`Limits::send_queue_bytes_max`], and there is a message more. Nothing is lost without a word: `on_error` is told in both
/// cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Overflow {
    /// The message is refused, and so are the next ones until the queue has drained: for news that only the latest of
    /// counts, such as prices.
    #[default]
    Refuse,
    /// The connection is closed, and its queue dropped: for conversations in which nothing may be missing. A peer that
    /// connects again begins anew.
    Close,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes_max: usize::MAX,
            send_high_bytes: 1 << 20,
            send_low_bytes: 256 << 10,
            send_queue_bytes_max: 64 << 20,
            overflow: Overflow::Refuse,
            deadlines: Deadlines::default(),
            connections_max: usize::MAX,
            connections_per_ip_max: usize::MAX,
        }
    }
}
