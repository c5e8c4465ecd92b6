//! `measure`, `encode` and `write`: every rule is checked before the first byte is written.

mod absent;
mod check;
mod prepare;
mod size;
mod write;

use super::layout::LayoutCode;
use super::number::{to_i128, within, write_int};
use super::{Rust, bits, literal, names, pointers, shape, vias};
use crate::ir::stream::Body;
use crate::ir::{
    By, Bytes, Choice, Content, Enum, Equation, Extent, Formula, Held, Int, Layout, Measure, Message, Role, Scale,
    Schema, Since, Type, Via,
};
pub(super) use prepare::applied;
use prepare::{Local, prepared};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use std::collections::BTreeSet;

/// The functions `measure` and `encode` of a message.
pub(super) fn encode(code: &LayoutCode<'_>) -> TokenStream {
    let measure = measure(code, &quote!(pub), &quote!(&self));
    let mut encoder = Encoder::new(code, code.message.is_some());
    let writes = encoder.writes();
    let (numbers, prepared) = (encoder.lets, prepared(code));
    let sender = code.reads_sender().then(|| quote!(from));
    let size = if prepared.lets.is_empty() { quote!(self.measure(#sender)) } else { prepared.measure_call() };
    let lets = &prepared.lets;
    let from = code.is_sided().then(|| quote!(, from: Side));
    let docs = match code.is_sided() {
        true => " Appends the message to `out` as `from` sends it, or nothing if it fails.",
        false => " Appends the message to `out`, or nothing if it fails.",
    };
    let envelope = code.message.and_then(Message::envelope);
    let errors = match envelope {
        Some(_) => {
            " Those of [`measure`](Self::measure), and the envelope makes the frame too large or cannot hold it."
        }
        None if code.rust.schema.holds_pointers(code.layout) => {
            " Those of [`measure`](Self::measure), and a pointer leads to no value that could be read."
        }
        None => " Those of [`measure`](Self::measure).",
    };
    let read_back = pointers::read_back(code);
    let empty = code.message.and_then(|message| refuse_empty(code, message));
    let start = (envelope.is_some() || read_back.is_some()).then(|| quote!(let start = out.len();));
    let end = envelope.map_or(quote!(Ok(())), |envelope| super::envelope::close(code, envelope));
    quote! {
        #measure

        #[doc = #docs]
        ///
        /// # Errors
        ///
        #[doc = #errors]
        pub fn encode(&self #from, out: &mut BytesMut) -> Result<(), EncodeError> {
            #(#lets)*
            let size = #size?;
            #empty
            #numbers
            out.reserve(size);
            #start
            let mut writer = Writer::new(out);
            #writes
            #read_back
            #end
        }
    }
}

/// Refuses a message of no bytes where the end of the stream says where it ends: nobody would see that there is one.
fn refuse_empty(code: &LayoutCode<'_>, message: &Message) -> Option<TokenStream> {
    let last = code.layout.fields.len().checked_sub(1)?;
    let constant = code.constant(last);
    (message.layout.until_end && message.layout.size.least == 0).then(|| {
        quote! {
            if size == 0 {
                return Err(EncodeError::new(#constant, EncodeFault::Empty));
            }
        }
    })
}

/// The functions `measure` and `encode` of what stands in front of a stream.
pub(super) fn head(code: &LayoutCode<'_>) -> TokenStream {
    let measure = measure(code, &quote!(pub), &quote!(&self));
    let mut encoder = Encoder::new(code, true);
    let (writes, number) = (encoder.writes(), encoder.stream_number());
    let (numbers, prepared) = (encoder.lets, prepared(code));
    let sender = code.reads_sender().then(|| quote!(from));
    let size = if prepared.lets.is_empty() { quote!(self.measure(#sender)) } else { prepared.measure_call() };
    let lets = &prepared.lets;
    let (from, docs) = match code.is_sided() {
        true => (quote!(, from: Side), " Appends the head to `out` as `from` sends it, or nothing if it fails."),
        false => (quote!(), " Appends the head to `out`, or nothing if it fails."),
    };
    let size = match names::mentions(&numbers, "size") {
        true => quote!(let size = #size?;),
        false => quote!(#size?;),
    };
    let (out, writes) = match writes.is_empty() && number.is_none() {
        true => (quote!(_), quote!()),
        false => (quote!(out), quote!(let mut writer = Writer::new(out); #writes #number)),
    };
    quote! {
        #measure

        #[doc = #docs]
        ///
        /// # Errors
        ///
        /// Those of [`measure`](Self::measure).
        pub fn encode(&self #from, #out: &mut BytesMut) -> Result<(), EncodeError> {
            #(#lets)*
            #size
            #numbers
            #writes
            Ok(())
        }
    }
}

/// The functions `measure` and `write` of a struct.
pub(super) fn write(code: &LayoutCode<'_>) -> TokenStream {
    let copy = shape::has(code.rust.schema, code.layout, shape::Trait::Copy);
    let receiver = if copy { quote!(self) } else { quote!(&self) };
    let plain = is_plain(code.rust.schema, code.layout);
    let measure = (!plain).then(|| measure(code, &quote!(), &receiver));
    let mut encoder = Encoder::new(code, code.message.is_some());
    let writes = encoder.writes();
    let (numbers, lets) = (encoder.lets, prepared(code).lets);
    let (begin, finish) = pointers::doubts(code);
    let (result, ok) =
        if write_can_fail(code) { (quote!(-> Result<(), EncodeError>), quote!(Ok(()))) } else { (quote!(), quote!()) };
    quote! {
        #measure

        fn write(#receiver, writer: &mut Writer<'_>) #result {
            #(#lets)*
            #numbers
            #begin
            #writes
            #finish
            #ok
        }
    }
}

/// Whether `write` of a struct computes what only a measured value is sure to have. Of layouts that contain each other,
/// one is enough.
pub(super) fn write_can_fail(code: &LayoutCode<'_>) -> bool {
    let structs = &code.rust.schema.structs;
    match code.layout.nesting {
        None => own_write_can_fail(code.rust, code.layout),
        nesting => {
            structs.iter().filter(|part| part.nesting == nesting).any(|part| own_write_can_fail(code.rust, part))
        }
    }
}

fn own_write_can_fail(rust: &Rust<'_>, layout: &Layout) -> bool {
    layout.fields.iter().filter(|field| !shape::is_pointed(field)).any(|field| {
        let prefixed = match &field.ty {
            Type::Bytes(Bytes { extent, .. }) | Type::List { count: extent, .. } => matches!(extent, Extent::Prefix(_)),
            _ => false,
        };
        let part = part(&field.ty).map(|part| &rust.schema.structs[part]);
        let other = part.filter(|part| part.nesting.is_none() || part.nesting != layout.nesting);
        let nested = other.is_some_and(|part| write_can_fail(&LayoutCode::part(rust, part)));
        let prepared = shape::is_serialized(field) || field.held == Held::Converted;
        prefixed || nested || matches!(field.role, Role::Computed(_)) || prepared
    })
}

/// The struct that a type is, or that its elements are.
fn part(ty: &Type) -> Option<usize> {
    match ty {
        Type::Struct(part) => Some(*part),
        Type::List { element, .. } => part(element),
        _ => None,
    }
}

/// `depth: usize`: how many layouts that contain themselves stand around this one.
pub(super) fn depth_parameter(layout: &Layout) -> Option<TokenStream> {
    layout.nesting.map(|_| quote!(depth: usize))
}

/// The statement that counts a layout which may contain itself.
pub(super) fn nested(code: &LayoutCode<'_>) -> Option<TokenStream> {
    let (most, first) = (code.counted()?, code.first());
    Some(quote!(let depth = check::nested(depth, #most, #first)?;))
}

/// The statements that check an arm of a union, and what it takes: `outside` bytes and those of its variable.
pub(super) fn measure_arm(code: &LayoutCode<'_>, at: usize, outside: u64) -> TokenStream {
    let mut encoder = Encoder { counts: true, ..Encoder::new(code, false) };
    if let (Type::Struct(part), 0, true) = (&code.field(at).ty, outside, code.field(at).rules.is_empty())
        && !is_plain(code.rust.schema, &code.rust.schema.structs[*part])
    {
        let (local, args) = (code.names.local(at), encoder.arguments(at));
        return quote!(#local.measure(#(#args),*));
    }
    let (lets, (checks, size)) = encoder.within(at, |encoder| {
        let (checks, rules) = (encoder.check_value(at), encoder.rules(at));
        let mut terms = Vec::new();
        let fixed = encoder.terms_of_value(at, &mut terms);
        if !encoder.is_sure(at) {
            encoder.number_is_checked(at);
        }
        (quote!(#checks #rules), encoder.sum(terms, fixed.saturating_add(outside)))
    });
    quote!(#checks #lets Ok(#size))
}

/// The statements that put the variable of an arm on the wire.
pub(super) fn write_arm(code: &LayoutCode<'_>, at: usize) -> TokenStream {
    let mut encoder = Encoder::new(code, false);
    let (lets, write) = encoder.within(at, |encoder| encoder.write_value(at));
    quote!(#lets #write)
}

/// Whether a struct always takes the same bytes, and no rule binds its values: then it is not measured.
fn is_plain(schema: &Schema, layout: &Layout) -> bool {
    let values = || layout.fields.iter().filter(|field| field.role == Role::Value);
    layout.size.fixed().is_some()
        && layout.choice.is_none()
        && layout.params.is_empty()
        && values().all(|field| !field.is_optional() && field.rules.is_empty() && field.held != Held::Converted)
        && values().all(|field| match &field.ty {
            Type::Int(int, range) => within(int, *range, &quote!(_), &quote!(_)).is_none(),
            Type::Enum(kind) => !needs_check(&schema.enums[*kind]),
            Type::Struct(part) => is_plain(schema, &schema.structs[*part]),
            Type::Float { .. } | Type::Constant(_) | Type::Filler(_) => true,
            Type::Bytes(_) | Type::List { .. } => false,
        })
}

fn measure(code: &LayoutCode<'_>, visibility: &TokenStream, receiver: &TokenStream) -> TokenStream {
    let body = measure_body(code);
    let prepared = prepared(code);
    let what = match code.message.and_then(Message::envelope) {
        Some(_) => {
            " Checks every rule that the message must keep to be sent, and says how many bytes stand in its envelope."
        }
        None => " Checks every rule that the message must keep to be sent, and says how many bytes it takes.",
    };
    let docs = (!visibility.is_empty()).then(|| {
        quote! {
            #[doc = #what]
            ///
            /// # Errors
            ///
            /// A value breaks a rule of the schema.
        }
    });
    let mut params = code.parameters(&body);
    params.extend(depth_parameter(code.layout));
    if code.reads_sender() {
        params.push(quote!(from: Side));
    }
    if prepared.lets.is_empty() {
        return quote! {
            #docs
            #visibility fn measure(#receiver #(, #params)*) -> Result<usize, EncodeError> {
                #body
            }
        };
    }
    let (lets, call) = (&prepared.measured, prepared.measure_call());
    let locals = prepared.locals.iter().map(|local| {
        let Local { name, ty, .. } = local;
        quote!(#name: #ty,)
    });
    let sender = code.reads_sender().then(|| quote!(from: Side));
    let receiver_with = prepared.needs_self.then(|| quote!(#receiver,));
    quote! {
        #docs
        #visibility fn measure(#receiver #(, #params)*) -> Result<usize, EncodeError> {
            #(#lets)*
            #call
        }

        fn measure_with(#receiver_with #(#locals)* #sender) -> Result<usize, EncodeError> {
            #body
        }
    }
}

fn measure_body(code: &LayoutCode<'_>) -> TokenStream {
    let mut encoder = Encoder { counts: true, ..Encoder::new(code, false) };
    let nested = nested(code);
    let count = code.layout.fields.len();
    let checks: TokenStream = (0..count).map(|at| encoder.check(at)).collect();
    let size = encoder.span(0, count.saturating_sub(1));
    let sizes = std::mem::take(&mut encoder.lets);
    let limit = code.can_exceed_frame().then(|| {
        let Some(message) = code.message.filter(|message| message.envelope().is_some()) else {
            let constant = code.constant(code.largest());
            return quote!(check::at_most(size, Self::FRAME_BYTES_MAX, #constant)?;);
        };
        let (most, constant) = (code.size(message.content_bytes_max()), super::envelope::constant(code));
        quote!(check::at_most(size, #most, #constant)?;)
    });
    let limit = limit.or_else(|| {
        let (max, first) = (pointers::measured_max(code)?, code.first());
        Some(quote!(check::at_most(size, #max, #first)?;))
    });
    encoder.size_is_known = true;
    for at in 0..count {
        if !encoder.is_sure(at) {
            encoder.number_is_checked(at);
        }
    }
    let late: TokenStream = (0..count).map(|at| encoder.late_rules(at)).collect();
    let numbers = &encoder.lets;
    let senders = encoder.senders(&quote!(#checks #numbers #late));
    if limit.is_none() && numbers.is_empty() && late.is_empty() {
        return quote!(#nested #senders #checks #sizes Ok(#size));
    }
    quote!(#nested #senders #checks #sizes let size = #size; #limit #numbers #late Ok(size))
}

pub(super) struct Encoder<'c> {
    pub(super) code: &'c LayoutCode<'c>,
    /// Variables that what follows needs: computed numbers, sizes of parts.
    lets: TokenStream,
    /// The fields whose number has a variable.
    numbers: Vec<usize>,
    /// The fields whose size has a variable.
    sizes: Vec<usize>,
    /// The lists of which the size that each element takes has a variable.
    measured_alike: Vec<usize>,
    /// Whether the variable `size` holds the size of the whole.
    size_is_known: bool,
    /// The field that may be absent and whose value, if it is there, has a variable.
    inside: Option<usize>,
    /// Whether it is counted how deep layouts stand in themselves.
    counts: bool,
    /// The checksums, and the field behind which each can be written.
    pub(super) due: Vec<(usize, usize)>,
    /// The fields whose place in the buffer has a variable.
    pub(super) marks: BTreeSet<usize>,
}

impl<'c> Encoder<'c> {
    fn new(code: &'c LayoutCode<'c>, size_is_known: bool) -> Self {
        Self {
            code,
            lets: TokenStream::new(),
            numbers: Vec::new(),
            sizes: Vec::new(),
            measured_alike: Vec::new(),
            size_is_known,
            inside: None,
            counts: false,
            due: code.layout.checksums(),
            marks: BTreeSet::new(),
        }
    }

    /// `self.name`, or the variable of a value that may be absent.
    pub(super) fn value(&self, at: usize) -> TokenStream {
        if self.inside == Some(at) || self.code.field(at).held == Held::Converted {
            let local = self.code.names.local(at);
            return quote!(#local);
        }
        let name = names::ident(&self.code.field(at).name);
        quote!(self.#name)
    }

    /// The bytes of a field.
    fn content(&self, at: usize, bytes: &Bytes) -> TokenStream {
        let (value, local, field) = (self.value(at), self.code.names.local(at), self.code.field(at));
        match bytes.content {
            _ if shape::is_serialized(field) => quote!(#local.as_bytes()),
            Content::Bytes if field.held == Held::Converted => value,
            Content::Bytes if field.held == Held::Owned => quote!(&#value),
            Content::Bytes if field.held == Held::Array => quote!(#value.as_slice()),
            Content::Bytes | Content::Headers => value,
            Content::Str | Content::Ascii => quote!(#value.as_bytes()),
            Content::Word(_) | Content::Json | Content::JsonBody(_) => quote!(#value.as_str().as_bytes()),
        }
    }

    /// The statement that writes the number in front of a stream which is a part of its field.
    fn stream_number(&mut self) -> Option<TokenStream> {
        let int = super::stream::prefix(self.code)?;
        let number = self.number(self.code.end());
        Some(write_int(int, &quote!(#number)))
    }

    /// How a stream comes, if this is a head and `at` is its stream.
    fn stream_body(&self, at: usize) -> Option<Body> {
        let stream = self.code.message?.streams.as_ref()?;
        (self.code.stream == Some(at)).then_some(stream.body)
    }

    /// How many bytes or elements a field has.
    fn len(&self, at: usize) -> TokenStream {
        if self.code.stream == Some(at) {
            let len = super::stream::len_name(self.code, at);
            return quote!(self.#len);
        }
        let (value, local, field) = (self.value(at), self.code.names.local(at), self.code.field(at));
        match &field.ty {
            Type::Bytes(Bytes { via: Some(Via::Extern(_)), .. }) => {
                let wire = applied(self.code, at);
                quote!(#wire.len())
            }
            Type::Bytes(Bytes { via: Some(via), .. }) => vias::width(*via, &quote!(#value.len())),
            _ if shape::is_serialized(field) => quote!(#local.len()),
            Type::Bytes(Bytes { content: Content::Word(_) | Content::Json, .. }) => quote!(#value.as_str().len()),
            _ => quote!(#value.len()),
        }
    }

    /// The rules of one value; whether it is there, too.
    fn check(&mut self, at: usize) -> TokenStream {
        let field = self.code.field(at);
        if field.role != Role::Value {
            return self.rules(at);
        }
        if let Some(since) = &field.since {
            return self.check_since(at, *since);
        }
        let Some(condition) = &field.condition else {
            let (checks, rules) = (self.check_value(at), self.rules(at));
            return quote!(#checks #rules);
        };
        let (value, constant, text) = (self.value(at), self.code.constant(at), &condition.text);
        let condition = self.presence(condition);
        let checks = self.if_present(at, |encoder| {
            let (checks, rules) = (encoder.check_value(at), encoder.rules(at));
            quote!(#checks #rules)
        });
        // Its number says what the user says.
        if self.code.layout.presence(at).is_some() {
            return checks;
        }
        quote! {
            check::present(#value.is_some(), #condition, #text, #constant)?;
            #checks
        }
    }

    /// The rules of a value that older peers do not send: it needs those that came before it.
    fn check_since(&mut self, at: usize, since: Since) -> TokenStream {
        let (value, constant) = (self.value(at), self.code.constant(at));
        let needed = since.behind.map(|behind| {
            let (before, text) = (self.value(behind), format!("{} is there", self.code.field(behind).name));
            match since.joined {
                true => quote!(check::present(#value.is_some(), #before.is_some(), #text, #constant)?;),
                false => quote!(check::holds(#value.is_none() || #before.is_some(), #text, #constant)?;),
            }
        });
        let checks = self.if_present(at, |encoder| {
            let (checks, rules) = (encoder.check_value(at), encoder.rules(at));
            quote!(#checks #rules)
        });
        quote!(#needed #checks)
    }

    /// What is handed to `measure` of the struct of a field.
    fn arguments(&self, at: usize) -> Vec<TokenStream> {
        let mut args = self.code.arguments(at, &|at| self.value(at));
        // What a header says, the encoder says: nothing is compared with it.
        if let Type::Struct(part) = self.code.field(at).ty
            && matches!(self.code.rust.schema.structs[part].choice, Some(Choice { by: By::Header { .. }, .. }))
        {
            args.remove(0);
        }
        args.extend(part(&self.code.field(at).ty).and_then(|part| self.depth(part)));
        args
    }

    /// How many layouts that contain themselves stand around a part, if that is counted.
    fn depth(&self, part: usize) -> Option<TokenStream> {
        let nesting = self.code.rust.schema.structs[part].nesting;
        let inside = self.counts && self.code.layout.nesting == nesting;
        nesting.map(|_| if inside { quote!(depth) } else { quote!(0) })
    }

    fn condition(&self, formula: &Formula) -> TokenStream {
        self.code.condition(formula, &|at| self.known(at))
    }

    /// The length or count that a formula says, as an `i128`.
    fn worked_out(&self, formula: &Formula) -> TokenStream {
        self.code.worked_out(formula, &|at| self.known(at))
    }

    /// The value of a field that a formula reads.
    fn known(&self, at: usize) -> TokenStream {
        match self.code.field(at).role {
            Role::Computed(_) | Role::Sender(_) => {
                let local = self.code.names.local(at);
                quote!(#local)
            }
            _ => self.value(at),
        }
    }

    /// What `where` says of numbers that are computed, once they are.
    fn late_rules(&mut self, at: usize) -> TokenStream {
        let code = self.code;
        let late: Vec<&Formula> = code.field(at).rules.iter().filter(|rule| code.layout.computes(rule)).collect();
        for number in late.iter().flat_map(|rule| rule.term.fields()) {
            if matches!(code.field(number).role, Role::Computed(_)) {
                self.number(number);
            }
        }
        late.into_iter().map(|rule| self.rule(at, rule)).collect()
    }

    /// The variables of the bits that say who sends, as far as `tokens` read them.
    fn senders(&self, tokens: &TokenStream) -> TokenStream {
        let sender = |at: usize| {
            let (Role::Sender(side), local) = (&self.code.field(at).role, self.code.names.local(at)) else {
                return None;
            };
            let is_from = bits::is_from(*side);
            names::mentions(tokens, &local.to_string()).then(|| quote!(let #local = #is_from;))
        };
        (0..self.code.layout.fields.len()).filter_map(sender).collect()
    }

    /// What `where` says of a value.
    fn rules(&self, at: usize) -> TokenStream {
        let rules = self.code.field(at).rules.iter().filter(|rule| !self.code.layout.computes(rule));
        rules.map(|rule| self.rule(at, rule)).collect()
    }

    fn rule(&self, at: usize, rule: &Formula) -> TokenStream {
        let (condition, text, constant) = (self.condition(rule), &rule.text, self.code.constant(at));
        quote!(check::holds(#condition, #text, #constant)?;)
    }

    /// Statements about a value that may be absent, for when it is there. Variables that they need are theirs alone.
    fn if_present(&mut self, at: usize, statements: impl FnOnce(&mut Self) -> TokenStream) -> TokenStream {
        if !self.code.field(at).is_optional() {
            return statements(self);
        }
        let (lets, statements) = self.within(at, statements);
        if lets.is_empty() && statements.is_empty() {
            return TokenStream::new();
        }
        let local = self.code.names.local(at);
        if !names::mentions(&quote!(#lets #statements), &local.to_string()) {
            let value = self.value(at);
            return quote!(if #value.is_some() { #lets #statements });
        }
        let value = self.optional(at);
        quote! {
            if let Some(#local) = #value {
                #lets
                #statements
            }
        }
    }

    /// The variables that tokens about a value that is there need, and the tokens.
    fn within<T>(&mut self, at: usize, make: impl FnOnce(&mut Self) -> T) -> (TokenStream, T) {
        let outer = std::mem::take(&mut self.lets);
        self.inside = Some(at);
        let made = make(self);
        self.inside = None;
        (std::mem::replace(&mut self.lets, outer), made)
    }

    /// A value that may be absent, to be matched.
    fn optional(&self, at: usize) -> TokenStream {
        let value = self.value(at);
        let copy = shape::type_has(self.code.rust.schema, &self.code.field(at).ty, shape::Trait::Copy);
        if copy && self.code.field(at).held != Held::Owned { value } else { quote!(&#value) }
    }

    /// The integer that is computed for a field, a prefix too; where it has one.
    fn computed(&self, at: usize) -> Option<(&'c Int, Option<(i128, i128)>)> {
        let field = self.code.field(at);
        match &field.ty {
            Type::Int(int, range) if matches!(field.role, Role::Computed(_)) => Some((int, *range)),
            Type::Bytes(Bytes { extent: Extent::Prefix(int), .. }) | Type::List { count: Extent::Prefix(int), .. } => {
                Some((int, None))
            }
            _ => None,
        }
    }

    /// The variable of a computed number: a field's, or a prefix's.
    fn number(&mut self, at: usize) -> Ident {
        let is_field = matches!(self.code.field(at).role, Role::Computed(_));
        let list = matches!(self.code.field(at).ty, Type::List { .. });
        let name = match is_field {
            true => self.code.names.local(at).clone(),
            false => self.code.names.beside(at, if list { "count" } else { "len" }),
        };
        let Some((int, range)) = self.computed(at) else { return name };
        if self.numbers.contains(&at) {
            return name;
        }
        self.numbers.push(at);
        if let Some(equation @ Equation { absent: Some(absent), .. }) = self.code.equation(at) {
            let (number, ty) = (self.number_or_absent(at, int, equation, absent), shape::int_type(int));
            self.lets.extend(quote!(let #name: #ty = #number;));
            return name;
        }
        let (equation, ty) = (self.number_equation(at, int, range, &quote!()), shape::int_type(int));
        self.lets.extend(quote!(let #name: #ty = #equation;));
        if let Some((least, most)) = range {
            let (constant, found) = (self.code.constant(at), to_i128(&quote!(#name), int));
            let (least, most) = (literal::signed(least), literal::signed(most));
            self.lets.extend(quote!(check::within(#found, #least, #most, #constant)?;));
        }
        name
    }

    /// Checks that a number can be computed, without a need for it.
    fn number_is_checked(&mut self, at: usize) {
        if self.code.field(at).is_optional() && self.inside.is_none() {
            let check = self.if_present(at, |encoder| {
                encoder.number_is_checked(at);
                TokenStream::new()
            });
            self.lets.extend(check);
            return;
        }
        if let (Some((int, _)), Some(equation @ Equation { absent: Some(_), .. })) =
            (self.computed(at), self.code.equation(at))
        {
            let check = self.check_or_absent(at, int, equation);
            self.lets.extend(check);
            return;
        }
        match self.computed(at) {
            Some((int, None)) => {
                let ty = shape::int_type(int);
                let equation = self.number_equation(at, int, None, &quote!(::<#ty>));
                self.lets.extend(quote!(#equation;));
            }
            _ => drop(self.number(at)),
        }
    }

    /// `check::equation(…)?`, where `ty` says of which type if nothing else does.
    fn number_equation(&mut self, at: usize, int: &Int, range: Option<(i128, i128)>, of: &TokenStream) -> TokenStream {
        let (measured, add, scale) = match self.code.equation(at) {
            Some(Equation { measure: Measure::Bytes { first, last }, add, scale, .. }) => {
                (self.span(first, last), add, scale)
            }
            Some(Equation { measure: Measure::Elements { list }, add, scale, .. }) => (self.len(list), add, scale),
            Some(Equation { measure: Measure::Each { list }, add, scale, .. }) => {
                let each = self.each(list);
                (quote!(#each), add, scale)
            }
            None => (self.len(at), 0, Scale::One),
        };
        let constant = self.code.constant(at);
        let most = self.most_of(int, range.map_or(int.range().1, |(_, most)| most));
        let add = literal::signed(add.into());
        match scale {
            Scale::One => quote!(check::equation #of(#measured, #add, #most, #constant)?),
            Scale::Over(by) => {
                let by = literal::number(by.into());
                quote!(check::divided #of(#measured, #add, #by, #most, #constant)?)
            }
            Scale::Times(by) => {
                let by = literal::number(by.into());
                quote!(check::multiplied #of(#measured, #add, #by, #most, #constant)?)
            }
        }
    }

    /// The most that a number may be, as `u64`.
    fn most_of(&self, int: &Int, most: i128) -> TokenStream {
        let ty = shape::int_type(int);
        match u64::try_from(most).unwrap_or(u64::MAX) {
            u64::MAX => quote!(u64::MAX),
            0xff | 0xffff | 0xffff_ffff if shape::int_bits(int).0 < 64 => quote!(#ty::MAX.into()),
            most => literal::number(most.into()),
        }
    }

    /// Whether a number always fits: then `measure` need not compute it.
    fn is_sure(&self, at: usize) -> bool {
        let Some((int, range)) = self.computed(at) else { return true };
        if self.numbers.contains(&at) {
            return true;
        }
        let fields = &self.code.layout.fields;
        let (least, most, add) = match self.code.equation(at) {
            Some(
                Equation { scale: Scale::Over(_) | Scale::Times(_), .. }
                | Equation { measure: Measure::Each { .. }, .. },
            ) => return false,
            Some(Equation { measure: Measure::Bytes { first, last }, add, .. }) => {
                let least: u64 = fields[first..=last].iter().map(|field| field.written().least).sum();
                let most = fields[first..=last]
                    .iter()
                    .try_fold(0u64, |sum, field| Some(sum.saturating_add(field.written().most?)))
                    .unwrap_or(u64::MAX);
                let frame = self.code.message.map_or(u64::MAX, |message| message.content_bytes_max());
                (least, most.min(frame), add)
            }
            Some(Equation { measure: Measure::Elements { list }, add, .. }) => {
                (0, self.code.most(list).unwrap_or(u64::MAX), add)
            }
            None => (0, self.code.most(at).unwrap_or(u64::MAX), 0),
        };
        let (range_least, range_most) = range.unwrap_or_else(|| int.range());
        if let Some(absent) = self.code.equation(at).and_then(|equation| equation.absent) {
            return i128::from(most) + i128::from(add) <= range_most - i128::from(absent == range_most);
        }
        i128::from(least) + i128::from(add) >= range_least.max(0) && i128::from(most) + i128::from(add) <= range_most
    }
}

/// Whether an enum can hold values that would not come back as they are.
pub(super) fn needs_check(kind: &Enum) -> bool {
    kind.open || kind.variants.iter().any(|variant| variant.least != variant.most)
}

/// Whether any message can put a `check`ed enum on the wire: as whole bytes, or in a run of bits.
pub(super) fn uses_enum(schema: &Schema, index: usize, in_bits: bool) -> bool {
    let layouts = schema.structs.iter().chain(schema.messages.iter().map(|message| &message.layout));
    layouts.flat_map(|layout| &layout.fields).filter(|field| field.bits.is_some() == in_bits).any(|field| match &field
        .ty
    {
        Type::Enum(at) => *at == index && field.role == Role::Value,
        Type::List { element, .. } => matches!(**element, Type::Enum(at) if at == index),
        _ => false,
    })
}
