//! From the words of a type to what stands on the wire.

use super::attrs::{self, Attrs};
use super::declared::unknown_type;
use super::names::{self, Item};
use super::words::{self, Word};
use super::{Context, headers, lengths, sentinels, spell, suggest, via, vocabulary};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{ExtentDraft, ExtentKind, FieldDraft, FieldKind, Literal, Origin, ParamDraft, Spanned, TypeDraft};
use crate::ir::{Bytes, Content, Extent, Int, Type};

/// The layout that a type stands in: its lines, and which of them is being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'d> {
    pub(super) fields: &'d [FieldDraft],
    pub(super) params: &'d [ParamDraft],
    pub(super) at: usize,
}

impl<'d> Scope<'d> {
    /// The index of the field `name`.
    pub(super) fn find(self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| matches!(&field.kind, FieldKind::Named(found, _) if found.text == name))
    }

    /// The names of all fields in `range`.
    pub(super) fn names(self, range: std::ops::Range<usize>) -> impl Iterator<Item = &'d str> + Clone {
        self.fields[range].iter().filter_map(|field| match &field.kind {
            FieldKind::Named(name, _) => Some(name.text.as_str()),
            _ => None,
        })
    }

    fn line(self) -> &'d FieldDraft {
        &self.fields[self.at]
    }
}

/// A type, and the limit that is written on it.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) ty: Type,
    pub(super) max: Option<Spanned<u64>>,
}

/// Reads a type and takes the attributes that belong to it.
pub(super) fn resolve(cx: &mut Context<'_>, scope: Scope<'_>, ty: &TypeDraft, attrs: &mut Attrs<'_>) -> Option<Typed> {
    let word = words::word(&ty.name.text, cx.endian());
    if let (Some(body), false) = (&ty.body, word == Some(Word::Content(Content::Json))) {
        cx.report(
            Diagnostic::new(Code::UnknownType, body.origin, format!("`{}` takes no body", ty.name.text))
                .why("only `json` is followed by the name of its body")
                .help(format!("write `json {}` or `{}`", body.text, ty.name.text)),
        );
        return None;
    }
    // A list needs no brackets if it says which element is the last, or that all are its own.
    let alone = ty.extent.is_none() && !attrs.has_sentinel() && !attrs.has_until_end();
    let element = match word {
        Some(Word::Content(content)) => return content_type(cx, scope, ty, content, attrs),
        Some(Word::Digits { radix, signed }) => {
            return digits(cx, ty, radix, signed, attrs).map(|int| integer(cx, int, attrs));
        }
        Some(Word::Int(int)) if alone => {
            let int = spelling(cx, int, attrs)?;
            return Some(integer(cx, int, attrs));
        }
        Some(Word::Int(int)) => {
            let int = spelling(cx, int, attrs)?;
            element(cx, ty, int)?
        }
        Some(Word::Float { bytes, endian }) => Type::Float { bytes, endian },
        None => match cx.names.item(&ty.name.text) {
            Some(Item::Int(index)) if alone => {
                return cx.ints[index].clone().map(|int| integer(cx, Int::Escaping(int), attrs));
            }
            Some(Item::Int(index)) => element(cx, ty, Int::Escaping(cx.ints[index].clone()?))?,
            Some(Item::Enum(index)) => Type::Enum(index),
            Some(Item::Words(index)) => return content_type(cx, scope, ty, Content::Word(index), attrs),
            Some(Item::Struct(index)) => Type::Struct(index),
            Some(other) => {
                cx.report(not_embeddable(ty, other));
                return None;
            }
            None => {
                cx.report(unknown_type(cx, ty));
                return None;
            }
        },
    };
    let (max, count) = match &ty.extent {
        Some(brackets) => (attrs.take_max(cx), extent(cx, scope, brackets)?),
        None if attrs.has_sentinel() => (attrs.take_max(cx), sentinels::unread()),
        None if attrs.take_until_end().is_some() => (attrs.take_max(cx), Extent::Rest { tail: 0, until_end: true }),
        None => return Some(Typed { ty: element, max: None }),
    };
    if let (Extent::Fixed(count), Some(max)) = (&count, &max) {
        cx.report(useless(max, format!("there are always {count} elements")));
    }
    let ty = Type::List { element: Box::new(element), count, max: max.as_ref().map(|max| max.value) };
    Some(Typed { ty, max })
}

/// A number of whose spellings `minimal` takes the shortest alone.
fn spelling(cx: &mut Context<'_>, int: Int, attrs: &mut Attrs<'_>) -> Option<Int> {
    let (word, int) = match int {
        Int::Vlq { .. } => return Some(Int::Vlq { minimal: attrs.take_minimal().is_some() }),
        Int::Quic { .. } => return Some(Int::Quic { minimal: attrs.take_minimal().is_some() }),
        Int::Varint { signed } => (if signed { "svarint" } else { "varint" }, int),
        other => return Some(other),
    };
    let Some(at) = attrs.take_minimal() else { return Some(int) };
    cx.report(
        Diagnostic::new(Code::BadAttribute, at, format!("`{word}` is always the shortest"))
            .why("a longer spelling of it is refused anyway")
            .help("take `minimal` out"),
    );
    None
}

/// A number as the element of a list: whole bytes.
fn element(cx: &mut Context<'_>, ty: &TypeDraft, int: Int) -> Option<Type> {
    if int.needs_run() {
        cx.report(bits_alone(ty, "the elements of a list do not", "`u8`"));
        return None;
    }
    Some(Type::Int(int, None))
}

/// Bits where whole bytes belong.
pub(super) fn bits_alone(ty: &TypeDraft, where_: &str, instead: &str) -> Diagnostic {
    Diagnostic::new(Code::BadBits, ty.name.origin, format!("`{}` is no whole byte", ty.name.text))
        .why(format!("bits fill bytes together with the fields beside them; {where_}"))
        .help(format!("write {instead}"))
}

/// A message or a JSON body where a struct belongs.
fn not_embeddable(ty: &TypeDraft, item: Item) -> Diagnostic {
    let name = &ty.name.text;
    let diagnostic =
        Diagnostic::new(Code::UnknownType, ty.name.origin, format!("`{name}` cannot be a field like this"));
    match item {
        Item::Json(_) => diagnostic.why("it is the body of a JSON field").help(format!("write `json {name}`")),
        Item::Extern => diagnostic
            .why("it stands for one value of the wire, and is made anew whenever that is read")
            .help("take a list of what it stands for, and make it of each element; or put it into a struct"),
        _ => diagnostic
            .why("a message travels alone; what stands inside of others is a struct")
            .help(format!("declare `struct {name} {{ … }}`")),
    }
}

/// A number with the range that its attributes allow.
pub(super) fn integer(cx: &mut Context<'_>, int: Int, attrs: &mut Attrs<'_>) -> Typed {
    let range = attrs.take_range(cx);
    if let Some(max) = attrs.take_max(cx) {
        let least = range.as_ref().map_or(int.range().0.max(0), |range| range.value.0);
        cx.report(
            Diagnostic::new(Code::BadAttribute, max.origin, "`max` of a number")
                .why("`max` says how long bytes, text, lists and numbers in digits may be; a number is bounded by its range")
                .help(format!("did you mean `in {least}..={}`?", max.value)),
        );
    }
    let (least, most) = int.range();
    if let Some(range) = &range {
        let (low, high) = range.value;
        if low < least || high > most {
            cx.report(
                Diagnostic::new(Code::BadRange, range.origin, format!("{low}..={high} is wider than the number"))
                    .why(format!("it can only be {least} to {most}"))
                    .help(format!("write `in {}..={}`", low.clamp(least, most), high.clamp(least, most))),
            );
            return Typed { ty: Type::Int(int, None), max: None };
        }
    }
    let range = range.map(|range| range.value).filter(|range| *range != (least, most));
    Typed { ty: Type::Int(int, range), max: None }
}

/// `dec[10]`, `hex[4]`, `dec until ":" max 9`.
fn digits(cx: &mut Context<'_>, ty: &TypeDraft, radix: u8, signed: bool, attrs: &mut Attrs<'_>) -> Option<Int> {
    let word = ty.name.text.as_str();
    let most: u8 = if radix == 16 { 16 } else { 19 };
    if let Some(brackets) = &ty.extent {
        let count = match &brackets.kind {
            ExtentKind::Literal(literal) => match names::literal(cx, literal, brackets.origin)? {
                Literal::Int(count) => u8::try_from(count).ok().filter(|count| (1..=most).contains(count)),
                _ => None,
            },
            _ => None,
        };
        if signed {
            cx.report(
                Diagnostic::new(Code::NotYet, brackets.origin, "signed digits of a fixed count are not there yet")
                    .why("where the sign would stand is not settled")
                    .help("write `idec until \" \" max 10`, for example"),
            );
            return None;
        }
        let Some(digits) = count else {
            cx.report(
                Diagnostic::new(Code::UnexpectedLength, brackets.origin, "not a count of digits")
                    .why(format!("`{word}[n]` is exactly n digits, 1 to {most}, so that it fits 64 bits"))
                    .help(format!("write `{word}[{most}]` or `{word} until \":\" max 9`")),
            );
            return None;
        };
        return Some(Int::Digits { radix, digits });
    }
    let Some(ends) = attrs.take_until(cx) else {
        cx.report(
            Diagnostic::new(Code::MissingLength, ty.name.origin, format!("where does this `{word}` end?"))
                .why("a number in digits has a fixed count of them, or a delimiter behind it")
                .help(format!("write `{word}[10]` or `{word} until \":\" max 9`")),
        );
        return None;
    };
    let most = most + u8::from(radix == 10);
    let max = match attrs.take_max(cx) {
        None => most,
        Some(max) => match u8::try_from(max.value).ok().filter(|max| *max <= most) {
            Some(max) => max,
            None => {
                cx.report(
                    Diagnostic::new(Code::BadAttribute, max.origin, format!("{} digits are too many", max.value))
                        .why("a number has at most 64 bits")
                        .help(format!("write `max {most}` or less")),
                );
                return None;
            }
        },
    };
    let ends = ends?;
    let digit = |byte: &u8| char::from(*byte).is_digit(radix.into()) || (signed && *byte == b'-');
    if ends.all().any(|end| end.first().is_some_and(digit)) {
        cx.report(
            Diagnostic::new(Code::BadAttribute, ty.name.origin, "the delimiter starts with a digit")
                .why("where the number ends could not be told")
                .help("end it with something that is no digit, such as `\":\"`"),
        );
        return None;
    }
    Some(Int::Until { radix, signed, ends, max })
}

/// `bytes`, `str`, `ascii` and `json`.
fn content_type(
    cx: &mut Context<'_>,
    scope: Scope<'_>,
    ty: &TypeDraft,
    content: Content,
    attrs: &mut Attrs<'_>,
) -> Option<Typed> {
    let content = match &ty.body {
        Some(body) => match cx.names.item(&body.text) {
            Some(Item::Json(index)) => Some(Content::JsonBody(index)),
            _ => {
                let help = suggest::nearest(&body.text, cx.names.types(|item| matches!(item, Item::Json(_))))
                    .map_or_else(
                        || format!("declare it: `json {} {{ name: str }}`", body.text),
                        |near| format!("did you mean `{near}`?"),
                    );
                cx.report(
                    Diagnostic::new(Code::UnknownType, body.origin, format!("no JSON body `{}`", body.text)).help(help),
                );
                None
            }
        },
        None => Some(content),
    };
    let max = attrs.take_max(cx);
    if content == Some(Content::Headers) {
        if let Some(brackets) = &ty.extent {
            cx.report(
                Diagnostic::new(Code::UnexpectedLength, brackets.origin, "headers say themselves where they end")
                    .why("an empty line stands behind the last of them")
                    .help("write `headers max 64K`"),
            );
            return None;
        }
        return bounded(cx, scope, ty, (Content::Headers, Extent::Lines, None), max, attrs);
    }
    let ends = attrs.has_until() || attrs.has_until_end();
    let extent = match (&ty.extent, ends) {
        (Some(brackets), true) => {
            attrs.take_until(cx);
            attrs.take_until_end();
            attrs.take_trim(cx);
            cx.report(
                Diagnostic::new(Code::UnexpectedLength, brackets.origin, "the field has two ends")
                    .why("brackets say how long it is, and `until` says it again")
                    .help(format!("keep one: `{}`", spell::line_with(scope.line(), &ty.name.text))),
            );
            return None;
        }
        (Some(brackets), false) => extent(cx, scope, brackets)?,
        (None, true) if !attrs.has_until() => {
            attrs.take_until_end();
            Extent::Rest { tail: 0, until_end: true }
        }
        (None, true) => {
            let extent = Extent::Until(attrs.take_until(cx)??);
            let trim = attrs.take_trim(cx);
            return bounded(cx, scope, ty, (content?, extent, trim), max, attrs);
        }
        (None, false) if scope.at + 1 == scope.fields.len() => Extent::Rest { tail: 0, until_end: false },
        (None, false) => {
            let field = scope.line();
            cx.report(
                Diagnostic::new(Code::MissingLength, ty.name.origin, format!("how long is `{}`?", spell::name(field)))
                    .why("only the last field may go without a length: it takes the rest")
                    .help(format!(
                        "write `{}`, or `{} until \"\\n\"`",
                        spell::line_with(field, &format!("{}[u16]", ty.name.text)),
                        spell::line(field)
                    )),
            );
            return None;
        }
    };
    if let (Extent::Fixed(bytes), Some(max)) = (&extent, &max) {
        cx.report(useless(max, format!("it always has {}", spell::count(*bytes, "byte"))));
    }
    bounded(cx, scope, ty, (content?, extent, None), max, attrs)
}

/// Bytes with their limit and the range of each of them.
fn bounded(
    cx: &mut Context<'_>,
    scope: Scope<'_>,
    ty: &TypeDraft,
    (content, extent, trim): (Content, Extent, Option<Vec<u8>>),
    max: Option<Spanned<u64>>,
    attrs: &mut Attrs<'_>,
) -> Option<Typed> {
    let most = match content {
        Content::Bytes | Content::Str => Some(0xff),
        Content::Ascii => Some(0x7f),
        Content::Word(_) | Content::Headers | Content::Json | Content::JsonBody(_) => None,
    };
    let within = match most {
        Some(most) => characters(cx, most, attrs)?,
        None => None,
    };
    let text = matches!(content, Content::Bytes | Content::Str | Content::Ascii);
    let pad = match extent {
        Extent::Fixed(_) if text => attrs.take_pad(cx).flatten(),
        _ => None,
    };
    let via = match attrs.take_via() {
        Some((name, argument, origin)) => Some(via::resolve(cx, scope, name, argument, origin)?),
        None => None,
    };
    let mut bytes = Bytes { content, extent, max: max.as_ref().map(|max| max.value), within, trim, pad, via };
    vocabulary::fit(cx, &mut bytes, ty.name.origin)?;
    Some(Typed { ty: Type::Bytes(bytes), max })
}

/// `in ' '..='~'`: what each byte may be. The outer option is none if it is wrong.
fn characters(cx: &mut Context<'_>, most: u8, attrs: &mut Attrs<'_>) -> Option<Option<(u8, u8)>> {
    let Some(range) = attrs.take_range(cx) else { return Some(None) };
    let (low, high) = range.value;
    if let (Ok(low), Ok(high)) = (u8::try_from(low), u8::try_from(high))
        && high <= most
    {
        return Some(Some((low, high)));
    }
    cx.report(
        Diagnostic::new(Code::BadRange, range.origin, format!("{low}..={high} is wider than a byte of it"))
            .why(format!("`in` behind text says what each byte may be: 0 to {most}"))
            .help("write `in ' '..='~'` for text of one line, for example"),
    );
    None
}

/// A limit that can never be reached.
pub(super) fn useless(max: &Spanned<u64>, why: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::UselessLimit, max.origin, format!("`max {}` changes nothing", max.value))
        .why(why)
        .help("take `max` out, or make it smaller")
}

/// What stands in brackets, in bytes or in elements.
fn extent(cx: &mut Context<'_>, scope: Scope<'_>, draft: &ExtentDraft) -> Option<Extent> {
    match &draft.kind {
        ExtentKind::Rest => Some(Extent::Rest { tail: 0, until_end: false }),
        ExtentKind::Formula(_) => Some(lengths::unread()),
        ExtentKind::Header(name) => headers::name(cx, name).map(Extent::Header),
        ExtentKind::Literal(literal) => fixed(cx, literal, draft.origin),
        ExtentKind::Typed(ty, attrs) => {
            let bare = ty.extent.is_none() && ty.body.is_none() && attrs.is_empty();
            let name = ty.name.text.as_str();
            if bare && let Some(index) = scope.find(name) {
                if index < scope.at {
                    return Some(Extent::Field(index));
                }
                cx.report(
                    Diagnostic::new(Code::UsedBeforeRead, ty.name.origin, format!("`{name}` is not read yet"))
                        .why("bytes are read from front to back, so a length stands in front of what it measures")
                        .help(format!("move `{name}` above `{}`", spell::name(scope.line())))
                        .note(scope.fields[index].origin, "it stands here"),
                );
                return None;
            }
            if bare && scope.params.iter().any(|param| param.name.text == name) {
                return Some(lengths::unread());
            }
            if bare && cx.names.constant(name).is_some() {
                return fixed(cx, &Literal::Const(name.to_owned()), ty.name.origin);
            }
            prefix(cx, scope, ty, attrs)
        }
    }
}

/// `[16]`, `[KEY_BYTES]`.
fn fixed(cx: &mut Context<'_>, literal: &Literal, origin: Origin) -> Option<Extent> {
    let label = match names::literal(cx, literal, origin)? {
        Literal::Int(count) => match u64::try_from(count) {
            Ok(count) => return Some(Extent::Fixed(count)),
            Err(_) => format!("{count} is no length"),
        },
        _ => "bytes are no length".to_owned(),
    };
    cx.report(
        Diagnostic::new(Code::BadConstant, origin, label)
            .why("a length is a whole number from 0")
            .help("write `[16]`, for example"),
    );
    None
}

/// `[u16]`, `[dec until ":" max 9]`.
fn prefix(cx: &mut Context<'_>, scope: Scope<'_>, ty: &TypeDraft, written: &[crate::draft::Attr]) -> Option<Extent> {
    let name = ty.name.text.as_str();
    let mut attrs = attrs::sort(cx, written);
    let int = match words::word(name, cx.endian()) {
        Some(Word::Int(int)) if ty.extent.is_none() => Some(spelling(cx, int, &mut attrs)?),
        Some(Word::Digits { radix, signed }) => {
            let int = digits(cx, ty, radix, signed, &mut attrs)?;
            attrs.refuse(cx, "a prefix");
            return unsigned(cx, ty, int);
        }
        Some(_) => None,
        None if cx.names.item(name).is_some() => match cx.names.item(name) {
            Some(Item::Int(index)) => Some(Int::Escaping(cx.ints[index].clone()?)),
            _ => None,
        },
        None => {
            if let Some(ours) = words::foreign(name) {
                let label = format!("no type `{name}`");
                let why = "types start the way Rust's do";
                cx.report(
                    Diagnostic::new(Code::UnknownType, ty.name.origin, label)
                        .why(why)
                        .help(format!("write `[{ours}]`")),
                );
                return None;
            }
            let earlier = scope.names(0..scope.at);
            let ints = words::WORDS.iter().copied().filter(|word| word.starts_with('u') || word.ends_with("int"));
            let help = match suggest::nearest(name, earlier.chain(ints)) {
                Some(near) => format!("did you mean `[{near}]`?"),
                None => format!("add `{name}: u16 = size({})` above, or write `[u16]`", spell::name(scope.line())),
            };
            cx.report(
                Diagnostic::new(Code::UnknownField, ty.name.origin, format!("no field `{name}`"))
                    .why("in brackets stands a number, an earlier field, an integer type, or `..`")
                    .help(help),
            );
            return None;
        }
    };
    let Some(int) = int else {
        cx.report(
            Diagnostic::new(Code::BadAttribute, ty.name.origin, format!("`{}` is no length", spell::ty(ty)))
                .why("only an integer can say how long something is")
                .help("write `[u16]`, or `[dec until \":\" max 9]`"),
        );
        return None;
    };
    attrs.refuse(cx, "a prefix");
    if int.needs_run() {
        cx.report(bits_alone(ty, "a prefix does not", "`[u8]`, or name an earlier field of bits in the brackets"));
        return None;
    }
    unsigned(cx, ty, int)
}

/// A length is never negative, and 64 bits are enough for it.
fn unsigned(cx: &mut Context<'_>, ty: &TypeDraft, int: Int) -> Option<Extent> {
    if let Some(why) = no_length(&int, false) {
        cx.report(
            Diagnostic::new(Code::BadAttribute, ty.name.origin, format!("`{}` cannot be a length", ty.name.text))
                .why(why)
                .help("write `u16` or `u32`"),
        );
        return None;
    }
    Some(Extent::Prefix(int))
}

/// Why an integer cannot be a length or a count; one that says by its sign that something is absent can be.
pub(super) fn no_length(int: &Int, absent: bool) -> Option<&'static str> {
    match int {
        Int::Fixed { bytes: 16, .. } => Some("64 bits are enough for any length"),
        Int::Fixed { signed: true, .. } | Int::Varint { signed: true } | Int::Until { signed: true, .. } if !absent => {
            Some("a length is never negative, and this number can be")
        }
        Int::Flag => Some("it is true or false"),
        _ => None,
    }
}
