//! `decode` and `read`: field by field in the order of the wire, each checked as it is read.

mod head;
mod lengths;

pub(super) use head::head;

use super::layout::LayoutCode;
use super::number::{float_method, int_call, read_int, said, to_i128, to_u64};
use super::{bits, checksums, envelope, fillers, headers, literal, names, sentinels, shape, vias};

use crate::ir::{
    BitPlace, Bytes, Content, Equation, Extent, Field, Formula, Held, Int, Layout, Measure, Message, Role, Since, Type,
};
use lengths::own_length;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// The function `decode` of a message.
pub(super) fn decode(code: &LayoutCode<'_>) -> TokenStream {
    let fields = Decoder::new(code).fields();
    let (undo, undone) = vias::undo(code).unzip();
    let borrows = shape::borrows(code.rust.schema, code.layout);
    let frame_type = match (undo.is_some(), borrows) {
        (true, _) => quote!(&'a mut [u8]),
        (false, true) => quote!(&'a [u8]),
        (false, false) => quote!(&[u8]),
    };
    let last = code.constant(code.layout.fields.len().saturating_sub(1));
    let end = (!code.takes_the_rest()).then(|| quote!(reader.end(#last)?;));
    let value = constructor(code);
    let from = code.is_sided().then(|| quote!(, from: Side));
    let docs = match code.is_sided() {
        true => " Reads a whole frame that `from` has sent, exactly its bytes.",
        false => " Reads a whole frame, exactly its bytes.",
    };
    if let Some(envelope) = code.message.and_then(Message::envelope) {
        let frame_mut = if borrows { quote!(&'a mut [u8]) } else { quote!(&mut [u8]) };
        let open = envelope::decode(code, envelope, &frame_mut);
        return quote! {
            #open

            /// Reads what stands in the envelope.
            fn decode_content(frame: #frame_type #from) -> Result<Self, DecodeError> {
                let mut reader = Reader::new(frame);
                #fields
                #end
                Ok(#value)
            }
        };
    }
    quote! {
        #[doc = #docs]
        ///
        /// # Errors
        ///
        /// The frame breaks a rule of the schema.
        pub fn decode(frame: #frame_type #from) -> Result<Self, DecodeError> {
            #undone
            let mut reader = Reader::new(frame);
            #fields
            #end
            Ok(#value)
        }

        #undo
    }
}

/// The function `read` of a struct.
pub(super) fn read(code: &LayoutCode<'_>) -> TokenStream {
    let fields = Decoder::new(code).fields();
    let lifetime = if shape::borrows(code.rust.schema, code.layout) { quote!('a) } else { quote!('_) };
    let value = constructor(code);
    let params = code.parameters(&fields);
    let (enter, leave) = bounds(code);
    quote! {
        fn read(reader: &mut Reader<#lifetime> #(, #params)*) -> Result<Self, DecodeError> {
            #enter
            #fields
            #leave
            Ok(#value)
        }
    }
}

/// The statements that begin and end a layout whose depth or whose bytes are bounded.
pub(super) fn bounds(code: &LayoutCode<'_>) -> (TokenStream, TokenStream) {
    let (enter, leave) = nesting(code);
    let layout = code.layout;
    let begin = match (layout.hops, layout.max) {
        (None, None) => return (enter, leave),
        (Some(_), _) => quote!(let outside = reader.begin();),
        (None, Some(_)) => quote!(let outside = reader.count();),
    };
    let (max, first) = (layout.max.map_or(quote!(usize::MAX), |max| code.size(max)), code.first());
    (quote!(#enter #begin), quote!(reader.finish(outside, #max, #first)?; #leave))
}

/// The statements that enter and leave a layout which is counted, because it may contain itself.
fn nesting(code: &LayoutCode<'_>) -> (TokenStream, TokenStream) {
    let Some(most) = code.counted() else { return (TokenStream::new(), TokenStream::new()) };
    let first = code.first();
    (quote!(reader.enter(#most, #first)?;), quote!(reader.leave();))
}

/// The statements that read an arm of a union into its variable.
pub(super) fn arm(code: &LayoutCode<'_>, at: usize) -> TokenStream {
    let decoder = Decoder::new(code);
    let (read, rules) = (decoder.field(at), decoder.rules(at));
    let offset = decoder.offsets.borrow().contains(&at).then(|| {
        let name = code.names.beside(at, "at");
        quote!(let #name = reader.offset();)
    });
    quote!(#offset #read #rules)
}

/// `Self { name, data }` of the variables that hold the fields.
fn constructor(code: &LayoutCode<'_>) -> TokenStream {
    let fields: Vec<TokenStream> = constructed(code).collect();
    if fields.is_empty() && !shape::is_written(code.layout) { quote!(Self) } else { quote!(Self { #(#fields),* }) }
}

/// `name, data`.
fn constructed<'c>(code: &'c LayoutCode<'_>) -> impl Iterator<Item = TokenStream> + 'c {
    let values = (0..code.end()).filter(|&at| code.field(at).role == Role::Value || shape::is_pointed(code.field(at)));
    values.map(|at| {
        let (name, local) = (names::ident(&code.field(at).name), code.names.local(at));
        match code.field(at).held {
            Held::Converted if !code.field(at).is_optional() => {
                let value = code.names.beside(at, "as");
                quote!(#name: #value)
            }
            Held::Owned if code.field(at).condition.is_some() => quote!(#name: #local.map(Into::into)),
            Held::Owned => quote!(#name: #local.into()),
            _ if name == *local => quote!(#name),
            _ => quote!(#name: #local),
        }
    })
}

pub(super) struct Decoder<'c> {
    pub(super) code: &'c LayoutCode<'c>,
    /// The fields whose offset an error needs, and only the reader knows.
    offsets: RefCell<BTreeSet<usize>>,
    /// Whether it reads what stands on the wire, before transforms are undone: what depends on what that means is left out.
    on_wire: bool,
}

impl<'c> Decoder<'c> {
    pub(super) const fn new(code: &'c LayoutCode<'c>) -> Self {
        Self { code, offsets: RefCell::new(BTreeSet::new()), on_wire: false }
    }

    fn layout(&self) -> &'c Layout {
        self.code.layout
    }

    /// The reader as an argument.
    fn reader(&self) -> TokenStream {
        if self.code.message.is_some() { quote!(&mut reader) } else { quote!(reader) }
    }

    /// Where an error about a field points, as an expression.
    fn offset(&self, field: usize) -> TokenStream {
        if let Some(at) = self.code.fixed_error_offset(field) {
            return self.code.size(at);
        }
        let Some(place) = self.code.field(field).bits else { return self.start(field) };
        let start = self.start(place.first);
        match literal::number(place.byte().into()) {
            _ if place.byte() == 0 => start,
            byte => quote!(#start.saturating_add(#byte)),
        }
    }

    /// Where a field starts, as an expression; what is amid a run of bits starts nowhere.
    pub(super) fn start(&self, field: usize) -> TokenStream {
        if let Some(at) = self.code.fixed_offset(field) {
            return self.code.size(at);
        }
        self.offsets.borrow_mut().insert(field);
        let name = self.code.names.beside(field, "at");
        quote!(#name)
    }

    fn fields(&self) -> TokenStream {
        self.reads(self.code.end())
    }

    /// The fields up to one as they stand on the wire, what is transformed as it is.
    pub(super) fn on_wire(code: &'c LayoutCode<'c>, last: usize) -> TokenStream {
        Self { on_wire: true, ..Self::new(code) }.reads(last + 1)
    }

    /// The first `count` fields.
    fn reads(&self, count: usize) -> TokenStream {
        let reads: Vec<TokenStream> = (0..count)
            .map(|at| {
                let read = self.present(at);
                let equations = (0..count).filter_map(|number| self.late_equation(number, at));
                let checksums = (0..count).filter_map(|number| self.checksum(number, at));
                let checks: TokenStream = equations.chain(checksums).collect();
                quote!(#read #checks)
            })
            .collect();
        let offsets = self.offsets.borrow();
        let with_offset = reads.into_iter().enumerate().map(|(at, read)| {
            let offset = offsets.contains(&at).then(|| {
                let name = self.code.names.beside(at, "at");
                quote!(let #name = reader.offset();)
            });
            quote!(#offset #read)
        });
        with_offset.collect()
    }

    /// A field with its rules; one that may be absent only if it is there.
    fn present(&self, at: usize) -> TokenStream {
        let (read, rules, field) = (self.field(at), self.rules(at), self.code.field(at));
        let condition = match (&field.condition, field.since) {
            (Some(condition), _) => self.condition(condition),
            (None, Some(Since { behind: Some(before), joined: true, .. })) => {
                let before = self.code.names.local(before);
                quote!(#before.is_some())
            }
            (None, Some(_)) => quote!(reader.remaining() > 0),
            (None, None) => {
                let converted = self.converted(at);
                return quote!(#read #rules #converted);
            }
        };
        let (local, converted) = (self.code.names.local(at), self.converted(at));
        let value = match converted {
            Some(_) => self.code.names.beside(at, "as"),
            None => local.clone(),
        };
        let local = self.code.names.local(at);
        if shape::is_pointed(field) {
            let there = self.follow(at);
            return quote!(let #local = if #condition { #there } else { Pointed::nothing() };);
        }
        if matches!(field.role, Role::Constant(_)) {
            return quote!(if #condition { #read });
        }
        let length = self.length_if_there(at);
        quote! {
            let #local = if #condition {
                #length
                #read
                #rules
                #converted
                Some(#value)
            } else {
                None
            };
        }
    }

    /// The statement that makes a type of the user's of what was read.
    fn converted(&self, at: usize) -> Option<TokenStream> {
        let field = self.code.field(at);
        if self.on_wire || field.held != Held::Converted {
            return None;
        }
        let (local, value) = (self.code.names.local(at), self.code.names.beside(at, "as"));
        let (offset, constant) = (self.offset(at), self.code.constant(at));
        let (wire, borrow) = shape::converted_from(&field.ty);
        let borrow = borrow.then(|| quote!(&));
        Some(quote!(let #value = Reader::converted::<#wire, _>(#borrow #local, #offset, #constant)?;))
    }

    fn condition(&self, formula: &Formula) -> TokenStream {
        self.code.condition(formula, &|at| {
            let local = self.code.names.local(at);
            quote!(#local)
        })
    }

    /// What `where` says of a field.
    fn rules(&self, at: usize) -> TokenStream {
        let rule = |rule: &Formula| {
            let (condition, text) = (self.condition(rule), &rule.text);
            let (offset, constant) = (self.offset(at), self.code.constant(at));
            quote!(Reader::holds(#condition, #text, #offset, #constant)?;)
        };
        let unknown = |rule: &Formula| rule.term.fields().into_iter().any(|read| self.layout().is_transformed(read));
        self.code.field(at).rules.iter().filter(|one| !self.on_wire || !unknown(one)).map(rule).collect()
    }

    fn field(&self, at: usize) -> TokenStream {
        let (constant, local) = (self.code.constant(at), self.code.names.local(at));
        if let Some(place) = self.code.field(at).bits {
            return self.bits(at, &place);
        }
        if let Some(bytes) = self.code.constant_bytes(at) {
            let bytes = literal::bytes(&bytes);
            return match self.code.is_nocase(at) {
                true => quote!(reader.constant_nocase(#bytes, #constant)?;),
                false => quote!(reader.constant(#bytes, #constant)?;),
            };
        }
        match &self.code.field(at).ty {
            Type::Bytes(bytes) if self.code.field(at).role == Role::Extension => self.extension(at, bytes),
            Type::Constant(_) => TokenStream::new(),
            Type::Filler(filler) => {
                let (start, fill) = (self.start(filler.of), fillers::fill(self.code, filler));
                let (byte, of) = (fillers::byte(filler), self.code.constant(filler.of));
                quote!(reader.fill_up(#start, #fill, #byte, #of)?;)
            }
            Type::Int(int, range) => {
                let read = read_int(int, &quote!(reader), &constant);
                let range = self.range(at, int, *range);
                let rules = self.number(at, int);
                if self.is_settled(at) {
                    return quote!(#read;);
                }
                quote!(let #local = #read; #range #rules)
            }
            Type::Float { bytes, endian } => {
                let method = float_method(*bytes, *endian);
                quote!(let #local = reader.#method(#constant)?;)
            }
            Type::Enum(index) => {
                let name = names::ty(&self.code.rust.schema.enums[*index].name);
                let reader = self.reader();
                quote!(let #local = #name::read(#reader, #constant)?;)
            }
            Type::Bytes(bytes) => self.bytes(at, bytes),
            Type::Struct(_) if shape::is_pointed(self.code.field(at)) => {
                let there = self.follow(at);
                quote!(let #local = #there;)
            }
            Type::Struct(index) => self.part(at, *index),
            Type::List { element, count, max } => self.list(at, element, count, *max),
        }
    }

    /// The statement that steps over what newer peers add.
    fn extension(&self, at: usize, bytes: &Bytes) -> TokenStream {
        let constant = self.code.constant(at);
        match bytes.extent {
            Extent::Field(number) => {
                let len = self.said_by(number, bytes.max);
                quote!(reader.bytes(#len, #constant)?;)
            }
            _ => quote!(reader.rest(0, #constant)?;),
        }
    }

    /// The statement that opens the region of a field which has one of its own.
    fn region(&self, at: usize) -> Option<TokenStream> {
        let (field, constant) = (self.code.field(at), self.code.constant(at));
        let region = self.code.names.beside(at, "region");
        if let Some(tail) = field.leaves {
            let tail = self.code.size(tail);
            return Some(quote!(let mut #region = reader.rest_region(#tail, #constant)?;));
        }
        let number = field.region?;
        let bytes = self.said_by(number, None);
        Some(quote!(let mut #region = reader.region(#bytes, #constant)?;))
    }

    /// The reader that a field is read from: that of its region, if it has one, or the reader of the layout.
    fn source(&self, at: usize) -> TokenStream {
        let field = self.code.field(at);
        if field.region.is_none() && field.leaves.is_none() {
            return self.reader();
        }
        let region = self.code.names.beside(at, "region");
        quote!(&mut #region)
    }

    /// A field of a run of bits; the first one reads the run.
    fn bits(&self, at: usize, place: &BitPlace) -> TokenStream {
        let (constant, local, offset) = (self.code.constant(at), self.code.names.local(at), || self.offset(at));
        let run = (place.first == at).then(|| bits::read_run(place, &quote!(reader), &constant));
        let field = self.code.field(at);
        let read = match (&field.role, &field.ty) {
            (Role::Constant(expected), _) => {
                let (found, expected, offset) = (bits::wide(place), literal::signed(*expected), offset());
                quote!(Reader::constant_bits(#found, #expected, #offset, #constant)?;)
            }
            (Role::Sender(side), _) => {
                let (found, expected, offset) = (bits::flag(place), bits::is_from(*side), offset());
                let value = self.is_read(at).then(|| quote!(let #local = #expected;));
                quote!(Reader::sender(#found, #expected, #offset, #constant)?; #value)
            }
            (_, Type::Enum(index)) => {
                let offset = if self.code.rust.schema.enums[*index].open { quote!() } else { offset() };
                let value = bits::enum_read(self.code, *index, place, &quote!(#offset, #constant));
                quote!(let #local = #value;)
            }
            (_, Type::Int(int, range)) => {
                let value = match int {
                    Int::Flag => bits::flag(place),
                    Int::Escaping(how) => {
                        let (base, table, offset) = (bits::wide(place), bits::table_name(how), offset());
                        quote!(reader.escaped(#base, &#table, #offset, #constant)?)
                    }
                    _ => bits::number(place),
                };
                let (range, rules) = (self.range(at, int, *range), self.number(at, int));
                quote!(let #local = #value; #range #rules)
            }
            _ => TokenStream::new(),
        };
        quote!(#run #read)
    }

    fn range(&self, at: usize, int: &Int, range: Option<(i128, i128)>) -> Option<TokenStream> {
        let (least, most) = range?;
        let (constant, local, offset) = (self.code.constant(at), self.code.names.local(at), self.offset(at));
        let found = to_i128(&quote!(#local), int);
        let (least, most) = (literal::signed(least), literal::signed(most));
        Some(quote!(Reader::in_range(#found, #least, #most, #offset, #constant)?;))
    }

    /// What a number says of a length, or of the frame.
    fn number(&self, at: usize, int: &Int) -> Option<TokenStream> {
        let equation = self.code.equation(at)?;
        let local = self.code.names.local(at);
        if let Measure::Each { list } = equation.measure {
            let ((length, plain), name) =
                (self.length(at, int, local, equation, None), self.code.names.beside(list, "each"));
            return (!plain).then(|| quote!(let #name = #length;));
        }
        if let Some(measured) = self.code.says_length_of(at) {
            // Where it says that the field is absent, it says no length.
            if equation.absent.is_some() {
                return None;
            }
            let (length, plain) = self.length(at, int, local, equation, self.code.most(measured));
            let name = self.length_local(at, measured);
            if self.code.stream == Some(measured) {
                return (!plain).then(|| quote!(#length;));
            }
            return (!plain).then(|| quote!(let #name = #length;));
        }
        let first = self.reaches_the_end(at, equation)?;
        let measured = match self.code.fixed_offset(first) {
            _ if first == at + 1 && self.code.stream.is_some() => quote!(frame_bytes.saturating_sub(reader.offset())),
            _ if first == at + 1 => quote!(reader.remaining()),
            Some(0) => self.code.frame_bytes(),
            _ => {
                let (whole, start) = (self.code.frame_bytes(), self.start(first));
                quote!(#whole.saturating_sub(#start))
            }
        };
        Some(self.equation(at, int, &measured, equation))
    }

    /// The length of a field of which a number says that it is there, or that it is not.
    fn length_if_there(&self, at: usize) -> Option<TokenStream> {
        let number = self.layout().presence(at)?;
        let (Type::Int(int, _), equation) = (&self.code.field(number).ty, self.code.equation(number)?) else {
            return None;
        };
        let local = self.code.names.local(number);
        let (length, plain) = self.length(number, int, local, equation, self.code.most(at));
        let name = self.length_local(number, at);
        (!plain).then(|| quote!(let #name = #length;))
    }

    /// The variable of the length that a number says: its own, unless a formula reads the number as it is.
    fn length_local(&self, number: usize, measured: usize) -> syn::Ident {
        match self.is_read(number) {
            true if matches!(self.code.field(measured).ty, Type::List { .. }) => {
                self.code.names.beside(measured, "count")
            }
            true => self.code.names.beside(measured, "len"),
            false => self.code.names.local(number).clone(),
        }
    }

    /// Whether a formula reads a field that no user sets.
    fn is_read(&self, at: usize) -> bool {
        let formulas = |field: &'c Field| field.condition.iter().chain(&field.rules).chain(&field.args);
        self.layout().fields.iter().flat_map(formulas).any(|formula| formula.term.fields().contains(&at))
    }

    /// The first field of an equation that counts up to the end of the frame, if the frame's size already says what the
    /// number must be.
    fn reaches_the_end(&self, at: usize, equation: Equation) -> Option<usize> {
        self.code.message?;
        match equation.measure {
            Measure::Bytes { first, last } if first <= at + 1 && last + 1 == self.layout().fields.len() => Some(first),
            _ => None,
        }
    }

    fn equation(&self, at: usize, int: &Int, measured: &TokenStream, equation: Equation) -> TokenStream {
        let (constant, local, offset) = (self.code.constant(at), self.code.names.local(at), self.offset(at));
        let (found, add) = (to_u64(&quote!(#local), int), literal::signed(equation.add.into()));
        let found = said(found, equation.scale, &offset, &constant);
        quote!(Reader::equation(#found, #measured, #add, #offset, #constant)?;)
    }

    /// The check of an equation whose last measured field is `last`, if neither the frame nor a length has settled it.
    fn late_equation(&self, number: usize, last: usize) -> Option<TokenStream> {
        let equation = self.code.equation(number)?;
        let Type::Int(int, _) = &self.code.field(number).ty else { return None };
        let settled = self.code.says_length_of(number).is_some() || self.reaches_the_end(number, equation).is_some();
        if settled || equation.measure.last().max(number) != last {
            return None;
        }
        let measured = match equation.measure {
            Measure::Elements { list } => {
                let list = self.code.names.local(list);
                quote!(#list.len())
            }
            // It is a region of each element, which uses it up.
            Measure::Each { .. } => return None,
            Measure::Bytes { first, last: end } => {
                let start = self.start(first);
                let end = if end == last { quote!(reader.offset()) } else { self.start(end + 1) };
                quote!(#end.saturating_sub(#start))
            }
        };
        Some(self.equation(number, int, &measured, equation))
    }

    /// Whether a checksum has been compared before transforms were undone: it covers what stood on the wire.
    fn is_settled(&self, at: usize) -> bool {
        let undone = self.layout().undone_behind().filter(|_| !self.on_wire);
        self.layout().checksum(at).zip(undone).is_some_and(|(checksum, undone)| checksum.last.max(at) <= undone)
    }

    /// The check of the checksum `at`, if `last` is the last field that it needs.
    fn checksum(&self, at: usize, last: usize) -> Option<TokenStream> {
        let checksum = self.layout().checksum(at)?;
        let Type::Int(int, _) = &self.code.field(at).ty else { return None };
        if checksum.last.max(at) != last || self.is_settled(at) {
            return None;
        }
        let (start, how) = (self.start(checksum.first), checksums::function(self.code, checksum.function));
        let end = if checksum.last == last { quote!(reader.offset()) } else { self.start(checksum.last + 1) };
        let (local, offset, constant) = (self.code.names.local(at), self.offset(at), self.code.constant(at));
        let found = to_u64(&quote!(#local), int);
        Some(match checksum.covers(at) {
            false => quote!(reader.checksum(&#how, #start..#end, #found, #offset, #constant)?;),
            true => {
                let width = self.code.size(self.code.field(at).size.least);
                quote!(reader.checksum_around(&#how, #start..#end, #width, #found, #offset, #constant)?;)
            }
        })
    }

    /// Bytes as they stand on the wire.
    fn raw_bytes(&self, at: usize, bytes: &Bytes) -> TokenStream {
        let (constant, local) = (self.code.constant(at), self.code.names.local(at));
        match &bytes.extent {
            Extent::Fixed(_) if self.code.field(at).held == Held::Array => {
                quote!(let #local = reader.array(#constant)?;)
            }
            Extent::Fixed(len) => {
                let len = self.code.size(*len);
                quote!(let #local = reader.bytes(#len, #constant)?;)
            }
            Extent::Field(number) => {
                let len = self.said_by(*number, bytes.max);
                quote!(let #local = reader.bytes(#len, #constant)?;)
            }
            Extent::Prefix(int) => {
                let len = self.code.names.beside(at, "len");
                let read = read_int(int, &quote!(reader), &constant);
                match self.length(at, int, &len, own_length(at), bytes.max) {
                    (length, true) => quote! {
                        let #len = #read;
                        let #local = reader.bytes(#length, #constant)?;
                    },
                    (length, false) => quote! {
                        let #len = #read;
                        let #len = #length;
                        let #local = reader.bytes(#len, #constant)?;
                    },
                }
            }
            Extent::Until(ends) => {
                let ends = literal::ends(ends);
                let max = bytes.max.map_or(quote!(usize::MAX), |max| self.code.size(max));
                quote!(let #local = reader.until(#ends, #max, #constant)?;)
            }
            Extent::Header(_) => {
                let (len, length) = (self.code.names.beside(at, "len"), headers::length(self.code));
                match length.to_string() == "length" {
                    true => quote!(let #local = reader.bytes(length, #constant)?;),
                    false => quote!(let #len = #length; let #local = reader.bytes(#len, #constant)?;),
                }
            }
            Extent::Lines => headers::read(self.code, at),
            Extent::Formula { formula, .. } => {
                let (len, length) = (self.code.names.beside(at, "len"), self.worked_out(at, formula, bytes.max));
                quote!(let #len = #length; let #local = reader.bytes(#len, #constant)?;)
            }
            // Only a list ends with an element.
            Extent::Where(_) => TokenStream::new(),
            Extent::Rest { tail, .. } => {
                let tail = self.code.size(*tail);
                let max = bytes.max.filter(|_| !self.code.frame_bounds(at)).map(|max| {
                    let max = self.code.size(max);
                    quote!(reader.at_most(#local, #max, #constant)?;)
                });
                quote!(let #local = reader.rest(#tail, #constant)?; #max)
            }
        }
    }

    fn bytes(&self, at: usize, bytes: &Bytes) -> TokenStream {
        let (constant, local) = (self.code.constant(at), self.code.names.local(at));
        let raw = self.raw_bytes(at, bytes);
        if self.on_wire && bytes.via.is_some() {
            return raw;
        }
        let undone = bytes.via.filter(|via| vias::shrinks(*via)).map(|_| {
            let len = vias::length_local(self.code, at);
            quote!(let #local = #local.get(..#len).unwrap_or_default();)
        });
        let raw = quote!(#raw #undone);
        let trimmed = bytes.trim.as_ref().map(|suffix| {
            let suffix = literal::bytes(suffix);
            quote!(let #local = #local.strip_suffix(#suffix).unwrap_or(#local);)
        });
        let trimmed = bytes.pad.map_or(trimmed, |pad| {
            let pad = literal::byte(pad);
            Some(quote!(let #local = Reader::unpadded(#local, #pad);))
        });
        let characters = bytes.within.filter(|_| !matches!(bytes.content, Content::Word(_))).map(|(least, most)| {
            let (least, most) = (Literal::byte_character(least), Literal::byte_character(most));
            quote!(reader.characters(#local, #least, #most, #constant)?;)
        });
        let trimmed = quote!(#trimmed #characters);
        let method = match bytes.content {
            _ if shape::is_serialized(self.code.field(at)) => quote!(json_as),
            Content::Bytes | Content::Headers => return quote!(#raw #trimmed),
            Content::Str => quote!(utf8),
            Content::Ascii => quote!(ascii),
            Content::Word(words) => {
                let name = names::ty(&self.code.rust.schema.words[words].name);
                let reader = if self.code.message.is_some() { quote!(&reader) } else { quote!(reader) };
                return quote!(#raw #trimmed let #local = #name::read(#reader, #local, #constant)?;);
            }
            Content::Json | Content::JsonBody(_) => quote!(json),
        };
        quote!(#raw #trimmed let #local = reader.#method(#local, #constant)?;)
    }

    /// A nested struct. One that takes the rest is the last field, or has a region of its own.
    fn part(&self, at: usize, index: usize) -> TokenStream {
        let local = self.code.names.local(at);
        let part = &self.code.rust.schema.structs[index];
        let name = names::ty(&part.name);
        let (region, reader) = (self.region(at), self.source(at));
        let end = region.is_some() && !shape::leaves_nothing(self.code.rust.schema, part);
        let end = end.then(|| {
            let (constant, region) = (self.code.constant(at), self.code.names.beside(at, "region"));
            quote!(#region.end(#constant)?;)
        });
        let args = self.code.arguments(at, &|at| {
            let local = self.code.names.local(at);
            quote!(#local)
        });
        quote!(#region let #local = #name::read(#reader #(, #args)*)?; #end)
    }

    fn list(&self, at: usize, element: &Type, count: &Extent, max: Option<u64>) -> TokenStream {
        let (constant, local, reader) = (self.code.constant(at), self.code.names.local(at), self.source(at));
        let (read, region) = (self.element(at, element), self.region(at));
        let handed = self.handed(at, element);
        let counted = |count: TokenStream| match &handed {
            Some(handed) => quote!(let #local = #handed.list(#reader, #count)?;),
            None => quote!(let #local = List::read(#reader, #count, #read)?;),
        };
        match count {
            Extent::Fixed(count) => counted(literal::number((*count).into())),
            Extent::Field(number) => counted(self.said_by(*number, max)),
            Extent::Prefix(int) => {
                let count = self.code.names.beside(at, "count");
                let number = read_int(int, &quote!(reader), &constant);
                let read = counted(self.length(at, int, &count, own_length(at), max).0);
                quote!(let #count = #number; #read)
            }
            Extent::Formula { formula, .. } => {
                let (count, length) = (self.code.names.beside(at, "count"), self.worked_out(at, formula, max));
                let read = counted(quote!(#count));
                quote!(let #count = #length; #read)
            }
            Extent::Until(_) | Extent::Header(_) | Extent::Lines => TokenStream::new(),
            Extent::Where(condition) => {
                let max = max.map_or(quote!(usize::MAX), |max| self.code.size(max));
                let last = sentinels::last(self.code, element, condition);
                match handed {
                    Some(handed) => quote!(let #local = #handed.until(#reader, #max, #last, #constant)?;),
                    None => quote!(let #local = List::read_until(#reader, #max, #read, #last, #constant)?;),
                }
            }
            Extent::Rest { tail, .. } => {
                let tail = self.code.size(*tail);
                let max = max.map_or(quote!(usize::MAX), |max| literal::number(max.into()));
                match handed {
                    Some(handed) => quote!(#region let #local = #handed.rest(#reader, #tail, #max, #constant)?;),
                    None => quote!(#region let #local = List::read_rest(#reader, #tail, #max, #read, #constant)?;),
                }
            }
        }
    }

    /// What reads the elements of a list that are handed values: how many bytes each takes first.
    fn handed(&self, at: usize, element: &Type) -> Option<TokenStream> {
        let Type::Struct(index) = element else { return None };
        let name = names::ty(&self.code.rust.schema.structs[*index].name);
        let args = self.code.arguments(at, &|at| {
            let local = self.code.names.local(at);
            quote!(#local)
        });
        let each = self.code.layout.each(at).map(|number| self.each(at, number));
        let values: Vec<TokenStream> = each.clone().into_iter().chain(args.iter().cloned()).collect();
        let handed: Vec<_> = (0..args.len()).map(|arg| format_ident!("handed{arg}")).collect();
        let read = match (each, handed.as_slice()) {
            (None, []) => return None,
            (None, [_]) => quote!(#name::read),
            (None, handed) => quote!(|reader, (#(#handed),*)| #name::read(reader #(, #handed)*)),
            (Some(_), handed) => {
                let (constant, bytes) = (self.code.constant(at), [format_ident!("bytes")]);
                let all: Vec<_> = bytes.iter().chain(handed).collect();
                let taken = if handed.is_empty() { quote!(bytes) } else { quote!((#(#all),*)) };
                let read = match handed {
                    [] => quote!(#name::read),
                    handed => quote!(|reader| #name::read(reader #(, #handed)*)),
                };
                quote!(|reader, #taken| reader.element(bytes, #read, #constant))
            }
        };
        let values = shape::tuple(&values);
        Some(quote!(Handed::new(#values, #read)))
    }

    /// How many bytes each element of a list takes.
    fn each(&self, list: usize, number: usize) -> TokenStream {
        let (local, name) = (self.code.names.local(number), self.code.names.beside(list, "each"));
        let Type::Int(int, _) = &self.code.field(number).ty else { return quote!(#local) };
        let equation = self.code.equation(number).unwrap_or_else(|| own_length(list));
        match self.length(number, int, local, equation, None) {
            (length, true) => length,
            (_, false) => quote!(#name),
        }
    }

    /// The function that reads one element.
    fn element(&self, at: usize, element: &Type) -> TokenStream {
        let constant = self.code.constant(at);
        match element {
            Type::Int(int, None) => {
                let call = int_call(int, &constant);
                quote!(|reader| reader.#call)
            }
            Type::Int(int, Some((least, most))) => {
                let call = int_call(int, &constant);
                let found = to_i128(&quote!(item), int);
                let (least, most) = (literal::signed(*least), literal::signed(*most));
                quote!(|reader| {
                    let offset = reader.offset();
                    let item = reader.#call?;
                    Reader::in_range(#found, #least, #most, offset, #constant)?;
                    Ok(item)
                })
            }
            Type::Float { bytes, endian } => {
                let method = float_method(*bytes, *endian);
                quote!(|reader| reader.#method(#constant))
            }
            Type::Enum(index) => {
                let name = names::ty(&self.code.rust.schema.enums[*index].name);
                quote!(|reader| #name::read(reader, #constant))
            }
            Type::Struct(index) => {
                let name = names::ty(&self.code.rust.schema.structs[*index].name);
                quote!(#name::read)
            }
            Type::Constant(_) | Type::Filler(_) | Type::Bytes(_) | Type::List { .. } => TokenStream::new(),
        }
    }
}
