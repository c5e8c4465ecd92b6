//! The constructs of the language that are read, but that this version does not implement.

use crate::diagnostic::{Code, Diagnostic};
use crate::draft::Origin;

/// A construct without an implementation.
#[derive(Debug)]
pub(super) struct Construct {
    /// The word that it is known by.
    pub(super) word: &'static str,
    /// What it is, in a sentence without its stop.
    pub(super) what: &'static str,
    /// What one can do today.
    pub(super) today: &'static str,
}

impl Construct {
    /// The mistake of using it.
    pub(super) fn diagnostic(&self, origin: Origin) -> Diagnostic {
        let word = self.word;
        let is_word = word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let label =
            if is_word { format!("`{word}` is not implemented yet") } else { format!("not implemented yet: {word}") };
        Diagnostic::new(Code::NotYet, origin, label)
            .why(format!("{}; this version reads it, but makes no code of it", self.what))
            .help(self.today)
    }
}

macro_rules! constructs {
    ($($name:ident = $word:literal, $what:literal, $today:literal;)*) => {
        $(pub(super) static $name: Construct = Construct { word: $word, what: $what, today: $today };)*
    };
}

constructs! {
    EXTENSIBLE = "extensible on a union", "it lets newer peers add bytes behind the known fields", "write it behind the structs of its arms";
}
