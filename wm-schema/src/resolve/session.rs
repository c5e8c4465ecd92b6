//! The session: its states, what may be said in each, and whether the conversation can always go on.

use super::formulas::{self, Numbers, View};
use super::layouts::Body;
use super::names::{self, Kind};
use super::sizes::Parts;
use super::{Context, apart, guards, suggest, variables};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Draft, EdgeDraft, LayoutKind, Name, Origin, SessionDraft, Side, StateDraft, TargetDraft};
use crate::ir::{Edge, Param, Said, Schema, Session, State, Target, Upgrade};

/// The session, if there is one and all of it is understood.
pub(super) fn resolve(cx: &mut Context<'_>, bodies: &[Body<'_>], parts: Parts<'_>) -> Option<Session> {
    let draft: &Draft = cx.draft;
    let (first, others) = draft.sessions.split_first()?;
    for second in others {
        cx.report(
            Diagnostic::new(Code::Duplicate, second.origin, "a second session")
                .why("a connection is in one state at a time")
                .help("move its states into the first one")
                .note(first.origin, "the first stands here"),
        );
    }
    if let Some(written) = &cx.envelope {
        let diagnostic = match written.is_datagram() {
            true => in_datagrams(first.origin),
            false => in_envelopes(first.origin),
        };
        cx.report(diagnostic);
        return None;
    }
    names(cx, first);
    let start = start(cx, first);
    let variables = variables::resolve(cx, first, bodies, parts)?;
    let params: Vec<Param> = variables.iter().map(|variable| variable.param.clone()).collect();
    let known = Known { session: first, bodies, parts, params: &params };
    let states: Vec<Option<State>> = first.states.iter().map(|state| self::state(cx, known, state)).collect();
    let states: Vec<State> = states.into_iter().collect::<Option<_>>()?;
    let upgrades = upgrades(first)
        .into_iter()
        .map(|name| Upgrade { protocol: name.text.clone(), state: names::camel(&name.text) });
    let upgrades = upgrades.collect();
    let session = Session { variables, states, start: start?, upgrades, line: draft.line(first.origin) };
    alive(cx, first, &session);
    reachable(cx, first, &session);
    said(cx, &session);
    variables::used(cx, first, &session);
    for (state, written) in session.states.iter().zip(&first.states) {
        guards::check(cx, bodies, parts, state, written);
    }
    Some(session)
}

/// Messages that are legal in the same state must be told apart.
pub(super) fn told_apart(cx: &mut Context<'_>, schema: &Schema, session: &Session) {
    for state in &session.states {
        for side in [Side::Client, Side::Server] {
            let messages = state.messages(side);
            if apart::check(cx, schema, side, &messages, Some(&state.name)) {
                return;
            }
        }
    }
}

fn names(cx: &mut Context<'_>, session: &SessionDraft) {
    names::distinct(cx, session.states.iter().map(|state| &state.name));
    for state in &session.states {
        names::check(cx, &state.name, Kind::Variant);
        if state.name.text == "Closed" {
            cx.report(
                Diagnostic::new(Code::BadName, state.name.origin, "`Closed` is the state behind `-> close`")
                    .why("it is generated as the last state of every session")
                    .help("lead to `close`, or give this state another name"),
            );
        }
    }
    for name in upgrades(session) {
        let camel = names::camel(&name.text);
        if camel == "Closed" || session.states.iter().any(|state| state.name.text == camel) {
            cx.report(
                Diagnostic::new(
                    Code::BadName,
                    name.origin,
                    format!("`{}` would be a second state `{camel}`", name.text),
                )
                .why("the end of this conversation is generated as a state with the name of the protocol")
                .help("give the state another name"),
            );
        }
    }
    let draft: &Draft = cx.draft;
    let types = draft.layouts.iter().map(|layout| &layout.name).chain(draft.enums.iter().map(|item| &item.name));
    let memory = types.clone().filter(|name| name.text == "Memory" && !session.variables.is_empty());
    let memory: Vec<&Name> = memory.collect();
    for name in memory {
        cx.report(
            Diagnostic::new(Code::BadName, name.origin, "`Memory` is the name of a generated type")
                .why("the variables of a session are generated as `Memory`")
                .help("call it `Store`, for example")
                .note(session.origin, "the session stands here"),
        );
    }
    for name in types.filter(|name| name.text == "State") {
        cx.report(
            Diagnostic::new(Code::BadName, name.origin, "`State` is the name of a generated type")
                .why("the states of a session are generated as `State`")
                .help("call it `Condition`, for example")
                .note(session.origin, "the session stands here"),
        );
    }
}

/// Where a conversation begins.
fn start(cx: &mut Context<'_>, session: &SessionDraft) -> Option<usize> {
    let starts: Vec<usize> = (0..session.states.len()).filter(|at| session.states[*at].start.is_some()).collect();
    match (starts.as_slice(), session.states.first()) {
        ([start], _) => return Some(*start),
        ([first, second, ..], _) => {
            let at = |index: usize| session.states[index].start.unwrap_or(session.origin);
            cx.report(
                Diagnostic::new(Code::BadSession, at(*second), "a second start")
                    .why("a conversation begins in one state")
                    .help(format!("take `start` out in front of `{}`", session.states[*second].name.text))
                    .note(at(*first), "the first stands here"),
            );
        }
        ([], Some(first)) => cx.report(
            Diagnostic::new(Code::BadSession, first.name.origin, "no state is the start")
                .why("a conversation begins in one of the states")
                .help(format!("write `start {} {{ … }}`", first.name.text)),
        ),
        ([], None) => cx.report(
            Diagnostic::new(Code::Empty, session.origin, "a session without states")
                .why("nothing could ever be said")
                .help("write `session { start Open { client Ask -> Open } }`"),
        ),
    }
    None
}

/// What the lines of a state are read by.
#[derive(Clone, Copy)]
struct Known<'k> {
    session: &'k SessionDraft,
    bodies: &'k [Body<'k>],
    parts: Parts<'k>,
    /// The variables of the session.
    params: &'k [Param],
}

fn state(cx: &mut Context<'_>, known: Known<'_>, draft: &StateDraft) -> Option<State> {
    let here = known.session.states.iter().position(|state| state.name == draft.name)?;
    let mut edges = Vec::new();
    let mut whole = true;
    for written in &draft.edges {
        match edges_of(cx, known, here, written) {
            Some(found) => edges.extend(found),
            None => whole = false,
        }
    }
    let timeout_ms = timeout(cx, draft);
    let line = cx.draft.line(draft.name.origin);
    let state = State { docs: draft.docs.clone(), name: draft.name.text.clone(), edges, timeout_ms, line };
    for side in [Side::Client, Side::Server] {
        if state.streams(side) && !state.messages(side).is_empty() {
            let stream =
                draft.edges.iter().find(|edge| edge.message.is_none()).map_or(draft.name.origin, |edge| edge.origin);
            cx.report(
                Diagnostic::new(Code::Ambiguous, stream, "raw bytes beside messages")
                    .why("raw bytes may be anything, and so the start of each of these messages")
                    .help("let a message lead to a state of its own, in which only `both stream` stands"),
            );
            whole = false;
        }
    }
    whole.then_some(state)
}

/// A line of a state: an edge for each side that it names.
fn edges_of(cx: &mut Context<'_>, known: Known<'_>, here: usize, draft: &EdgeDraft) -> Option<Vec<Edge>> {
    let session = known.session;
    let to = match &draft.target {
        None => Some(Target::State(here)),
        Some(TargetDraft::Close(_)) => Some(Target::Close),
        Some(TargetDraft::State(name)) => target(cx, session, name),
        Some(TargetDraft::Protocol(name)) => upgrade(session, name),
    };
    let sides = draft.from.map_or(vec![Side::Client, Side::Server], |side| vec![side]);
    let Some(name) = &draft.message else {
        return raw(cx, draft).then(|| {
            let said = Said::Stream;
            sides
                .into_iter()
                .map(|from| Edge { from, said, guard: None, sets: Vec::new(), to: Target::State(here) })
                .collect()
        });
    };
    let index = super::schema::message_named(cx, name)?;
    let body = known.bodies.get(index)?;
    if let LayoutKind::Message { from: Some(by) } = &body.draft.kind
        && sides != [by.value]
    {
        let who = if by.value == Side::Client { "client" } else { "server" };
        cx.report(
            Diagnostic::new(Code::BadSession, draft.origin, format!("`{}` comes from the {who}", name.text))
                .why("the word in front says who sends the message")
                .help(format!("write `{who} {}`", name.text))
                .note(by.origin, "it is said here"),
        );
        return None;
    }
    if !body.sound {
        return None;
    }
    let view = View {
        lines: &body.lines,
        until: body.lines.len(),
        it: None,
        params: known.params,
        element: None,
        numbers: Numbers::Unknown,
        sent: false,
        facts: &[],
        pointer: None,
        parts: known.parts,
    };
    let guard = match &draft.guard {
        Some(written) => Some(formulas::condition(cx, view, written)?),
        None => None,
    };
    let sets = variables::sets(cx, view, &draft.sets)?;
    let (to, said) = (to?, Said::Message(index));
    let edge = |from| Edge { from, said, guard: guard.clone(), sets: sets.clone(), to };
    Some(sides.into_iter().map(edge).collect())
}

/// Raw bytes lead nowhere, and nothing of them is remembered.
fn raw(cx: &mut Context<'_>, draft: &EdgeDraft) -> bool {
    if draft.target.is_some() {
        cx.report(
            Diagnostic::new(Code::BadSession, draft.origin, "raw bytes lead nowhere")
                .why("they have no end at which the state could change")
                .help("take the arrow out: the state lasts until the connection ends"),
        );
    }
    for set in &draft.sets {
        cx.report(
            Diagnostic::new(Code::BadSession, set.name.origin, "raw bytes set nothing")
                .why("they have no fields, and come in pieces of any size")
                .help("set it by the message that leads to this state"),
        );
    }
    draft.target.is_none() && draft.sets.is_empty()
}

fn target(cx: &mut Context<'_>, session: &SessionDraft, name: &Name) -> Option<Target> {
    if let Some(index) = session.states.iter().position(|state| state.name.text == name.text) {
        return Some(Target::State(index));
    }
    let known: Vec<&str> = session.states.iter().map(|state| state.name.text.as_str()).collect();
    let help = suggest::help(&name.text, known);
    cx.report(Diagnostic::new(Code::UnknownName, name.origin, format!("no state `{}`", name.text)).help(help));
    None
}

/// The protocols that lines lead to, in source order, each once.
fn upgrades(session: &SessionDraft) -> Vec<&Name> {
    let mut all: Vec<&Name> = Vec::new();
    for edge in session.states.iter().flat_map(|state| &state.edges) {
        if let Some(TargetDraft::Protocol(name)) = &edge.target
            && !all.iter().any(|other| other.text == name.text)
        {
            all.push(name);
        }
    }
    all
}

fn upgrade(session: &SessionDraft, name: &Name) -> Option<Target> {
    upgrades(session).iter().position(|other| other.text == name.text).map(Target::Protocol)
}

fn timeout(cx: &mut Context<'_>, draft: &StateDraft) -> Option<u64> {
    let (first, others) = draft.timeouts.split_first()?;
    let value = &first.milliseconds;
    for second in others {
        cx.report(
            Diagnostic::new(Code::Duplicate, second.milliseconds.origin, "a second timeout of the state")
                .why("the shorter one always comes first")
                .help("keep that one")
                .note(value.origin, "the first stands here"),
        );
    }
    if value.value == 0 {
        cx.report(
            Diagnostic::new(Code::BadSession, value.origin, "no time at all")
                .why("nobody could speak before it is over")
                .help("write `timeout 10s -> close`, for example"),
        );
    }
    if let Some(TargetDraft::State(name) | TargetDraft::Protocol(name)) = &first.target {
        cx.report(
            Diagnostic::new(Code::BadSession, name.origin, "time leads nowhere but to `close`")
                .why("nothing is said when time is over: the other end would not know that the state has changed")
                .help(
                    "write `-> close`; if the peer is to be told, write what is said into this state as a line of its own, \
                     and send it in `on_error`",
                ),
        );
    }
    Some(value.value)
}

/// In each state somebody may speak.
fn alive(cx: &mut Context<'_>, written: &SessionDraft, session: &Session) {
    for (state, draft) in session.states.iter().zip(&written.states).filter(|(state, _)| state.edges.is_empty()) {
        let name = &draft.name;
        let why = match state.timeout_ms {
            Some(_) => "both sides would wait until the time is over",
            None => "both sides would wait for ever: the conversation can neither go on nor end",
        };
        cx.report(
            Diagnostic::new(Code::Deadlock, name.origin, format!("nobody may speak in `{}`", name.text)).why(why).help(
                format!(
                    "lead to `close` instead of `{0}`, or let a side speak: `{0} {{ client … -> close }}`",
                    name.text
                ),
            ),
        );
    }
}

/// Each state is reached from the start.
fn reachable(cx: &mut Context<'_>, written: &SessionDraft, session: &Session) {
    let mut reached = vec![false; session.states.len()];
    let mut open = vec![session.start];
    while let Some(index) = open.pop() {
        if !std::mem::replace(&mut reached[index], true) {
            open.extend(session.states[index].edges.iter().filter_map(|edge| match edge.to {
                Target::State(next) => Some(next),
                Target::Close | Target::Protocol(_) => None,
            }));
        }
    }
    for (draft, _) in written.states.iter().zip(reached).filter(|(_, reached)| !reached) {
        let name = &draft.name;
        cx.report(
            Diagnostic::new(Code::Unreachable, name.origin, format!("no way leads to `{}`", name.text))
                .why("no state that a conversation comes to has a line with this arrow")
                .help(format!("write `-> {}` behind a message, or take the state out", name.text)),
        );
    }
}

/// Each message may be said somewhere.
fn said(cx: &mut Context<'_>, session: &Session) {
    let draft: &Draft = cx.draft;
    let messages = draft.layouts.iter().filter(|layout| matches!(layout.kind, LayoutKind::Message { .. }));
    let origins: Vec<(usize, &str, Origin)> =
        messages.enumerate().map(|(at, layout)| (at, layout.name.text.as_str(), layout.name.origin)).collect();
    for (index, name, origin) in origins {
        let legal = |edge: &Edge| edge.said == Said::Message(index);
        if !session.states.iter().flat_map(|state| &state.edges).any(legal) {
            cx.report(
                Diagnostic::new(Code::NeverUsed, origin, format!("no state takes `{name}`"))
                    .why("the session says everything that may be said, and this is not in it")
                    .help(format!("write it into a state, or take `{name}` out")),
            );
        }
    }
}

fn in_envelopes(session: Origin) -> Diagnostic {
    Diagnostic::new(Code::NotYet, session, "a session of messages in envelopes is not there yet")
        .why("what is legal is told by the first bytes of a frame, and this version does not look into envelopes for them")
        .help("check the order of messages in the handler")
}

fn in_datagrams(session: Origin) -> Diagnostic {
    Diagnostic::new(Code::BadSession, session, "a session of datagrams")
        .why("a datagram may be lost, come twice or come too late: its two ends would not be in the same state")
        .help("check the order of messages in the handler, or take `frame datagram` out")
}
