//! [`Dice`]: numbers that look like chance, and are the same again for the same seed.

/// Numbers that look like chance, and are the same again for the same seed: `SplitMix64`. Not for secrets.
///
/// ```
/// use wm_core::testing::Dice;
///
/// let (mut one, mut other) = (Dice::new(7), Dice::new(7));
/// assert_eq!(one.below(1000), other.below(1000));
/// ```
#[derive(Debug, Clone)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// The numbers of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number.
    pub const fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `end`; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end.max(1) as u64).unwrap_or_default()
    }

    /// Whether something happens that does so `times` in a thousand.
    pub fn chance(&mut self, times: u32) -> bool {
        times > 0 && self.roll() % 1000 < u64::from(times)
    }

    /// One of `choices`.
    ///
    /// # Panics
    ///
    /// There are none.
    pub fn pick<'c, T>(&mut self, choices: &'c [T]) -> &'c T {
        &choices[self.below(choices.len())]
    }

    /// Puts `items` into another order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_of_the_reference() {
        // Of the program that Sebastiano Vigna published, with the seed 1234567.
        let mut dice = Dice::new(1_234_567);
        assert_eq!(dice.roll(), 6_457_827_717_110_365_317);
        assert_eq!(dice.roll(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn everything_comes_up_and_nothing_else() {
        let mut dice = Dice::new(1);
        let mut seen = [0; 6];
        for _ in 0..600 {
            seen[dice.below(6)] += 1;
        }
        assert!(seen.iter().all(|&times| times > 50), "{seen:?}");
        assert_eq!((dice.below(0), dice.below(1)), (0, 0));
        assert!((0..100).all(|_| dice.chance(1000) && !dice.chance(0)));
        let mut cards = [1, 2, 3, 4, 5, 6, 7, 8];
        dice.shuffle(&mut cards);
        assert_ne!(cards, [1, 2, 3, 4, 5, 6, 7, 8]);
        cards.sort_unstable();
        assert_eq!(cards, [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
