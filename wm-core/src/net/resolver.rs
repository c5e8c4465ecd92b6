//! [`Resolver`]: looks names up without keeping the loop of the worker waiting.
//!
//! The system's own resolver is asked (getaddrinfo(3): `/etc/hosts`, name servers, whatever this machine is set up for),
//! which blocks. So threads do it: made in the worker when a name is asked for, a few at most, and gone when there was
//! nothing to do for a while. What waits for them is bounded.

use crate::engine::ConnectionId;
use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, ToSocketAddrs},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    task::Waker,
    thread,
    time::Duration,
};

/// How many names are looked up at the same time.
const THREADS_MAX: usize = 4;

/// How many names may wait for that.
const QUESTIONS_MAX: usize = 1024;

/// How long a thread waits for the next name before it ends.
const IDLE_MAX: Duration = Duration::from_secs(10);

/// What was asked, and what came of it.
pub(super) type Answer = (ConnectionId, io::Result<Vec<IpAddr>>);

/// Looks names up.
#[derive(Debug)]
pub(super) struct Resolver {
    desk: Arc<Desk>,
    answer: Sender<Answer>,
    answers: Receiver<Answer>,
}

/// What the threads share.
#[derive(Debug)]
struct Desk {
    state: Mutex<State>,
    asked: Condvar,
    waker: Waker,
}

#[derive(Debug, Default)]
struct State {
    questions: VecDeque<(ConnectionId, Arc<str>)>,
    threads: usize,
    idle: usize,
    /// Nobody wants to know any more.
    closed: bool,
}

impl Resolver {
    /// A resolver that wakes the worker when it has an answer.
    pub(super) fn new(waker: Waker) -> Self {
        let (answer, answers) = mpsc::channel();
        let desk = Desk { state: Mutex::default(), asked: Condvar::new(), waker };
        Self { desk: Arc::new(desk), answer, answers }
    }

    /// Asks for the addresses of a name, on behalf of a connection.
    ///
    /// # Errors
    ///
    /// Too many names wait already, or no thread can be made.
    pub(super) fn ask(&self, id: ConnectionId, host: Arc<str>) -> io::Result<()> {
        let mut state = self.desk.lock();
        if state.questions.len() >= QUESTIONS_MAX {
            return Err(io::Error::other(format!("{QUESTIONS_MAX} names wait to be looked up already")));
        }
        state.questions.push_back((id, host));
        if state.idle < state.questions.len() && state.threads < THREADS_MAX {
            let (desk, answer) = (Arc::clone(&self.desk), self.answer.clone());
            match thread::Builder::new().name("resolver".to_owned()).spawn(move || desk.work(&answer)) {
                Ok(_) => state.threads += 1,
                Err(error) if state.threads == 0 => {
                    state.questions.pop_back();
                    return Err(error);
                }
                Err(_) => {}
            }
        }
        drop(state);
        self.desk.asked.notify_one();
        Ok(())
    }

    /// The next answer that has come.
    pub(super) fn answer(&self) -> Option<Answer> {
        self.answers.try_recv().ok()
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.desk.lock().closed = true;
        self.desk.asked.notify_all();
    }
}

impl Desk {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next question; `None` when the thread is to end, which it then has left.
    fn next(&self) -> Option<(ConnectionId, Arc<str>)> {
        let mut state = self.lock();
        loop {
            if state.closed {
                state.threads -= 1;
                return None;
            }
            if let Some(question) = state.questions.pop_front() {
                return Some(question);
            }
            state.idle += 1;
            let (woken, wait) = self.asked.wait_timeout(state, IDLE_MAX).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if wait.timed_out() && state.questions.is_empty() {
                state.threads -= 1;
                return None;
            }
        }
    }

    fn work(&self, answer: &Sender<Answer>) {
        while let Some((id, host)) = self.next() {
            // The port means nothing to the look-up.
            let found = (&*host, 0).to_socket_addrs().map(|places| places.map(|place| place.ip()).collect());
            if answer.send((id, found)).is_ok() {
                self.waker.wake_by_ref();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Dice;

    fn id(number: u64) -> ConnectionId {
        ConnectionId::of_test(number)
    }

    #[test]
    fn every_question_is_answered_and_no_more_threads_are_made_than_are_sensible() {
        let resolver = Resolver::new(Waker::noop().clone());
        let mut dice = Dice::new(1);
        for number in 0..200 {
            let host = *dice.pick(&["localhost", "127.0.0.1", "no such host"]);
            resolver.ask(id(number), host.into()).unwrap();
        }
        assert!(resolver.desk.lock().threads <= THREADS_MAX);
        for _ in 0..200 {
            let (_, found) = resolver.answers.recv_timeout(Duration::from_secs(20)).unwrap();
            assert!(found.is_err() || found.unwrap().iter().all(IpAddr::is_loopback));
        }
        assert!(resolver.answer().is_none());
    }

    #[test]
    fn what_waits_is_bounded() {
        let resolver = Resolver::new(Waker::noop().clone());
        // Nobody works on them: as if all threads were stuck.
        resolver.desk.lock().threads = THREADS_MAX;
        for number in 0..QUESTIONS_MAX as u64 {
            resolver.ask(id(number), "localhost".into()).unwrap();
        }
        let refused = resolver.ask(id(0), "localhost".into()).unwrap_err().to_string();
        assert_eq!(refused, "1024 names wait to be looked up already");
    }
}
