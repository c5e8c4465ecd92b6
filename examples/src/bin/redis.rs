//! A small Redis: it keeps what it is told as long as it runs. `redis-cli` and `redis-benchmark` are its clients.
//!
//! You learn: `proto/resp2.wm`, where values stand in values and a length may say that there is none, and replies that borrow
//! from what they are made of.
//!
//! ```text
//! cargo run --bin redis
//! redis-cli rpush colours red green
//! redis-cli lrange colours 0 -1
//! ```
//!
//! You see: `(integer) 2`, and both colours.

use std::collections::{HashMap, VecDeque};
use std::process::ExitCode;
use wm_core::{Worker, run_all, wire::List};
use wm_examples::proto::resp2::{Array, Bulk, ClientMessage, Command, Reply, Server, Value};

/// The name of a command and what it is applied to.
type Words = Vec<Vec<u8>>;

fn main() -> ExitCode {
    let mut database = Database::default();
    let worker = Worker::<Server>::new("resp2://127.0.0.1:6379")
        .name("redis")
        // One process, so that all clients see the same database.
        .count(1)
        // What a client has said since `MULTI`.
        .session::<Option<Vec<Words>>>()
        .on_message(move |client, message| {
            let ClientMessage::Command(command) = message else { return };
            let answer = match words(&command) {
                Some(words) => database.take(client.session(), words),
                None => Answer::Error("ERR a command is an array of bulks".to_owned()),
            };
            let lists = answer.lists();
            let items = answer.items(&lists);
            client.send(Reply { value: answer.value(&items) });
        });
    run_all(worker)
}

/// The words of a command, if it is one.
fn words(command: &Command<'_>) -> Option<Words> {
    let Value::Array(Array { items: Some(items) }) = &command.value else { return None };
    let word = |item: Value<'_>| match item {
        Value::Bulk(Bulk { data }) => data.map(<[u8]>::to_vec),
        _ => None,
    };
    items.iter().map(word).collect::<Option<Words>>().filter(|words| !words.is_empty())
}

/// A reply before it is sent. Lists stand in lists once, behind `EXEC`.
enum Answer {
    Simple(&'static str),
    Error(String),
    Int(i64),
    Bulk(Option<Vec<u8>>),
    List(Vec<Self>),
}

impl Answer {
    /// The elements of each list in this one.
    fn lists(&self) -> Vec<Vec<Value<'_>>> {
        let Self::List(answers) = self else { return Vec::new() };
        answers.iter().map(|answer| answer.items(&[])).collect()
    }

    /// The elements of this list, whose own lists have these.
    fn items<'a>(&'a self, lists: &'a [Vec<Value<'a>>]) -> Vec<Value<'a>> {
        let Self::List(answers) = self else { return Vec::new() };
        let list = |at: usize| lists.get(at).map_or(&[][..], Vec::as_slice);
        answers.iter().enumerate().map(|(at, answer)| answer.value(list(at))).collect()
    }

    fn value<'a>(&'a self, items: &'a [Value<'a>]) -> Value<'a> {
        match self {
            Self::Simple(text) => Value::Simple(text),
            Self::Error(text) => Value::Error(text),
            Self::Int(number) => Value::Int(*number),
            Self::Bulk(data) => Value::Bulk(Bulk { data: data.as_deref() }),
            Self::List(_) => Value::Array(Array { items: Some(List::from(items)) }),
        }
    }
}

/// What is kept under a key.
enum Kept {
    Text(Vec<u8>),
    List(VecDeque<Vec<u8>>),
}

#[derive(Default)]
struct Database(HashMap<Vec<u8>, Kept>);

impl Database {
    /// Does what a client says, at once or, behind `MULTI`, when it says `EXEC`.
    fn take(&mut self, queue: &mut Option<Vec<Words>>, words: Words) -> Answer {
        let name = words[0].to_ascii_uppercase();
        match (name.as_slice(), queue.as_mut()) {
            (b"MULTI", None) => {
                *queue = Some(Vec::new());
                Answer::Simple("OK")
            }
            (b"EXEC", Some(_)) => {
                let queued = queue.take().unwrap_or_default();
                Answer::List(queued.iter().map(|words| self.run(words)).collect())
            }
            (_, Some(queued)) => {
                queued.push(words);
                Answer::Simple("QUEUED")
            }
            (_, None) => self.run(&words),
        }
    }

    fn run(&mut self, words: &[Vec<u8>]) -> Answer {
        let name = words[0].to_ascii_uppercase();
        let count = |count: usize| Answer::Int(i64::try_from(count).unwrap_or(i64::MAX));
        match (name.as_slice(), &words[1..]) {
            (b"PING", []) => Answer::Simple("PONG"),
            (b"PING" | b"ECHO", [text]) => Answer::Bulk(Some(text.clone())),
            (b"COMMAND", _) => Answer::List(Vec::new()),
            (b"CONFIG", [_, setting]) => {
                Answer::List(vec![Answer::Bulk(Some(setting.clone())), Answer::Bulk(Some(Vec::new()))])
            }
            (b"SET", [key, value]) => {
                self.0.insert(key.clone(), Kept::Text(value.clone()));
                Answer::Simple("OK")
            }
            (b"GET", [key]) => self.text(key).map_or_else(|error| error, Answer::Bulk),
            (b"MGET", keys) => {
                Answer::List(keys.iter().map(|key| Answer::Bulk(self.text(key).unwrap_or_default())).collect())
            }
            (b"INCR", [key]) => self.increment(key).map_or_else(|error| error, Answer::Int),
            (b"DEL", keys) => count(keys.iter().filter(|key| self.0.remove(*key).is_some()).count()),
            (b"EXISTS", keys) => count(keys.iter().filter(|key| self.0.contains_key(*key)).count()),
            (b"RPUSH", [key, elements @ ..]) => self.list(key).map_or_else(
                |error| error,
                |list| {
                    list.extend(elements.iter().cloned());
                    count(list.len())
                },
            ),
            (b"LRANGE", [key, first, last]) => match (self.0.get(key), number(first), number(last)) {
                (None, Some(_), Some(_)) => Answer::List(Vec::new()),
                (Some(Kept::List(list)), Some(first), Some(last)) => range(list, first, last),
                (Some(Kept::Text(_)), ..) => wrong_kind(),
                _ => Answer::Error("ERR value is not an integer or out of range".to_owned()),
            },
            _ => Answer::Error(format!("ERR unknown command or arguments of '{}'", words[0].escape_ascii())),
        }
    }

    /// The text under a key, if there is something.
    fn text(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Answer> {
        match self.0.get(key) {
            None => Ok(None),
            Some(Kept::Text(text)) => Ok(Some(text.clone())),
            Some(Kept::List(_)) => Err(wrong_kind()),
        }
    }

    /// The list under a key; a new one if there is nothing.
    fn list(&mut self, key: &[u8]) -> Result<&mut VecDeque<Vec<u8>>, Answer> {
        match self.0.entry(key.to_vec()).or_insert_with(|| Kept::List(VecDeque::new())) {
            Kept::List(list) => Ok(list),
            Kept::Text(_) => Err(wrong_kind()),
        }
    }

    fn increment(&mut self, key: &[u8]) -> Result<i64, Answer> {
        let text = self.text(key)?.unwrap_or_else(|| b"0".to_vec());
        let next = number(&text).and_then(|found| found.checked_add(1));
        let next = next.ok_or_else(|| Answer::Error("ERR value is not an integer or out of range".to_owned()))?;
        self.0.insert(key.to_vec(), Kept::Text(next.to_string().into_bytes()));
        Ok(next)
    }
}

fn wrong_kind() -> Answer {
    Answer::Error("WRONGTYPE Operation against a key holding the wrong kind of value".to_owned())
}

fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The elements from `first` to `last`, both included; below zero they count from the end.
fn range(list: &VecDeque<Vec<u8>>, first: i64, last: i64) -> Answer {
    let len = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let place = |at: i64| usize::try_from(if at < 0 { at.saturating_add(len) } else { at });
    let first = place(first).unwrap_or(0);
    let count = place(last).map_or(0, |last| last.saturating_add(1).saturating_sub(first));
    Answer::List(list.iter().skip(first).take(count).map(|element| Answer::Bulk(Some(element.clone()))).collect())
}
