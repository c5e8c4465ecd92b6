//! What follows a bad frame.

use super::{Error, Interpreter};
use crate::ir::Action;

/// What is known of the next frame behind a bad one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onward {
    /// There is none: the connection closes.
    Close,
    /// It starts behind so many bytes, which are thrown away.
    Next(usize),
    /// It has not been found yet; more bytes may show it.
    More,
}

/// Where the next frame starts in `buf`, which starts where the bad one does and whose frame has so many bytes, if its end
/// was found.
pub(super) fn onward(interpreter: &Interpreter<'_>, error: &Error, frame: Option<usize>, buf: &[u8]) -> Onward {
    let (mark, within) = match (interpreter.message.recovery(error.fault.kind()), frame) {
        (Action::Close, _) | (Action::Skip, None) => return Onward::Close,
        (Action::Skip, Some(frame)) => return Onward::Next(frame),
        (Action::Resync { mark, within }, _) => (mark, usize::try_from(*within).unwrap_or(usize::MAX)),
    };
    // Where its end is not known, at the first place that the mark may stand at: none of it is in what looked right.
    let from = frame.unwrap_or_else(|| (error.offset + 1).saturating_sub(mark.len()).max(1));
    let last = from.saturating_add(within);
    let found = (from..=last).take_while(|at| at + mark.len() <= buf.len()).find(|&at| buf[at..].starts_with(mark));
    match found {
        Some(at) => Onward::Next(at),
        None if buf.len() >= last.saturating_add(mark.len()) => Onward::Close,
        None => Onward::More,
    }
}
