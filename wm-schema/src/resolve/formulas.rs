//! Formulas: what `if`, `where` and their like compute, with the type and the bounds of every part.
//!
//! A formula that is accepted cannot fail when it runs: the least and the most of each part are known here, so that what
//! could leave 128 bits, divide by zero or shift too far is refused now.

use super::arms::{self, Fact};
use super::layouts::{Body, Line};
use super::sizes::Parts;
use super::{Context, absent, choices, lengths, names, pointers, sentinels, spell, suggest, variants};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{self, FormulaKind, LayoutDraft, Literal, Name, Operator, Origin};
use crate::ir::{Bytes, Content, Equation, Extent, Formula, Held, Int, Layout, Param, Role, Scale, Term, Type};

/// Checks every formula of a layout.
pub(super) fn check(cx: &mut Context<'_>, body: &mut Body<'_>, parts: Parts<'_>) {
    choices::arms(cx, body, parts);
    for at in 0..body.lines.len() {
        let args = choices::arguments(cx, body, at, parts);
        body.sound &= args.is_some();
        body.lines[at].args = args.unwrap_or_default();
        sentinels::check(cx, body, at, parts);
        lengths::check(cx, body, at, parts);
        pointers::check(cx, body, at, parts);
        if let Some(written) = body.lines[at].condition {
            let view = View {
                lines: &body.lines,
                until: at,
                it: None,
                params: &body.params,
                element: None,
                numbers: Numbers::Presence,
                sent: true,
                facts: &[],
                pointer: None,
                parts,
            };
            let formula = condition(cx, view, written);
            body.sound &= formula.is_some() && may_be_absent(cx, body, at, written.origin);
            if let Some(formula) = &formula {
                body.sound &= is_told(cx, body, at, formula, written.origin);
                body.sound &= absent::asks(cx, &body.lines, formula, written.origin);
            }
            body.lines[at].present_if = formula;
        }
        for written in body.lines[at].written_rules.clone() {
            if body.lines[at].role != Role::Value {
                let label = format!("`{}` is not set by a user", body.lines[at].name);
                let why = "the schema or the encoder gives it its value: there is nothing to refuse";
                cx.report(bad(written, label, why, "bound what it measures, or take `where` out"));
                body.sound = false;
                continue;
            }
            let view = View {
                lines: &body.lines,
                until: at + 1,
                it: Some(at),
                params: &body.params,
                element: None,
                numbers: Numbers::Known,
                sent: true,
                facts: &[],
                pointer: None,
                parts,
            };
            let formula = condition(cx, view, written);
            body.sound &= formula.is_some();
            body.lines[at].rules.extend(formula);
        }
    }
    for written in &body.draft.rules {
        let view = View {
            lines: &body.lines,
            until: body.lines.len(),
            it: None,
            params: &body.params,
            element: None,
            numbers: Numbers::Known,
            sent: true,
            facts: &[],
            pointer: None,
            parts,
        };
        let Some(formula) = condition(cx, view, written) else {
            body.sound = false;
            continue;
        };
        // It is checked as soon as it can be: when the last field that it reads is there.
        match formula.term.fields().into_iter().max() {
            Some(last) => body.lines[last].rules.push(formula),
            None => {
                cx.report(bad(written, "reads no field", "it would always hold, or never", "name a field in it"));
                body.sound = false;
            }
        }
    }
}

/// Whether a field is of a kind that can be absent.
pub(super) fn may_be_absent(cx: &mut Context<'_>, body: &Body<'_>, at: usize, origin: Origin) -> bool {
    let line = &body.lines[at];
    let problem = if !matches!(line.role, Role::Value | Role::Constant(_) | Role::Pointed(_)) {
        Some((
            "only a constant or a field that a user sets can be absent",
            "put it into a struct, and that behind `if`",
        ))
    } else if matches!(line.ty, Type::Bytes(Bytes { content: Content::JsonBody(_), .. })) {
        Some(("a typed JSON body is always there in this version", "make it `json`, and read it in the handler"))
    } else if line.draft.held == Held::Serde {
        Some(("a type of serde's is always there in this version", "make it `Json`, and read it in the handler"))
    } else {
        None
    };
    if let Some(Extent::Field(number)) = super::layouts::extent(&line.ty)
        && absent::number_of(&body.lines, at) != Some(*number)
    {
        return length_says_nothing(cx, &body.lines, at, *number, origin);
    }
    let Some((why, help)) = problem else { return true };
    cx.report(
        Diagnostic::new(Code::BadAttribute, origin, format!("`{}` cannot be absent", line.name)).why(why).help(help),
    );
    false
}

/// Whether the value itself tells if a constant is there: what is handed in, only the layout around it knows.
fn is_told(cx: &mut Context<'_>, body: &Body<'_>, at: usize, condition: &Formula, origin: Origin) -> bool {
    let line = &body.lines[at];
    let handed = (0..body.params.len()).any(|param| condition.term.reads_param(param));
    let beside = |other: &Line<'_>| {
        other.role == Role::Value && other.condition.is_some_and(|written| written.text == condition.text)
    };
    if !handed || !matches!(line.role, Role::Constant(_)) || body.lines.iter().any(beside) {
        return true;
    }
    let label = format!("nothing in `{}` says whether {} is there", body.draft.name.text, line.name);
    cx.report(
        Diagnostic::new(Code::BadAttribute, origin, label)
            .why("a constant is no field of the value, and what is handed in is known to the layout around it alone")
            .help(format!(
                "let a field stand behind the same `if {}`, or put both into a struct of its own",
                condition.text
            )),
    );
    false
}

/// The field that says the length of one that may be absent does not say that.
fn length_says_nothing(cx: &mut Context<'_>, lines: &[Line<'_>], at: usize, number: usize, origin: Origin) -> bool {
    let (line, said) = (&lines[at], &lines[number]);
    // Its equation is missing as a whole, which is reported where lengths are checked.
    if said.role == Role::Value {
        return true;
    }
    cx.report(
        Diagnostic::new(Code::BadAttribute, origin, format!("`{}` cannot be absent", line.name))
            .why("the field that says its length would have to say that it is absent")
            .help("give its equation a value for that: `len: i16 = size(data) else -1`, or the field a prefix: `[u16]`")
            .note(said.draft.origin, "the length stands here"),
    );
    false
}

/// What is known of numbers that the encoder computes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    /// Nothing: it is open what there is to measure.
    Unknown,
    /// Whether what they measure is there, of those that say so.
    Presence,
    /// All.
    Known,
}

/// What a formula may read.
#[derive(Clone, Copy)]
pub(super) struct View<'v> {
    pub(super) lines: &'v [Line<'v>],
    /// The first line that is not read yet.
    pub(super) until: usize,
    /// The line that `it` means.
    pub(super) it: Option<usize>,
    pub(super) params: &'v [Param],
    /// The element of a list that `it` means.
    pub(super) element: Option<&'v Type>,
    /// What is known of numbers that the encoder computes.
    pub(super) numbers: Numbers,
    /// Whether it is known who sends: not for what is handed on.
    pub(super) sent: bool,
    /// The layout whose pointer the formula is the place of.
    pub(super) pointer: Option<&'v LayoutDraft>,
    /// What the formula itself has asked of unions so far.
    pub(super) facts: &'v [Fact],
    pub(super) parts: Parts<'v>,
}

impl View<'_> {
    /// The integer that a field, a member or a parameter is.
    pub(super) fn int_of(&self, term: &Term) -> Option<&Int> {
        let ty = match term {
            Term::Field(index) => &self.lines[*index].ty,
            Term::Param(index) => &self.params[*index].ty,
            Term::Member { part, field, .. } => &self.parts.structs[*part].as_ref()?.fields[*field].ty,
            _ => return None,
        };
        match ty {
            Type::Int(int, _) => Some(int),
            _ => None,
        }
    }
}

/// What a part of a formula is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number, the least and the most that it may be.
    Int(i128, i128),
    Bool,
    Bytes,
    Text,
    /// A value of an enum, by index.
    Enum(usize),
    /// A word of these, by index.
    Word(usize),
    /// Only its fields can be looked at.
    Struct(usize),
}

impl Kind {
    fn word(self, parts: Parts<'_>) -> String {
        match self {
            Self::Int(..) => "a number".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Bytes => "bytes".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Enum(index) => {
                parts.enums[index].as_ref().map_or("an enum".to_owned(), |item| format!("a value of `{}`", item.name))
            }
            Self::Word(_) => "a word".to_owned(),
            Self::Struct(_) => "a struct".to_owned(),
        }
    }
}

fn bad(at: &draft::Formula, label: impl Into<String>, why: impl Into<String>, help: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::BadFormula, at.origin, label).why(why).help(help)
}

fn bad_field(at: &Name, label: String, why: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::BadFormula, at.origin, label).why(why).help(help)
}

/// A formula that is true or false.
pub(super) fn condition(cx: &mut Context<'_>, view: View<'_>, written: &draft::Formula) -> Option<Formula> {
    match term(cx, view, written)? {
        (term, Kind::Bool) => Some(Formula { term, text: written.text.clone() }),
        (_, kind) => {
            let label = format!("`{}` is {}", written.text, kind.word(view.parts));
            let help = match kind {
                Kind::Int(..) => format!("compare it: `{} != 0`", written.text),
                Kind::Enum(_) => format!("compare it: `{} == …`", written.text),
                _ => "compare it by `==` or `!=`".to_owned(),
            };
            cx.report(bad(written, label, "a condition is true or false", help));
            None
        }
    }
}

pub(super) fn term(cx: &mut Context<'_>, view: View<'_>, written: &draft::Formula) -> Option<(Term, Kind)> {
    match &written.kind {
        FormulaKind::Literal(literal) => match names::literal(cx, literal, written.origin)? {
            Literal::Int(value) => Some((Term::Int(value), Kind::Int(value, value))),
            Literal::Bytes(bytes) => Some((Term::Bytes(bytes), Kind::Bytes)),
            Literal::Const(_) => None,
        },
        FormulaKind::Path(path) => self::path(cx, view, path),
        FormulaKind::Variant(of, name) => variant_of(cx, view, of, name),
        FormulaKind::Offset(name) => pointers::offset(cx, view, written.origin, name),
        FormulaKind::Header(_) => {
            let why = "in this version a header says a length, or chooses an arm of a `match`";
            cx.report(bad(written, "a header in a formula", why, "look at the headers in the handler"));
            None
        }
        FormulaKind::Not(inner) => match term(cx, view, inner)? {
            (term, Kind::Bool) => Some((Term::Not(Box::new(term)), Kind::Bool)),
            (_, kind) => {
                let why = format!("`{}` is {}", inner.text, kind.word(view.parts));
                cx.report(bad(written, "`!` of no condition", why, format!("write `{} == 0`", inner.text)));
                None
            }
        },
        FormulaKind::Negative(inner) => match term(cx, view, inner)? {
            (term, Kind::Int(least, most)) => match (most.checked_neg(), least.checked_neg()) {
                (Some(least), Some(most)) => Some((Term::Negative(Box::new(term)), Kind::Int(least, most))),
                _ => too_large(cx, written),
            },
            (_, kind) => {
                let why = format!("`{}` is {}", inner.text, kind.word(view.parts));
                cx.report(bad(written, "`-` of no number", why, "take the sign out"));
                None
            }
        },
        FormulaKind::Is { value, variant } => is(cx, view, written, value, variant),
        FormulaKind::Binary { operator, left, right } => {
            if operator.compares()
                && let Some(sides) = variants::compared(cx, view, left, right)
            {
                return binary(cx, view, written, *operator, sides?);
            }
            let left_term = term(cx, view, left);
            // Behind `a ||` all is known that follows from a being false, behind `a &&` what follows from it.
            let mut facts = view.facts.to_vec();
            if let (Operator::Or | Operator::And, Some((left, _))) = (*operator, &left_term) {
                arms::learn(left, *operator == Operator::And, &mut facts);
            }
            let right_term = term(cx, View { facts: &facts, ..view }, right);
            let ((left_term, left_kind), (right_term, right_kind)) = (left_term?, right_term?);
            let sides = [(left_term, left_kind), (right_term, right_kind)];
            binary(cx, view, written, *operator, sides)
        }
    }
}

/// `flags`, `head.flags`, `it`, `true`.
fn path(cx: &mut Context<'_>, view: View<'_>, path: &[Name]) -> Option<(Term, Kind)> {
    let (first, members) = path.split_first()?;
    if let (Some(element), "it") = (view.element, first.text.as_str()) {
        let kind = kind(cx, element, first)?;
        return reached(cx, view, (Term::It, kind), members);
    }
    let found = view.lines.iter().position(|line| line.name == first.text);
    let index = match (found, first.text.as_str(), view.it) {
        (Some(index), ..) => index,
        (None, "it", Some(it)) => it,
        (None, "true" | "false", _) if members.is_empty() => {
            return Some((Term::Bool(first.text == "true"), Kind::Bool));
        }
        _ if view.params.iter().any(|param| param.name == first.text) && members.is_empty() => {
            let index = view.params.iter().position(|param| param.name == first.text)?;
            return Some((Term::Param(index), kind(cx, &view.params[index].ty, first)?));
        }
        _ => {
            let names = view.lines[..view.until].iter().map(|line| line.name.as_str());
            let params = view.params.iter().map(|param| param.name.as_str());
            let it = (view.it.is_some() || view.element.is_some()).then_some("it");
            let known: Vec<&str> = names.chain(params).chain(it).collect();
            cx.report(
                Diagnostic::new(Code::UnknownField, first.origin, format!("no field `{}`", first.text))
                    .why("a formula speaks of the fields of its own layout that have been read")
                    .help(suggest::help(&first.text, known)),
            );
            return None;
        }
    };
    let line = &view.lines[index];
    if index >= view.until {
        cx.report(
            Diagnostic::new(Code::UsedBeforeRead, first.origin, format!("`{}` is not read yet", first.text))
                .why("bytes are read from front to back, so what decides stands in front of what it decides")
                .help(format!("move `{}` up", first.text))
                .note(line.draft.origin, "it stands here"),
        );
        return None;
    }
    if (line.condition.is_some() || line.written_since.is_some()) && view.it != Some(index) {
        cx.report(
            Diagnostic::new(Code::BadFormula, first.origin, format!("`{}` may be absent", first.text))
                .why("what is not there has no value to compute with")
                .help("use the field that decides whether it is there")
                .note(line.draft.origin, "it stands here"),
        );
        return None;
    }
    if let Role::Constant(value) = line.role
        && matches!(line.ty, Type::Int(..))
    {
        return Some(match line.ty {
            Type::Int(Int::Flag, _) => (Term::Bool(value == 1), Kind::Bool),
            _ => (Term::Int(value), Kind::Int(value, value)),
        });
    }
    let problem = match line.role {
        Role::Checksum(_) => Some(("a checksum", "it is checked already, and any value of it is as good as another")),
        Role::Computed(Equation { absent, .. })
            if view.numbers == Numbers::Unknown || view.numbers == Numbers::Presence && absent.is_none() =>
        {
            Some(("computed", "whether a field is there would depend on what is measured, and that on the field"))
        }
        Role::Pointed(_) => Some(("at another place", "what stands there is read when the pointer is followed")),
        Role::Sender(_) if !view.sent => Some(("who sends", "only `if` and `where` of the message know that")),
        _ => None,
    };
    if let Some((what, why)) = problem {
        let help = match (view.numbers, &line.role) {
            (Numbers::Presence, Role::Computed(_)) => {
                "decide by a field that a user sets, or let the number say it: `= size(data) else -1`"
            }
            _ => "decide by a field that a user sets",
        };
        cx.report(
            bad_field(first, format!("`{}` is {what}", first.text), why, help)
                .note(line.draft.origin, "it stands here"),
        );
        return None;
    }
    let found = (Term::Field(index), kind(cx, &line.ty, first)?);
    reached(cx, view, found, members)
}

/// A value, or what is reached from it: `.a.b`.
fn reached(cx: &mut Context<'_>, view: View<'_>, value: (Term, Kind), members: &[Name]) -> Option<(Term, Kind)> {
    let mut found = value;
    for name in members {
        found = member(cx, view, found, name)?;
    }
    Some(found)
}

/// `.name` of a struct.
fn member(cx: &mut Context<'_>, view: View<'_>, (of, kind): (Term, Kind), name: &Name) -> Option<(Term, Kind)> {
    let Kind::Struct(part) = kind else {
        cx.report(
            Diagnostic::new(Code::UnknownField, name.origin, format!("no field `{}` in it", name.text))
                .why(format!("what stands before the dot is {}, no struct", kind.word(view.parts)))
                .help(format!("take `.{}` out", name.text)),
        );
        return None;
    };
    let layout = view.parts.structs[part].as_ref()?;
    if layout.choice.is_some() {
        let (of, part) = arms::known(cx, view, (of, part), name)?;
        return member(cx, view, (of, Kind::Struct(part)), name);
    }
    if let Some(length) = length(layout, part, &of, name) {
        return Some(length);
    }
    let usable = |field: &&crate::ir::Field| field.role == Role::Value && !field.is_optional();
    let Some(field) = layout.fields.iter().position(|field| field.name == name.text && usable(&field)) else {
        let known: Vec<&str> = layout.fields.iter().filter(usable).map(|field| field.name.as_str()).collect();
        cx.report(
            Diagnostic::new(Code::UnknownField, name.origin, format!("no field `{}` in `{}`", name.text, layout.name))
                .why("a formula reads fields that a user sets and that are always there")
                .help(suggest::help(&name.text, known)),
        );
        return None;
    };
    let kind = self::kind(cx, &layout.fields[field].ty, name)?;
    Some((Term::Member { of: Box::new(of), part, field }, kind))
}

/// A number of a struct that the encoder computes: it is known by what it says the length of.
fn length(layout: &Layout, part: usize, of: &Term, name: &Name) -> Option<(Term, Kind)> {
    let number = layout.fields.iter().position(|field| field.name == name.text)?;
    let (Role::Computed(equation), Type::Int(int, range)) = (&layout.fields[number].role, &layout.fields[number].ty)
    else {
        return None;
    };
    let measured = layout.fields.iter().position(|field| {
        let plain = match &field.ty {
            Type::Bytes(bytes) => matches!(bytes.content, Content::Bytes | Content::Str | Content::Ascii),
            ty => matches!(ty, Type::List { .. }),
        };
        plain && field.condition.is_none() && super::layouts::extent(&field.ty) == Some(&Extent::Field(number))
    })?;
    if equation.scale != Scale::One {
        return None;
    }
    let of = Term::Member { of: Box::new(of.clone()), part, field: measured };
    let (least, most) = range.unwrap_or_else(|| int.range());
    Some((Term::Length { of: Box::new(of), add: equation.add }, Kind::Int(least, most)))
}

/// What the value of a type is in a formula.
fn kind(cx: &mut Context<'_>, ty: &Type, name: &Name) -> Option<Kind> {
    let problem = match ty {
        Type::Int(Int::Fixed { bytes: 16, .. }, _) => "numbers of 128 bits are not computed with",
        Type::Int(Int::Flag, _) => return Some(Kind::Bool),
        Type::Int(int, range) => {
            let (least, most) = range.unwrap_or_else(|| int.range());
            return Some(Kind::Int(least, most));
        }
        Type::Enum(index) => return Some(Kind::Enum(*index)),
        Type::Struct(index) => return Some(Kind::Struct(*index)),
        Type::Bytes(Bytes { content: Content::Bytes, .. }) => return Some(Kind::Bytes),
        Type::Bytes(Bytes { content: Content::Str | Content::Ascii, .. }) => return Some(Kind::Text),
        Type::Bytes(Bytes { content: Content::Word(index), .. }) => return Some(Kind::Word(*index)),
        Type::Bytes(Bytes { content: Content::Headers, .. }) => "headers are not computed with",
        Type::Bytes(_) => "JSON is not computed with",
        Type::Float { .. } => "floats are not computed with",
        Type::List { .. } => "lists are not computed with",
        Type::Filler(_) => "what fills a field up says nothing",
        Type::Constant(_) => "a constant is always the same",
    };
    cx.report(
        Diagnostic::new(Code::BadFormula, name.origin, format!("`{}` has no value for a formula", name.text))
            .why(format!("{problem}: a formula joins integers, enums, bytes and text"))
            .help("check it in the handler"),
    );
    None
}

/// `Method.Password`.
pub(super) fn variant_of(cx: &mut Context<'_>, view: View<'_>, of: &Name, name: &Name) -> Option<(Term, Kind)> {
    if let Some(names::Item::Words(index)) = cx.names.item(&of.text) {
        let words = cx.words[index].as_ref()?;
        if let Some(word) = words.words.iter().find(|word| word.name == name.text) {
            return Some((Term::Word { of: index, text: word.text.clone() }, Kind::Word(index)));
        }
        let label = format!("`{}` has no variant `{}`", words.name, name.text);
        let help = suggest::help(&name.text, words.words.iter().map(|word| word.name.as_str()));
        cx.report(Diagnostic::new(Code::UnknownName, name.origin, label).help(help));
        return None;
    }
    let Some(names::Item::Enum(index)) = cx.names.item(&of.text) else {
        let is_enum = |item| matches!(item, names::Item::Enum(_) | names::Item::Words(_));
        let enums: Vec<&str> = cx.names.types(is_enum).collect();
        let help = suggest::help(&of.text, enums);
        cx.report(Diagnostic::new(Code::UnknownType, of.origin, format!("no enum `{}`", of.text)).help(help));
        return None;
    };
    let (variant, (least, most)) = variant(cx, view, index, name)?;
    if least != most {
        cx.report(
            Diagnostic::new(Code::BadFormula, name.origin, format!("`{}` is a range", name.text))
                .why(format!("it stands for {least} to {most}, not for one value"))
                .help(format!("write `… is {}`", name.text)),
        );
        return None;
    }
    Some((Term::Variant { of: index, variant, value: least }, Kind::Enum(index)))
}

/// A variant of an enum, and its values.
pub(super) fn variant(
    cx: &mut Context<'_>,
    view: View<'_>,
    index: usize,
    name: &Name,
) -> Option<(usize, (i128, i128))> {
    let item = view.parts.enums[index].as_ref()?;
    let found = item.variants.iter().position(|variant| variant.name == name.text);
    if found.is_none() {
        let known = item.variants.iter().map(|variant| variant.name.as_str());
        let label = format!("`{}` has no variant `{}`", item.name, name.text);
        cx.report(Diagnostic::new(Code::UnknownName, name.origin, label).help(suggest::help(&name.text, known)));
    }
    found.map(|found| (found, (item.variants[found].least.into(), item.variants[found].most.into())))
}

fn is(
    cx: &mut Context<'_>,
    view: View<'_>,
    written: &draft::Formula,
    value: &draft::Formula,
    name: &Name,
) -> Option<(Term, Kind)> {
    let (term, kind) = term(cx, view, value)?;
    if let Kind::Struct(union) = kind
        && let Some(found) = arms::is(cx, view.parts, (term.clone(), union), name)
    {
        return found;
    }
    let Kind::Enum(of) = kind else {
        let why = format!("`{}` is {}", value.text, kind.word(view.parts));
        cx.report(bad(written, "`is` of no enum", why, "compare it by `==`"));
        return None;
    };
    let (variant, within) = variant(cx, view, of, name)?;
    Some((Term::Is { value: Box::new(term), of, variant, within }, Kind::Bool))
}

fn binary(
    cx: &mut Context<'_>,
    view: View<'_>,
    written: &draft::Formula,
    operator: Operator,
    [(left, left_kind), (right, right_kind)]: [(Term, Kind); 2],
) -> Option<(Term, Kind)> {
    let ((left, left_kind), (right, right_kind)) =
        (as_number(left, left_kind, right_kind), as_number(right, right_kind, left_kind));
    let ((left, left_kind), (right, right_kind)) = match operator {
        Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
            (ordered(view, left, left_kind, right_kind), ordered(view, right, right_kind, left_kind))
        }
        _ => ((left, left_kind), (right, right_kind)),
    };
    let kind = match (operator, left_kind, right_kind) {
        (Operator::Or | Operator::And, Kind::Bool, Kind::Bool) => Kind::Bool,
        (Operator::Equal | Operator::NotEqual, Kind::Bool, Kind::Bool) => Kind::Bool,
        (Operator::Equal | Operator::NotEqual, Kind::Bytes | Kind::Text, Kind::Bytes | Kind::Text)
            if matches!(left, Term::Bytes(_)) != matches!(right, Term::Bytes(_)) || left_kind == right_kind =>
        {
            utf8(cx, written, &left, right_kind)?;
            utf8(cx, written, &right, left_kind)?;
            Kind::Bool
        }
        (Operator::Equal | Operator::NotEqual, Kind::Enum(left), Kind::Enum(right))
        | (Operator::Equal | Operator::NotEqual, Kind::Word(left), Kind::Word(right))
            if left == right =>
        {
            Kind::Bool
        }
        (operator, Kind::Int(a, b), Kind::Int(c, d)) if operator.compares() => {
            if let Some(always) = decided(operator, (a, b), (c, d)) {
                let (what, why) =
                    (if always { "always holds" } else { "never holds" }, "the values that its sides can have say so");
                let label = format!("`{}` {what}", written.text);
                cx.report(
                    Diagnostic::new(Code::Impossible, written.origin, label)
                        .why(why)
                        .help("compare with a value in reach, or take it out"),
                );
                return None;
            }
            Kind::Bool
        }
        (operator, Kind::Int(a, b), Kind::Int(c, d)) if operator.precedence() > Operator::Equal.precedence() => {
            let (least, most) = bounds(cx, written, operator, (a, b), (c, d))?;
            Kind::Int(least, most)
        }
        _ => {
            let label = format!("`{}` does not join these", operator.sign());
            let (left, right) = (left_kind.word(view.parts), right_kind.word(view.parts));
            let help = match operator {
                Operator::Or | Operator::And => "compare each side first: `a != 0 && b != 0`",
                _ => "compare numbers with numbers, and an enum with its variant: `kind == Kind.Hello`",
            };
            cx.report(bad(written, label, format!("on the left stands {left}, on the right {right}"), help));
            return None;
        }
    };
    Some((Term::Binary { operator, left: Box::new(left), right: Box::new(right) }, kind))
}

/// A character that is compared with a number is its byte.
fn as_number(term: Term, kind: Kind, other: Kind) -> (Term, Kind) {
    match (&term, other) {
        (Term::Bytes(bytes), Kind::Int(..)) if bytes.len() == 1 => {
            let value = bytes[0].into();
            (Term::Int(value), Kind::Int(value, value))
        }
        _ => (term, kind),
    }
}

/// A value of an enum that is compared with a number by its order is its number.
fn ordered(view: View<'_>, term: Term, kind: Kind, other: Kind) -> (Term, Kind) {
    match (kind, other) {
        (Kind::Enum(of), Kind::Int(..)) => {
            let range = view.parts.enums[of].as_ref().map_or((0, 0), |declared| declared.repr.range());
            (Term::Number { value: Box::new(term), of }, Kind::Int(range.0, range.1))
        }
        _ => (term, kind),
    }
}

/// A literal that is compared with text is text.
fn utf8(cx: &mut Context<'_>, written: &draft::Formula, literal: &Term, other: Kind) -> Option<()> {
    match literal {
        Term::Bytes(bytes) if other == Kind::Text && std::str::from_utf8(bytes).is_err() => {
            let label = format!("{} is no text", spell::bytes(bytes));
            cx.report(bad(
                written,
                label,
                "text is UTF-8: no value of the field is like this",
                "compare `bytes` with it",
            ));
            None
        }
        _ => Some(()),
    }
}

/// What a comparison always comes to, if it does.
fn decided(operator: Operator, (a, b): (i128, i128), (c, d): (i128, i128)) -> Option<bool> {
    let less = |low: (i128, i128), high: (i128, i128)| match (low.1 < high.0, low.0 >= high.1) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    match operator {
        Operator::Less => less((a, b), (c, d)),
        Operator::GreaterEqual => less((a, b), (c, d)).map(|less| !less),
        Operator::Greater => less((c, d), (a, b)),
        Operator::LessEqual => less((c, d), (a, b)).map(|less| !less),
        _ if b < c || d < a => Some(operator == Operator::NotEqual),
        _ if a == b && c == d => Some((a == c) == (operator == Operator::Equal)),
        _ => None,
    }
}

/// The least and the most that an operator can give.
fn bounds(
    cx: &mut Context<'_>,
    written: &draft::Formula,
    operator: Operator,
    (a, b): (i128, i128),
    (c, d): (i128, i128),
) -> Option<(i128, i128)> {
    let corners = |apply: fn(i128, i128) -> Option<i128>| {
        let all = [apply(a, c), apply(a, d), apply(b, c), apply(b, d)].into_iter().collect::<Option<Vec<i128>>>()?;
        Some((*all.iter().min()?, *all.iter().max()?))
    };
    match operator {
        Operator::Divide | Operator::Remainder if c <= 0 && d >= 0 => {
            let help = "divide by a constant, or bound the divisor: `in 1..=64`";
            cx.report(bad(written, "a division by what may be zero", "a peer could send the zero", help));
            return None;
        }
        Operator::ShiftLeft | Operator::ShiftRight if c < 0 || d > 63 => {
            let help = "shift by a constant, or bound the field: `in 0..=7`";
            cx.report(bad(written, "a shift out of bounds", "a shift goes by 0 to 63 bits", help));
            return None;
        }
        _ => {}
    }
    let found = match operator {
        Operator::Add => corners(i128::checked_add),
        Operator::Subtract => corners(i128::checked_sub),
        Operator::Multiply => corners(i128::checked_mul),
        Operator::Divide => corners(i128::checked_div),
        Operator::Remainder => {
            let most = d.max(c.saturating_neg()) - 1;
            Some((if a < 0 { -most } else { 0 }, if b > 0 { most } else { 0 }))
        }
        Operator::ShiftLeft => corners(|value, by| value.checked_mul(1i128 << by)),
        Operator::ShiftRight => corners(|value, by| Some(value >> by)),
        Operator::BitAnd if a >= 0 && c >= 0 => Some((0, b.min(d))),
        Operator::BitAnd if a >= 0 => Some((0, b)),
        Operator::BitAnd if c >= 0 => Some((0, d)),
        _ => {
            let widest = [a, b, c, d].into_iter().map(i128::unsigned_abs).max().unwrap_or(0);
            let power = widest.checked_add(1).and_then(u128::checked_next_power_of_two);
            let power = power.and_then(|power| i128::try_from(power).ok());
            power.map(|power| (if a < 0 || c < 0 { -power } else { 0 }, power - 1))
        }
    };
    found.or_else(|| too_large(cx, written))
}

fn too_large<T>(cx: &mut Context<'_>, written: &draft::Formula) -> Option<T> {
    cx.report(
        Diagnostic::new(Code::NumberTooLarge, written.origin, "may leave 128 bits")
            .why("the largest values of its fields give more than a number can hold")
            .help("bound the fields by `in`, or compute with smaller ones"),
    );
    None
}
