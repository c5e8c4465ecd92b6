//! A session as a table: its states, who may say what in them, and where that leads.

use super::words;
use crate::ir::{Edge, Int, Said, Schema, Session, Side, State, Target, Type, Variable};
use std::fmt::Write;

/// The states, the start first of all marked.
pub(super) fn table(schema: &Schema, session: &Session) -> String {
    let mut page = String::from("\nsession: who may say what, and where it leads\n");
    for variable in &session.variables {
        let ty = variable_word(schema, &variable.param.ty);
        let _ = writeln!(page, "   remembers {}: {ty}, {} at first", variable.param.name, start_word(schema, variable));
    }
    let name_width = session.states.iter().map(|state| state.name.len()).max().unwrap_or_default();
    let lines: Vec<Vec<(String, String)>> = session.states.iter().map(|state| edges(schema, session, state)).collect();
    let said_width = lines.iter().flatten().map(|(said, _)| said.chars().count()).max().unwrap_or_default();
    for (at, (state, lines)) in session.states.iter().zip(lines).enumerate() {
        let start = if at == session.start { '>' } else { ' ' };
        for (line, (said, to)) in lines.iter().enumerate() {
            let name = if line == 0 { state.name.as_str() } else { "" };
            let mark = if line == 0 { start } else { ' ' };
            let _ = writeln!(page, " {mark} {name:name_width$}  {said:said_width$}  {to}");
        }
    }
    page
}

fn variable_word(schema: &Schema, ty: &Type) -> String {
    match ty {
        Type::Int(int, _) => words::int_word(int),
        Type::Enum(index) => schema.enums[*index].name.clone(),
        _ => String::new(),
    }
}

/// The value of a variable at the start.
fn start_word(schema: &Schema, variable: &Variable) -> String {
    match &variable.param.ty {
        Type::Int(Int::Flag, _) => (variable.initial == 1).to_string(),
        Type::Enum(index) => {
            let one = |of: &&crate::ir::Variant| (of.least.into()..=of.most.into()).contains(&variable.initial);
            let found = schema.enums[*index].variants.iter().find(one);
            found.map_or_else(|| variable.initial.to_string(), |of| of.name.clone())
        }
        _ => variable.initial.to_string(),
    }
}

/// The lines of a state; what both sides may say is one.
fn edges(schema: &Schema, session: &Session, state: &State) -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut edges = state.edges.iter().peekable();
    while let Some(edge) = edges.next() {
        let both = edges.next_if(|next| edge.from == Side::Client && is_twin(edge, next)).is_some();
        let who = match (both, edge.from) {
            (true, _) => "both",
            (false, Side::Client) => "client",
            (false, Side::Server) => "server",
        };
        let guard = edge.guard.as_ref().map(|guard| format!(" where {}", guard.text)).unwrap_or_default();
        let what = match edge.said {
            Said::Message(index) => schema.messages[index].layout.name.as_str(),
            Said::Stream => "stream",
        };
        let to = match edge.to {
            Target::Close => "-> close".to_owned(),
            Target::Protocol(index) => format!("-> protocol {}", session.upgrades[index].protocol),
            Target::State(index) if std::ptr::eq(&raw const session.states[index], state) => "stays".to_owned(),
            Target::State(index) => format!("-> {}", session.states[index].name),
        };
        let sets: String = edge
            .sets
            .iter()
            .map(|(at, value)| format!(" set {} = {}", session.variables[*at].param.name, value.text))
            .collect();
        lines.push((format!("{who} {what}{guard}{sets}"), to));
    }
    if let Some(milliseconds) = state.timeout_ms {
        let time = match milliseconds % 1000 {
            0 => format!("{} s", milliseconds / 1000),
            _ => format!("{milliseconds} ms"),
        };
        lines.push((format!("nothing for {time}"), "-> close".to_owned()));
    }
    lines
}

fn is_twin(edge: &Edge, next: &Edge) -> bool {
    next.from == Side::Server && (edge.said, edge.to, &edge.guard) == (next.said, next.to, &next.guard)
}
