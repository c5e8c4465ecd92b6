//! [`Service`]: what the master forks.

use super::Settings;
use crate::error::Error;
use std::net::TcpListener;
use std::os::fd::OwnedFd;

/// Something that worker processes serve.
///
/// The master keeps the service as it was built and never runs it: each child runs its own copy, that of the fork.
pub trait Service {
    /// How many processes to fork, and where they listen.
    fn settings(&self) -> &Settings;

    /// In the child, after the fork: makes poll and timers, serves until `stop` is readable, then drains and returns.
    ///
    /// `worker_id` counts the processes of this service from 0. A replacement has the number of the process that it
    /// replaces.
    ///
    /// # Errors
    ///
    /// The child cannot go on; it ends, and another takes its place.
    fn run(self: Box<Self>, worker_id: usize, listener: Option<TcpListener>, stop: OwnedFd) -> Result<(), Error>;
}
