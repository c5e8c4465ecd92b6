//! [`run_all`] and [`Server`]: the last line of `main`.

use crate::control::{self, Control, Desk, Herald};
use crate::process::{Console, Front, Master, Outcome, Supervision};
use crate::worker::Service;
use std::fmt;
use std::process::ExitCode;

/// Does what the command line says with these workers: serves until it is told to stop, ends the service that runs, or
/// asks about it: the manual's `Worker::runAll()`. Short for [`Server::command`] with [`Control::parse`], for a program
/// without options of its own.
///
/// # Example
///
/// ```no_run
/// # use wm_core::{Error, Launch, Service, Settings};
/// # struct Clock(Settings);
/// # impl Service for Clock {
/// #     fn settings(&self) -> &Settings { &self.0 }
/// #     fn listen_on(&mut self, _: &str) {}
/// #     fn run(self: Box<Self>, _: Launch) -> Result<(), Error> { Ok(()) }
/// # }
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     let clock = Clock(Settings::new("tcp://127.0.0.1:1037"));
///     let other = Clock(Settings::new("tcp://[::1]:1037"));
///     wm_core::run_all((clock, other))
/// }
/// ```
pub fn run_all(workers: impl Workers) -> ExitCode {
    match Control::parse() {
        Ok(control) => Server::new().workers(workers).command(&control),
        Err(code) => code,
    }
}

/// A service of one or more workers, each in as many processes as it asks for.
///
/// # Example
///
/// ```
/// use wm_core::{Server, Supervision};
/// use std::time::Duration;
///
/// let patient = Supervision { stop_timeout: Duration::from_secs(60), ..Supervision::default() };
/// let server = Server::new().supervision(patient).quiet();
/// ```
#[derive(Default)]
pub struct Server {
    services: Vec<Box<dyn Service>>,
    supervision: Supervision,
    quiet: bool,
}

impl Server {
    /// A service without workers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a worker.
    #[must_use]
    pub fn worker(self, worker: impl Service + 'static) -> Self {
        self.workers(worker)
    }

    /// Adds some workers.
    #[must_use]
    pub fn workers(mut self, workers: impl Workers) -> Self {
        workers.add_to(&mut self.services);
        self
    }

    /// Sets how processes are kept alive and ended.
    #[must_use]
    pub fn supervision(mut self, supervision: Supervision) -> Self {
        self.supervision = supervision;
        self
    }

    /// Says nothing on stdout; stderr still tells of trouble.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Does what the command line says. The exit codes of a service that was started are those of [`run`](Self::run);
    /// beside them
    ///
    /// | code | |
    /// |---|---|
    /// | 0 | It was done, or answered. Of `start -d`: the service is ready. |
    /// | 1 | It could not be done: the reason is on stderr. Nothing was started or stopped. |
    /// | 2, 3 | Of `stop`: the code of the service that has ended. |
    /// | 4 | No such service runs. |
    ///
    /// Each instance of a program has a name, and under that name three files in its folder: `NAME.pid` is locked as long
    /// as it runs, `NAME.sock` is where it is asked, and `NAME.log` is what it says in the background. `start -d` returns
    /// when the service is ready; like [`run`](Self::run) it must be called while the process has one thread.
    pub fn command(self, control: &Control) -> ExitCode {
        control::run(self, control)
    }

    /// Binds, forks and serves until SIGTERM, SIGHUP or Ctrl-C; a second Ctrl-C does not wait for the workers. SIGQUIT
    /// ends it when its peers have left.
    ///
    /// It returns in the master only, and must be called while the process has one thread: start threads and runtimes
    /// in the workers. It says on stderr why it failed; the exit code is
    ///
    /// | code | |
    /// |---|---|
    /// | 0 | It was told to stop, and every process has finished its work. |
    /// | 1 | A setting is wrong or an address cannot be bound: nothing was forked. |
    /// | 2 | A worker could not be kept alive, see [`Supervision::attempts_max`]. |
    /// | 3 | It was told to stop, but a process had to be killed or failed before it had finished its work. |
    pub fn run(self) -> ExitCode {
        self.serve(None, None)
    }

    /// As [`run`](Self::run), for whoever asks at a desk, and for whoever waits until it is ready.
    pub(crate) fn serve(self, desk: Option<Desk>, herald: Option<Herald>) -> ExitCode {
        let console = Console::new(self.quiet);
        let front = Front { desk, herald, ..Front::new(console) };
        let master = match Master::new(self.services, self.supervision, front) {
            Ok(master) => master,
            Err(problems) => {
                console.refuse(&problems);
                return ExitCode::from(1);
            }
        };
        match master.run() {
            Ok(outcome) => ExitCode::from(outcome.code()),
            Err(error) => {
                console.fail(&error.to_string());
                ExitCode::from(Outcome::GaveUp.code())
            }
        }
    }

    /// Has its workers listen on other addresses, in their order.
    ///
    /// # Errors
    ///
    /// There are more addresses than workers that listen.
    pub(crate) fn listen_on(&mut self, addresses: &[String]) -> Result<(), String> {
        let listens = |service: &&mut Box<dyn Service>| !matches!(service.settings().address, Ok(None));
        let mut services = self.services.iter_mut().filter(listens);
        for (at, address) in addresses.iter().enumerate() {
            let Some(service) = services.next() else {
                return Err(format!("--listen {address}: only {at} of its workers listen; leave it out"));
            };
            service.listen_on(address);
        }
        Ok(())
    }

    /// Whether it could be started; its addresses are bound for a moment if they are to be tried.
    pub(crate) fn check(self, tries: bool) -> Result<(), Vec<String>> {
        Master::check(self.services, tries)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings: Vec<_> = self.services.iter().map(|service| service.settings()).collect();
        f.debug_struct("Server")
            .field("workers", &settings)
            .field("supervision", &self.supervision)
            .field("quiet", &self.quiet)
            .finish()
    }
}

/// What [`run_all`] takes: a worker, a tuple of up to eight of them, or a vector of boxed ones.
pub trait Workers {
    /// Adds each worker, in order.
    fn add_to(self, services: &mut Vec<Box<dyn Service>>);
}

impl<S: Service + 'static> Workers for S {
    fn add_to(self, services: &mut Vec<Box<dyn Service>>) {
        services.push(Box::new(self));
    }
}

impl Workers for Vec<Box<dyn Service>> {
    fn add_to(self, services: &mut Vec<Box<dyn Service>>) {
        services.extend(self);
    }
}

macro_rules! tuples {
    ($(($($worker:ident)+))+) => {$(
        impl<$($worker: Workers),+> Workers for ($($worker,)+) {
            #[allow(non_snake_case, reason = "a type parameter and its value share a name")]
            fn add_to(self, services: &mut Vec<Box<dyn Service>>) {
                let ($($worker,)+) = self;
                $($worker.add_to(services);)+
            }
        }
    )+};
}

tuples! {
    (A)
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E F)
    (A B C D E F G)
    (A B C D E F G H)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, Launch, Settings};

    struct Named(Settings);

    impl Service for Named {
        fn settings(&self) -> &Settings {
            &self.0
        }

        fn listen_on(&mut self, address: &str) {
            self.0.address = address.parse().map(Some);
        }

        fn run(self: Box<Self>, _: Launch) -> Result<(), Error> {
            Ok(())
        }
    }

    fn named(name: &str) -> Named {
        Named(Settings { name: name.to_owned(), ..Settings::new("tcp://127.0.0.1:0") })
    }

    fn names(workers: impl Workers) -> Vec<String> {
        Server::new().workers(workers).services.iter().map(|service| service.settings().name.clone()).collect()
    }

    #[test]
    fn workers_come_alone_in_tuples_and_in_vectors_in_their_order() {
        assert_eq!(names(named("a")), ["a"]);
        assert_eq!(names((named("a"), named("b"))), ["a", "b"]);
        let boxed: Vec<Box<dyn Service>> = vec![Box::new(named("b")), Box::new(named("c"))];
        assert_eq!(names((named("a"), boxed, (named("d"),))), ["a", "b", "c", "d"]);
    }
}
