//! Push, the manual's example of several ports in one process: clients wait for news, a back end says who gets what.
//!
//! You learn: a worker that listens on a second address at run time, how the two reach each other, and Unix sockets.
//!
//! ```text
//! cargo run --bin push
//! nc 127.0.0.1 1234              a client: say a name, then wait
//! nc 127.0.0.1 5678              the back end: say `name text`, and read `ok` or `fail`
//! ```
//!
//! You see: what the back end says to a name appears at the clients of that name. With `--back-end` it may be anywhere
//! else, as in `push --back-end unix:///run/push.sock`, where only programs of this machine push: an option of the
//! program's own, beside those that every service has.

use clap::Parser;
use std::process::ExitCode;
use wm_core::{Connection, Context, Control, Mailbox, Server, Worker, protocol::Text, protocol::text::Line};

/// The name of a client; empty until it has said one.
type Name = String;

/// Clients wait for news, a back end says who gets what.
#[derive(Parser)]
struct Arguments {
    /// Where the back end connects to
    #[arg(long, global = true, value_name = "ADDRESS", default_value = "text://127.0.0.1:5678")]
    back_end: String,
    #[command(flatten)]
    control: Control,
}

fn main() -> ExitCode {
    let Arguments { back_end, control } = Arguments::parse();
    let clients = Worker::<Text>::new("text://0.0.0.0:1234")
        .name("push")
        .count(1)
        .session::<Name>()
        .on_worker_start(move |clients| {
            let mailbox = clients.mailbox();
            let back_end = Worker::<Text>::new(&back_end).name("back_end");
            let back_end = back_end.on_message(move |back_end, line| push(back_end, &mailbox, line));
            if let Err(error) = clients.listen(back_end) {
                panic!("{error}");
            }
        })
        .on_message(|client, line| {
            if client.session().is_empty() {
                *client.session() = line.text.to_owned();
            }
        });
    Server::new().worker(clients).command(&control)
}

/// Hands a text to the clients' worker, which posts back whether anybody was there.
fn push(back_end: &mut Connection<'_, Text, ()>, clients: &Mailbox<Text, Name>, line: Line<'_>) {
    let (name, text) = line.text.split_once(' ').unwrap_or((line.text, ""));
    let (name, text) = (name.to_owned(), text.to_owned());
    let (answers, asker) = (back_end.worker().mailbox(), back_end.id());
    clients.post(move |clients| {
        let answer = if tell(clients, &name, &text) > 0 { "ok" } else { "fail" };
        answers.post(move |back_end| back_end.get(asker).map(|mut asker| asker.send(answer)));
    });
}

/// Tells a text to all clients of a name, and says how many those are.
fn tell(clients: &mut Context<'_, Text, Name>, name: &str, text: &str) -> usize {
    let mut told = 0;
    clients.each(|client| {
        if client.session() == name {
            client.send(text);
            told += 1;
        }
    });
    told
}
