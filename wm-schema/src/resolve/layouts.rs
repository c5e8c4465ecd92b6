//! Messages and structs: their lines, each with its type and its role.

use super::attrs::Sentinel;
use super::equations;
use super::names::{self, Kind};
use super::types::{self, Scope};
use super::{Context, attrs, bits, checksums, choices, endings, externs, fillers, pointers, spell, via};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Expr, FieldDraft, FieldKind, Formula, Held, LayoutDraft, LayoutKind, Literal, Origin, Spanned};
use crate::ir::{
    self, BitPlace, Bytes, Choice, Constant, Content, Enum, Extent, Field, Int, Layout, Nesting, Param, Role,
    RustShape, Since, Size, Type,
};

/// A layout whose sizes are not known yet.
#[derive(Debug)]
pub(super) struct Body<'d> {
    pub(super) draft: &'d LayoutDraft,
    pub(super) lines: Vec<Line<'d>>,
    /// What the layout around it hands in.
    pub(super) params: Vec<Param>,
    /// What chooses the line that is there, if it is a union.
    pub(super) choice: Option<Choice>,
    /// The most bytes that it takes, if that is said behind its closing brace.
    pub(super) max: Option<u64>,
    /// Whether all of it is understood. If not, a mistake is reported, and what depends on it is passed over.
    pub(super) sound: bool,
}

/// A line of a layout.
#[derive(Debug)]
pub(super) struct Line<'d> {
    pub(super) draft: &'d FieldDraft,
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) role: Role,
    /// Where its bits stand.
    pub(super) bits: Option<BitPlace>,
    /// The limit that is written on it.
    pub(super) max: Option<Spanned<u64>>,
    /// `if`, as it is written.
    pub(super) condition: Option<&'d Formula>,
    /// The same, checked.
    pub(super) present_if: Option<ir::Formula>,
    /// What is handed to its struct.
    pub(super) args: Vec<ir::Formula>,
    /// What ends it, if it is a list that ends with an element.
    pub(super) sentinel: Option<Sentinel<'d>>,
    /// `where`, as it is written.
    pub(super) written_rules: Vec<&'d Formula>,
    /// The same, checked.
    pub(super) rules: Vec<ir::Formula>,
    /// The earlier number that says how many bytes are the region of this line alone.
    pub(super) region: Option<usize>,
    /// How many bytes stand behind it, if it is a struct that takes all else.
    pub(super) leaves: Option<u64>,
    /// `since`, as it is written.
    pub(super) written_since: Option<&'d Spanned<u32>>,
    /// The same, checked.
    pub(super) since: Option<Since>,
    /// The size by itself, later within its frame.
    pub(super) size: Size,
    pub(super) stream: bool,
    /// `nocase`.
    pub(super) nocase: Option<Origin>,
    /// The path of the type that it is held as, if `as` says one.
    pub(super) converted: Option<String>,
}

/// Reads a layout.
pub(super) fn resolve<'d>(cx: &mut Context<'d>, draft: &'d LayoutDraft, enums: &[Option<Enum>]) -> Body<'d> {
    let fields = draft.fields.iter().filter_map(|field| match &field.kind {
        FieldKind::Named(name, _) => Some(name),
        _ => None,
    });
    // A formula could mean either of a parameter and a field of one name.
    names::distinct(cx, draft.params.iter().map(|param| &param.name).chain(fields));
    let kind = if matches!(draft.kind, LayoutKind::Union { .. }) { Kind::Variant } else { Kind::Field };
    if draft.fields.is_empty() {
        let (what, help) = match kind {
            Kind::Variant => ("arms", "write an arm into it: `1 First { id: u8 }`"),
            _ => ("fields", "write a field into it: `len: u32 = size(self)`, `body: bytes[..]`"),
        };
        cx.report(
            Diagnostic::new(Code::Empty, draft.name.origin, format!("`{}` has no {what}", draft.name.text))
                .why("nothing would stand on the wire")
                .help(help),
        );
    }
    let read: Vec<Option<(Line<'d>, Option<&'d Expr>)>> = (0..draft.fields.len())
        .map(|at| line(cx, Scope { fields: &draft.fields, params: &draft.params, at }, kind))
        .collect();
    let mut sound = !draft.fields.is_empty() && read.iter().all(Option::is_some);
    let types: Vec<Option<Type>> = read.iter().map(|read| read.as_ref().map(|(line, _)| line.ty.clone())).collect();
    let mut lines = Vec::new();
    for (at, read) in read.into_iter().enumerate() {
        let Some((mut line, equals)) = read else { continue };
        let scope = Scope { fields: &draft.fields, params: &draft.params, at };
        match equations::role(cx, scope, &types, equals, &mut line, enums) {
            Some(role) => line.role = role,
            None => sound = false,
        }
        if let Some(at) = line.nocase {
            sound &= without_case(cx, &mut line.ty, at);
        }
        lines.push(line);
    }
    let params = choices::params(cx, draft);
    let choice = choices::resolve(cx, draft, enums);
    sound &= params.is_some() && choice.is_some();
    let mut body =
        Body { draft, lines, params: params.unwrap_or_default(), choice: choice.flatten(), max: None, sound };
    if body.sound {
        bits::resolve(cx, &mut body, enums);
    }
    if body.sound {
        checksums::check(cx, &mut body);
        via::check(cx, &mut body);
        externs::check(cx, &mut body);
    }
    body
}

fn line<'d>(cx: &mut Context<'_>, scope: Scope<'d>, kind: Kind) -> Option<(Line<'d>, Option<&'d Expr>)> {
    let draft = &scope.fields[scope.at];
    let mut attrs = attrs::sort(cx, &draft.attrs);
    let (typed, equals) = match &draft.kind {
        FieldKind::Extension => return Some((extension(draft), None)),
        FieldKind::Filler(fill) => {
            let condition = attrs.take_condition();
            let ty = fillers::line(cx, scope.at, fill)?;
            return Some((Line { role: Role::Constant(0), condition, ..plain(draft, ty) }, None));
        }
        FieldKind::Tag { value, bits } => return Some((tag(draft, *value, *bits), None)),
        FieldKind::Literal(literal) => {
            let (nocase, condition) = (attrs.take_nocase(), attrs.take_condition());
            attrs.refuse(cx, "a constant");
            return Some((Line { nocase, condition, ..constant(cx, draft, literal)? }, None));
        }
        FieldKind::Named(name, ty) => {
            names::check(cx, name, kind);
            (types::resolve(cx, scope, ty, &mut attrs), attrs.take_equals())
        }
        FieldKind::Reserved(ty) => {
            let typed = types::resolve(cx, scope, ty, &mut attrs);
            let equals = attrs.take_equals();
            if equals.is_none() {
                cx.report(
                    Diagnostic::new(Code::BadConstant, draft.origin, "a reserved field without its value")
                        .why("the encoder must know what to send")
                        .help(format!("write `{} = 0`", spell::line(draft))),
                );
                return None;
            }
            (typed, equals)
        }
    };
    // What belongs to a type that is not known cannot be judged.
    let typed = typed?;
    let mut stream = false;
    let chosen = matches!(&draft.kind, FieldKind::Named(_, ty) if ty.given.is_some() && ty.extent.is_none());
    let chunks = matches!(typed.ty, Type::List { count: Extent::Where(_), .. });
    if (chosen || chunks || matches!(&typed.ty, Type::Bytes(Bytes { content: Content::Bytes, .. })))
        && attrs.take_stream().is_some()
    {
        // Whether it can be handed out in parts is known when the message around it is.
        stream = true;
    }
    let is_pointed = matches!(typed.ty, Type::Struct(_)) && attrs.take_place().is_some();
    let role = if is_pointed { pointers::unread() } else { Role::Value };
    let ends_with_one = matches!(typed.ty, Type::List { count: Extent::Where(_), .. });
    let sentinel = if ends_with_one { attrs.take_sentinel() } else { None };
    let (condition, written_rules, written_since) = (attrs.take_condition(), attrs.take_rules(), attrs.take_since());
    // Of bytes that turn out to be a constant.
    let nocase = equals.and_then(|_| attrs.take_nocase());
    // It has a line of its own.
    if kind == Kind::Field {
        attrs.take_fill();
    }
    let converted = attrs.take_as().map(|path| externs::held_as(cx, path));
    attrs.refuse(cx, &type_name(draft));
    check_held(cx, draft, &typed.ty);
    let (ty, max) = (typed.ty, typed.max);
    let line = Line {
        role,
        max,
        condition,
        written_since,
        sentinel,
        written_rules,
        stream,
        nocase,
        converted,
        ..plain(draft, ty)
    };
    Some((line, equals))
}

/// A line of which nothing is known but its type.
fn plain(draft: &FieldDraft, ty: Type) -> Line<'_> {
    Line {
        draft,
        name: spell::name(draft),
        ty,
        role: Role::Value,
        bits: None,
        max: None,
        condition: None,
        present_if: None,
        written_since: None,
        since: None,
        args: Vec::new(),
        sentinel: None,
        written_rules: Vec::new(),
        rules: Vec::new(),
        region: None,
        leaves: None,
        size: Size { least: 0, most: None },
        stream: false,
        nocase: None,
        converted: None,
    }
}

fn type_name(draft: &FieldDraft) -> String {
    match &draft.kind {
        FieldKind::Named(_, ty) | FieldKind::Reserved(ty) => spell::ty(ty),
        FieldKind::Literal(_) | FieldKind::Extension | FieldKind::Filler(_) | FieldKind::Tag { .. } => {
            "a constant".to_owned()
        }
    }
}

/// What newer peers add behind the last field: all that is left, and nobody's.
fn extension(draft: &FieldDraft) -> Line<'_> {
    let extent = Extent::Rest { tail: 0, until_end: false };
    let ty = Type::Bytes(Bytes {
        content: Content::Bytes,
        extent,
        max: None,
        trim: None,
        pad: None,
        within: None,
        via: None,
    });
    Line { role: Role::Extension, ..plain(draft, ty) }
}

/// The tag of an arm, in the bits that its own leave.
fn tag(draft: &FieldDraft, value: i128, bits: u8) -> Line<'_> {
    Line { role: Role::Constant(value), ..plain(draft, Type::Int(Int::Bits { bits }, None)) }
}

/// A constant that stands alone on its line.
fn constant<'d>(cx: &mut Context<'_>, draft: &'d FieldDraft, literal: &Literal) -> Option<Line<'d>> {
    let bytes = match names::literal(cx, literal, draft.origin)? {
        Literal::Bytes(bytes) if !bytes.is_empty() => bytes,
        Literal::Bytes(_) => {
            cx.report(
                Diagnostic::new(Code::Empty, draft.origin, "a constant of no bytes")
                    .why("nothing would stand on the wire")
                    .help("take the line out"),
            );
            return None;
        }
        _ => {
            cx.report(
                Diagnostic::new(Code::BadConstant, draft.origin, "a number without a width")
                    .why("a bare constant is bytes; how many a number takes, its type says")
                    .help(format!("write `_: u8 = {}`", spell::literal(literal))),
            );
            return None;
        }
    };
    Some(Line { role: Role::Constant(0), ..plain(draft, Type::Constant(Constant { bytes, nocase: false })) })
}

/// A constant that is taken in capital and small letters.
fn without_case(cx: &mut Context<'_>, ty: &mut Type, at: Origin) -> bool {
    let why = match ty {
        Type::Constant(constant) if constant.bytes.iter().any(u8::is_ascii_alphabetic) => {
            constant.nocase = true;
            return true;
        }
        Type::Constant(_) => "no letter of ASCII is in it",
        _ => "a number has no capital letters",
    };
    cx.report(Diagnostic::new(Code::BadAttribute, at, "`nocase` changes nothing").why(why).help("take `nocase` out"));
    false
}

/// Serde reads and writes JSON alone.
fn check_held(cx: &mut Context<'_>, draft: &FieldDraft, ty: &Type) {
    let json = matches!(ty, Type::Bytes(Bytes { content: Content::Json, .. }));
    if draft.held == Held::Serde && !json {
        cx.report(
            Diagnostic::new(Code::BadRustType, draft.origin, format!("`{}` is not JSON", spell::name(draft)))
                .why("a type of your own is read and written by serde, which this version does for `json` only")
                .help("make the field `json`, or hold it as `&[u8]`, `&str`, `Vec<u8>` or `String`"),
        );
    }
    if draft.held == Held::Array && matches!(ty, Type::Bytes(Bytes { pad: Some(_), .. })) {
        cx.report(
            Diagnostic::new(
                Code::BadRustType,
                draft.origin,
                format!("`{}` is shorter than its array", spell::name(draft)),
            )
            .why("an array has always all its bytes, and a pad is none of the value")
            .help("hold it as `&[u8]`, or take `pad` out"),
        );
    }
}

impl Body<'_> {
    /// The checked layout, once the sizes are known.
    pub(super) fn finish(
        self,
        cx: &Context<'_>,
        size: Size,
        structs: &[Option<Layout>],
        nesting: Option<Nesting>,
    ) -> Layout {
        let (max, hops) = (self.max, pointers::hops(cx.draft, self.draft));
        let until_end = self.lines.iter().any(|line| endings::goes_on(line, structs));
        let borrows = match self.draft.rust {
            RustShape::Existing { lifetime } => lifetime,
            RustShape::Generated => self.lines.iter().any(|line| borrows(cx, line, structs)),
        };
        let field = |line: Line<'_>| Field {
            held: if externs::is_converted(&line) { Held::Converted } else { line.draft.held },
            docs: line.draft.docs.clone(),
            name: line.name,
            role: line.role,
            ty: line.ty,
            condition: line.present_if,
            args: line.args,
            rules: line.rules,
            region: line.region,
            leaves: line.leaves,
            since: line.since,
            converted: line.converted,
            bits: line.bits,
            size: line.size,
            stream: line.stream,
            line: cx.draft.line(line.draft.origin),
        };
        Layout {
            docs: self.draft.docs.clone(),
            name: self.draft.name.text.clone(),
            params: self.params,
            fields: self.lines.into_iter().map(field).collect(),
            choice: self.choice,
            nesting,
            max,
            hops,
            size,
            until_end,
            borrows,
            rust: self.draft.rust,
            file: cx.draft.file(self.draft.name.origin).map(str::to_owned),
            line: cx.draft.line(self.draft.name.origin),
        }
    }

    /// What is known of it before it is measured: a layout that contains itself is looked at while it is not finished.
    pub(super) fn outline(&self, cx: &Context<'_>, size: Size) -> Layout {
        let field = |line: &Line<'_>| Field {
            docs: Vec::new(),
            name: line.name.clone(),
            role: line.role.clone(),
            ty: line.ty.clone(),
            condition: None,
            args: Vec::new(),
            rules: Vec::new(),
            region: None,
            leaves: None,
            since: None,
            held: if externs::is_converted(line) { Held::Converted } else { line.draft.held },
            converted: line.converted.clone(),
            bits: line.bits,
            size: line.size,
            stream: line.stream,
            line: cx.draft.line(line.draft.origin),
        };
        Layout {
            docs: Vec::new(),
            name: self.draft.name.text.clone(),
            params: self.params.clone(),
            fields: self.lines.iter().map(field).collect(),
            choice: self.choice.clone(),
            nesting: None,
            max: None,
            hops: None,
            size,
            until_end: false,
            file: cx.draft.file(self.draft.name.origin).map(str::to_owned),
            borrows: true,
            rust: self.draft.rust,
            line: cx.draft.line(self.draft.name.origin),
        }
    }

    /// Whether it travels alone.
    pub(super) fn is_message(&self) -> bool {
        matches!(self.draft.kind, LayoutKind::Message { .. })
    }
}

/// Whether the Rust field borrows from the frame.
fn borrows(cx: &Context<'_>, line: &Line<'_>, structs: &[Option<Layout>]) -> bool {
    if line.role != Role::Value {
        return matches!(line.role, Role::Pointed(_));
    }
    if let Some(path) = &line.converted {
        return path.contains("'a");
    }
    match &line.ty {
        Type::Bytes(Bytes { content: Content::Word(words), .. }) => {
            cx.words[*words].as_ref().is_some_and(|words| words.open)
        }
        Type::Bytes(_) => line.draft.held == Held::View,
        Type::List { .. } => true,
        Type::Struct(index) => structs[*index].as_ref().is_some_and(|layout| layout.borrows),
        Type::Constant(_) | Type::Filler(_) | Type::Int(..) | Type::Float { .. } | Type::Enum(_) => false,
    }
}

/// Where bytes or a list end.
pub(super) fn extent(ty: &Type) -> Option<&Extent> {
    match ty {
        Type::Bytes(bytes) => Some(&bytes.extent),
        Type::List { count, .. } => Some(count),
        _ => None,
    }
}

/// The same, to be changed.
pub(super) fn extent_mut(ty: &mut Type) -> Option<&mut Extent> {
    match ty {
        Type::Bytes(bytes) => Some(&mut bytes.extent),
        Type::List { count, .. } => Some(count),
        _ => None,
    }
}
