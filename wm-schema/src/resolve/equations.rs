//! What stands behind `=`: a constant, or a size or count that the encoder computes.
//!
//! An equation is one measure, to which constants are added or from which they are taken, and which a constant divides or
//! multiplies.

use super::layouts::Line;
use super::types::{Scope, no_length};
use super::{Context, absent, checksums, names, spell, suggest};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Argument, AttrKind, Expr, ExprKind, FieldDraft, Literal, Name, Side, Spanned};
use crate::ir::{Bytes, Checksum, Constant, Enum, Equation, Extent, Int, Measure, Role, Scale, Type};

/// What an expression comes to.
enum Folded {
    Number(i128),
    Bytes(Vec<u8>),
    /// In units of its own, `(measure + add)`.
    Measure(Measure, i128, Scale),
    Checksum(Checksum),
    Sender(Side),
}

/// The role of a field. A constant of bytes becomes the type of its line.
pub(super) fn role(
    cx: &mut Context<'_>,
    scope: Scope<'_>,
    types: &[Option<Type>],
    equals: Option<&Expr>,
    line: &mut Line<'_>,
    enums: &[Option<Enum>],
) -> Option<Role> {
    let Some(expr) = equals else { return Some(line.role.clone()) };
    if let Type::Enum(index) = line.ty {
        let value = variant(cx, expr, enums.get(index)?.as_ref()?)?;
        line.ty = Type::Int(enums[index].as_ref()?.repr.clone(), None);
        return Some(Role::Constant(value));
    }
    let (expr, otherwise) = match &expr.kind {
        ExprKind::Else { value, absent } => (&**value, Some(absent)),
        _ => (expr, None),
    };
    let folded = fold(cx, scope, types, expr)?;
    if let (Some(absent), false) = (otherwise, matches!(folded, Folded::Measure(..))) {
        cx.report(
            Diagnostic::new(Code::BadEquation, absent.origin, "`else` behind what is always there")
                .why("it is what a size or a count is where that which it measures is absent")
                .help("take it out"),
        );
        return None;
    }
    match (&line.ty, folded) {
        (Type::Int(int, range), Folded::Number(value)) => {
            let (least, most) = range.unwrap_or_else(|| int.range());
            if (least..=most).contains(&value) {
                return Some(Role::Constant(value));
            }
            cx.report(
                Diagnostic::new(Code::BadConstant, expr.origin, format!("{value} does not fit"))
                    .why(format!("the field holds {least} to {most}"))
                    .help("take a value in that range, or a wider type"),
            );
            None
        }
        (Type::Int(..), Folded::Checksum(checksum)) => checksums::fits(cx, expr, line, checksum),
        (Type::Int(Int::Flag, _), Folded::Sender(side)) => Some(Role::Sender(side)),
        (Type::Int(int, _), Folded::Measure(measure, add, scale)) => {
            let int = int.clone();
            let equation = computed(cx, scope, expr, &int, (measure, add, scale), otherwise)?;
            match otherwise {
                Some(absent) => absent::resolve(cx, line, equation, absent).map(Role::Computed),
                None => Some(Role::Computed(equation)),
            }
        }
        (Type::Bytes(Bytes { extent: Extent::Fixed(size), .. }), Folded::Bytes(bytes))
            if *size == bytes.len() as u64 =>
        {
            line.ty = Type::Constant(Constant { bytes, nocase: false });
            Some(Role::Constant(0))
        }
        (Type::Bytes(_), Folded::Bytes(bytes)) => {
            let size = spell::count(bytes.len() as u64, "byte");
            cx.report(
                Diagnostic::new(Code::BadConstant, expr.origin, format!("the constant has {size}"))
                    .why("the type says another length")
                    .help(format!("write `{}: bytes[{}] = {}`", line.name, bytes.len(), spell::bytes(&bytes))),
            );
            None
        }
        (_, folded) => {
            let what = match folded {
                Folded::Bytes(_) => "bytes",
                Folded::Number(_) => "a number",
                Folded::Measure(..) => "a size",
                Folded::Checksum(_) => "a checksum",
                Folded::Sender(_) => "the word for who sends",
            };
            cx.report(
                Diagnostic::new(Code::BadEquation, expr.origin, format!("`{}` cannot be {what}", line.name))
                    .why("an integer is a number or a size, `bytes[n]` is bytes, a `bit` says who sends")
                    .help(match what {
                        "the word for who sends" => format!("write `{}: bit = from(client)`", line.name),
                        _ => format!("write `{}: u16 = …`, or take the right side out", line.name),
                    }),
            );
            None
        }
    }
}

/// The value of a constant enum field: a variant's name, or a number.
fn variant(cx: &mut Context<'_>, expr: &Expr, ty: &Enum) -> Option<i128> {
    let name = match &expr.kind {
        ExprKind::Literal(Literal::Int(value)) => {
            let named = ty.variants.iter().any(|variant| (variant.least.into()..=variant.most.into()).contains(value));
            let open = ty.open && (0..=ty.repr.range().1).contains(value);
            if named || open {
                return Some(*value);
            }
            value.to_string()
        }
        ExprKind::Literal(Literal::Const(name)) | ExprKind::Path(Name { text: name, .. }) => {
            if let Some(found) = ty.variants.iter().find(|variant| variant.name == *name) {
                return Some(found.least.into());
            }
            name.clone()
        }
        _ => "this".to_owned(),
    };
    let variants = ty.variants.iter().map(|variant| variant.name.as_str());
    cx.report(
        Diagnostic::new(Code::BadConstant, expr.origin, format!("`{}` has no variant `{name}`", ty.name))
            .help(suggest::help(&name, variants)),
    );
    None
}

/// Checks a size or a count against the integer that carries it.
fn computed(
    cx: &mut Context<'_>,
    scope: Scope<'_>,
    expr: &Expr,
    int: &Int,
    (measure, add, scale): (Measure, i128, Scale),
    otherwise: Option<&Spanned<Literal>>,
) -> Option<Equation> {
    let line = &scope.fields[scope.at];
    let own = match measure {
        Measure::Bytes { first, last } => (first..=last).contains(&scope.at) && int.size().fixed().is_none(),
        Measure::Elements { .. } | Measure::Each { .. } => false,
    };
    let problem = if spell::name(line) == "_" {
        Some(("a size that has no name", "errors could not say which field is wrong", "write `len: u32 = …`"))
    } else if own {
        let why = "its width would depend on its own value";
        Some(("a number of varying width that counts itself", why, "count what follows: `size(rest)`, or take `u32`"))
    } else {
        no_length(int, otherwise.is_some()).map(|why| ("this type cannot carry a size", why, "write `u16` or `u32`"))
    };
    if let Some((label, why, help)) = problem {
        cx.report(Diagnostic::new(Code::BadEquation, expr.origin, label).why(why).help(help));
        return None;
    }
    let Ok(add) = i64::try_from(add) else {
        cx.report(
            Diagnostic::new(Code::NumberTooLarge, expr.origin, format!("{add} is too much to add to a size"))
                .why("what is added or taken must fit 63 bits")
                .help("take a smaller number"),
        );
        return None;
    };
    Some(Equation { measure, add, scale, absent: None })
}

fn fold(cx: &mut Context<'_>, scope: Scope<'_>, types: &[Option<Type>], expr: &Expr) -> Option<Folded> {
    match &expr.kind {
        ExprKind::Literal(literal) => match names::literal(cx, literal, expr.origin)? {
            Literal::Int(value) => Some(Folded::Number(value)),
            Literal::Bytes(bytes) => Some(Folded::Bytes(bytes)),
            Literal::Const(_) => None,
        },
        ExprKind::Path(name) => path(cx, scope, name),
        ExprKind::Call { function, argument } if function.text == "from" => {
            sender(cx, function, argument).map(Folded::Sender)
        }
        ExprKind::Call { function, argument } if checksums::is_meant(cx, &function.text) => {
            checksums::resolve(cx, scope, function, argument).map(Folded::Checksum)
        }
        ExprKind::Call { function, argument } => {
            measure(cx, scope, types, function, argument).map(|measure| Folded::Measure(measure, 0, Scale::One))
        }
        // Only the whole of an equation has one.
        ExprKind::Else { value, .. } => fold(cx, scope, types, value),
        ExprKind::Binary { operator, left, right } => {
            let (left, right) = (fold(cx, scope, types, left), fold(cx, scope, types, right));
            let result = combine(*operator, left?, right?);
            result
                .map_err(|(code, label, help)| {
                    let why = "an equation is one size or count, to which constants are added or from which they are taken, \
                               and which one divides or multiplies";
                    cx.report(Diagnostic::new(code, expr.origin, label).why(why).help(help));
                })
                .ok()
        }
    }
}

/// A name alone: a constant; a field cannot be copied.
fn path(cx: &mut Context<'_>, scope: Scope<'_>, name: &Name) -> Option<Folded> {
    match cx.names.constant(&name.text) {
        Some(Literal::Int(value)) => return Some(Folded::Number(value)),
        Some(Literal::Bytes(bytes)) => return Some(Folded::Bytes(bytes)),
        _ => {}
    }
    if scope.find(&name.text).is_some() {
        cx.report(
            Diagnostic::new(Code::NotYet, name.origin, format!("a copy of `{}` is not there yet", name.text))
                .why("an equation measures: it says a size or a count")
                .help(format!("write `size({0})` or `count({0})`", name.text)),
        );
        return None;
    }
    cx.report(unknown_field(scope, name));
    None
}

fn unknown_field(scope: Scope<'_>, name: &Name) -> Diagnostic {
    let known = scope.names(0..scope.fields.len()).chain(["self", "rest"]);
    Diagnostic::new(Code::UnknownField, name.origin, format!("no field `{}`", name.text))
        .why("an equation speaks of the fields of its own layout")
        .help(suggest::help(&name.text, known))
}

type Refusal = (Code, &'static str, &'static str);

fn combine(operator: char, left: Folded, right: Folded) -> Result<Folded, Refusal> {
    let overflow = (Code::NumberTooLarge, "the sum is too large", "take smaller numbers");
    match (operator, left, right) {
        ('+', Folded::Number(left), Folded::Number(right)) => {
            left.checked_add(right).map(Folded::Number).ok_or(overflow)
        }
        ('-', Folded::Number(left), Folded::Number(right)) => {
            left.checked_sub(right).map(Folded::Number).ok_or(overflow)
        }
        ('*', Folded::Number(left), Folded::Number(right)) => {
            left.checked_mul(right).map(Folded::Number).ok_or(overflow)
        }
        ('/', Folded::Number(left), Folded::Number(right)) => left.checked_div(right).map(Folded::Number).ok_or((
            Code::BadEquation,
            "a division by zero",
            "divide by another number",
        )),
        ('+', Folded::Measure(measure, add, scale), Folded::Number(number))
        | ('+', Folded::Number(number), Folded::Measure(measure, add, scale)) => more(measure, add, scale, number),
        ('-', Folded::Measure(measure, add, scale), Folded::Number(number)) => {
            more(measure, add, scale, number.checked_neg().ok_or(overflow)?)
        }
        (sign @ ('*' | '/'), Folded::Measure(measure, add, scale), Folded::Number(by))
        | (sign @ '*', Folded::Number(by), Folded::Measure(measure, add, scale)) => {
            scaled(sign, scale, by).map(|scale| Folded::Measure(measure, add, scale))
        }
        (_, Folded::Measure(..), Folded::Measure(..)) => Err((
            Code::NotYet,
            "two sizes in one equation are not there yet",
            "measure a range of fields: `size(first..last)`",
        )),
        (_, Folded::Checksum(_), _) | (_, _, Folded::Checksum(_)) => Err((
            Code::BadEquation,
            "a checksum is not computed with",
            "let it stand alone: `crc: u32 = crc32(first..last)`",
        )),
        ('-', Folded::Number(_), Folded::Measure(..)) => {
            Err((Code::BadEquation, "a number that shrinks as the message grows", "write `size(x) - 4`"))
        }
        _ => Err((Code::BadEquation, "this cannot be computed", "write `size(self)`, `size(x) + 4` or `count(x)`")),
    }
}

/// `(measure + add) * scale + number`.
fn more(measure: Measure, add: i128, scale: Scale, number: i128) -> Result<Folded, Refusal> {
    let overflow = (Code::NumberTooLarge, "the sum is too large", "take smaller numbers");
    // What is added behind the division or multiplication is brought in front of it.
    let number = match scale {
        Scale::One => number,
        Scale::Over(by) => number.checked_mul(by.into()).ok_or(overflow)?,
        Scale::Times(by) => Scale::Times(by).said(number).ok_or((
            Code::BadEquation,
            "what is added is no whole byte or element",
            "add a multiple of what the size is multiplied by",
        ))?,
    };
    add.checked_add(number).map(|add| Folded::Measure(measure, add, scale)).ok_or(overflow)
}

/// The units of a number when the size that it says is divided or multiplied.
fn scaled(sign: char, scale: Scale, by: i128) -> Result<Scale, Refusal> {
    let overflow = (Code::NumberTooLarge, "the number is too large", "take a smaller number");
    let by = match u64::try_from(by) {
        Ok(1) => return Ok(scale),
        Ok(by) if by > 1 => by,
        Ok(_) if sign == '/' => return Err((Code::BadEquation, "a division by zero", "divide by another number")),
        _ => return Err((Code::BadEquation, "a size times nothing, or less", "multiply by a number over 1")),
    };
    match (sign, scale) {
        ('/', Scale::One) => Ok(Scale::Over(by)),
        ('/', Scale::Over(before)) => before.checked_mul(by).map(Scale::Over).ok_or(overflow),
        ('*', Scale::One) => Ok(Scale::Times(by)),
        ('*', Scale::Times(before)) => before.checked_mul(by).map(Scale::Times).ok_or(overflow),
        _ => Err((Code::BadEquation, "a size divided and multiplied", "do one of the two: `size(x) / 4`")),
    }
}

fn measure(
    cx: &mut Context<'_>,
    scope: Scope<'_>,
    types: &[Option<Type>],
    function: &Name,
    argument: &Argument,
) -> Option<Measure> {
    match function.text.as_str() {
        "size" => range(cx, scope, function, argument).map(|(first, last)| Measure::Bytes { first, last }),
        "count" => counted(cx, scope, types, argument).map(|list| Measure::Elements { list }),
        "each" => each(cx, scope, types, argument).map(|list| Measure::Each { list }),
        text => {
            cx.report(
                Diagnostic::new(Code::UnknownName, function.origin, format!("no function `{text}`"))
                    .why("`size(x)` is a number of bytes, `count(x)` one of elements, `each(x)` of the bytes of each, `crc32(x)` and its like are checksums")
                    .help(match text {
                        "len" | "length" | "sizeof" | "bytes" => "write `size`".to_owned(),
                        "stride" => "write `each`".to_owned(),
                        _ => suggest::help(text, ["size", "count", "each"]),
                    }),
            );
            None
        }
    }
}

/// `from(client)`.
fn sender(cx: &mut Context<'_>, function: &Name, argument: &Argument) -> Option<Side> {
    match argument {
        Argument::Name(name) if name.text == "client" => return Some(Side::Client),
        Argument::Name(name) if name.text == "server" => return Some(Side::Server),
        _ => {}
    }
    cx.report(
        Diagnostic::new(Code::BadEquation, function.origin, "who sends is the client or the server")
            .why("the bit is true exactly if that side sends the message")
            .help("write `from(client)` or `from(server)`"),
    );
    None
}

/// The first and the last field that a function of bytes is applied to.
pub(super) fn range(
    cx: &mut Context<'_>,
    scope: Scope<'_>,
    function: &Name,
    argument: &Argument,
) -> Option<(usize, usize)> {
    let end = scope.fields.len() - 1;
    match argument {
        Argument::Name(name) => match (scope.find(&name.text), name.text.as_str()) {
            (Some(index), _) => Some((index, index)),
            (None, "self") => Some((0, end)),
            (None, "rest") if scope.at < end => Some((scope.at + 1, end)),
            (None, "rest") => {
                cx.report(
                    Diagnostic::new(Code::BadEquation, name.origin, "nothing follows this field")
                        .why("`rest` is what stands behind it")
                        .help(format!("move the field to the front, or write `{}(self)`", function.text)),
                );
                None
            }
            (None, _) => {
                cx.report(unknown_field(scope, name));
                None
            }
        },
        Argument::Range(from, to) => {
            let mut index = |name: &Name| {
                let found = scope.find(&name.text);
                if found.is_none() {
                    cx.report(unknown_field(scope, name));
                }
                found
            };
            let (first, last) = (index(from), index(to));
            let (first, last) = (first?, last?);
            if first > last {
                cx.report(
                    Diagnostic::new(
                        Code::BadRange,
                        from.origin,
                        format!("`{}` stands behind `{}`", from.text, to.text),
                    )
                    .why("a range goes from front to back, both ends included")
                    .help(format!("write `{}({}..{})`", function.text, to.text, from.text)),
                );
                return None;
            }
            Some((first, last))
        }
    }
}

/// A list whose elements all take as many bytes.
fn each(cx: &mut Context<'_>, scope: Scope<'_>, types: &[Option<Type>], argument: &Argument) -> Option<usize> {
    let list = counted(cx, scope, types, argument)?;
    let (field, at) = (&scope.fields[list], &scope.fields[scope.at]);
    let optional = field.attrs.iter().any(|attr| matches!(attr.kind, AttrKind::If(_) | AttrKind::Since(_)));
    let plain =
        !matches!(types.get(list)?.as_ref()?, Type::List { element, .. } if matches!(**element, Type::Struct(_)));
    let second = scope.fields[..scope.at].iter().find(|other| is_each(other, &spell::name(field)));
    let problem = if list < scope.at {
        Some((
            "it stands behind its list",
            "where an element ends must be known when it is read",
            "move it in front of the list",
        ))
    } else if optional {
        Some((
            "its list may be absent",
            "the number would say nothing then",
            "put both into a struct, and that behind `if`",
        ))
    } else if plain {
        let why = "they take what their type says";
        Some(("elements that always take as many bytes", why, "count them by `count`, or make a struct of an element"))
    } else if second.is_some() {
        Some(("said twice", "one number says how many bytes each element takes", "keep one of the two"))
    } else {
        None
    };
    let Some((label, why, help)) = problem else { return Some(list) };
    cx.report(
        Diagnostic::new(Code::BadEquation, at.origin, label)
            .why(why)
            .help(help)
            .note(field.origin, "the list stands here"),
    );
    None
}

/// Whether a line is a number that says how many bytes each element of this list takes.
fn is_each(line: &FieldDraft, list: &str) -> bool {
    let says = |expr: &Expr| match &expr.kind {
        ExprKind::Call { function, argument: Argument::Name(name) } => function.text == "each" && name.text == list,
        _ => false,
    };
    line.attrs.iter().any(|attr| matches!(&attr.kind, AttrKind::Equals(expr) if says(expr)))
}

fn counted(cx: &mut Context<'_>, scope: Scope<'_>, types: &[Option<Type>], argument: &Argument) -> Option<usize> {
    let (name, origin) = match argument {
        Argument::Name(name) => (name, name.origin),
        Argument::Range(from, _) => {
            cx.report(
                Diagnostic::new(Code::BadEquation, from.origin, "a range of fields has no count")
                    .why("`count` says how many elements one list has")
                    .help(format!("write `count({0})`, or `size({0}..…)` for bytes", from.text)),
            );
            return None;
        }
    };
    let Some(list) = scope.find(&name.text) else {
        cx.report(unknown_field(scope, name));
        return None;
    };
    match types.get(list)?.as_ref()? {
        Type::List { .. } => Some(list),
        _ => {
            cx.report(
                Diagnostic::new(Code::BadEquation, origin, format!("`{}` is no list", name.text))
                    .why("`count` says how many elements a list has")
                    .help(format!("write `size({})`", name.text)),
            );
            None
        }
    }
}
