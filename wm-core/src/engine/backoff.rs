//! [`Backoff`]: how long is waited before a connection is tried again.

use crate::dice::Dice;
use std::time::Duration;

/// How long is waited before a connection is tried again: at first a little, after each failure twice as long, up to a
/// limit. Of each wait a random part, up to half of it, is left off, lest all clients of a server that was restarted come
/// back at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after a connection that was good for something, and after the first failure. Default 1 s, the manual's.
    pub first: Duration,
    /// The longest wait. Default 60 s.
    pub most: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), most: Duration::from_secs(60) }
    }
}

impl Backoff {
    /// The wait after so many failures in a row, the last one included.
    pub(super) fn wait(&self, failures: u32, dice: &mut Dice) -> Duration {
        let doubled = 1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        let whole = self.first.saturating_mul(doubled).min(self.most);
        let spread = usize::try_from((whole / 2).as_micros()).unwrap_or(usize::MAX - 1);
        let left_off = dice.below(spread.saturating_add(1));
        whole.saturating_sub(Duration::from_micros(left_off as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_spread() {
        let (backoff, mut dice) = (Backoff::default(), Dice::new(1));
        for (failures, most) in [(0, 1000), (1, 1000), (2, 2000), (3, 4000), (6, 32_000), (7, 60_000), (1000, 60_000)] {
            let waits: Vec<_> = (0..200).map(|_| backoff.wait(failures, &mut dice).as_millis()).collect();
            let (least, longest) = (*waits.iter().min().unwrap(), *waits.iter().max().unwrap());
            assert!(least >= most / 2 && longest <= most, "{failures}: {least} to {longest}");
            assert!(longest - least > most / 4, "{failures}: they spread, {least} to {longest}");
        }
    }

    #[test]
    fn extremes() {
        let mut dice = Dice::new(1);
        let ever = Backoff { first: Duration::MAX, most: Duration::MAX };
        assert!(ever.wait(u32::MAX, &mut dice) > Duration::from_secs(1));
        let never = Backoff { first: Duration::ZERO, most: Duration::ZERO };
        assert_eq!(never.wait(5, &mut dice), Duration::ZERO);
    }
}
