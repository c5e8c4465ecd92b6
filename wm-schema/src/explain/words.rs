//! Parts of a checked schema in words.

use crate::ir::{
    Action, Bytes, Checksum, Content, Delimiters, Endian, EnvelopeKind, Equation, Extent, FaultKind, Field, Framing,
    Int, Layout, Measure, Message, Recover, Role, Scale, Schema, Size, Type, Via,
};
use crate::resolve::spell::{bytes, count};

/// The class of a framing, and why it is that.
pub(crate) fn framing(schema: &Schema, message: &Message) -> (String, String) {
    let fields = &message.layout.fields;
    match &message.framing {
        Framing::Walk if message.layout.until_end => {
            let last = fields.last().map_or("", |field| field.name.as_str());
            ("end".to_owned(), format!("`{last}` goes on to the end of the connection, and nothing can follow it"))
        }
        Framing::Walk => (
            "walk".to_owned(),
            "the framer goes field by field, and looks once at each byte that it does not pass".to_owned(),
        ),
        Framing::Outer(envelope) => {
            let end = match envelope.kind {
                EnvelopeKind::Slip => "SLIP ends each packet by a byte that its content escapes",
                EnvelopeKind::Cobs => "COBS ends each frame by a zero, which its content never has",
                EnvelopeKind::Line => "a frame is a line, which LF or CRLF ends",
                EnvelopeKind::Json => "a frame is an object or a list of JSON, which ends at its last brace",
            };
            ("outer".to_owned(), format!("{end}; the layout is all that it holds"))
        }
        Framing::Datagram { .. } => {
            ("outer".to_owned(), "a frame is a datagram; the layout is all that it holds".to_owned())
        }
        Framing::Fixed { bytes } => {
            (format!("fixed({bytes})"), "all fields have a fixed size, so the framer only compares lengths".to_owned())
        }
        Framing::Until { field, ends, tail, .. } => {
            let end = delimiters(ends);
            let behind = if *tail > 0 { format!(", and {} follow it", count(*tail, "byte")) } else { String::new() };
            let at = delimited(ends);
            let why = format!("`{}` ends at {at}{behind}, so the framer looks at each byte once", fields[*field].name);
            (format!("until({end})"), why)
        }
        Framing::Prefix { field, at, int, .. } => {
            let run = fields[*field].bits.map_or(0, |place| u64::from(place.bytes));
            let head = at.saturating_add(run).saturating_add(int.size().most.unwrap_or(0));
            let (class, read) = if int.size().fixed().is_some() {
                (format!("prefix({head})"), format!("reads {} once", count(head, "byte")))
            } else {
                (format!("prefix(..{head})"), format!("reads at most {} once", count(head, "byte")))
            };
            (class, format!("{}, so the framer {read} and then waits", counted(schema, &message.layout, *field, *at)))
        }
    }
}

/// What follows a bad frame.
pub(crate) fn onward(rule: &Recover) -> String {
    let fault = rule.kind.map_or("anything else that is bad", FaultKind::word);
    match &rule.action {
        Action::Close => format!("{fault}: the connection closes"),
        Action::Skip => format!("{fault}: the frame is thrown away, if its end was found"),
        Action::Resync { mark, within } => {
            format!("{fault}: the next {} is searched for, in {} at most", bytes(mark), amount(*within))
        }
    }
}

/// What the number of a framing counts.
fn counted(schema: &Schema, layout: &Layout, index: usize, at: u64) -> String {
    let field = &layout.fields[index];
    if let Role::Computed(Equation { measure, add, scale, .. }) = field.role {
        let what = match measure {
            Measure::Bytes { first: 0, last } if last + 1 == layout.fields.len() => "the whole frame".to_owned(),
            Measure::Bytes { first, last } if first == index + 1 && last + 1 == layout.fields.len() => {
                "what follows it".to_owned()
            }
            Measure::Bytes { first, last } if first == last => format!("the bytes of `{}`", layout.fields[first].name),
            Measure::Bytes { first, last } => {
                format!("the bytes from `{}` to `{}`", layout.fields[first].name, layout.fields[last].name)
            }
            Measure::Elements { list } => format!("the elements of `{}`", layout.fields[list].name),
            Measure::Each { list } => format!("the bytes of each of `{}`", layout.fields[list].name),
        };
        let and = match add {
            0 => String::new(),
            more if more > 0 => format!(" and {more} more"),
            less => format!(" but for {}", less.unsigned_abs()),
        };
        let units = match scale {
            Scale::One => String::new(),
            Scale::Over(by) => format!(", in units of {by}"),
            Scale::Times(by) => format!(", in parts of which {by} are one"),
        };
        return format!("`{}` at byte {at} counts {what}{and}{units}", field.name);
    }
    let (unit, number) = match &field.ty {
        Type::List { count: Extent::Prefix(int), .. } => ("elements", int_word(int)),
        Type::Bytes(Bytes { extent: Extent::Prefix(int), .. }) => ("bytes", int_word(int)),
        ty => ("bytes", type_word(schema, layout, ty)),
    };
    format!("the `{number}` at byte {at} counts the {unit} of `{}`", field.name)
}

/// The type of a field with its conditions, as one types it.
pub(super) fn field_word(schema: &Schema, layout: &Layout, field: &Field) -> String {
    let rules = field.rules.iter().map(|rule| format!(" where {}", rule.text));
    let condition = field.condition.iter().map(|condition| format!(" if {}", condition.text));
    let since = field.since.iter().map(|since| format!(" since v{}", since.version));
    let conditions: String = rules.chain(condition).chain(since).collect();
    format!("{}{conditions}", type_word(schema, layout, &field.ty))
}

/// A type as one types it in a schema; the byte order is said where it is little.
pub(super) fn type_word(schema: &Schema, layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Filler(filler) => {
            let to = if filler.whole { "to" } else { "align" };
            let byte = filler.byte.map(|byte| format!(" {}", bytes(&[byte]))).unwrap_or_default();
            format!("pad{byte} {to} {}", filler.size)
        }
        Type::Constant(constant) if constant.nocase => "constant nocase".to_owned(),
        Type::Constant(_) => "constant".to_owned(),
        Type::Int(int, None) => int_word(int),
        Type::Int(int, Some((least, most))) => format!("{} in {least}..={most}", int_word(int)),
        Type::Float { bytes, endian } => format!("f{}{}", u32::from(*bytes) * 8, order(*endian)),
        Type::Enum(index) => schema.enums[*index].name.clone(),
        Type::Struct(index) => schema.structs[*index].name.clone(),
        Type::Bytes(value) => bytes_word(schema, layout, value),
        Type::List { element, count, max } => {
            let max = max.map(|max| format!(" max {max}")).unwrap_or_default();
            format!("{}{}{max}", type_word(schema, layout, element), brackets(layout, count))
        }
    }
}

fn bytes_word(schema: &Schema, layout: &Layout, value: &Bytes) -> String {
    let content = match value.content {
        Content::Bytes => "bytes",
        Content::Str => "str",
        Content::Ascii => "ascii",
        Content::Headers => "headers",
        Content::Word(index) => schema.words[index].name.as_str(),
        Content::Json => "json",
        Content::JsonBody(index) => &format!("json {}", schema.json_bodies[index].name),
    };
    let trim = value.trim.as_ref().map(|trim| format!(" trim {}", bytes(trim))).unwrap_or_default();
    let is_word = matches!(value.content, Content::Word(_));
    let within = value.within.filter(|_| !is_word).map(|(least, most)| format!(" in {}", characters(least, most)));
    let pad = value.pad.map(|pad| format!(" pad {}", bytes(&[pad]))).unwrap_or_default();
    let via = value.via.map(|via| match via {
        Via::Xor { key } => format!(" via xor({})", layout.fields[key].name),
        Via::Base64 => " via base64".to_owned(),
        Via::Hex => " via hex".to_owned(),
        Via::Extern(index) => format!(" via {}", schema.externs.vias[index].name),
    });
    let (within, via) = (within.unwrap_or_default(), via.unwrap_or_default());
    format!("{content}{}{trim}{pad}{within}{via}", brackets(layout, &value.extent))
}

/// `' '..='~'`
fn characters(least: u8, most: u8) -> String {
    let quoted = |byte: u8| format!("'{}'", byte.escape_ascii());
    format!("{}..={}", quoted(least), quoted(most))
}

fn brackets(layout: &Layout, extent: &Extent) -> String {
    match extent {
        Extent::Fixed(count) => format!("[{count}]"),
        Extent::Field(index) => format!("[{}]", layout.fields[*index].name),
        Extent::Prefix(int) => format!("[{}]", int_word(int)),
        Extent::Until(ends) => format!(" until {}", delimiters(ends)),
        Extent::Where(condition) => format!(" until where {}", condition.text),
        Extent::Header(name) => format!("[headers[{name:?}]]"),
        Extent::Formula { formula, .. } => format!("[{}]", formula.text),
        Extent::Lines => String::new(),
        Extent::Rest { until_end: true, .. } => " until end".to_owned(),
        Extent::Rest { .. } => "[..]".to_owned(),
    }
}

/// What ends a value, as one types it.
pub(super) fn delimiters(ends: &Delimiters) -> String {
    ends.all().map(bytes).collect::<Vec<_>>().join(" | ")
}

/// What ends a value, as one says it.
pub(super) fn delimited(ends: &Delimiters) -> String {
    ends.all().map(bytes).collect::<Vec<_>>().join(" or ")
}

/// An integer as one types it.
pub(super) fn int_word(int: &Int) -> String {
    let word = |radix: u8| if radix == 16 { "hex" } else { "dec" };
    match int {
        Int::Fixed { bytes, signed, endian } => {
            let bits = u32::from(*bytes) * 8;
            format!("{}{bits}{}", if *signed { 'i' } else { 'u' }, if *bytes > 1 { order(*endian) } else { "" })
        }
        Int::Varint { signed: false } => "varint".to_owned(),
        Int::Varint { signed: true } => "svarint".to_owned(),
        Int::Vlq { minimal } => format!("vlq{}", if *minimal { " minimal" } else { "" }),
        Int::Quic { minimal } => format!("quicvar{}", if *minimal { " minimal" } else { "" }),
        Int::Digits { radix, digits } => format!("{}[{digits}]", word(*radix)),
        Int::Until { radix, signed, ends, max } => {
            let sign = if *signed { "i" } else { "" };
            format!("{sign}{} until {} max {max}", word(*radix), delimiters(ends))
        }
        Int::Bits { bits } => format!("u{bits}"),
        Int::Flag => "bit".to_owned(),
        Int::Escaping(how) => how.name.clone(),
    }
}

fn order(endian: Endian) -> &'static str {
    match endian {
        Endian::Big => "",
        Endian::Little => "le",
    }
}

/// Fields as one types them behind the name of a function.
fn fields(layout: &Layout, index: usize, first: usize, last: usize) -> String {
    let name = |index: usize| layout.fields[index].name.clone();
    let end = layout.fields.len() - 1;
    match (first, last) {
        (0, last) if last == end => "self".to_owned(),
        (first, last) if first == last => name(first),
        (first, last) if first == index + 1 && last == end => "rest".to_owned(),
        (first, last) => format!("{}..{}", name(first), name(last)),
    }
}

/// A checksum as one types it, a CRC by its name in the catalogue.
pub(super) fn checksum(schema: &Schema, layout: &Layout, index: usize, checksum: Checksum) -> String {
    format!("{}({})", schema.function_name(checksum.function), fields(layout, index, checksum.first, checksum.last))
}

/// An equation as one types it.
pub(super) fn equation(layout: &Layout, index: usize, equation: Equation) -> String {
    let measure = match equation.measure {
        Measure::Bytes { first, last } => format!("size({})", fields(layout, index, first, last)),
        Measure::Elements { list } => format!("count({})", layout.fields[list].name),
        Measure::Each { list } => format!("each({})", layout.fields[list].name),
    };
    let sum = match equation.add {
        0 => measure,
        more if more > 0 => format!("{measure} + {more}"),
        less => format!("{measure} - {}", less.unsigned_abs()),
    };
    let inner = if equation.add == 0 { sum.clone() } else { format!("({sum})") };
    let otherwise = equation.absent.map(|absent| format!(" else {absent}")).unwrap_or_default();
    match equation.scale {
        Scale::One => format!("{sum}{otherwise}"),
        Scale::Over(by) => format!("{inner} / {by}"),
        Scale::Times(by) => format!("{inner} * {by}"),
    }
}

/// Bytes, and in a round unit where there are many: `2147483648 bytes (2 GiB)`.
pub(crate) fn amount(number: u64) -> String {
    let exact = count(number, "byte");
    let Some((unit, size)) =
        [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)].into_iter().find(|(_, size)| number >= *size)
    else {
        return exact;
    };
    let (whole, rest) = (number / size, number % size);
    // A number that is not round is told to a tenth.
    let tenth = rest.saturating_mul(10) / size;
    match (rest, tenth) {
        (0, _) => format!("{exact} ({whole} {unit})"),
        (_, 0) => format!("{exact} (about {whole} {unit})"),
        (_, tenth) => format!("{exact} (about {whole}.{tenth} {unit})"),
    }
}

/// `4 bytes`, `1 to 256 bytes`, `at least 2 bytes`.
pub(crate) fn span(size: Size) -> String {
    match (size.fixed(), size.most) {
        (Some(bytes), _) => count(bytes, "byte"),
        (None, Some(most)) => format!("{} to {}", size.least, amount(most)),
        (None, None) => format!("at least {}", count(size.least, "byte")),
    }
}

/// The same in a table, without the unit.
pub(super) fn short_span(size: Size) -> String {
    match (size.fixed(), size.most) {
        (Some(bytes), _) => bytes.to_string(),
        (None, Some(most)) => format!("{}..{most}", size.least),
        (None, None) => format!("{}..", size.least),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        for (number, expected) in [
            (1, "1 byte"),
            (1023, "1023 bytes"),
            (1024, "1024 bytes (1 KiB)"),
            (1537, "1537 bytes (about 1.5 KiB)"),
            ((1 << 20) + 1, "1048577 bytes (about 1 MiB)"),
            (2 << 30, "2147483648 bytes (2 GiB)"),
        ] {
            assert_eq!(amount(number), expected);
        }
    }
}
