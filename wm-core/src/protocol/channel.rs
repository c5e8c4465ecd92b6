//! Where one side of a session speaks: what the types of its states are made of, which `wm-schema` generates.
//!
//! A type for each state holds a channel, and has just the functions for what this side may say there. A reply that is
//! not legal in a state so does not compile. What types cannot know is checked where it is said, as ever: whether the
//! connection is still there, and whether a state that was kept for later is still the one in which it stands.

use super::Protocol;

/// Where one side of a conversation speaks: a connection of a worker, or a blocking stream.
pub trait Channel: Sized {
    /// What is spoken.
    type Protocol: Protocol;

    /// What comes of saying something that leads to `T`: `Option<T>` in a worker, whose `on_error` is told why there is
    /// none, `Result<T, FramedError>` of a stream.
    type Said<T>;

    /// The protocol, which knows the state.
    fn protocol(&self) -> &Self::Protocol;

    /// Says something, and goes on to what it leads to.
    fn say<T>(self, message: <Self::Protocol as Protocol>::Out<'_>, then: impl FnOnce(Self) -> T) -> Self::Said<T>;
}

/// A channel that waits for what the peer says.
pub trait Listen: Channel {
    /// Why nothing was heard.
    type Error;

    /// Waits for messages until `take` takes one.
    ///
    /// # Errors
    ///
    /// The peer has closed, its bytes break the protocol, or the stream fails.
    fn listen<R>(
        &mut self,
        take: impl FnMut(<Self::Protocol as Protocol>::In<'_>) -> Option<R>,
    ) -> Result<R, Self::Error>;
}

/// A channel that can be found again, to speak later.
pub trait Keep: Channel {
    /// What it is found by.
    type Kept;

    /// What it is found by, as long as the conversation stands where it does now.
    fn keep(&self) -> Self::Kept;
}

/// Where a channel that was kept is found again: a worker.
pub trait Find<K> {
    /// What is found.
    type Found: Channel;

    /// The channel; none if it is gone, or the conversation has gone on without it.
    fn find(self, kept: K) -> Option<Self::Found>;
}
