//! `wm-schema compat`: bytes on which two versions of a schema do not agree.

use super::Outcome;
use super::frames::side_word;
use super::hex::spaced;
use super::source::{Source, Warnings};
use super::terminal::print;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::PathBuf;
use wm_schema::compat::{self, Effort, Finding, Report, Way, compare};

/// Enough for every value of a message of hundreds.
const VARIATIONS: usize = 20_000;

/// What can be typed behind `compat`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The schema as it was
    old: PathBuf,
    /// The schema as it is now
    new: PathBuf,
    /// How many messages of each kind are made up at random, beside those at the edges
    #[arg(long, value_name = "COUNT", default_value = "200", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    random: u32,
    /// What they are made up from: the same number makes the same messages
    #[arg(long, default_value = "1")]
    seed: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Compares, and shows what was found.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let read = |path| Source::read(path).and_then(|source| source.check(Warnings::Hide));
    let (old, new) = match (read(&arguments.old), read(&arguments.new)) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(outcome), _) | (_, Err(outcome)) => return outcome,
    };
    let effort = Effort { random: arguments.random as usize, variations: VARIATIONS, seed: arguments.seed };
    let report = compare(&old, &new, effort);
    print(&if arguments.json { json(&report) } else { page(&report, arguments.seed) });
    if report.is_compatible() { Outcome::Good } else { Outcome::Bad }
}

/// `the old client sends to the new server`.
fn route(finding: &Finding) -> String {
    let (sender, receiver) = versions(finding.way);
    let other = if side_word(finding.from) == "client" { "server" } else { "client" };
    format!("{sender} {} to {receiver} {other}", side_word(finding.from))
}

const fn versions(way: Way) -> (&'static str, &'static str) {
    match way {
        Way::OldToNew => ("old", "new"),
        Way::NewToOld => ("new", "old"),
    }
}

fn page(report: &Report, seed: u64) -> String {
    let mut page = String::new();
    for finding in &report.findings {
        let states =
            finding.states.as_ref().map(|(one, other)| format!(", in `{one}` and `{other}`")).unwrap_or_default();
        let _ = writeln!(page, "{}{states}: {}", route(finding), finding.message);
        let (first, more) = cut(&finding.bytes);
        let _ = writeln!(page, "  bytes     {first}{more}");
        let _ = writeln!(page, "  sent      {}", shortened(&finding.sent));
        let _ = writeln!(page, "  received  {}", outcome(&finding.outcome));
        if let compat::Outcome::Differs(_, read) = &finding.outcome {
            let _ = writeln!(page, "            {}", shortened(read));
        }
        let alike = finding.count - 1;
        let _ = writeln!(
            page,
            "  and so {} of the messages that were tried\n",
            if alike == 0 { "none else".to_owned() } else { alike.to_string() + " more" }
        );
    }
    for renamed in &report.renamed {
        let _ = writeln!(page, "{renamed} now: the same on the wire");
    }
    for note in &report.notes {
        let _ = writeln!(page, "not compared: {note}");
    }
    let tried: usize = report.tried.values().sum();
    let kinds: Vec<String> =
        report.tried.iter().map(|((way, name), count)| format!("{count} {name} from {}", versions(*way).0)).collect();
    let verdict = match report.findings.len() {
        0 => "no difference found".to_owned(),
        1 => "1 difference".to_owned(),
        count => format!("{count} differences"),
    };
    let _ = writeln!(page, "{verdict}; {tried} messages tried with seed {seed}: {}", kinds.join(", "));
    page
}

fn outcome(outcome: &compat::Outcome) -> String {
    match outcome {
        compat::Outcome::Refuses(why) => format!("refused: {why}"),
        compat::Outcome::Waits(missing) => format!("nothing: it waits for {missing} more, at the least"),
        compat::Outcome::Cuts(size) => format!("a frame of {size} bytes, and what is behind it as the next"),
        compat::Outcome::Differs(what, _) => format!("otherwise: {what}"),
    }
}

/// The first bytes, and how many more there are.
fn cut(bytes: &[u8]) -> (String, String) {
    let shown = &bytes[..bytes.len().min(32)];
    let more = bytes.len() - shown.len();
    (spaced(shown), if more > 0 { format!(" … and {more} more") } else { String::new() })
}

fn shortened(text: &str) -> String {
    let cut: String = text.chars().take(160).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

#[derive(Serialize)]
struct Line<'l> {
    sender: &'static str,
    receiver: &'static str,
    from: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    states: Option<&'l (String, String)>,
    message: &'l str,
    bytes: String,
    sent: &'l str,
    outcome: &'static str,
    why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    read: Option<&'l str>,
    count: usize,
}

#[derive(Serialize)]
struct Page<'p> {
    compatible: bool,
    differences: Vec<Line<'p>>,
    renamed: Vec<&'p String>,
    not_compared: &'p [String],
    tried: usize,
}

fn line(finding: &Finding) -> Line<'_> {
    let Finding { way, from, states, message, sent, bytes, outcome, count } = finding;
    let (sender, receiver) = versions(*way);
    let (name, read) = match outcome {
        compat::Outcome::Refuses(_) => ("refuses", None),
        compat::Outcome::Waits(_) => ("waits", None),
        compat::Outcome::Cuts(_) => ("cuts", None),
        compat::Outcome::Differs(_, read) => ("differs", Some(read.as_str())),
    };
    let bytes = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Line {
        sender,
        receiver,
        from: side_word(*from),
        states: states.as_ref(),
        message,
        bytes,
        sent,
        outcome: name,
        why: self::outcome(outcome),
        read,
        count: *count,
    }
}

fn json(report: &Report) -> String {
    let page = Page {
        compatible: report.is_compatible(),
        differences: report.findings.iter().map(line).collect(),
        renamed: report.renamed.iter().collect(),
        not_compared: &report.notes,
        tried: report.tried.values().sum(),
    };
    serde_json::to_string(&page).map_or_else(|error| format!("{{\"error\":\"{error}\"}}\n"), |text| text + "\n")
}
