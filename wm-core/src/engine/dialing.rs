//! [`Dialing`]: a connection that is being made. It is told the time, addresses and failures, and says what to do.
//!
//! ```text
//!   waiting ──> resolving ──addresses──> trying ──> an attempt has succeeded: the driver says so
//!      ^        (a name)                    │
//!      └───────── reconnect ────────────────┴────> failed
//! ```
//!
//! The addresses of a name are tried as in RFC 8305, simplified: those of both families in turn, the next one when the one
//! before has failed or 250 ms have passed; who answers first is taken. Both families are asked for at once, and not
//! remembered.

use super::{Endpoint, ProxyFault, Target, TlsFault};
use nix::errno::Errno;
use std::{
    collections::VecDeque,
    error, fmt,
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

/// When the next address is tried although the one before may still answer: RFC 8305, section 5.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// So many addresses of a name are tried at most: a name server must not make us knock everywhere.
const ADDRESSES_MAX: usize = 16;

/// A connection could not be made.
#[derive(Debug)]
pub struct ConnectError {
    /// Where it should have led.
    pub target: Target,
    /// How many addresses were tried.
    pub tried: usize,
    /// Why it could not.
    pub fault: ConnectFault,
}

/// Why a connection could not be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectFault {
    /// The name was not found, or nobody could be asked.
    Unresolved(io::Error),
    /// The name has no address, or none of the family that we are bound to.
    NoAddress,
    /// Nobody listens there. Of several addresses, all were tried.
    Refused,
    /// Nobody has answered in time: [`Deadlines::connect`](super::Deadlines::connect) or [`Dial::within`](super::Dial::within).
    TimedOut {
        /// How long it was waited.
        limit: Duration,
    },
    /// There is no way to the place.
    Unreachable(io::Error),
    /// The [proxy](super::Dial::through) was reached, but not what is behind it.
    Proxy(ProxyFault),
    /// The place was reached, but TLS has not come about.
    Tls(TlsFault),
    /// The kernel has another reason: no such socket, no such local address, no descriptor left.
    Io(io::Error),
}

impl ConnectFault {
    pub(super) fn of(error: io::Error) -> Self {
        use Errno::{EACCES, ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT};
        match Errno::from_raw(error.raw_os_error().unwrap_or_default()) {
            ECONNREFUSED => Self::Refused,
            // The kernel has given up before us: it too knows no way, or the peer is gone.
            EHOSTUNREACH | ENETUNREACH | ETIMEDOUT | EACCES => Self::Unreachable(error),
            _ if error.kind() == ErrorKind::ConnectionRefused => Self::Refused,
            _ => Self::Io(error),
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot connect to {}: ", self.target)?;
        match &self.fault {
            ConnectFault::Unresolved(error) => write!(f, "the name is not found: {error}"),
            ConnectFault::NoAddress => f.write_str("the name has no address that could be tried"),
            ConnectFault::Refused => f.write_str("nobody listens there"),
            ConnectFault::TimedOut { limit } => write!(f, "no answer in {limit:?}"),
            ConnectFault::Unreachable(error) | ConnectFault::Io(error) => error.fmt(f),
            ConnectFault::Proxy(fault) => fault.fmt(f),
            ConnectFault::Tls(fault) => fault.fmt(f),
        }?;
        if self.tried > 1 { write!(f, ", at {} addresses", self.tried) } else { Ok(()) }
    }
}

impl error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.fault {
            ConnectFault::Unresolved(error) | ConnectFault::Unreachable(error) | ConnectFault::Io(error) => Some(error),
            ConnectFault::NoAddress
            | ConnectFault::Refused
            | ConnectFault::TimedOut { .. }
            | ConnectFault::Proxy(_)
            | ConnectFault::Tls(_) => None,
        }
    }
}

/// What is to be done next.
#[derive(Debug)]
pub(super) enum Step {
    /// Look the name up.
    Resolve,
    /// Try an address, under this number.
    Try(u32),
    /// It cannot be made.
    Fail(ConnectFault),
}

#[derive(Debug)]
enum Stage {
    /// It is too early.
    Waiting(Instant),
    /// The name is being looked up.
    Resolving,
    /// Addresses are being tried.
    Trying,
    /// The proxy is being asked.
    Asking,
    /// Made, or given up.
    Over,
}

/// A connection that is being made.
#[derive(Debug)]
pub(super) struct Dialing {
    stage: Stage,
    limit: Option<Duration>,
    deadline: Option<Instant>,
    left: VecDeque<Endpoint>,
    running: Vec<(u32, Endpoint)>,
    /// When the next address is tried at the latest.
    next_at: Instant,
    /// How many attempts there were, those of earlier dialings included: a late answer is known by its number.
    attempts: u32,
    tried: usize,
    failure: Option<ConnectFault>,
}

impl Dialing {
    /// A connection that is to be made from `at` on, and within `limit`.
    pub(super) const fn new(at: Instant, limit: Option<Duration>, attempts: u32) -> Self {
        Self {
            stage: Stage::Waiting(at),
            limit,
            deadline: None,
            left: VecDeque::new(),
            running: Vec::new(),
            next_at: at,
            attempts,
            tried: 0,
            failure: None,
        }
    }

    pub(super) const fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(super) const fn tried(&self) -> usize {
        self.tried
    }

    /// Whether the name is being looked up.
    pub(super) const fn is_resolving(&self) -> bool {
        matches!(self.stage, Stage::Resolving)
    }

    /// Where an attempt leads, while its outcome is not known.
    pub(super) fn attempt(&self, number: u32) -> Option<&Endpoint> {
        self.running.iter().find(|(running, _)| *running == number).map(|(_, endpoint)| endpoint)
    }

    /// The attempts whose outcome is not known.
    pub(super) fn running(&self) -> impl Iterator<Item = u32> {
        self.running.iter().map(|(number, _)| *number)
    }

    /// When there is something to do, even if nothing is heard.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.stage {
            Stage::Waiting(until) => Some(until),
            Stage::Resolving | Stage::Asking => self.deadline,
            Stage::Trying if self.left.is_empty() => self.deadline,
            Stage::Trying => Some(self.deadline.map_or(self.next_at, |deadline| deadline.min(self.next_at))),
            Stage::Over => None,
        }
    }

    /// What is to be done now; asked until there is nothing.
    pub(super) fn step(&mut self, target: &Target, now: Instant) -> Option<Step> {
        if let Stage::Waiting(until) = self.stage {
            if until > now {
                return None;
            }
            self.deadline = self.limit.and_then(|limit| now.checked_add(limit));
            self.next_at = now;
            match target {
                Target::Named { .. } => {
                    self.stage = Stage::Resolving;
                    return Some(Step::Resolve);
                }
                Target::At(endpoint) => {
                    self.stage = Stage::Trying;
                    self.left.push_back(endpoint.clone());
                }
            }
        }
        if matches!(self.stage, Stage::Over) {
            return None;
        }
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            return self.fail(ConnectFault::TimedOut { limit: self.limit.unwrap_or_default() });
        }
        if !matches!(self.stage, Stage::Trying) {
            return None;
        }
        if self.next_at <= now
            && let Some(endpoint) = self.left.pop_front()
        {
            (self.attempts, self.tried) = (self.attempts.wrapping_add(1), self.tried + 1);
            self.running.push((self.attempts, endpoint));
            self.next_at = now + ATTEMPT_DELAY;
            return Some(Step::Try(self.attempts));
        }
        if self.left.is_empty() && self.running.is_empty() {
            let failure = self.failure.take().unwrap_or(ConnectFault::NoAddress);
            return self.fail(failure);
        }
        None
    }

    fn fail(&mut self, fault: ConnectFault) -> Option<Step> {
        self.stage = Stage::Over;
        self.running.clear();
        Some(Step::Fail(fault))
    }

    /// The name was looked up. `local` is where we are bound: addresses of the other family cannot be tried.
    pub(super) fn resolved(
        &mut self,
        answer: io::Result<Vec<IpAddr>>,
        port: u16,
        local: Option<SocketAddr>,
        now: Instant,
    ) {
        if !self.is_resolving() {
            return;
        }
        self.stage = Stage::Trying;
        self.next_at = now;
        match answer {
            Ok(mut addresses) => {
                addresses.retain(|ip| local.is_none_or(|local| local.is_ipv6() == ip.is_ipv6()));
                let places = interleaved(&addresses).take(ADDRESSES_MAX);
                self.left.extend(places.map(|ip| Endpoint::Ip(SocketAddr::new(ip, port))));
            }
            Err(error) => self.failure = Some(ConnectFault::Unresolved(error)),
        }
    }

    /// An attempt has failed: the next address is tried at once.
    pub(super) fn failed(&mut self, number: u32, error: io::Error, now: Instant) {
        let before = self.running.len();
        self.running.retain(|(running, _)| *running != number);
        if self.running.len() == before {
            return;
        }
        self.next_at = now;
        let fault = ConnectFault::of(error);
        // That there is no way for one family says less than what the other has met.
        if self.failure.is_none() || !matches!(fault, ConnectFault::Unreachable(_)) {
            self.failure = Some(fault);
        }
    }

    /// What was reached is a proxy, which has to go on.
    pub(super) const fn ask(&mut self) {
        self.stage = Stage::Asking;
    }

    /// The connection is there.
    pub(super) const fn end(&mut self) {
        self.stage = Stage::Over;
    }

    /// An attempt has succeeded: where it leads, unless that is no news.
    pub(super) fn succeeded(&mut self, number: u32) -> Option<Endpoint> {
        let place = self.running.iter().position(|(running, _)| *running == number)?;
        self.stage = Stage::Over;
        let (_, endpoint) = self.running.swap_remove(place);
        self.running.clear();
        self.left.clear();
        Some(endpoint)
    }
}

/// The addresses in their order, but of both families in turn: RFC 8305, section 4.
fn interleaved(addresses: &[IpAddr]) -> impl Iterator<Item = IpAddr> + '_ {
    let first = addresses.first().is_some_and(IpAddr::is_ipv6);
    let mut of_first = addresses.iter().filter(move |ip| ip.is_ipv6() == first);
    let mut of_other = addresses.iter().filter(move |ip| ip.is_ipv6() != first);
    let mut turn = false;
    std::iter::from_fn(move || {
        turn = !turn;
        let next = if turn {
            of_first.next().or_else(|| of_other.next())
        } else {
            of_other.next().or_else(|| of_first.next())
        };
        next.copied()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    const MS: Duration = Duration::from_millis(1);
    const LIMIT: Duration = Duration::from_secs(10);

    fn named() -> Target {
        Target::Named { host: Arc::from("example.com"), port: 80 }
    }

    fn ips(addresses: &[&str]) -> Vec<IpAddr> {
        addresses.iter().map(|ip| ip.parse().unwrap()).collect()
    }

    /// One that is told its addresses, and how the course of it is written down.
    fn resolved(addresses: &[&str]) -> (Dialing, Instant) {
        let now = Instant::now();
        let mut dialing = Dialing::new(now, Some(LIMIT), 0);
        assert_eq!(say(&dialing.step(&named(), now), &dialing), "resolve");
        assert!(dialing.step(&named(), now).is_none());
        dialing.resolved(Ok(ips(addresses)), 80, None, now);
        (dialing, now)
    }

    fn say(step: &Option<Step>, dialing: &Dialing) -> String {
        match step {
            None => "nothing".to_owned(),
            Some(Step::Resolve) => "resolve".to_owned(),
            Some(Step::Try(number)) => dialing.attempt(*number).unwrap().to_string(),
            Some(Step::Fail(fault)) => format!("{fault:?}"),
        }
    }

    /// Everything that is done at `now`.
    fn steps(dialing: &mut Dialing, now: Instant) -> Vec<String> {
        std::iter::from_fn(|| {
            let step = dialing.step(&named(), now);
            step.is_some().then(|| say(&step, dialing))
        })
        .collect()
    }

    fn refused() -> io::Error {
        ErrorKind::ConnectionRefused.into()
    }

    #[test]
    fn both_families_take_turns_a_quarter_of_a_second_apart() {
        let (mut dialing, now) = resolved(&["::1", "::2", "::3", "10.0.0.1"]);
        let mut order = Vec::new();
        for at in 0..=3000 {
            order.extend(steps(&mut dialing, now + at * MS).into_iter().map(|what| (at, what)));
        }
        let expected = [(0, "[::1]:80"), (250, "10.0.0.1:80"), (500, "[::2]:80"), (750, "[::3]:80")]
            .map(|(at, what)| (at, what.to_owned()));
        assert_eq!(order, expected);
        assert_eq!(steps(&mut dialing, now + LIMIT), ["TimedOut { limit: 10s }"]);
        assert!(steps(&mut dialing, now + 2 * LIMIT).is_empty(), "once");
    }

    #[test]
    fn the_next_is_tried_at_once_when_one_has_failed_and_the_first_answer_counts() {
        let (mut dialing, now) = resolved(&["::1", "10.0.0.1", "10.0.0.2"]);
        assert_eq!(steps(&mut dialing, now), ["[::1]:80"]);
        dialing.failed(1, refused(), now + 5 * MS);
        assert_eq!(steps(&mut dialing, now + 5 * MS), ["10.0.0.1:80"]);
        assert_eq!(dialing.due(), Some(now + 255 * MS));
        assert_eq!(steps(&mut dialing, now + 255 * MS), ["10.0.0.2:80"]);
        assert_eq!(dialing.succeeded(1), None, "it has failed");
        assert_eq!(dialing.succeeded(2).unwrap().to_string(), "10.0.0.1:80");
        assert_eq!((dialing.succeeded(3), dialing.due()), (None, None), "too late");
        assert!(steps(&mut dialing, now + LIMIT).is_empty());
    }

    #[test]
    fn when_all_have_failed_the_most_telling_reason_is_told() {
        let (mut dialing, now) = resolved(&["::1", "10.0.0.1", "::2"]);
        assert_eq!(steps(&mut dialing, now).len(), 1);
        dialing.failed(1, Errno::ENETUNREACH.into(), now);
        assert_eq!(steps(&mut dialing, now).len(), 1);
        dialing.failed(2, refused(), now);
        assert_eq!(steps(&mut dialing, now).len(), 1);
        dialing.failed(3, Errno::ENETUNREACH.into(), now);
        dialing.failed(3, Errno::EIO.into(), now);
        assert_eq!(steps(&mut dialing, now), ["Refused"]);
        assert_eq!(dialing.tried(), 3);
    }

    #[test]
    fn a_name_that_is_not_found_or_has_no_address_of_our_family() {
        let now = Instant::now();
        let mut dialing = Dialing::new(now, None, 0);
        steps(&mut dialing, now);
        dialing.resolved(Err(io::Error::other("no such name")), 80, None, now);
        assert!(steps(&mut dialing, now)[0].starts_with("Unresolved("));

        let mut dialing = Dialing::new(now, None, 0);
        steps(&mut dialing, now);
        dialing.resolved(Ok(ips(&["::1"])), 80, Some(([127, 0, 0, 1], 0).into()), now);
        assert_eq!(steps(&mut dialing, now), ["NoAddress"]);
    }

    #[test]
    fn it_waits_until_it_may_begin_and_its_time_counts_from_there() {
        let now = Instant::now();
        let mut dialing = Dialing::new(now + 100 * MS, Some(LIMIT), 7);
        assert!(steps(&mut dialing, now + 99 * MS).is_empty());
        let at = Target::from(SocketAddr::from(([127, 0, 0, 1], 9)));
        assert!(matches!(dialing.step(&at, now + 100 * MS), Some(Step::Try(8))));
        assert_eq!(dialing.due(), Some(now + 100 * MS + LIMIT));
    }

    #[test]
    fn no_more_addresses_are_tried_than_are_sensible() {
        let many: Vec<_> = (0..100).map(|host| format!("10.0.0.{host}")).collect();
        let (mut dialing, now) = resolved(&many.iter().map(String::as_str).collect::<Vec<_>>());
        for at in 0..=100 {
            steps(&mut dialing, now + at * ATTEMPT_DELAY);
        }
        assert_eq!(dialing.tried(), ADDRESSES_MAX);
    }
}
