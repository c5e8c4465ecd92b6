//! What is wrong with a schema, in words: a stable code, a title, the place, why, and what to type instead.
//!
//! A mistake is a value here; how it is drawn is the front end's business: above its source in a terminal, or on the
//! attribute in the user's editor.

use crate::draft::Origin;
use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Nothing can be generated.
    Error,
    /// It works, but perhaps not as one thinks.
    Warning,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of mistake it is.
    pub code: Code,
    /// Where it is.
    pub origin: Origin,
    /// What is wrong at this place, in a few words.
    pub label: String,
    /// Why it is wrong.
    pub why: String,
    /// What to type instead.
    pub help: String,
    /// Other places that have to do with it.
    pub notes: Vec<(Origin, String)>,
}

impl Diagnostic {
    /// A mistake at a place.
    #[must_use]
    pub fn new(code: Code, origin: Origin, label: impl Into<String>) -> Self {
        Self { code, origin, label: label.into(), why: String::new(), help: String::new(), notes: Vec::new() }
    }

    /// Says why it is wrong.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// Says what to type instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Points at another place.
    #[must_use]
    pub fn note(mut self, origin: Origin, note: impl Into<String>) -> Self {
        self.notes.push((origin, note.into()));
        self
    }

    /// How bad it is: the code tells.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $number:literal, $title:literal;)*) => {
        /// The kinds of mistakes. A number once given is never given again.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[doc = $doc])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its number: 1xx syntax, 2xx names, 3xx types and attributes, 4xx sizes and framing, 5xx tests, 9xx warnings.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $(Self::$name => $number,)* }
            }

            /// Its title, two to four words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    /// The parser expected something else.
    Syntax = 101, "unexpected syntax";
    /// A word of the language that this version does not implement.
    NotYet = 102, "not implemented yet";
    /// A number that is too large to be written.
    NumberTooLarge = 103, "number too large";
    /// A string or a hex literal that cannot be read.
    BadLiteral = 104, "bad literal";
    /// A file that does not say which protocol it is.
    NoProtocol = 105, "no protocol line";
    /// A type that does not exist.
    UnknownType = 201, "unknown type";
    /// A field that does not exist.
    UnknownField = 202, "unknown field";
    /// A constant, a message or another name that does not exist.
    UnknownName = 203, "unknown name";
    /// Two things have one name.
    Duplicate = 204, "duplicate name";
    /// A field is used before it has been read.
    UsedBeforeRead = 205, "used before read";
    /// A name that breaks the case rule, or is a keyword of Rust.
    BadName = 206, "bad name";
    /// A struct contains itself.
    Recursive = 207, "recursive struct";
    /// A file that cannot be imported, or that holds what cannot be.
    BadImport = 208, "bad import";
    /// A type that takes a length has none.
    MissingLength = 301, "missing length";
    /// A type that takes no length has one.
    UnexpectedLength = 302, "unexpected length";
    /// An attribute that does not fit its type, or stands twice.
    BadAttribute = 303, "attribute does not fit";
    /// An equation that cannot be computed.
    BadEquation = 304, "bad equation";
    /// A field that measures another has no equation.
    MissingEquation = 305, "missing equation";
    /// Two variants share a value, or a value does not fit the integer.
    BadVariant = 306, "bad enum variant";
    /// A constant that does not fit its type.
    BadConstant = 307, "constant does not fit";
    /// An empty delimiter, message, enum …
    Empty = 308, "nothing in it";
    /// A range whose end is before its start, or that is wider than its type.
    BadRange = 309, "bad range";
    /// A Rust type that cannot hold the field.
    BadRustType = 310, "wrong Rust type";
    /// An exchange whose messages do not answer each other.
    BadExchange = 311, "bad exchange rule";
    /// A formula whose parts do not fit each other, or that could fail.
    BadFormula = 312, "bad formula";
    /// Bits that do not fill whole bytes, or are cut by something.
    BadBits = 320, "bits without bytes";
    /// An integer whose escapes cannot be told apart.
    BadEscape = 321, "bad escaping integer";
    /// A `recover` rule for what cannot happen, or that could never find the next frame.
    BadRecover = 330, "bad recover rule";
    /// A session whose lines do not fit each other.
    BadSession = 340, "bad session";
    /// A state that no conversation comes to.
    Unreachable = 341, "state never reached";
    /// A state in which both sides wait.
    Deadlock = 342, "nobody may speak";
    /// A message that may fit no line of a state.
    Unguarded = 343, "message without way";
    /// A line of a state that no message ever takes.
    Shadowed = 344, "line never taken";
    /// Nothing says where the message ends.
    Unbounded = 401, "unbounded message";
    /// The end of a message cannot be found with the framing classes that are there.
    NoFraming = 402, "cannot be framed";
    /// The smallest message is over a limit, or a limit is zero.
    LimitTooSmall = 403, "limit too small";
    /// A length can never be right.
    Impossible = 404, "can never hold";
    /// `[..]` is not the last unbounded thing of its region.
    RestNotLast = 405, "rest is not last";
    /// Messages of one side that cannot be told apart.
    Ambiguous = 406, "messages not told apart";
    /// A field that cannot be handed out in parts.
    CannotStream = 407, "cannot be streamed";
    /// A test that does not fit the schema.
    BadTest = 501, "bad test";
    /// A value on the command line that does not fit the schema.
    BadValue = 502, "bad value";
    /// A limit that nothing can reach, or that its type already gives.
    UselessLimit = 903, "limit without effect";
    /// A type that no message contains.
    NeverUsed = 904, "never used";
}

impl Code {
    /// Codes of the nine hundreds are warnings.
    #[must_use]
    pub const fn severity(self) -> Severity {
        if self.number() >= 900 { Severity::Warning } else { Severity::Error }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WM{:03}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn numbers_are_given_once() {
        let numbers: HashSet<u16> = Code::ALL.iter().map(|code| code.number()).collect();
        assert_eq!(numbers.len(), Code::ALL.len());
    }

    #[test]
    fn titles_are_two_to_four_words() {
        for code in Code::ALL {
            let words = code.title().split(' ').count();
            assert!((2..=4).contains(&words), "{code}: {}", code.title());
        }
    }
}
