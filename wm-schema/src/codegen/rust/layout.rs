//! One layout while its code is written: what all its functions have to know.

use super::formulas::{Formulas, It};
use super::{Rust, literal, names::Names, shape};
use crate::ir::{Bytes, Endian, Equation, Escape, Extent, Field, Formula, Int, Layout, Message, Role, Size, Type};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// A layout, its names and its message, if it is one.
pub(super) struct LayoutCode<'s> {
    pub(super) rust: &'s Rust<'s>,
    pub(super) layout: &'s Layout,
    pub(super) message: Option<&'s Message>,
    pub(super) names: Names,
    /// The field that is a stream, if the code is that of the fields in front of it.
    pub(super) stream: Option<usize>,
}

impl<'s> LayoutCode<'s> {
    pub(super) fn message(rust: &'s Rust<'s>, message: &'s Message) -> Self {
        Self { rust, layout: &message.layout, message: Some(message), names: Names::new(&message.layout), stream: None }
    }

    pub(super) fn part(rust: &'s Rust<'s>, layout: &'s Layout) -> Self {
        Self { rust, layout, message: None, names: Names::new(layout), stream: None }
    }

    /// What stands in front of the stream of a message.
    pub(super) fn head(rust: &'s Rust<'s>, message: &'s Message, stream: usize) -> Self {
        Self { stream: Some(stream), ..Self::message(rust, message) }
    }

    /// How many of the fields are read and written.
    pub(super) fn end(&self) -> usize {
        self.stream.unwrap_or(self.layout.fields.len())
    }

    /// How large the whole frame is, as an expression.
    pub(super) fn frame_bytes(&self) -> TokenStream {
        if self.stream.is_some() { quote!(frame_bytes) } else { quote!(frame.len()) }
    }

    pub(super) fn field(&self, at: usize) -> &'s Field {
        &self.layout.fields[at]
    }

    /// Whether its codec must know who sends.
    pub(super) fn is_sided(&self) -> bool {
        self.message.is_some_and(Message::is_sided)
    }

    /// Whether a formula reads who sends.
    pub(super) fn reads_sender(&self) -> bool {
        let formulas = |field: &'s Field| field.condition.iter().chain(&field.rules).chain(&field.args);
        let read = self.layout.fields.iter().flat_map(formulas).flat_map(|formula| formula.term.fields());
        self.is_sided() && read.into_iter().any(|at| matches!(self.field(at).role, Role::Sender(_)))
    }

    /// The constant that an error about a field points at.
    pub(super) fn constant(&self, field: usize) -> TokenStream {
        let name = self.names.constant(field);
        if self.rust.impls_only { quote!(#name) } else { quote!(Self::#name) }
    }

    /// How many of the layout may stand in each other, if it is the one that is counted.
    pub(super) fn counted(&self) -> Option<TokenStream> {
        self.rust.schema.counted(self.layout).map(|most| literal::number(most.into()))
    }

    /// The constant that an error points at which concerns the layout as a whole.
    pub(super) fn first(&self) -> TokenStream {
        if self.layout.choice.is_some() { quote!(Self::TAG) } else { self.constant(0) }
    }

    /// Where a field of a message starts, if that is always the same.
    pub(super) fn fixed_offset(&self, field: usize) -> Option<u64> {
        self.message?;
        self.layout.fields[..field].iter().map(|field| field.size.fixed()).sum()
    }

    /// Where an error about a field of a message points, if that is always the same.
    pub(super) fn fixed_error_offset(&self, field: usize) -> Option<u64> {
        let byte = self.field(field).bits.map_or(0, |place| place.byte());
        self.fixed_offset(field).map(|start| start + byte)
    }

    /// The bytes of the run of bits that a field ends.
    pub(super) fn run_bytes(&self, field: usize) -> u64 {
        self.field(field).bits.filter(|place| place.last == field).map_or(0, |place| place.bytes.into())
    }

    /// The field whose length, count or region a number says.
    pub(super) fn says_length_of(&self, number: usize) -> Option<usize> {
        self.layout.fields.iter().position(|field| match &field.ty {
            _ if field.region == Some(number) => true,
            Type::Bytes(Bytes { extent, .. }) | Type::List { count: extent, .. } => *extent == Extent::Field(number),
            _ => false,
        })
    }

    /// The most of what a number says of a field: bytes, or elements. A region is as large as its number can say.
    pub(super) fn most(&self, field: usize) -> Option<u64> {
        match &self.field(field).ty {
            _ if self.field(field).region.is_some() => None,
            Type::Bytes(bytes) => bytes.max,
            Type::List { max, .. } => *max,
            _ => None,
        }
    }

    /// Whether a frame of legal size cannot hold so many bytes of a field that its own `max` matters.
    pub(super) fn frame_bounds(&self, at: usize) -> bool {
        let (Some(message), Some(max)) = (self.message, self.most(at)) else { return false };
        let field = self.field(at);
        let Type::Bytes(bytes) = &field.ty else { return false };
        let around = match &bytes.extent {
            Extent::Lines => 2,
            Extent::Prefix(int) => int.size().least,
            Extent::Until(ends) => ends.written().len() as u64,
            Extent::Fixed(_)
            | Extent::Field(_)
            | Extent::Header(_)
            | Extent::Where(_)
            | Extent::Formula { .. }
            | Extent::Rest { .. } => 0,
        };
        let rest = self.layout.size.least.saturating_sub(field.size.least).saturating_add(around);
        max.saturating_add(rest) >= message.content_bytes_max()
    }

    /// Whether a message with legal fields can be over the limit of the frame.
    pub(super) fn can_exceed_frame(&self) -> bool {
        let most = |sum: u64, size: Size| Some(sum.saturating_add(size.most?));
        let all = self.layout.fields.iter().map(Field::written).try_fold(0, most);
        self.message.is_some_and(|message| all.is_none_or(|all| all > message.content_bytes_max()))
    }

    /// The field to blame when a message is too large: the largest.
    pub(super) fn largest(&self) -> usize {
        let size = |at: &usize| (self.field(*at).written().most.unwrap_or(u64::MAX), *at);
        (0..self.layout.fields.len()).max_by_key(size).unwrap_or_default()
    }

    /// The equation of a computed field.
    pub(super) fn equation(&self, at: usize) -> Option<Equation> {
        match self.field(at).role {
            Role::Computed(equation) => Some(equation),
            Role::Value
            | Role::Constant(_)
            | Role::Checksum(_)
            | Role::Sender(_)
            | Role::Extension
            | Role::Pointed(_) => None,
        }
    }

    /// A count of bytes as an expression.
    pub(super) fn size(&self, value: u64) -> TokenStream {
        self.rust.size(value)
    }

    /// The bytes of a constant field.
    pub(super) fn constant_bytes(&self, at: usize) -> Option<Vec<u8>> {
        let field = self.field(at);
        if field.bits.is_some() {
            return None;
        }
        match (&field.ty, &field.role) {
            (Type::Constant(constant), _) => Some(constant.bytes.clone()),
            (Type::Int(int, _), Role::Constant(value)) => Some(wire_bytes(int, *value)),
            (Type::Enum(at), Role::Constant(value)) => Some(wire_bytes(&self.rust.schema.enums[*at].repr, *value)),
            _ => None,
        }
    }

    /// Whether a constant field is taken in capital and small letters.
    pub(super) fn is_nocase(&self, at: usize) -> bool {
        matches!(&self.field(at).ty, Type::Constant(constant) if constant.nocase)
    }

    fn formulas<'f>(&'f self, field: &'f dyn Fn(usize) -> TokenStream) -> Formulas<'f> {
        Formulas {
            schema: self.rust.schema,
            layout: self.layout,
            field,
            start: &|_| TokenStream::new(),
            names: &self.names,
            it: It::None,
            arms: Vec::new(),
        }
    }

    /// A condition over the values that `field` gives.
    pub(super) fn condition(&self, formula: &Formula, field: &dyn Fn(usize) -> TokenStream) -> TokenStream {
        self.formulas(field).condition(formula)
    }

    /// How long something is by a formula over the values that `field` gives, as an `i128`.
    pub(super) fn worked_out(&self, formula: &Formula, field: &dyn Fn(usize) -> TokenStream) -> TokenStream {
        self.formulas(field).number(formula)
    }

    /// Where a pointer leads, as `i128`; `start` says where a field starts.
    pub(super) fn place(
        &self,
        formula: &Formula,
        field: &dyn Fn(usize) -> TokenStream,
        start: &dyn Fn(usize) -> TokenStream,
    ) -> TokenStream {
        Formulas { start, ..self.formulas(field) }.place(formula)
    }

    /// A value that a variable of this type can have.
    pub(super) fn fitted(&self, formula: &Formula, ty: &Type, field: &dyn Fn(usize) -> TokenStream) -> TokenStream {
        self.formulas(field).fitted(formula, ty)
    }

    /// What is handed to the struct of a field.
    pub(super) fn arguments(&self, at: usize, field: &dyn Fn(usize) -> TokenStream) -> Vec<TokenStream> {
        let formulas = self.formulas(field);
        self.field(at).args.iter().map(|formula| formulas.argument(formula)).collect()
    }

    /// The parameters of the layout, as a function takes them; `body` tells which are used.
    pub(super) fn parameters(&self, body: &TokenStream) -> Vec<TokenStream> {
        let params = self.layout.params.iter().enumerate().map(|(index, param)| {
            let (name, ty) = (self.names.param(index), shape::value_type(self.rust.schema, &param.ty));
            let used = super::names::mentions(body, &name.to_string());
            let name = if used { name.clone() } else { format_ident!("_{name}") };
            quote!(#name: #ty)
        });
        params.collect()
    }

    /// Whether nothing can be left behind the last field, because one took all.
    pub(super) fn takes_the_rest(&self) -> bool {
        shape::leaves_nothing(self.rust.schema, self.layout)
    }
}

/// A number as the encoder writes it.
fn wire_bytes(int: &Int, value: i128) -> Vec<u8> {
    match int {
        Int::Fixed { bytes, endian, .. } => {
            let width = usize::from(*bytes);
            match endian {
                Endian::Big => value.to_be_bytes()[16 - width..].to_vec(),
                Endian::Little => value.to_le_bytes()[..width].to_vec(),
            }
        }
        Int::Varint { signed } => {
            let zigzag = if *signed { (value << 1) ^ (value >> 127) } else { value };
            let mut rest = zigzag.unsigned_abs();
            let mut bytes = Vec::new();
            while rest > 0x7f {
                bytes.push(rest.to_le_bytes()[0] | 0x80);
                rest >>= 7;
            }
            bytes.push(rest.to_le_bytes()[0]);
            bytes
        }
        Int::Vlq { .. } => {
            let count = u32::try_from(int.width(value)).unwrap_or(1);
            let septet = |at: u32| (value >> (7 * at)).to_le_bytes()[0] & 0x7f | if at > 0 { 0x80 } else { 0 };
            (0..count).rev().map(septet).collect()
        }
        Int::Quic { .. } => {
            let width = int.width(value);
            let marked = value | i128::from(width.ilog2()) << (8 * width - 2);
            marked.to_be_bytes()[16 - usize::try_from(width).unwrap_or(8)..].to_vec()
        }
        Int::Digits { radix, digits } => {
            let digits = usize::from(*digits);
            if *radix == 16 { format!("{value:0digits$x}") } else { format!("{value:0digits$}") }.into_bytes()
        }
        Int::Until { radix, ends, .. } => {
            let number = if *radix == 16 { format!("{value:x}") } else { value.to_string() };
            [number.as_bytes(), ends.written()].concat()
        }
        Int::Escaping(how) => {
            let value = u64::try_from(value).unwrap_or_default();
            let escape = how.escape(value);
            let mut bytes = wire_bytes(&how.base, escape.map_or(value, |escape| escape.mark).into());
            if let Some(&Escape { bytes: width, endian, .. }) = escape {
                bytes.extend(wire_bytes(&Int::Fixed { bytes: width, signed: false, endian }, value.into()));
            }
            bytes
        }
        // Part of a run, which writes it.
        Int::Bits { .. } | Int::Flag => Vec::new(),
    }
}
