//! What was inferred from a schema, as a page of plain text: how each message is framed and why, how large it gets, what
//! it looks like on the wire.

mod apart;
pub(crate) mod picture;
mod session;
pub(crate) mod table;
mod walk;
pub(crate) mod words;

use crate::ir::{Action, Framing, Layout, Message, Schema, Side};
use std::fmt::Write;
use words::{amount, framing, onward, span};

/// From this size on, a single connection can hurt: a warning says so.
const LARGE_FRAME_BYTES: u64 = 64 << 20;

/// Explains a schema.
///
/// ```
/// # #[cfg(feature = "dsl")] {
/// let source = "protocol frame\n\nmessage Frame {\n    len: u32 = size(self)\n    body: bytes[..]\n}\n";
/// let draft = wm_schema::dsl::parse(source).unwrap();
/// let schema = wm_schema::resolve::resolve(&draft).schema.unwrap();
/// let page = wm_schema::explain::explain(&schema);
/// assert!(page.contains("prefix(4): `len` at byte 0 counts the whole frame"));
/// # }
/// ```
#[must_use]
pub fn explain(schema: &Schema) -> String {
    let mut page = String::new();
    head(&mut page, schema);
    match &schema.session {
        Some(session) => page.push_str(&session::table(schema, session)),
        None => page.push_str(&apart::plans(schema)),
    }
    for message in &schema.messages {
        page.push('\n');
        message_section(&mut page, schema, message);
    }
    let walked = crate::walk::structs(schema);
    for (index, layout) in schema.structs.iter().enumerate() {
        page.push('\n');
        struct_section(&mut page, schema, layout, walked.contains(&index));
    }
    for (title, lines) in table::declarations(schema) {
        let _ = write!(page, "\n{title}\n{}", table::align(&lines));
    }
    page.push('\n');
    memory(&mut page, schema);
    warnings(&mut page, schema);
    page
}

/// A schema in a line: its messages, how each is framed, and how large a frame gets.
#[must_use]
pub fn summary(schema: &Schema) -> String {
    let one = |message: &Message| {
        let from = match message.from {
            None => "",
            Some(Side::Client) => " from client",
            Some(Side::Server) => " from server",
        };
        let class = framing(schema, message).0;
        format!("{}{from} {class} up to {}", message.layout.name, amount(message.frame_bytes_max))
    };
    let messages: Vec<String> = schema.messages.iter().map(one).collect();
    format!("{}: {}", schema.name, messages.join(", "))
}

/// The name and what is known of the whole.
fn head(page: &mut String, schema: &Schema) {
    let version = schema.version.map(|version| format!(" v{version}")).unwrap_or_default();
    let port = schema.port.map(|port| format!(", port {port}")).unwrap_or_default();
    let _ = writeln!(page, "protocol {}{version}{port}", schema.name);
    for line in &schema.docs {
        let _ = writeln!(page, "  {line}");
    }
}

fn message_section(page: &mut String, schema: &Schema, message: &Message) {
    let layout = &message.layout;
    let who = match message.from {
        None => "both sides send it",
        Some(Side::Client) => "the client sends it",
        Some(Side::Server) => "the server sends it",
    };
    let _ = writeln!(page, "message {}: {who}", layout.name);
    docs(page, layout);
    let (class, why) = framing(schema, message);
    let _ = writeln!(page, "  {class}: {why}");
    if message.framing == Framing::Walk {
        page.push_str(&walk::steps(schema, layout));
    }
    match message.envelope() {
        Some(_) => {
            let (content, most) = (span(message.layout.size), amount(message.frame_bytes_max));
            let _ = writeln!(page, "  it holds {content}, and takes at most {most} with its envelope");
        }
        None => drop(writeln!(page, "  a frame takes {}", span(message.layout.size))),
    }
    for rule in message.recover.iter().filter(|rule| rule.action != Action::Close) {
        let _ = writeln!(page, "  {}", onward(rule));
    }
    page.push('\n');
    page.push_str(&picture::draw(schema, layout));
    page.push('\n');
    page.push_str(&table::fields(schema, layout));
}

fn struct_section(page: &mut String, schema: &Schema, layout: &Layout, walked: bool) {
    let _ = writeln!(page, "struct {}: {}", layout.name, span(layout.size));
    docs(page, layout);
    if walked {
        page.push_str(&walk::steps(schema, layout));
    }
    page.push('\n');
    page.push_str(&picture::draw(schema, layout));
    page.push('\n');
    page.push_str(&table::fields(schema, layout));
}

fn docs(page: &mut String, layout: &Layout) {
    for line in &layout.docs {
        let _ = writeln!(page, "  {line}");
    }
}

/// What a peer can make a connection hold.
fn memory(page: &mut String, schema: &Schema) {
    let datagrams = schema.is_of_datagrams();
    page.push_str(if datagrams { "memory of one datagram, at most\n" } else { "memory of one connection, at most\n" });
    for (receiver, sender) in [("server", Side::Client), ("client", Side::Server)] {
        let largest = schema.sent_by(sender).map(|index| &schema.messages[index]);
        match largest.max_by_key(|message| message.held_bytes_max()) {
            Some(message) if message.streams.is_some() => {
                let name = &message.layout.name;
                let _ = writeln!(page, "  {receiver}: the head of `{name}`, which comes in parts; idle, nothing");
            }
            Some(message) if datagrams => {
                let most = amount(message.frame_bytes_max);
                let _ = writeln!(page, "  {receiver}: {most}, a `{}`", message.layout.name);
            }
            Some(message) => {
                let most = amount(message.frame_bytes_max);
                let _ = writeln!(page, "  {receiver}: {most}, an unfinished `{}`; idle, nothing", message.layout.name);
            }
            None => {
                let _ = writeln!(page, "  {receiver}: nothing, it receives no message");
            }
        }
    }
}

fn warnings(page: &mut String, schema: &Schema) {
    let mut warnings = Vec::new();
    for message in schema.messages.iter().filter(|message| message.streams.is_none()) {
        let name = &message.layout.name;
        if message.frame_bytes_max > LARGE_FRAME_BYTES {
            let most = amount(message.frame_bytes_max);
            warnings
                .push(format!("one peer can make a connection hold one `{name}` of {most}: `limit frame` lowers it"));
        }
    }
    if !warnings.is_empty() {
        page.push_str("\nwarnings\n");
    }
    for warning in warnings {
        let _ = writeln!(page, "  {warning}");
    }
}
