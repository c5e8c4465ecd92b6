//! [`Guest`]: a peer that does by chance what peers do, and compares what it hears with what was said.

use super::hall::{Account, Order};
use super::tongue::Tongue;
use std::cell::RefCell;
use std::rc::Rc;
use wm_core::testing::{Dice, LineEnd, Peer};

/// A peer that does by chance what peers do.
#[derive(Debug)]
pub(super) struct Guest<T> {
    peer: Peer<T>,
    account: Rc<RefCell<Account>>,
    /// How many things it will still do.
    patience: usize,
    said: usize,
    /// How many guests there will be.
    crowd: usize,
    /// The longest text that it says, in bytes.
    text_bytes_max: usize,
    /// It says and reads to the end, and does not break its connection.
    polite: bool,
    /// It has ended its side, or nobody listens any more.
    silent: bool,
    vanished: bool,
}

impl<T: Tongue> Guest<T> {
    /// A guest that will do so many things.
    pub(super) fn new(
        peer: Peer<T>,
        account: Rc<RefCell<Account>>,
        patience: usize,
        crowd: usize,
        text_bytes_max: usize,
        polite: bool,
    ) -> Self {
        Self { peer, account, patience, said: 0, crowd, text_bytes_max, polite, silent: false, vanished: false }
    }

    /// Whether it will do nothing more by itself.
    #[must_use]
    pub(super) const fn is_done(&self) -> bool {
        self.patience == 0
    }

    /// Whether it will never do anything.
    pub(super) const fn has_vanished(&self) -> bool {
        self.vanished
    }

    /// Whether its connection is over.
    pub(super) fn has_ended(&self) -> bool {
        self.peer.end().is_some()
    }

    /// Does something.
    pub(super) fn act(&mut self, dice: &mut Dice) {
        self.patience = self.patience.saturating_sub(1);
        let rude = !self.polite && dice.chance(40);
        match (rude, dice.below(20)) {
            (true, _) => self.misbehave(dice),
            (false, 0) => self.peer.stop_reading(),
            (false, 1 | 2) => self.peer.read_on(),
            (false, 3) if self.is_done() => self.finish(),
            (false, 4) if T::PING.is_some() && !self.silent => self.peer.send(T::message(T::PING.unwrap_or_default())),
            _ => (0..1 + dice.below(3)).for_each(|_| self.ask(dice)),
        }
    }

    /// Hears what has come, and says what is wrong with it.
    ///
    /// # Errors
    ///
    /// It is not what was said to it.
    pub(super) fn listen(&self) -> Result<(), String> {
        for heard in self.peer.received(|message| T::text(message)) {
            let told = self.account.borrow_mut().told.pop_front();
            if told.as_deref() != Some(&heard) {
                return Err(format!("{:?} was told {told:?}, but has heard {heard:?}", self.peer));
            }
        }
        let account = self.account.borrow();
        if self.peer.end() == Some(LineEnd::Closed) && !account.unsaid && !account.told.is_empty() {
            let told = account.told.len();
            return Err(format!(
                "{:?}: its connection was closed in order, but {told} messages are missing",
                self.peer
            ));
        }
        Ok(())
    }

    /// Reads on, and says nothing more.
    pub(super) fn finish(&mut self) {
        self.silent = true;
        if !self.vanished {
            self.peer.read_on();
            self.peer.finish();
        }
    }

    /// Asks for something that does no harm, or also for something else.
    fn ask(&mut self, dice: &mut Dice) {
        if self.silent {
            return;
        }
        let harmless = if self.polite || !dice.chance(50) { Order::HARMLESS } else { Order::ALL.len() };
        let mut choice = dice.below(harmless);
        // Where everybody tells everybody, nobody comes to speak.
        if Order::ALL[choice].0 == Order::Tell && dice.below(self.crowd) > 16 {
            choice = 0;
        }
        let (order, word) = Order::ALL[choice];
        let number = match order {
            Order::Flood => dice.below(20_000 / self.text_bytes_max + 2).min(40),
            Order::Pause | Order::Later | Order::Shut => dice.below(2000),
            _ => dice.below(100),
        };
        self.said += 1;
        let most = *dice.pick(&[8, 40, self.text_bytes_max]);
        let padding = "x".repeat(dice.below(most.min(self.text_bytes_max)));
        let text = format!("{} {word} {number} {padding}", self.said);
        self.peer.send(T::message(&text));
        self.account.borrow_mut().asked.push_back(text);
    }

    fn misbehave(&mut self, dice: &mut Dice) {
        self.silent = true;
        // From now on it is not known what the hall will hear.
        self.account.borrow_mut().unheard = true;
        match dice.below(6) {
            0 => self.peer.close(),
            1 => self.peer.reset(),
            2 => {
                self.vanished = true;
                self.peer.vanish();
            }
            3 => self.peer.send_raw(T::GARBAGE),
            4 => self.peer.send(T::message(&"x".repeat(4 * self.text_bytes_max))),
            _ => {
                self.peer.send_raw(&T::GARBAGE[..1]);
                self.peer.finish();
            }
        }
    }
}
