//! Formulas as Rust, as a person would write them: in the type of their fields where all fits that, in `i128` elsewhere.

use super::names::Names;
use super::{literal, names, shape};
use crate::ir::{Bytes, Computed, Content, Field, Formula, Held, Int, Layout, Operator, Schema, Term, Type};
use crate::walk;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// Writes formulas over one layout.
pub(super) struct Formulas<'f> {
    pub(super) schema: &'f Schema,
    pub(super) layout: &'f Layout,
    /// The value of a field as an expression.
    pub(super) field: &'f dyn Fn(usize) -> TokenStream,
    /// Where a field starts, as an expression.
    pub(super) start: &'f dyn Fn(usize) -> TokenStream,
    pub(super) names: &'f Names,
    pub(super) it: It<'f>,
    /// The arms of unions that are at hand, each in a variable.
    pub(super) arms: Vec<(&'f Term, Ident)>,
}

/// The element of a list that a condition speaks of.
#[derive(Clone, Copy)]
pub(super) enum It<'f> {
    /// It speaks of none.
    None,
    /// The variable `item`, a reference.
    Item(&'f Type),
    /// What a walk has looked at again: a variable for each field of the element that the condition reads, or `item`.
    Walked {
        /// Its type.
        ty: &'f Type,
        /// The names of its fields, if it has any.
        names: Option<&'f Names>,
    },
}

/// An expression and what must be known to join it with others.
struct Piece {
    tokens: TokenStream,
    number: Number,
    /// The operator that was written last, if there is one.
    operator: Option<Operator>,
}

/// Which integer an expression is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Number {
    /// None, or of no matter.
    Other,
    /// A literal.
    Literal(i128),
    /// Of so many bits, and perhaps signed: the type of a field.
    Native(u8, bool),
    /// `i128`.
    Wide,
    /// `usize`: a length.
    Count,
}

impl Formulas<'_> {
    /// A condition.
    pub(super) fn condition(&self, formula: &Formula) -> TokenStream {
        self.term(&formula.term).tokens
    }

    /// How long something is, as an `i128`.
    pub(super) fn number(&self, formula: &Formula) -> TokenStream {
        self.term(&formula.term).wide().tokens
    }

    /// A value that a variable of this type can have.
    pub(super) fn fitted(&self, formula: &Formula, ty: &Type) -> TokenStream {
        let piece = self.term(&formula.term);
        let Type::Int(int, _) = ty else { return piece.tokens };
        let fits = match piece.number {
            Number::Native(bits, signed) => (bits, signed) == shape::int_bits(int),
            Number::Wide | Number::Count => false,
            Number::Other | Number::Literal(_) => true,
        };
        if fits {
            return piece.tokens;
        }
        let (ty, value) = (shape::int_type(int), piece.tokens);
        quote!(#ty::try_from(#value).unwrap_or(#ty::MAX))
    }

    /// A value that is handed to a struct.
    pub(super) fn argument(&self, formula: &Formula) -> TokenStream {
        self.term(&formula.term).tokens
    }

    /// A place of the frame, as `i128`.
    pub(super) fn place(&self, formula: &Formula) -> TokenStream {
        self.term(&formula.term).wide().tokens
    }

    fn term(&self, term: &Term) -> Piece {
        if let Some(piece) = self.in_arm(term) {
            return piece;
        }
        match term.evaluate(&|_| None) {
            Some(Computed::Int(value)) if !matches!(term, Term::Variant { .. }) => {
                return Piece { tokens: literal::signed(value), number: Number::Literal(value), operator: None };
            }
            Some(Computed::Bool(value)) => return Piece::plain(quote!(#value)),
            _ => {}
        }
        match term {
            Term::Variant { of, variant, .. } => {
                let of = &self.schema.enums[*of];
                let (name, variant) = (names::ty(&of.name), names::variant(&of.variants[*variant].name));
                Piece::plain(quote!(#name::#variant))
            }
            Term::Word { of, text } => {
                let of = &self.schema.words[*of];
                let word = of.words.iter().find(|word| word.text == *text);
                let (name, variant) = (names::ty(&of.name), word.map(|word| names::variant(&word.name)));
                Piece::plain(quote!(#name::#variant))
            }
            Term::Length { of, add } => self.length(of, *add),
            Term::Offset(field) => Piece { tokens: (self.start)(*field), number: Number::Count, operator: None },
            Term::IsArm { value, of, arm } => {
                let (value, arm) = (self.value(value).0, &self.schema.structs[*of].fields[*arm]);
                let (of, name) = (names::ty(&self.schema.structs[*of].name), names::variant(&arm.name));
                let held = (arm.held != Held::Nothing).then(|| quote!((_)));
                Piece::plain(quote!(matches!(#value, #of::#name #held)))
            }
            Term::Field(_) | Term::Arm { .. } | Term::Member { .. } | Term::Param(_) | Term::It => {
                let (tokens, ty) = self.value(term);
                let number = match ty {
                    Some(Type::Int(int, _)) if *int != Int::Flag => {
                        let (bits, signed) = shape::int_bits(int);
                        Number::Native(bits, signed)
                    }
                    _ => Number::Other,
                };
                Piece { tokens, number, operator: None }
            }
            Term::Number { value, of } => {
                let (value, (bits, signed)) = (self.term(value).tokens, shape::int_bits(&self.schema.enums[*of].repr));
                Piece { tokens: quote!(#value.to_wire()), number: Number::Native(bits, signed), operator: None }
            }
            Term::Not(inner) => self.not(inner),
            Term::Negative(inner) => {
                let inner = self.term(inner).wide().inside(Operator::Multiply, true);
                Piece { tokens: quote!(-#inner), number: Number::Wide, operator: None }
            }
            Term::Is { value, of, variant, within: (least, most) } => {
                let (value, kind) = (self.term(value).tokens, &self.schema.enums[*of]);
                let (name, variant) = (names::ty(&kind.name), names::variant(&kind.variants[*variant].name));
                match least == most {
                    true => Piece {
                        tokens: quote!(#value == #name::#variant),
                        number: Number::Other,
                        operator: Some(Operator::Equal),
                    },
                    false => Piece::plain(quote!(matches!(#value, #name::#variant(_)))),
                }
            }
            Term::Binary { operator, left, right } => self.binary(*operator, left, right),
            Term::Int(_) | Term::Bool(_) | Term::Bytes(_) => Piece::plain(TokenStream::new()),
        }
    }

    /// A field or a member, and its type.
    fn value(&self, term: &Term) -> (TokenStream, Option<&Type>) {
        match term {
            Term::Field(index) => {
                let field = &self.layout.fields[*index];
                (held((self.field)(*index), field), Some(&field.ty))
            }
            Term::Param(index) => {
                let name = self.names.param(*index);
                (quote!(#name), Some(&self.layout.params[*index].ty))
            }
            Term::It => match self.it {
                It::Item(ty) if matches!(ty, Type::Struct(_)) => (quote!(item), Some(ty)),
                It::Item(ty) => (quote!(*item), Some(ty)),
                It::Walked { ty, .. } => (quote!(item), Some(ty)),
                It::None => (TokenStream::new(), None),
            },
            Term::Member { of, part, field } if **of == Term::It && matches!(self.it, It::Walked { .. }) => {
                let It::Walked { names: Some(names), .. } = self.it else { return (TokenStream::new(), None) };
                let name = names.local(*field);
                (quote!(#name), Some(&self.schema.structs[*part].fields[*field].ty))
            }
            Term::Arm { of, arm, .. } => {
                let name = self.arms.iter().find(|(found, _)| *found == term).map(|(_, name)| name);
                (quote!(#name), Some(&self.schema.structs[*of].fields[*arm].ty))
            }
            Term::Member { of, part, field } => {
                let ((of, _), field) = (self.value(of), &self.schema.structs[*part].fields[*field]);
                let name = names::ident(&field.name);
                (held(quote!(#of.#name), field), Some(&field.ty))
            }
            _ => (TokenStream::new(), None),
        }
    }

    /// A condition that reads an arm which is not at hand: whether it is that arm, and the condition holds of it.
    fn in_arm(&self, term: &Term) -> Option<Piece> {
        if matches!(term, Term::Not(_) | Term::Binary { operator: Operator::And | Operator::Or, .. }) {
            return None;
        }
        let wanted = read_arm(term, &self.arms)?;
        let Term::Arm { value, of, arm } = wanted else { return None };
        let (union, arm) = (&self.schema.structs[*of], &self.schema.structs[*of].fields[*arm]);
        let mut local = names::snake(&arm.name);
        while self.layout.fields.iter().any(|field| field.name == local) {
            local.push('_');
        }
        let local = names::ident(&local);
        // An element of a list is a reference already.
        let by_ref = (**value != Term::It).then(|| quote!(ref));
        let value = self.value(value).0;
        let arms = self.arms.iter().cloned().chain([(wanted, local.clone())]).collect();
        let condition = Formulas { arms, ..*self }.term(term).tokens;
        let (union, name) = (names::ty(&union.name), names::variant(&arm.name));
        Some(Piece::plain(quote!(matches!(#value, #union::#name(#by_ref #local) if #condition))))
    }

    fn not(&self, inner: &Term) -> Piece {
        if let Term::Binary { operator, left, right } = inner
            && let Some(opposite) = opposite(*operator)
        {
            let (left, right) = (left.clone(), right.clone());
            return self.term(&Term::Binary { operator: opposite, left, right });
        }
        let inner = self.term(inner).inside(Operator::Multiply, true);
        Piece::plain(quote!(!#inner))
    }

    fn binary(&self, operator: Operator, left: &Term, right: &Term) -> Piece {
        if let (Operator::Equal | Operator::NotEqual, Term::Bytes(bytes), other)
        | (Operator::Equal | Operator::NotEqual, other, Term::Bytes(bytes)) = (operator, left, right)
        {
            let (value, ty) = self.value(other);
            if bytes.is_empty() {
                let not = (operator == Operator::NotEqual).then(|| quote!(!));
                return Piece::plain(quote!(#not #value.is_empty()));
            }
            let bytes = match ty {
                Some(Type::Bytes(Bytes { content: Content::Bytes, .. })) => {
                    let bytes = literal::bytes(bytes);
                    quote!(#bytes)
                }
                _ => {
                    let text = String::from_utf8_lossy(bytes);
                    quote!(#text)
                }
            };
            let sign = sign(operator);
            return Piece { tokens: quote!(#value #sign #bytes), number: Number::Other, operator: Some(operator) };
        }
        if let Some(compared) = self.compared_length(operator, left, right) {
            return compared;
        }
        if let Some(multiple) = self.multiple(operator, left, right) {
            return multiple;
        }
        // What stands at the start of the frame has no bytes in front of it.
        if let (Operator::Add, Term::Int(0), other) | (Operator::Add, other, Term::Int(0)) = (operator, left, right) {
            return self.term(other);
        }
        let (mut left, mut right) = (self.term(left), self.term(right));
        let number = common(operator, &left, &right);
        if number == Number::Wide {
            (left, right) = (left.wide(), right.wide());
        }
        let (left, right, sign) = (left.inside(operator, false), right.inside(operator, true), sign(operator));
        let number = if operator.precedence() > Operator::Equal.precedence() { number } else { Number::Other };
        Piece { tokens: quote!(#left #sign #right), number, operator: Some(operator) }
    }
}

/// The value of a field as what it is compared with: bytes as a slice.
fn held(value: TokenStream, field: &Field) -> TokenStream {
    if field.held == Held::Array { quote!(#value.as_slice()) } else { value }
}

impl Formulas<'_> {
    /// How many bytes or elements a value has, and `add` more. A walk has read the number that says it.
    fn length(&self, of: &Term, add: i64) -> Piece {
        let (tokens, number, said) = match (self.it, of, self.said(of)) {
            (It::Walked { names: Some(names), .. }, Term::Member { field, .. }, Some((int, said))) => {
                let ((bits, signed), name) = (shape::int_bits(int), names.beside(*field, "len"));
                (quote!(#name), Number::Native(bits, signed), said)
            }
            _ => {
                let value = self.value(of).0;
                (quote!(#value.len()), Number::Count, 0)
            }
        };
        let piece = Piece { tokens, number, operator: None };
        match add.saturating_sub(said) {
            0 => piece,
            more => {
                let (piece, sign) = (piece.wide().tokens, if more > 0 { quote!(+) } else { quote!(-) });
                let more = literal::number(more.unsigned_abs().into());
                Piece { tokens: quote!(#piece #sign #more), number: Number::Wide, operator: Some(Operator::Add) }
            }
        }
    }

    /// The number that says how long a field of the element is, and how much more it says.
    fn said(&self, of: &Term) -> Option<(&Int, i64)> {
        let Term::Member { part, field, .. } = of else { return None };
        walk::said_length(&self.schema.structs[*part], *field)
    }

    /// `data.is_empty()`, `data.len() > 4`: a length against a number.
    fn compared_length(&self, operator: Operator, left: &Term, right: &Term) -> Option<Piece> {
        let (of, add, operator, value) = match (left, right) {
            (Term::Length { of, add }, Term::Int(value)) => (of, add, operator, value),
            (Term::Int(value), Term::Length { of, add }) => (of, add, mirrored(operator), value),
            _ => return None,
        };
        let by_number = matches!(self.it, It::Walked { .. }) && self.said(of).is_some();
        let count = u64::try_from(value.checked_sub((*add).into())?).ok().filter(|_| !by_number)?;
        let value = self.value(of).0;
        match (operator, count) {
            (Operator::Equal | Operator::LessEqual, 0) | (Operator::Less, 1) => {
                Some(Piece::plain(quote!(#value.is_empty())))
            }
            (Operator::NotEqual | Operator::Greater, 0) | (Operator::GreaterEqual, 1) => {
                Some(Piece::plain(quote!(!#value.is_empty())))
            }
            _ if operator.compares() => {
                let (sign, count) = (sign(operator), literal::number(count.into()));
                Some(Piece {
                    tokens: quote!(#value.len() #sign #count),
                    number: Number::Other,
                    operator: Some(operator),
                })
            }
            _ => None,
        }
    }

    /// `count.is_multiple_of(2)` for `count % 2 == 0`.
    fn multiple(&self, operator: Operator, left: &Term, right: &Term) -> Option<Piece> {
        let Term::Binary { operator: Operator::Remainder, left: value, right: by } = left else { return None };
        let not = match operator {
            Operator::Equal => quote!(),
            Operator::NotEqual => quote!(!),
            _ => return None,
        };
        let (value, by) = (self.term(value), self.term(by));
        let unsigned = matches!(common(Operator::Remainder, &value, &by), Number::Native(_, false));
        if *right != Term::Int(0) || !unsigned || !matches!(value.number, Number::Native(..)) {
            return None;
        }
        let (value, by) = (value.inside(Operator::Remainder, true), by.tokens);
        Some(Piece::plain(quote!(#not #value.is_multiple_of(#by))))
    }
}

impl Piece {
    fn plain(tokens: TokenStream) -> Self {
        Self { tokens, number: Number::Other, operator: None }
    }

    /// The same as `i128`; a literal is that by itself.
    fn wide(self) -> Self {
        match self.number {
            Number::Count => {
                let value = &self.tokens;
                let tokens = quote!(i128::try_from(#value).unwrap_or(i128::MAX));
                Self { tokens, number: Number::Wide, operator: None }
            }
            Number::Native(..) => {
                let value = &self.tokens;
                Self { tokens: quote!(i128::from(#value)), number: Number::Wide, operator: None }
            }
            _ => self,
        }
    }

    /// The same as a side of `outer`, in parentheses where a reader could doubt.
    fn inside(self, outer: Operator, right: bool) -> TokenStream {
        let tokens = self.tokens;
        let clear = match self.operator {
            None => true,
            Some(own) if own == outer => !right,
            // Bits in a comparison are read with more doubt than sums.
            Some(own) if outer.compares() => own.precedence() >= Operator::Add.precedence(),
            Some(own) => own.precedence() > outer.precedence(),
        };
        if clear { tokens } else { quote!((#tokens)) }
    }
}

/// The type in which two sides meet.
fn common(operator: Operator, left: &Piece, right: &Piece) -> Number {
    let fits = |value: i128, bits: u8, signed: bool| {
        let (least, most) =
            if signed { (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1) } else { (0, (1i128 << bits) - 1) };
        (least..=most).contains(&value)
    };
    let stays = match operator {
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::ShiftLeft => false,
        // Only `least / -1` would not fit, and only literals divide without a doubt.
        Operator::Divide | Operator::Remainder | Operator::ShiftRight => {
            matches!(right.number, Number::Literal(value) if value > 0)
        }
        _ => true,
    };
    match (left.number, right.number) {
        (Number::Other, Number::Other) => Number::Other,
        (Number::Native(bits, signed), Number::Literal(value))
        | (Number::Literal(value), Number::Native(bits, signed))
            if stays && fits(value, bits, signed) =>
        {
            Number::Native(bits, signed)
        }
        (left @ Number::Native(..), right) if stays && left == right => left,
        _ => Number::Wide,
    }
}

/// The first arm that a term reads which is not at hand; those within others come first.
fn read_arm<'t>(term: &'t Term, at_hand: &[(&Term, Ident)]) -> Option<&'t Term> {
    match term {
        Term::Arm { value, .. } => read_arm(value, at_hand)
            .or_else(|| Some(term).filter(|term| at_hand.iter().all(|(found, _)| found != term))),
        Term::Member { of: inner, .. }
        | Term::Length { of: inner, .. }
        | Term::Number { value: inner, .. }
        | Term::Not(inner)
        | Term::Negative(inner)
        | Term::IsArm { value: inner, .. }
        | Term::Is { value: inner, .. } => read_arm(inner, at_hand),
        Term::Binary { left, right, .. } => read_arm(left, at_hand).or_else(|| read_arm(right, at_hand)),
        Term::Int(_)
        | Term::Bool(_)
        | Term::Bytes(_)
        | Term::Variant { .. }
        | Term::Word { .. }
        | Term::Field(_)
        | Term::Offset(_)
        | Term::Param(_)
        | Term::It => None,
    }
}

fn opposite(operator: Operator) -> Option<Operator> {
    Some(match operator {
        Operator::Equal => Operator::NotEqual,
        Operator::NotEqual => Operator::Equal,
        Operator::Less => Operator::GreaterEqual,
        Operator::GreaterEqual => Operator::Less,
        Operator::Greater => Operator::LessEqual,
        Operator::LessEqual => Operator::Greater,
        _ => return None,
    })
}

/// The same comparison with its sides changed.
fn mirrored(operator: Operator) -> Operator {
    match operator {
        Operator::Less => Operator::Greater,
        Operator::LessEqual => Operator::GreaterEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterEqual => Operator::LessEqual,
        other => other,
    }
}

fn sign(operator: Operator) -> TokenStream {
    operator.sign().parse().unwrap_or_default()
}
