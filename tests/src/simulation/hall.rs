//! [`Hall`]: a server that does on request everything that a handler can do, and keeps books of what each side has said.

use super::tongue::Tongue;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::panic::resume_unwind;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wm_core::{Connection, ConnectionError, Context, Handler, Sent, TimerId};

/// How often everybody hears the clock, if there are not too many.
const CHIME: Duration = Duration::from_secs(5);
const CHIMED_TO: usize = 50;

/// What was said on one connection.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// What the guest has said and the hall not yet heard.
    pub(super) asked: VecDeque<String>,
    /// What the hall has said and the guest not yet heard.
    pub(super) told: VecDeque<String>,
    /// The hall has stopped to listen for a reason that it knows of.
    pub(super) unheard: bool,
    /// What the hall has said may be lost for a reason that it knows of.
    pub(super) unsaid: bool,
    /// The hall does not listen, for now or as it has panicked.
    deaf: bool,
}

/// What everybody has said, and what was wrong with it.
#[derive(Debug, Default)]
pub(super) struct Book {
    accounts: BTreeMap<String, Rc<RefCell<Account>>>,
    /// What must not be.
    pub(super) wrongs: Vec<String>,
    /// How many letters were posted.
    pub(super) posted: u64,
    /// How many of them were read.
    pub(super) mailed: Arc<AtomicU64>,
    /// How often the hall has panicked on purpose.
    pub(super) panics: u64,
}

impl Book {
    /// The account of the guest at an address.
    pub(super) fn account(&mut self, address: &impl ToString) -> Rc<RefCell<Account>> {
        Rc::clone(self.accounts.entry(address.to_string()).or_default())
    }
}

/// What a guest asks for, as a word and a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Say the same.
    Echo,
    /// Say so many lines.
    Flood,
    /// Tell everybody.
    Tell,
    /// Do not listen for so many milliseconds.
    Pause,
    /// Say something in so many milliseconds.
    Later,
    /// Say something when the worker reads its mail.
    Post,
    /// Accept nobody for so many milliseconds.
    Shut,
    /// Try to say what cannot be said.
    Stammer,
    /// Close another's connection.
    Close,
    /// Destroy another's connection.
    Destroy,
    /// Say good bye, and close.
    Quit,
    /// Panic.
    Panic,
}

impl Order {
    /// All of them, with their words.
    pub(super) const ALL: [(Self, &'static str); 12] = [
        (Self::Echo, "echo"),
        (Self::Flood, "flood"),
        (Self::Tell, "tell"),
        (Self::Pause, "pause"),
        (Self::Later, "later"),
        (Self::Post, "post"),
        (Self::Shut, "shut"),
        (Self::Stammer, "stammer"),
        (Self::Close, "close"),
        (Self::Destroy, "destroy"),
        (Self::Quit, "quit"),
        (Self::Panic, "panic"),
    ];

    /// So many of them, the first, break no connection.
    pub(super) const HARMLESS: usize = 8;

    fn read(text: &str) -> Option<(Self, usize)> {
        let mut words = text.split(' ').skip(1);
        let word = words.next()?;
        let (order, _) = Self::ALL.into_iter().find(|(_, name)| *name == word)?;
        Some((order, words.next()?.parse().ok()?))
    }
}

/// The server.
#[derive(Debug)]
pub(super) struct Hall<T> {
    book: Rc<RefCell<Book>>,
    tongue: std::marker::PhantomData<fn(T)>,
}

type Guest<'w, T> = Connection<'w, T, Rc<RefCell<Account>>>;
type Worker<'w, T> = Context<'w, T, Rc<RefCell<Account>>>;

impl<T: Tongue> Hall<T> {
    /// A hall that writes into `book`.
    #[must_use]
    pub(super) const fn new(book: Rc<RefCell<Book>>) -> Self {
        Self { book, tongue: std::marker::PhantomData }
    }

    fn obey(&mut self, guest: &mut Guest<'_, T>, order: Order, number: usize, text: &str) {
        match order {
            Order::Echo => _ = say(guest, text),
            Order::Flood => (0..number).for_each(|line| _ = say(guest, &format!("flood {line} {text}"))),
            Order::Tell => tell_all(guest.worker(), text),
            Order::Pause => self.pause(guest, number),
            Order::Later => self.later(guest, number, text),
            Order::Post => self.post(guest, text),
            Order::Shut => {
                guest.worker().pause_accept();
                self.after(guest.worker(), number, |worker| worker.resume_accept());
            }
            Order::Stammer => {
                if guest.send(T::message(T::UNSPEAKABLE)) != Sent::Refused {
                    self.book.borrow_mut().wrongs.push("it has said the unspeakable".to_owned());
                }
            }
            Order::Close | Order::Destroy => {
                let ids: Vec<_> = guest.worker().ids().collect();
                let Some(mut other) = guest.worker().get(ids[number % ids.len()]) else { return };
                other.session().borrow_mut().unheard = true;
                if order == Order::Close {
                    return other.close();
                }
                other.session().borrow_mut().unsaid = true;
                other.destroy();
            }
            Order::Quit => {
                guest.session().borrow_mut().unheard = true;
                say(guest, "good bye");
                guest.close();
            }
            Order::Panic => {
                self.book.borrow_mut().panics += 1;
                guest.session().borrow_mut().deaf = true;
                // Not `panic!`, which would tell the terminal of it.
                resume_unwind(Box::new("on purpose"));
            }
        }
    }

    fn pause(&self, guest: &mut Guest<'_, T>, number: usize) {
        guest.pause_recv();
        guest.session().borrow_mut().deaf = true;
        let id = guest.id();
        self.after(guest.worker(), number, move |worker| {
            if let Some(mut guest) = worker.get(id) {
                guest.session().borrow_mut().deaf = false;
                guest.resume_recv();
            }
        });
    }

    fn later(&self, guest: &mut Guest<'_, T>, number: usize, text: &str) {
        let (id, text) = (guest.id(), format!("later {text}"));
        self.after(guest.worker(), number, move |worker| {
            if let Some(mut guest) = worker.get(id) {
                say(&mut guest, &text);
            }
        });
    }

    /// Says something as another thread would, whereto the book cannot be taken.
    fn post(&self, guest: &mut Guest<'_, T>, text: &str) {
        let mut book = self.book.borrow_mut();
        book.posted += 1;
        let (id, text, mailed) = (guest.id(), format!("post {text}"), Arc::clone(&book.mailed));
        guest.worker().mailbox().post(move |worker| {
            mailed.fetch_add(1, Ordering::Relaxed);
            if let Some(mut guest) = worker.get(id) {
                say(&mut guest, &text);
            }
        });
    }

    /// Sets a timer that must not come early.
    fn after(&self, worker: &mut Worker<'_, T>, millis: usize, task: impl FnOnce(&mut Worker<'_, T>) + 'static) {
        let delay = Duration::from_millis(millis as u64);
        let (due, book) = (worker.now() + delay, Rc::clone(&self.book));
        worker.after(delay, move |worker| {
            if worker.now() < due {
                book.borrow_mut().wrongs.push(format!("a timer is {:?} early", due - worker.now()));
            }
            task(worker);
        });
    }
}

impl<T: Tongue> Handler for Hall<T> {
    type Protocol = T;
    type Session = Rc<RefCell<Account>>;

    fn on_worker_start(&mut self, worker: &mut Worker<'_, T>) {
        worker.timer_every(CHIME);
    }

    fn on_worker_stop(&mut self, worker: &mut Worker<'_, T>) {
        worker.each(|guest| {
            guest.session().borrow_mut().unheard = true;
            say(guest, "closing time");
        });
    }

    fn on_connect(&mut self, guest: &mut Guest<'_, T>) {
        *guest.session() = self.book.borrow_mut().account(&guest.remote_addr());
        say(guest, "welcome");
    }

    fn on_message(&mut self, guest: &mut Guest<'_, T>, message: T::In<'_>) {
        let text = T::text(message);
        let asked = guest.session().borrow_mut().asked.pop_front();
        if asked.as_deref() != Some(&text) {
            let wrong = format!("{guest:?} has asked {asked:?}, but the hall has heard {text:?}");
            self.book.borrow_mut().wrongs.push(wrong);
        }
        if guest.session().borrow().deaf {
            self.book.borrow_mut().wrongs.push(format!("{guest:?} is not to be heard, but was"));
        }
        match Order::read(&text) {
            Some((order, number)) => self.obey(guest, order, number, &text),
            None => self.book.borrow_mut().wrongs.push(format!("no order: {text:?}")),
        }
    }

    fn on_close(&mut self, guest: &mut Guest<'_, T>) {
        let account = Rc::clone(guest.session());
        let account = account.borrow();
        if !account.unheard && !account.asked.is_empty() {
            let wrong = format!("{guest:?} has ended, and the hall has not heard {:?}", account.asked);
            self.book.borrow_mut().wrongs.push(wrong);
        }
    }

    fn on_error(&mut self, guest: &mut Guest<'_, T>, error: &ConnectionError) {
        match error {
            ConnectionError::Encode(_) => {}
            ConnectionError::SendQueueFull { .. } => {
                // Some worlds let such a peer go, with all that it was to hear.
                let id = guest.id();
                if guest.worker().get(id).is_none() {
                    let mut account = guest.session().borrow_mut();
                    (account.unheard, account.unsaid) = (true, true);
                }
            }
            ConnectionError::Io(_)
            | ConnectionError::HandlerPanicked { .. }
            | ConnectionError::StallTimedOut { .. }
            | ConnectionError::DrainTimedOut { .. } => {
                let mut account = guest.session().borrow_mut();
                (account.unheard, account.unsaid) = (true, true);
            }
            _ => {
                guest.session().borrow_mut().unheard = true;
                say(guest, "what was that?");
            }
        }
    }

    fn on_buffer_drain(&mut self, guest: &mut Guest<'_, T>) {
        say(guest, "drained");
    }

    fn on_timer(&mut self, worker: &mut Worker<'_, T>, _: TimerId) {
        // In a crowd most of the time would go to that.
        if worker.len() <= CHIMED_TO {
            tell_all(worker, "chime");
        }
    }
}

/// Says something to one guest, and writes it down if it will be sent.
fn say<T: Tongue>(guest: &mut Guest<'_, T>, text: &str) -> Sent {
    let sent = guest.send(T::message(text));
    if sent != Sent::Refused {
        guest.session().borrow_mut().told.push_back(text.to_owned());
    }
    sent
}

/// Says something to everybody. Who was refused is seen by the queue, which has not grown.
fn tell_all<T: Tongue>(worker: &mut Worker<'_, T>, text: &str) {
    let mut queued = BTreeMap::new();
    worker.each(|guest| queued.insert(guest.id(), guest.queued_bytes()));
    worker.broadcast(T::message(text));
    worker.each(|guest| {
        if guest.queued_bytes() > queued[&guest.id()] {
            guest.session().borrow_mut().told.push_back(text.to_owned());
        }
    });
}
