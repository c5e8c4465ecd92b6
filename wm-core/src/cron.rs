//! [`Cron`]: times of the calendar, as `crontab` says them.

use crate::{Context, TimerId, protocol::Protocol};
use croner::parser::{CronParser, Seconds, Year};
use jiff::{Timestamp, Zoned, tz::TimeZone};
use std::{error, fmt, str::FromStr, time::SystemTime};

/// Times of the calendar: `0 8 * * MON-FRI` is each working day at eight.
///
/// Five fields, minute, hour, day of the month, month, day of the week; or six, with seconds in front. A field is `*`, a
/// number, a list `1,15`, a range `9-17`, or one of these with a step, `*/5`; months and days have names in English, `L` is
/// the last day, `MON#1` the first Monday. Where both days are restricted, either will do. `@hourly`, `@daily`, `@weekly`,
/// `@monthly` and `@yearly` are known. What falls into an hour that a change of clocks leaves out is done at its end.
///
/// # Example
///
/// ```
/// use wm_core::{Cron, Worker, protocol::Text};
///
/// let closing: Cron = "0 17 * * MON-FRI".parse()?;
/// let closing = closing.in_zone("Europe/Berlin")?;
/// Worker::<Text>::new("text://127.0.0.1:0").on_worker_start(move |worker| {
///     worker.cron(&closing, |worker| worker.broadcast("we close"))
/// });
/// # Ok::<(), wm_core::CronError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Cron {
    times: croner::Cron,
    /// None is that of the machine.
    zone: Option<TimeZone>,
}

/// What is wrong with an expression, or with the name of a time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronError {
    what: String,
    why: String,
}

impl Cron {
    /// Reads an expression, in the time zone of the machine.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn new(expression: &str) -> Result<Self, CronError> {
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        match parser.parse(expression) {
            Ok(times) => Ok(Self { times, zone: None }),
            Err(error) => {
                let what = format!("`{expression}` is no cron expression");
                Err(CronError { what, why: error.to_string() })
            }
        }
    }

    /// The same times in another zone, as the IANA names them: `Asia/Shanghai`, `UTC`.
    ///
    /// # Errors
    ///
    /// The machine knows no zone of this name; Debian has them in its package `tzdata`.
    pub fn in_zone(self, name: &str) -> Result<Self, CronError> {
        match TimeZone::get(name) {
            Ok(zone) => Ok(Self { zone: Some(zone), ..self }),
            Err(error) => Err(CronError { what: format!("no time zone `{name}`"), why: error.to_string() }),
        }
    }

    /// The first of the times behind this one; none if there is none, or `time` is further away than calendars reach.
    #[must_use]
    pub fn next_after(&self, time: SystemTime) -> Option<SystemTime> {
        let zone = self.zone.clone().unwrap_or_else(TimeZone::system);
        let time: Zoned = Timestamp::try_from(time).ok()?.to_zoned(zone);
        let next = self.times.find_next_occurrence(&time, false).ok()?;
        Some(next.timestamp().into())
    }
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(expression: &str) -> Result<Self, CronError> {
        Self::new(expression)
    }
}

impl fmt::Display for CronError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

impl error::Error for CronError {}

impl<P: Protocol, S> Context<'_, P, S> {
    /// Calls `task` at the times that a cron expression says; see [`at_times`](Self::at_times).
    pub fn cron<R>(&mut self, cron: &Cron, task: impl FnMut(&mut Context<'_, P, S>) -> R + 'static) -> TimerId {
        let cron = cron.clone();
        self.at_times(move |time| cron.next_after(time), task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Worker, protocol::Text, testing::World};
    use std::time::Duration;

    fn next(expression: &str, zone: &str, from: &str) -> String {
        let cron = Cron::new(expression).unwrap().in_zone(zone).unwrap();
        let from: Timestamp = from.parse().unwrap();
        let next = cron.next_after(from.into()).unwrap();
        Timestamp::try_from(next).unwrap().to_string()
    }

    #[test]
    fn the_next_time_is_that_of_the_zone() {
        assert_eq!(next("0 8 * * MON-FRI", "UTC", "2026-11-27T08:00:00Z"), "2026-11-30T08:00:00Z");
        assert_eq!(next("0 8 * * *", "Asia/Shanghai", "2026-11-27T08:00:00Z"), "2026-11-28T00:00:00Z");
        assert_eq!(next("*/10 * * * * *", "UTC", "2026-11-27T08:00:01.5Z"), "2026-11-27T08:00:10Z");
        assert_eq!(next("0 0 L 2 *", "UTC", "2027-11-27T08:00:00Z"), "2028-02-29T00:00:00Z");
        // Half past two does not come on the day on which the clocks go forward.
        assert_eq!(next("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z"), "2026-03-29T01:00:00Z");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = Cron::new("61 * * * *").unwrap_err().to_string();
        assert!(error.starts_with("`61 * * * *` is no cron expression: ") && error.contains("61"), "{error}");
        assert!(Cron::new("").is_err() && Cron::new("* * *").is_err() && Cron::new("* * * * * * 2026").is_err());
        let error = Cron::new("@daily").unwrap().in_zone("Mars/Olympus").unwrap_err().to_string();
        assert!(error.starts_with("no time zone `Mars/Olympus`: "), "{error}");
        assert_eq!(Cron::new("0 0 30 2 *").unwrap().next_after(SystemTime::UNIX_EPOCH), None, "a 30th of February");
    }

    #[test]
    fn a_worker_keeps_its_appointments_until_they_are_cancelled() {
        let mut world = World::new(Worker::<Text>::new("text://0.0.0.0:1").on_worker_start(|worker| {
            let minutes = Cron::new("* * * * *").unwrap().in_zone("UTC").unwrap();
            let each = worker.cron(&minutes, |worker| worker.broadcast("a minute"));
            worker.after(Duration::from_secs(190), move |worker| assert!(worker.cancel(each) && !worker.cancel(each)));
        }));
        let guest = world.connect();
        // The calendar begins at 40 seconds past.
        world.pass(Duration::from_millis(19_990));
        assert_eq!(guest.lines().len(), 0);
        world.pass(Duration::from_millis(20));
        assert_eq!(guest.lines().len(), 1);
        world.pass(Duration::from_secs(600));
        assert_eq!(guest.lines().len(), 2, "at 80 and 140 s");
        world.finish();
    }
}
