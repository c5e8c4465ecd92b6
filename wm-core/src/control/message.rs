//! What is said over the control socket: a line of JSON each way. The socket is the user's own, and both ends are this
//! program, perhaps of another version: what one does not know, the other says in words.

use super::Status;
use serde::{Deserialize, Serialize};

/// What the service is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    /// What it does.
    Status,
    /// That it ends; gracefully, when its peers have left. What it says until then is passed on, its end last.
    Stop { graceful: bool },
}

/// What it answers; the last line is an end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// A line for the operator.
    Say(String),
    /// What it does.
    Status(Box<Status>),
    /// The request is done, with the exit code of whoever has asked.
    End { code: u8 },
    /// The request is not understood.
    Refused(String),
}

impl Reply {
    /// The line that it is on the wire.
    pub(super) fn line(&self) -> Vec<u8> {
        // Text and numbers always have a form in JSON.
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}
