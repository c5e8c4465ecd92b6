//! Layouts that contain others, and themselves: in which order they are checked, and what bounds their depth.
//!
//! A layout may contain itself, at once or through others, if each circle goes through one that says `depth`, and through
//! a list: what a peer sends is bounded, and what Rust holds is of a known size.

use super::layouts::Body;
use super::sizes::{self, Parts};
use super::{Context, pointers};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::Spanned;
use crate::ir::{Enum, Layout, Nesting, Role, Size, Type};

/// The most layouts of a kind in each other: reading them goes as deep in the stack.
const DEPTH_MAX: u128 = 128;

/// A layout, or several that contain each other.
#[derive(Debug)]
pub(super) struct Group {
    /// The structs by index, each behind those that it contains other than in a list.
    pub(super) members: Vec<usize>,
    /// What bounds their depth, if they contain themselves.
    pub(super) nesting: Option<Nesting>,
}

/// The struct that a type contains.
pub(super) fn part(ty: &Type) -> Option<usize> {
    match ty {
        Type::Struct(index) => Some(*index),
        Type::List { element, .. } => part(element),
        _ => None,
    }
}

/// What contains what.
struct Graph {
    /// The parts of each struct, and whether they stand in a list.
    parts: Vec<Vec<(usize, bool)>>,
}

impl Graph {
    fn new(bodies: &[Body<'_>]) -> Self {
        let parts = bodies.iter().map(|body| {
            // What is pointed at stands elsewhere.
            let lines = body.lines.iter().filter(|line| !matches!(line.role, Role::Pointed(_)));
            lines.filter_map(|line| Some((part(&line.ty)?, matches!(line.ty, Type::List { .. })))).collect()
        });
        Self { parts: parts.collect() }
    }

    /// The structs that are reached from one, over those edges that `wanted` takes.
    fn reached(&self, start: usize, wanted: impl Fn(usize, usize, bool) -> bool) -> Vec<bool> {
        let mut seen = vec![false; self.parts.len()];
        let mut open = vec![start];
        while let Some(index) = open.pop() {
            for &(part, _) in self.parts[index].iter().filter(|(part, listed)| wanted(index, *part, *listed)) {
                if !std::mem::replace(&mut seen[part], true) {
                    open.push(part);
                }
            }
        }
        seen
    }
}

/// The structs in groups, each behind those that it contains. What nests without a bound is reported and left out.
pub(super) fn groups(cx: &mut Context<'_>, bodies: &[Body<'_>]) -> Vec<Group> {
    let graph = Graph::new(bodies);
    let reached: Vec<Vec<bool>> = (0..bodies.len()).map(|index| graph.reached(index, |_, _, _| true)).collect();
    let mut placed = vec![false; bodies.len()];
    let mut groups: Vec<Group> = Vec::new();
    // Each round places at least one, so that it ends; what is left leads into a circle without a bound.
    while let Some(members) = next(&graph, &reached, &placed) {
        let circle = reached[members[0]][members[0]];
        let nesting = if circle { bound(cx, bodies, &graph, &reached, &members) } else { None };
        for &member in &members {
            placed[member] = true;
            let Some(depth) = bodies[member].draft.depth.as_ref().filter(|_| !circle) else { continue };
            match pointers::hops(cx.draft, bodies[member].draft) {
                None => cx.report(never_nested(&bodies[member], depth.origin)),
                // It is how many pointers may lead from one to the next.
                Some(_) => drop(in_range(cx, depth)),
            }
        }
        if !circle || nesting.is_some() {
            groups.push(Group { members: in_order(&graph, members), nesting });
        }
    }
    groups
}

/// The next group whose parts are all placed.
fn next(graph: &Graph, reached: &[Vec<bool>], placed: &[bool]) -> Option<Vec<usize>> {
    let same = |a: usize, b: usize| a == b || reached[a][b] && reached[b][a];
    (0..placed.len()).filter(|index| !placed[*index]).find_map(|index| {
        let members: Vec<usize> = (0..placed.len()).filter(|other| same(index, *other)).collect();
        let ready = |member: &usize| graph.parts[*member].iter().all(|(part, _)| placed[*part] || same(index, *part));
        members.iter().all(ready).then_some(members)
    })
}

/// The members of a group, each behind those that it contains other than in a list.
fn in_order(graph: &Graph, members: Vec<usize>) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    while order.len() < members.len() {
        let ready = |member: &&usize| {
            let within = |part: &&(usize, bool)| !part.1 && members.contains(&part.0);
            !order.contains(member) && graph.parts[**member].iter().filter(within).all(|part| order.contains(&part.0))
        };
        // A circle without a list has been refused.
        let Some(&member) = members.iter().find(ready) else { return members };
        order.push(member);
    }
    order
}

/// What bounds the depth of a circle; none if nothing does, or something else is wrong with it.
fn bound(
    cx: &mut Context<'_>,
    bodies: &[Body<'_>],
    graph: &Graph,
    reached: &[Vec<bool>],
    members: &[usize],
) -> Option<Nesting> {
    let counted: Vec<usize> = members.iter().copied().filter(|index| bodies[*index].draft.depth.is_some()).collect();
    let head = counted.first().copied();
    let around = |index: &usize| {
        graph.reached(*index, |from, to, _| members.contains(&to) && Some(from) != head && Some(to) != head)[*index]
    };
    let unbounded = members.iter().copied().find(|index| Some(*index) != head && (head.is_none() || around(index)));
    if let Some(index) = unbounded.or(members.first().copied().filter(|_| head.is_none())) {
        let name = &bodies[index].draft.name;
        cx.report(
            Diagnostic::new(Code::Recursive, name.origin, format!("`{}` contains itself", name.text))
                .why("a peer could nest it without end, and reading it would go as deep")
                .help("say how deep it may go: `depth 16` behind its closing brace"),
        );
        return None;
    }
    let head = head?;
    if let Some(second) = counted.get(1) {
        let depth = bodies[*second].draft.depth.as_ref()?;
        let label = format!("a second depth in the circle of `{}`", bodies[head].draft.name.text);
        cx.report(
            Diagnostic::new(Code::BadAttribute, depth.origin, label)
                .why("one of the layouts that contain each other is counted")
                .help("take it out"),
        );
        return None;
    }
    let direct = |index: &&usize| graph.reached(**index, |_, to, listed| !listed && members.contains(&to))[**index];
    if let Some(index) = members.iter().find(direct) {
        let name = &bodies[*index].draft.name;
        cx.report(
            Diagnostic::new(Code::Recursive, name.origin, format!("`{}` contains itself without a list", name.text))
                .why("Rust would hold one within the other, and nothing is allocated to read a message")
                .help(format!("hold it in a list: `{0}[1]`, or `{0}[u8]`", name.text)),
        );
        return None;
    }
    if let Some(inner) =
        (0..bodies.len()).find(|index| reached[head][*index] && !members.contains(index) && reached[*index][*index])
    {
        let (name, inner) = (&bodies[head].draft.name, &bodies[inner].draft.name.text);
        cx.report(
            Diagnostic::new(
                Code::NotYet,
                name.origin,
                format!("`{}` contains `{inner}`, which contains itself", name.text),
            )
            .why("this version counts the depth of one kind of layout at a time")
            .help("let one contain the other both ways, with one depth, or hold one as `bytes[u16]`"),
        );
        return None;
    }
    let depth = bodies[head].draft.depth.as_ref()?;
    if !in_range(cx, depth) {
        return None;
    }
    Some(Nesting { head, most: u64::try_from(depth.value).unwrap_or(u64::MAX) })
}

/// Whether a depth can be kept.
fn in_range(cx: &mut Context<'_>, depth: &Spanned<u128>) -> bool {
    let fits = (1..=DEPTH_MAX).contains(&depth.value);
    if !fits {
        cx.report(
            Diagnostic::new(Code::BadRange, depth.origin, format!("a depth of {}", depth.value))
                .why(format!("what nests is read within the stack of the thread: 1 to {DEPTH_MAX} deep"))
                .help("write `depth 32`, for example"),
        );
    }
    fits
}

pub(super) fn never_nested(body: &Body<'_>, depth: crate::draft::Origin) -> Diagnostic {
    let name = &body.draft.name.text;
    Diagnostic::new(Code::BadAttribute, depth, format!("`{name}` does not contain itself"))
        .why("a depth bounds how many of a layout stand in each other")
        .help("take it out")
}

/// A layout that nests and has no end of its own.
pub(super) fn goes_on(cx: &mut Context<'_>, body: &Body<'_>) {
    let name = &body.draft.name;
    cx.report(
        Diagnostic::new(Code::RestNotLast, name.origin, format!("`{}` takes all that is left", name.text))
            .why("it contains itself, and where the inner one ends could not be told")
            .help("give its `[..]` a length: `[u16]`"),
    );
}

/// Puts outlines of the layouts of a circle in the place of what is not measured yet, with the least bytes that each
/// takes. Says whether all is well.
pub(super) fn outline(
    cx: &mut Context<'_>,
    bodies: &[Option<Body<'_>>],
    group: &Group,
    (structs, enums, open): (&mut [Option<Layout>], &[Option<Enum>], &[bool]),
) -> bool {
    let members: Vec<(usize, &Body<'_>)> =
        group.members.iter().filter_map(|index| Some((*index, bodies[*index].as_ref()?))).collect();
    for (index, body) in &members {
        structs[*index] = Some(body.outline(cx, Size { least: u64::MAX, most: None }));
    }
    // What is least goes down from one round to the next, and stops.
    loop {
        let parts = Parts { enums, structs, open };
        let found: Vec<u64> = members.iter().map(|(_, body)| sizes::least(body, parts)).collect();
        let mut settled = true;
        for ((index, _), least) in members.iter().zip(found) {
            if let Some(layout) = &mut structs[*index] {
                settled &= layout.size.least == least;
                layout.size.least = least;
            }
        }
        if settled {
            break;
        }
    }
    let endless = members.iter().find(|(index, _)| {
        structs[*index].as_ref().is_some_and(|layout| layout.size.least > cx.limit().saturating_mul(2))
    });
    let Some((_, body)) = endless else { return true };
    let name = &body.draft.name;
    cx.report(
        Diagnostic::new(Code::Recursive, name.origin, format!("`{}` always contains itself", name.text))
            .why("the smallest one would have no end")
            .help("let a list of it be empty, `[u8]`, or give it an arm without it"),
    );
    for (index, _) in members {
        structs[index] = None;
    }
    false
}
