//! A small server of PostgreSQL's protocol: it knows one table, and what a `SELECT` of literals is. `psql` is its client.
//!
//! You learn: `proto/postgres.wm`, a session whose first messages have no tag and whose later ones have, values that are absent by
//! their length, and how a client is told what was wrong before its connection closes.
//!
//! ```text
//! cargo run --bin postgres -- --guest tom:secret
//! PGPASSWORD=secret psql -h 127.0.0.1 -p 5433 -U tom -c "SELECT 6 * 7"
//! PGPASSWORD=secret psql -h 127.0.0.1 -p 5433 -U tom -c "TABLE planets"
//! ```
//!
//! You see: a syntax error, as it computes nothing, and three planets. `SELECT 42 AS answer, 'yes', NULL` is what it can do.
//! Without `--guest` everybody may ask.

use clap::Parser;
use std::process::ExitCode;
use wm_core::{Connection, ConnectionError, Control, Handler, Worker, wire::List};
use wm_examples::proto::postgres::{
    AskPassword, ClientMessage, Column, Columns, Complete, Empty, Failure, Key, Part, Plain, Ready, Row, Server,
    Setting, Status, Value, Welcome,
};

/// Types of columns, as rows of `pg_type`.
const INT4: u32 = 23;
const TEXT: u32 = 25;

/// Codes of SQLSTATE.
const PROTOCOL_VIOLATION: &str = "08P01";
const WRONG_PASSWORD: &str = "28P01";
const SYNTAX_ERROR: &str = "42601";

/// What a client must know before it asks.
const SETTINGS: [(&str, &str); 5] = [
    ("server_version", "15.0"),
    ("server_encoding", "UTF8"),
    ("client_encoding", "UTF8"),
    ("DateStyle", "ISO, MDY"),
    ("standard_conforming_strings", "on"),
];

/// A server of one table.
#[derive(Parser)]
struct Arguments {
    /// Who may ask; without it, everybody
    #[arg(long, global = true, value_name = "NAME:PASSWORD")]
    guest: Option<String>,
    #[command(flatten)]
    control: Control,
}

struct Postgres {
    /// `name:password`; none if everybody may ask.
    guest: Option<String>,
}

/// The name that a client says it has.
type Client<'w> = Connection<'w, Server, String>;

impl Handler for Postgres {
    type Protocol = Server;
    type Session = String;

    fn on_message(&mut self, client: &mut Client<'_>, message: ClientMessage<'_>) {
        match message {
            ClientMessage::SslRequest(_) | ClientMessage::GssRequest(_) => _ = client.send(Plain),
            ClientMessage::Startup(startup) => {
                let user = startup.parameters.iter().find(|parameter| parameter.name == "user");
                user.map_or("", |parameter| parameter.value).clone_into(client.session());
                match self.guest {
                    Some(_) => _ = client.send(AskPassword),
                    None => welcome(client),
                }
            }
            ClientMessage::Password(said) => {
                let (name, password) =
                    self.guest.as_deref().and_then(|guest| guest.split_once(':')).unwrap_or_default();
                if client.session() == name && said.password == password {
                    welcome(client);
                } else {
                    let what = format!("password authentication failed for user \"{}\"", client.session());
                    fail(client, "FATAL", WRONG_PASSWORD, &what);
                }
            }
            ClientMessage::Query(query) => answer(client, query.sql),
            // Nothing is ever under way that could stop; the connection closes by itself.
            ClientMessage::Cancel(_) | ClientMessage::Terminate(_) => {}
        }
    }

    fn on_error(&mut self, client: &mut Client<'_>, error: &ConnectionError) {
        if let ConnectionError::Decode(error) = error {
            fail(client, "FATAL", PROTOCOL_VIOLATION, &error.to_string());
        }
        client.log_error(error);
    }
}

fn main() -> ExitCode {
    let Arguments { guest, control } = Arguments::parse();
    let postgres = Worker::serve("postgres://127.0.0.1:5433", Postgres { guest }).name("postgres");
    wm_core::Server::new().worker(postgres).command(&control)
}

/// The login is right: what the client must know, and then it may ask.
fn welcome(client: &mut Client<'_>) {
    client.send(Welcome);
    for (name, value) in SETTINGS {
        client.send(Setting { name, value });
    }
    client.send(Key { process: std::process::id(), secret: 0 });
    client.send(Ready { status: Status::Idle });
}

/// What one statement gives.
struct Table {
    columns: Vec<(String, u32)>,
    rows: Vec<Vec<Option<String>>>,
}

fn answer(client: &mut Client<'_>, sql: &str) {
    let mut statements = statements(sql).filter(|statement| !statement.is_empty()).peekable();
    if statements.peek().is_none() {
        client.send(Empty);
    }
    for statement in statements {
        let Some(table) = run(statement) else {
            let what =
                format!("syntax error: what is known is TABLE planets, and SELECT of literals, not: {statement}");
            fail(client, "ERROR", SYNTAX_ERROR, &what);
            break;
        };
        tell(client, &table);
    }
    client.send(Ready { status: Status::Idle });
}

fn tell(client: &mut Client<'_>, table: &Table) {
    let columns: Vec<Column<'_>> = table
        .columns
        .iter()
        .map(|(name, kind)| Column {
            name,
            table: 0,
            column: 0,
            r#type: *kind,
            size: if *kind == INT4 { 4 } else { -1 },
            modifier: -1,
            binary: 0,
        })
        .collect();
    client.send(Columns { columns: List::from(&columns[..]) });
    for row in &table.rows {
        let values: Vec<Value<'_>> = row.iter().map(|text| Value { text: text.as_deref() }).collect();
        client.send(Row { values: List::from(&values[..]) });
    }
    client.send(Complete { tag: &format!("SELECT {}", table.rows.len()) });
}

/// Tells what is wrong: how bad, by what code, and in words.
fn fail(client: &mut Client<'_>, severity: &str, code: &str, message: &str) {
    // A text ends at a zero, which must not stand in what is quoted.
    let message = message.replace('\0', " ");
    let parts =
        [(b'S', severity), (b'V', severity), (b'C', code), (b'M', &message)].map(|(kind, text)| Part { kind, text });
    client.send(Failure { parts: List::from(&parts[..]) });
}

/// The statements of a query, which semicolons part, but for those in quotes.
fn statements(sql: &str) -> impl Iterator<Item = &str> {
    outside_of_quotes(sql, ';').map(str::trim)
}

/// Parts a text at a character that stands in no quotes.
fn outside_of_quotes(text: &str, at: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |character| {
        quoted ^= character == '\'';
        character == at && !quoted
    })
}

fn run(statement: &str) -> Option<Table> {
    let (word, rest) = statement.split_once(char::is_whitespace)?;
    let rest = rest.trim();
    if word.eq_ignore_ascii_case("table") && rest.eq_ignore_ascii_case("planets") {
        return Some(planets());
    }
    if !word.eq_ignore_ascii_case("select") {
        return None;
    }
    let cells = outside_of_quotes(rest, ',').map(|cell| literal(cell.trim())).collect::<Option<Vec<_>>>()?;
    let (columns, row) = cells.into_iter().map(|(name, kind, value)| ((name, kind), value)).unzip();
    Some(Table { columns, rows: vec![row] })
}

fn planets() -> Table {
    let planets = [("Mercury", Some(0)), ("Earth", Some(1)), ("Vulcan", None)];
    let row = |(name, moons): (&str, Option<u32>)| vec![Some(name.to_owned()), moons.map(|moons| moons.to_string())];
    Table {
        columns: vec![("name".to_owned(), TEXT), ("moons".to_owned(), INT4)],
        rows: planets.into_iter().map(row).collect(),
    }
}

/// `42`, `'it''s'` or `NULL`, and the name behind `AS`: its name, its type and its text.
fn literal(cell: &str) -> Option<(String, u32, Option<String>)> {
    let (value, name) = match cell.rsplit_once(char::is_whitespace) {
        Some((front, name)) if !name.ends_with('\'') => {
            let (value, word) = front.trim().rsplit_once(char::is_whitespace)?;
            (word.eq_ignore_ascii_case("as").then_some(value.trim())?, name)
        }
        _ => (cell, "?column?"),
    };
    let (kind, text) = if value.eq_ignore_ascii_case("null") {
        (TEXT, None)
    } else if let Some(text) = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        (TEXT, Some(text.replace("''", "'")))
    } else {
        (INT4, Some(value.parse::<i32>().ok()?.to_string()))
    };
    Some((name.to_owned(), kind, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read() {
        let read = |cell| literal(cell).unwrap();
        assert_eq!(read("-7"), ("?column?".to_owned(), INT4, Some("-7".to_owned())));
        assert_eq!(read("'it''s; so' AS said"), ("said".to_owned(), TEXT, Some("it's; so".to_owned())));
        assert_eq!(read("null as none"), ("none".to_owned(), TEXT, None));
        for wrong in ["", "6 * 7", "now()", "'open", "1 2", "99999999999"] {
            assert!(literal(wrong).is_none(), "{wrong}");
        }
        let parted: Vec<&str> = statements("SELECT ';', 1; TABLE planets;").collect();
        assert_eq!(parted, ["SELECT ';', 1", "TABLE planets", ""]);
    }
}
