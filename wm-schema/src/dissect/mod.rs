//! A schema as a dissector for Wireshark: a file of Lua, which needs nothing but Wireshark.
//!
//! ```text
//!   ir ──> tables: what Wireshark calls each field, layouts, the steps of walks, states     (tables, types, steps)
//!          and behind them what reads any such tables, the same for every schema            (runtime/*.lua)
//! ```
//!
//! The runtime keeps the rules of [`crate::interp`]: the same frames, fields and values, and the same first mistake. What Lua
//! cannot say exactly is not said: it is in [`Dissector::notes`], and as a comment in the file.

mod fields;
mod lua;
mod steps;
mod tables;
mod types;

use crate::apart::Plan;
use crate::ir::{Edge, Schema, Session, Side, State, Target, Term};
use lua::{Table, list, quoted};
use std::fmt::Write as _;

/// What reads the tables.
const VALUES: &str = include_str!("runtime/values.lua");
const READ: &str = include_str!("runtime/read.lua");
const FRAMES: &str = include_str!("runtime/frames.lua");
const TCP: &str = include_str!("runtime/tcp.lua");

/// A dissector.
#[derive(Debug)]
pub struct Dissector {
    /// The file of Lua.
    pub code: String,
    /// What it does not do, a sentence each.
    pub notes: Vec<String>,
}

/// The dissector of a schema that stands in a file of this name.
#[must_use]
pub fn dissector(schema: &Schema, source: &str) -> Dissector {
    let mut tables = tables::Tables::new(schema);
    let layouts = tables.layouts();
    let messages = tables.messages();
    let session = schema.session.as_ref().map(|session| tables.session(session));
    let notes = tables.notes();
    let mut code = head(schema, source, &notes);
    code.push_str(VALUES);
    code.push_str(&section("The schema"));
    let _ = write!(code, "{}\n{layouts}\n{messages}\n", tables.declarations());
    match session {
        Some(session) => code.push_str(&session),
        None => code.push_str("local session\n"),
    }
    let _ = writeln!(code, "local plans = {}", plans(schema));
    code.push_str("protocol.fields = fields\n");
    for part in [READ, FRAMES, TCP] {
        code.push_str(part);
    }
    Dissector { code, notes }
}

fn section(title: &str) -> String {
    let rule = "─".repeat(116 - title.chars().count());
    format!("\n-- ── {title} {rule}\n\n")
}

/// What the file is, and how it is used.
fn head(schema: &Schema, source: &str, notes: &[String]) -> String {
    let mut text = format!(
        "-- A Wireshark dissector, made by `wm-schema dissect {source}`: do not edit it, change the schema.\n\
         -- It goes into the folder that Wireshark names under Help > About > Folders > Personal Lua Plugins, or is tried by\n\
         --   tshark -X lua_script:{}.lua -r traffic.pcap -V\n",
        schema.name
    );
    for line in &schema.docs {
        let _ = writeln!(text, "--\n-- {line}");
    }
    for note in notes {
        let _ = writeln!(text, "--\n-- Not here: {note}");
    }
    let title = schema.docs.first().map_or(schema.name.as_str(), String::as_str);
    let _ = write!(
        text,
        "\nlocal protocol_name, port, of_datagrams = {}, {}, {}\n\
         -- Where Wireshark knows a protocol of this name already, this one is `wm_{}` in filters.\n\
         local free, protocol = pcall(Proto, protocol_name, {})\n\
         local prefix = free and protocol_name or \"wm_\" .. protocol_name\n\
         if not free then protocol = Proto(prefix, {}) end\n\n\
         local fields = {{}}\n\
         local function field(kind, name, ...)\n\
         \x20 local made = ProtoField[kind](prefix .. \".\" .. name, ...)\n\
         \x20 fields[#fields + 1] = made\n\
         \x20 return made\n\
         end\n\n\
         local refused = ProtoExpert.new(prefix .. \".refused\", \"refused bytes\", expert.group.MALFORMED, expert.severity.ERROR)\n\
         local unknown = ProtoExpert.new(prefix .. \".unknown\", \"not dissected\", expert.group.UNDECODED, expert.severity.WARN)\n\
         protocol.experts = {{ refused, unknown }}\n\
         local message_name = field(\"string\", \"message\", \"message\")\n\
         local raw_bytes = field(\"bytes\", \"raw\", \"raw bytes\")\n\
         local layouts, messages = {{}}, {{}}\n",
        quoted(schema.name.as_bytes()),
        schema.port.unwrap_or(0),
        schema.is_of_datagrams(),
        schema.name,
        quoted(title.as_bytes()),
        quoted(format!("{title} (wm)").as_bytes()),
    );
    text
}

/// How the messages of each side are told apart, without a session.
fn plans(schema: &Schema) -> String {
    let of = |side: Side| Plan::of(schema, side).map(|found| plan(schema, &found, None));
    Table::new().set_some("client", of(Side::Client)).set_some("server", of(Side::Server)).end()
}

/// A plan of looks; in a state it says what is legal instead.
fn plan(schema: &Schema, found: &Plan, state: Option<&str>) -> String {
    match found {
        Plan::Message(index) => Table::new().text("message", &schema.messages[*index].layout.name).end(),
        Plan::Look { at, cases } => {
            let case = |(set, then): &(crate::apart::ByteSet, Plan)| {
                let bytes = set.ranges().into_iter().flat_map(|(least, most)| [least.to_string(), most.to_string()]);
                Table::new().set("bytes", list(bytes)).set("plan", plan(schema, then, state)).end()
            };
            let any = found.messages().first().map(|index| quoted(schema.messages[*index].layout.name.as_bytes()));
            let state = state.map(|state| quoted(state.as_bytes()));
            Table::new()
                .set("at", at)
                .set("cases", list(cases.iter().map(case)))
                .set_some("any", any)
                .set_some("state", state)
                .end()
        }
    }
}

const fn side_word(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
    }
}

impl tables::Tables<'_> {
    /// States, and what may be said in each.
    fn session(&mut self, session: &Session) -> String {
        let mut text = format!(
            "local session = {{\n  start = {},\n  states = {{\n",
            quoted(session.states[session.start].name.as_bytes())
        );
        for state in &session.states {
            let entry = self.state(session, state);
            let _ = writeln!(text, "    {} = {entry},", state.name);
        }
        for upgrade in &session.upgrades {
            self.note(format!("what is said in `{}` is shown as raw bytes", upgrade.protocol));
            let edge =
                |side| Table::new().text("from", side_word(side)).text("said", "stream").text("to", &upgrade.state);
            let edges = [Side::Client, Side::Server].map(|side| edge(side).end());
            let entry = Table::new().text("name", &upgrade.state).set("edges", list(edges)).lines("    ");
            let _ = writeln!(text, "    {} = {entry},", upgrade.state);
        }
        text + "  },\n}\n"
    }

    fn state(&mut self, session: &Session, state: &State) -> String {
        let schema = self.schema;
        let edges: Vec<String> = state.edges.iter().map(|edge| self.edge(session, edge)).collect();
        let side = |side: Side| {
            let legal: Vec<&str> =
                state.messages(side).iter().map(|at| schema.messages[*at].layout.name.as_str()).collect();
            let legal = format!("in the state `{}` only `{}` is legal", state.name, legal.join("` or `"));
            Plan::in_state(schema, side, state).map(|found| plan(schema, &found, Some(&legal)))
        };
        Table::new()
            .text("name", &state.name)
            .set_some("client", side(Side::Client))
            .set_some("server", side(Side::Server))
            .set("edges", list(edges))
            .lines("    ")
    }

    fn edge(&mut self, session: &Session, edge: &Edge) -> String {
        let schema = self.schema;
        let (said, guard) = match edge.said {
            crate::ir::Said::Message(index) => {
                let layout = &schema.messages[index].layout;
                let guard = edge.guard.as_ref().map(|guard| {
                    let told = guard.term.all(&|term| !matches!(term, Term::Param(_)));
                    let judged = match told {
                        true => lua::function(schema, layout, guard),
                        false => Err("it asks for what was said before".to_owned()),
                    };
                    judged.unwrap_or_else(|why| {
                        self.note(format!("the guard `{}` of a session is not judged: {why}", guard.text));
                        "function() return true end".to_owned()
                    })
                });
                (layout.name.as_str(), guard)
            }
            crate::ir::Said::Stream => ("stream", None),
        };
        let to = match edge.to {
            Target::State(index) => session.states[index].name.as_str(),
            Target::Close => "closed",
            Target::Protocol(index) => session.upgrades[index].state.as_str(),
        };
        Table::new().text("from", side_word(edge.from)).text("said", said).text("to", to).set_some("guard", guard).end()
    }
}
