//! Which of several messages do bytes start? What the `start` of a generated enum of messages is made of.

use super::{DecodeError, Fault, Field, Halt};

/// The byte at `at`, which tells messages apart.
///
/// # Errors
///
/// [`Halt::Need`]: it has not arrived.
#[inline]
pub fn look(buf: &[u8], at: usize) -> Result<u8, Halt> {
    match buf.get(at) {
        Some(byte) => Ok(*byte),
        None => Err(Halt::Need(at.saturating_sub(buf.len()).saturating_add(1))),
    }
}

/// The byte at `at` is that of no message.
#[cold]
#[must_use]
pub const fn stranger(found: u8, at: usize, field: &'static Field) -> Halt {
    Halt::Bad(DecodeError::new(field, at, Fault::Stranger { found }))
}

/// What has arrived at `at` is not legal in the state of the session; nothing has arrived if `buf` ends there.
#[cold]
#[must_use]
pub fn unexpected(
    buf: &[u8],
    at: usize,
    state: &'static str,
    legal: &'static [&'static str],
    field: &'static Field,
) -> Halt {
    match buf.len() > at {
        true => Halt::Bad(DecodeError::new(field, at, Fault::Unexpected { state, legal })),
        false => Halt::Need(at.saturating_sub(buf.len()).saturating_add(1)),
    }
}

/// A frame that is too short to tell which message it is, or is none.
#[cold]
#[must_use]
pub fn unfinished(halt: Halt, frame: &[u8], field: &'static Field) -> DecodeError {
    match halt {
        Halt::Need(needed) => DecodeError::new(field, frame.len(), Fault::Truncated { needed }),
        Halt::Bad(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: &Field = &Field::new("chat", "client", 0);

    #[test]
    fn a_byte_that_has_not_arrived_is_needed() {
        assert_eq!(look(b"abc", 2), Ok(b'c'));
        assert_eq!(look(b"abc", 3), Err(Halt::Need(1)));
        assert_eq!(look(b"", 5), Err(Halt::Need(6)));
    }

    #[test]
    fn what_is_not_legal_is_refused_when_it_comes() {
        let legal = &["Hello", "Quit"];
        assert_eq!(unexpected(b"", 0, "Greet", legal, FIELD), Halt::Need(1));
        let Halt::Bad(error) = unexpected(b"x", 0, "Greet", legal, FIELD) else { panic!("a mistake") };
        assert_eq!(error.to_string(), "chat.client at byte 0: in the state `Greet` only `Hello` or `Quit` is legal");
        let Halt::Bad(error) = unexpected(b"x", 0, "Wait", &[], FIELD) else { panic!("a mistake") };
        assert_eq!(error.to_string(), "chat.client at byte 0: in the state `Wait` it is not this side's turn");
    }

    #[test]
    fn a_frame_that_does_not_tell_is_refused() {
        let cut = DecodeError::new(FIELD, 1, Fault::Truncated { needed: 2 });
        assert_eq!(unfinished(Halt::Need(2), b"a", FIELD), cut);
        let Halt::Bad(error) = stranger(7, 0, FIELD) else { panic!("a mistake") };
        assert_eq!(error.to_string(), "chat.client at byte 0: no message has the byte 0x07 here");
        assert_eq!(unfinished(Halt::Bad(error.clone()), &[7], FIELD), error);
    }
}
