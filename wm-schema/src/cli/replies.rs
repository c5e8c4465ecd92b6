//! What `serve` answers: messages for all that it hears, for a message, or for a state.

use super::Outcome;
use super::play::Play;
use super::terminal::say;
use super::value::{self, Ready};
use wm_schema::draft::{Draft, Side};
use wm_schema::ir::Schema;

/// A message that answers.
pub(crate) struct Reply {
    /// The state in which it is said, or the message that it answers; none if it answers all.
    to: Option<String>,
    /// The message.
    pub(crate) ready: Ready,
}

impl Reply {
    /// `Done { … }`, or `Upload: Done { … }`; what is wrong is shown.
    pub(crate) fn read(text: &str, draft: &Draft, schema: &Schema) -> Result<Self, Outcome> {
        let (to, message) = match text.split_once(':') {
            Some((name, message)) if is_name(name.trim()) => (Some(name.trim()), message),
            _ => (None, text),
        };
        if let Some(name) = to.filter(|name| !known(schema).contains(name)) {
            let (what, known) =
                (if schema.session.is_some() { "state or message" } else { "message" }, known(schema).join("`, `"));
            say(&format!("wm-schema: no {what} `{name}` to answer: there are `{known}`\n"));
            return Err(Outcome::Unable);
        }
        Ok(Self { to: to.map(str::to_owned), ready: value::read(message.trim(), draft, schema, Side::Server)? })
    }

    /// Whether it answers a message of this name, without a session.
    pub(crate) fn answers(&self, heard: &str) -> bool {
        self.to.as_deref().is_none_or(|to| to == heard)
    }
}

/// What can be answered.
fn known(schema: &Schema) -> Vec<&str> {
    let states = schema.session.iter().flat_map(|session| &session.states).map(|state| state.name.as_str());
    let heard = schema.messages.iter().filter(|message| message.from != Some(Side::Server));
    states.chain(heard.map(|message| message.layout.name.as_str())).collect()
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric())
}

/// What is said next in a session, after `heard`: a reply for the state or for what was heard before one for all, each
/// once until more is heard. Where the client may speak too, one for all waits until it has.
pub(crate) fn next(replies: &[Reply], said: &[bool], play: &Play<'_>, heard: Option<&str>) -> Option<usize> {
    let open = || (0..replies.len()).filter(|&at| !said[at] && play.may(&replies[at].ready));
    let for_this = |&at: &usize| replies[at].to.as_deref().is_some_and(|to| to == play.state() || Some(to) == heard);
    let for_all = |&at: &usize| replies[at].to.is_none() && (heard.is_some() || !play.hears());
    open().find(for_this).or_else(|| open().find(for_all))
}
