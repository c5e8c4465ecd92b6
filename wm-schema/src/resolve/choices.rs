//! Unions: what chooses their arms, what is handed to structs, and whether all that fits.

use super::formulas::{self, Kind, Numbers, View};
use super::layouts::Body;
use super::names::{self, Item};
use super::sizes::Parts;
use super::words::{self, Word};
use super::{Context, attrs, headers, spell, suggest, tags, types, vocabulary};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{
    ArmDraft, Attr, AttrKind, Draft, Endian, FieldDraft, FieldKind, Formula, FormulaKind, LayoutDraft, LayoutKind,
    Name, ParamDraft, PatternDraft, TypeDraft,
};
use crate::ir::{self, By, Bytes, Choice, Content, Enum, Int, Param, Role, Term, Type, Words};

/// The parameters of a layout; of a `match` those of its arms, one behind the other. None if one of them is wrong.
pub(super) fn params(cx: &mut Context<'_>, draft: &LayoutDraft) -> Option<Vec<Param>> {
    let LayoutKind::Union { given: true, arms, .. } = &draft.kind else {
        names::distinct(cx, draft.params.iter().map(|param| &param.name));
        let params: Vec<Option<Param>> = draft.params.iter().map(|param| own(cx, param)).collect();
        return params.into_iter().collect();
    };
    let mut all: Vec<Param> = Vec::new();
    for (field, arm) in draft.fields.iter().zip(arms) {
        for param in handed(cx, field, arm)? {
            let mut name = param.name.text.clone();
            while all.iter().any(|other| other.name == name) {
                name.push('_');
            }
            all.push(Param { name, ..own(cx, param)? });
        }
    }
    Some(all)
}

fn own(cx: &mut Context<'_>, ParamDraft { name, ty, range }: &ParamDraft) -> Option<Param> {
    names::check(cx, name, names::Kind::Field);
    match (value_type(cx, ty), range) {
        (Some(Type::Int(int, None)), Some(range)) => {
            let attr = [Attr { kind: AttrKind::In(range.clone()), origin: range.origin }];
            let mut sorted = attrs::sort(cx, &attr);
            let typed = types::integer(cx, int, &mut sorted);
            Some(Param { name: name.text.clone(), ty: typed.ty })
        }
        (Some(_), Some(range)) => {
            let label = format!("`in` does not fit `{}`", spell::ty(ty));
            let why = "`in` bounds a number; an enum has the values that it names";
            cx.report(Diagnostic::new(Code::BadAttribute, range.origin, label).why(why).help("take `in` out"));
            None
        }
        (Some(ty), None) => Some(Param { name: name.text.clone(), ty }),
        (None, _) => {
            cx.report(
                Diagnostic::new(Code::UnknownType, ty.name.origin, format!("`{}` cannot be handed in", spell::ty(ty)))
                    .why("a parameter is an integer or an enum, as it stands in a field")
                    .help("write `(flags: u8)`, or the name of an enum"),
            );
            None
        }
    }
}

/// An integer of at most 64 bits, an enum or a word.
pub(super) fn value_type(cx: &Context<'_>, ty: &TypeDraft) -> Option<Type> {
    if let Some(index) = vocabulary::named(cx, ty) {
        return Some(vocabulary::value_type(index));
    }
    if ty.extent.is_some() {
        return None;
    }
    match (words::word(&ty.name.text, cx.endian()), cx.names.item(&ty.name.text)) {
        (Some(Word::Int(Int::Fixed { bytes: 16, .. })), _) => None,
        (Some(Word::Int(int)), _) => Some(Type::Int(int, None)),
        (None, Some(Item::Enum(index))) => Some(Type::Enum(index)),
        _ => None,
    }
}

/// The parameters of the struct that an arm is; they must be as many as the arm has arguments.
fn handed<'d>(cx: &mut Context<'d>, field: &FieldDraft, arm: &ArmDraft) -> Option<&'d [ParamDraft]> {
    let draft: &'d Draft = cx.draft;
    let FieldKind::Named(_, ty) = &field.kind else { return Some(&[]) };
    let part = draft.layouts.iter().find(|layout| layout.name.text == ty.name.text);
    let params = part.map_or(&[][..], |part| part.params.as_slice());
    if params.len() == arm.args {
        return Some(params);
    }
    cx.report(count_of_arguments(&ty.name, params.len(), arm.args));
    None
}

fn count_of_arguments(name: &Name, wanted: usize, found: usize) -> Diagnostic {
    let values = |count: usize| if count == 1 { "1 value".to_owned() } else { format!("{count} values") };
    let help = match wanted {
        0 => format!("write `{}`", name.text),
        _ => format!("hand it {}, as its parameters say", values(wanted)),
    };
    Diagnostic::new(Code::BadFormula, name.origin, format!("`{}` takes {}, not {found}", name.text, values(wanted)))
        .why("each parameter of a struct is given where it is used")
        .help(help)
}

/// What chooses the arm of a union. The outer option is none if something is wrong, the inner one for other layouts.
pub(super) fn resolve(cx: &mut Context<'_>, draft: &LayoutDraft, enums: &[Option<Enum>]) -> Option<Option<Choice>> {
    let LayoutKind::Union { given, tag, arms } = &draft.kind else { return Some(None) };
    if *given && let Some(name) = chosen_by_header(cx.draft, draft) {
        return Some(Some(headers::choice(cx, name, arms)?));
    }
    let by = match (given, tag) {
        (true, _) => By::Given(subject(cx, draft)?),
        (false, Some(ty)) => By::Tag(tags::number(cx, ty)?),
        (false, None) => match tags::bits(cx, draft)? {
            8 => By::Tag(Int::Fixed { bytes: 1, signed: false, endian: Endian::Big }),
            // Where they stand is known when the arms are.
            width => By::Bits { width, shift: 0 },
        },
    };
    let item = match &by {
        By::Given(Type::Enum(index)) => Some(enums.get(*index)?.as_ref()?.into()),
        By::Given(Type::Bytes(Bytes { content: Content::Word(index), .. })) => Some(cx.words[*index].as_ref()?.into()),
        _ => None,
    };
    let item: Option<Variants> = item;
    let range = match &by {
        By::Given(Type::Int(int, range)) => range.unwrap_or_else(|| int.range()),
        By::Tag(int) => int.range(),
        By::Bits { width, .. } => (0, (1 << width) - 1),
        By::Header { .. } | By::Given(_) => (0, i128::from(u64::MAX)),
    };
    let mut values: Vec<Option<(i128, i128)>> = Vec::new();
    for arm in arms {
        let found = match &arm.pattern {
            None => None,
            Some(PatternDraft::Text(text)) if !given => {
                let tag = if let By::Tag(int) = &by { Some(int) } else { None };
                let value = tags::of_text(cx, arm, text, tag)?;
                Some((value, value))
            }
            Some(pattern) => Some(pattern_values(cx, arm, pattern, item.as_ref(), range)?),
        };
        distinct(cx, arm, found, &values, arms)?;
        if let (By::Tag(_) | By::Bits { .. }, Some((least, most))) = (&by, found)
            && least != most
        {
            cx.report(
                Diagnostic::new(Code::BadVariant, arm.origin, "a tag that is a range")
                    .why("a tag is no field: nothing would say which of its values is sent")
                    .help("read the tag as a field, and write `match tag { … }` for what follows"),
            );
            return None;
        }
        values.push(found);
    }
    let covered = |value: i128| values.iter().flatten().any(|(least, most)| (*least..=*most).contains(&value));
    let complete = match &item {
        Some(item) => !item.open && item.variants.iter().all(|(_, (least, _))| covered(*least)),
        None => {
            let covered: i128 = values.iter().flatten().map(|(least, most)| most - least + 1).sum();
            covered == range.1 - range.0 + 1
        }
    };
    let other = values.iter().position(Option::is_none);
    if let Some(other) = other.filter(|_| complete) {
        cx.report(
            Diagnostic::new(Code::Impossible, arms[other].origin, "`_` is never chosen")
                .why("the other arms take every value")
                .help("take the arm out"),
        );
        return None;
    }
    Some(Some(Choice { by, values, complete: complete || other.is_some() }))
}

/// The variants of an enum with their values; a word's value is its place among the words.
struct Variants {
    name: String,
    open: bool,
    variants: Vec<(String, (i128, i128))>,
}

impl From<&Enum> for Variants {
    fn from(item: &Enum) -> Self {
        let values = |variant: &ir::Variant| (variant.name.clone(), (variant.least.into(), variant.most.into()));
        Self { name: item.name.clone(), open: item.open, variants: item.variants.iter().map(values).collect() }
    }
}

impl From<&Words> for Variants {
    fn from(item: &Words) -> Self {
        let words = (0i128..).zip(&item.words).map(|(at, word)| (word.name.clone(), (at, at)));
        Self { name: item.name.clone(), open: item.open, variants: words.collect() }
    }
}

fn pattern_values(
    cx: &mut Context<'_>,
    arm: &ArmDraft,
    pattern: &PatternDraft,
    item: Option<&Variants>,
    (least, most): (i128, i128),
) -> Option<(i128, i128)> {
    match (pattern, item) {
        (PatternDraft::Variant(name), Some(item)) => {
            if let Some((_, values)) = item.variants.iter().find(|(variant, _)| *variant == name.text) {
                return Some(*values);
            }
            let known = item.variants.iter().map(|(variant, _)| variant.as_str());
            let label = format!("`{}` has no variant `{}`", item.name, name.text);
            cx.report(Diagnostic::new(Code::UnknownName, name.origin, label).help(suggest::help(&name.text, known)));
        }
        (PatternDraft::Values(..) | PatternDraft::Text(_), Some(item)) => {
            let label = format!("a literal where a variant of `{}` belongs", item.name);
            let help = item.variants.first().map_or(String::new(), |(first, _)| format!("write `{first} => …`"));
            cx.report(
                Diagnostic::new(Code::BadFormula, arm.origin, label)
                    .why("an enum is chosen by its variants")
                    .help(help),
            );
        }
        (PatternDraft::Text(bytes), None) => {
            let label = format!("{} where a number belongs", spell::bytes(bytes));
            let why = "what chooses is an integer, which has no such value";
            let help = "write `1 => …`, or choose by an enum of words or a header";
            cx.report(Diagnostic::new(Code::BadFormula, arm.origin, label).why(why).help(help));
        }
        (PatternDraft::Variant(name), None) => {
            let label = format!("`{}` where a number belongs", name.text);
            let why = "what chooses is an integer, which has no variants";
            let help = "give the field an enum as its type, or write `1 => …`";
            cx.report(Diagnostic::new(Code::BadFormula, name.origin, label).why(why).help(help));
        }
        (PatternDraft::Values(first, last), None) if first <= last && *first >= least && *last <= most => {
            return Some((*first, *last));
        }
        (PatternDraft::Values(first, last), None) => {
            let label = if first == last {
                format!("{first} is never there")
            } else {
                format!("not all of {first}..={last} can be there")
            };
            let why = format!("what chooses is {least} to {most}");
            cx.report(Diagnostic::new(Code::BadRange, arm.origin, label).why(why).help("take values in that range"));
        }
    }
    None
}

/// No two arms are chosen by one value.
fn distinct(
    cx: &mut Context<'_>,
    arm: &ArmDraft,
    found: Option<(i128, i128)>,
    earlier: &[Option<(i128, i128)>],
    arms: &[ArmDraft],
) -> Option<()> {
    let clash = earlier.iter().position(|other| match (found, other) {
        (Some((least, most)), Some((first, last))) => least <= *last && *first <= most,
        (None, None) => true,
        _ => false,
    });
    let Some(clash) = clash else { return Some(()) };
    cx.report(
        Diagnostic::new(Code::BadVariant, arm.origin, "an arm that is chosen already")
            .why("a value chooses one arm")
            .help("give it a value of its own, or take it out")
            .note(arms[clash].origin, "this one is chosen first"),
    );
    None
}

/// The layout that a `match` stands in, and what it looks at.
fn looked_at<'d>(draft: &'d Draft, union: &LayoutDraft) -> Option<(&'d LayoutDraft, &'d Formula)> {
    draft.layouts.iter().find_map(|layout| {
        let given = layout.fields.iter().find_map(|field| match &field.kind {
            FieldKind::Named(_, ty) | FieldKind::Reserved(ty) if ty.name.text == union.name.text => ty.given.as_ref(),
            _ => None,
        });
        given.map(|given| (layout, given))
    })
}

/// The header that a `match` looks at.
fn chosen_by_header<'d>(draft: &'d Draft, union: &LayoutDraft) -> Option<&'d Name> {
    match &looked_at(draft, union)?.1.kind {
        FormulaKind::Header(name) => Some(name),
        _ => None,
    }
}

/// The type of what a `match` looks at.
fn subject(cx: &mut Context<'_>, union: &LayoutDraft) -> Option<Type> {
    let (outer, given) = looked_at(cx.draft, union)?;
    let found = match &given.kind {
        FormulaKind::Path(path) => type_of(cx, outer, path).filter(|ty| !matches!(ty, Type::Int(Int::Flag, _))),
        _ => None,
    };
    if found.is_none() {
        cx.report(not_chosen_by(given));
    }
    found
}

fn not_chosen_by(given: &Formula) -> Diagnostic {
    Diagnostic::new(Code::BadFormula, given.origin, format!("`{}` cannot choose", given.text))
        .why("`match` looks at a field or a parameter in front of it that is an integer or an enum")
        .help("write `match kind { … }` with such a field")
}

/// The type of a field, or of a member of a struct, as the draft says it.
fn type_of(cx: &Context<'_>, layout: &LayoutDraft, path: &[Name]) -> Option<Type> {
    let (first, members) = path.split_first()?;
    let fields = layout.fields.iter().find_map(|field| match &field.kind {
        FieldKind::Named(name, ty) if name.text == first.text => Some(ty),
        _ => None,
    });
    let param = layout.params.iter().find(|param| param.name.text == first.text).map(|param| &param.ty);
    let ty = fields.or(param)?;
    if members.is_empty() {
        return value_type(cx, ty);
    }
    let part =
        cx.draft.layouts.iter().find(|part| part.name.text == ty.name.text && part.kind == LayoutKind::Struct)?;
    type_of(cx, part, members)
}

/// The rules that only the arms of a union keep.
pub(super) fn arms(cx: &mut Context<'_>, body: &mut Body<'_>, parts: Parts<'_>) {
    let Some(choice) = &mut body.choice else { return };
    if let By::Bits { shift, .. } = &mut choice.by {
        let types: Vec<&Type> = body.lines.iter().map(|line| &line.ty).collect();
        match tags::shift(cx, body.draft, parts.structs, &types) {
            Some(found) => *shift = found,
            None => body.sound = false,
        }
    }
    for at in 0..body.lines.len() {
        let line = &body.lines[at];
        let problem = if line.condition.is_some() {
            Some("it is there when it is chosen, and only then")
        } else if line.bits.is_some() {
            Some("it does not fill whole bytes")
        } else if line.role != Role::Value {
            Some("an arm that says nothing of its own is an empty one")
        } else if matches!(&line.ty, Type::Bytes(bytes) if matches!(bytes.content, Content::JsonBody(_))) {
            Some("a typed JSON body is always there in this version")
        } else {
            None
        };
        if let Some(why) = problem {
            let label = format!("`{}` cannot be an arm", line.name);
            let help = "put it into a struct, and choose that";
            cx.report(Diagnostic::new(Code::BadAttribute, line.draft.origin, label).why(why).help(help));
            body.sound = false;
        }
    }
}

/// What is handed to the struct of a line: the value that chooses first, if it is a `match`.
pub(super) fn arguments(
    cx: &mut Context<'_>,
    body: &Body<'_>,
    at: usize,
    parts: Parts<'_>,
) -> Option<Vec<ir::Formula>> {
    let line = &body.lines[at];
    let (FieldKind::Named(_, ty) | FieldKind::Reserved(ty)) = &line.draft.kind else { return Some(Vec::new()) };
    if matches!(line.role, Role::Pointed(_)) && ty.args.is_empty() && ty.given.is_none() {
        return Some(Vec::new());
    }
    let part = match &line.ty {
        Type::Struct(part) => Some(*part),
        Type::List { element, .. } => match **element {
            Type::Struct(part) => Some(part),
            _ => None,
        },
        _ => None,
    };
    let Some(part) = part else {
        if ty.args.is_empty() {
            return Some(Vec::new());
        }
        cx.report(count_of_arguments(&ty.name, 0, ty.args.len()));
        return None;
    };
    let layout = parts.structs[part].as_ref()?;
    if let LayoutKind::Union { given: true, arms, .. } = &body.draft.kind {
        return Some(of_an_arm(body, arms, at, layout));
    }
    if ty.given.is_none() && matches!(layout.choice, Some(Choice { by: By::Given(_), .. })) {
        cx.report(
            Diagnostic::new(Code::UnknownType, ty.name.origin, format!("`{}` is part of a `match`", ty.name.text))
                .why("it has no tag of its own: the field that chooses it stands beside the `match`")
                .help("declare a `union` with tags, and use that in both places"),
        );
        return None;
    }
    let by_header = matches!(layout.choice, Some(Choice { by: By::Header { .. }, .. }));
    if by_header && matches!(line.ty, Type::List { .. }) {
        cx.report(
            Diagnostic::new(Code::BadFormula, ty.name.origin, "a list of what a header chooses")
                .why("headers frame one body, which stands behind them once")
                .help("put the list into the arms: `\"chunked\" => Chunk until where it.size == 0`"),
        );
        return None;
    }
    if ty.args.len() != layout.params.len() {
        cx.report(count_of_arguments(&ty.name, layout.params.len(), ty.args.len()));
        return None;
    }
    let view = View {
        lines: &body.lines,
        // The arms in front of one are not there beside it.
        until: if body.choice.is_some() { 0 } else { at },
        it: None,
        params: &body.params,
        element: None,
        numbers: Numbers::Unknown,
        sent: false,
        facts: &[],
        pointer: None,
        parts,
    };
    let mut args = Vec::new();
    if let Some(given) = ty.given.as_ref().filter(|_| by_header) {
        // That there are such headers is checked with what else they frame.
        let headers = body.lines[..at].iter().position(|line| ir::headers::is_headers(&line.ty));
        let term = headers.map_or(Term::Bool(true), Term::Field);
        args.push(ir::Formula { term, text: given.text.clone() });
    }
    if let (Some(given), Some(Choice { by: By::Given(wanted), .. })) = (&ty.given, &layout.choice) {
        args.push(argument(cx, view, given, wanted)?);
    }
    for (written, param) in ty.args.iter().zip(&layout.params) {
        args.push(argument(cx, view, written, &param.ty)?);
    }
    Some(args)
}

/// An arm of a `match` hands on those parameters that are for its struct.
fn of_an_arm(body: &Body<'_>, arms: &[ArmDraft], at: usize, layout: &ir::Layout) -> Vec<ir::Formula> {
    let before: usize = arms[..at].iter().map(|arm| arm.args).sum();
    let param = |index: usize| {
        let text = body.params.get(before + index).map_or(String::new(), |param| param.name.clone());
        ir::Formula { term: Term::Param(before + index), text }
    };
    (0..layout.params.len()).map(param).collect()
}

/// A value of exactly the type that is wanted.
fn argument(cx: &mut Context<'_>, view: View<'_>, written: &Formula, wanted: &Type) -> Option<ir::Formula> {
    let (term, kind) = formulas::term(cx, view, written)?;
    if let (Kind::Int(low, high), Type::Int(_, Some((least, most)))) = (kind, wanted)
        && (low < *least || high > *most)
    {
        let label = if low == high {
            format!("{low} is never handed in")
        } else {
            format!("`{}` may be {low} to {high}", written.text)
        };
        cx.report(
            Diagnostic::new(Code::BadRange, written.origin, label)
                .why(format!("the parameter is {least} to {most}"))
                .help(format!("bound the field: `in {least}..={most}`")),
        );
        return None;
    }
    let fits = match (&term, kind, wanted) {
        (Term::Int(value), _, Type::Int(int, _)) => {
            let (least, most) = int.range();
            (least..=most).contains(value)
        }
        (_, Kind::Enum(index), Type::Enum(wanted)) => index == *wanted,
        (_, Kind::Word(index), Type::Bytes(Bytes { content: Content::Word(wanted), .. })) => index == *wanted,
        (term, Kind::Int(..), Type::Int(wanted, _)) => view.int_of(term).is_some_and(|int| same_value(int, wanted)),
        _ => false,
    };
    if fits {
        return Some(ir::Formula { term, text: written.text.clone() });
    }
    cx.report(
        Diagnostic::new(Code::BadFormula, written.origin, format!("`{}` does not fit the parameter", written.text))
            .why("a parameter is handed a field of its own type, or a number that fits it")
            .help("give the parameter the type of the field"),
    );
    None
}

/// Whether two integers hold the same values, in whatever order their bytes stand.
fn same_value(one: &Int, other: &Int) -> bool {
    match (one, other) {
        (Int::Fixed { bytes: a, signed: b, .. }, Int::Fixed { bytes: c, signed: d, .. }) => (a, b) == (c, d),
        (one, other) => one == other,
    }
}
