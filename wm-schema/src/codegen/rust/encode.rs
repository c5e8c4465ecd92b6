//! `measure`, `encode` and `write`: every rule is checked before the first byte is written.

use super::layout::LayoutCode;
use super::number::{float_method, to_i128, width, within, write_int};
use super::{bits, literal, names, shape};
use crate::ir::{
    BitPlace, Bytes, Content, Enum, Equation, Extent, Formula, Held, Int, Layout, Measure, Role, Schema, Type,
};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// The functions `measure` and `encode` of a message.
pub(super) fn encode(code: &LayoutCode<'_>) -> TokenStream {
    let measure = measure(code, &quote!(pub), &quote!(&self));
    let mut encoder = Encoder::new(code, code.message.is_some());
    let writes: TokenStream = (0..code.layout.fields.len()).map(|at| encoder.write(at)).collect();
    let (numbers, serialized) = (encoder.lets, serialized(code));
    let size = if serialized.lets.is_empty() { quote!(self.measure()) } else { serialized.measure_call() };
    let lets = &serialized.lets;
    let from = code.is_sided().then(|| quote!(, from: Side));
    let docs = match code.is_sided() {
        true => " Appends the message to `out` as `from` sends it, or nothing if it fails.",
        false => " Appends the message to `out`, or nothing if it fails.",
    };
    quote! {
        #measure

        #[doc = #docs]
        ///
        /// # Errors
        ///
        /// Those of [`measure`](Self::measure).
        pub fn encode(&self #from, out: &mut BytesMut) -> Result<(), EncodeError> {
            #(#lets)*
            let size = #size?;
            #numbers
            out.reserve(size);
            let mut writer = Writer::new(out);
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
    let writes: TokenStream = (0..code.layout.fields.len()).map(|at| encoder.write(at)).collect();
    let (numbers, lets) = (encoder.lets, serialized(code).lets);
    let (result, ok) =
        if write_can_fail(code) { (quote!(-> Result<(), EncodeError>), quote!(Ok(()))) } else { (quote!(), quote!()) };
    quote! {
        #measure

        fn write(#receiver, writer: &mut Writer<'_>) #result {
            #(#lets)*
            #numbers
            #writes
            #ok
        }
    }
}

/// Whether `write` of a struct computes what only a measured value is sure to have.
pub(super) fn write_can_fail(code: &LayoutCode<'_>) -> bool {
    code.layout.fields.iter().any(|field| {
        let prefixed = match &field.ty {
            Type::Bytes(Bytes { extent, .. }) | Type::List { count: extent, .. } => matches!(extent, Extent::Prefix(_)),
            _ => false,
        };
        let part = match &field.ty {
            Type::Struct(part) => Some(*part),
            Type::List { element, .. } => match **element {
                Type::Struct(part) => Some(part),
                _ => None,
            },
            _ => None,
        };
        let nested =
            part.is_some_and(|part| write_can_fail(&LayoutCode::part(code.rust, &code.rust.schema.structs[part])));
        prefixed || nested || matches!(field.role, Role::Computed(_)) || shape::is_serialized(field)
    })
}

/// The statements that check an arm of a union, and what it takes: `outside` bytes and those of its variable.
pub(super) fn measure_arm(code: &LayoutCode<'_>, at: usize, outside: u64) -> TokenStream {
    let mut encoder = Encoder::new(code, false);
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

/// Values that serde writes: each is written once, for its size and for its bytes.
struct Serialized {
    lets: Vec<TokenStream>,
    locals: Vec<Ident>,
    needs_self: bool,
}

impl Serialized {
    fn measure_call(&self) -> TokenStream {
        let locals = &self.locals;
        let this = if self.needs_self { quote!(self.) } else { quote!(Self::) };
        quote!(#this measure_with(#(&#locals),*))
    }
}

fn serialized(code: &LayoutCode<'_>) -> Serialized {
    let fields: Vec<usize> = (0..code.layout.fields.len()).filter(|&at| shape::is_serialized(code.field(at))).collect();
    let lets = fields.iter().map(|&at| {
        let (local, name, constant) = (code.names.local(at), names::ident(&code.field(at).name), code.constant(at));
        quote!(let #local = json::to_string(&self.#name, #constant)?;)
    });
    let locals = fields.iter().map(|&at| code.names.local(at).clone()).collect();
    Serialized { lets: lets.collect(), locals, needs_self: names::mentions(&measure_body(code), "self") }
}

/// Whether a struct always takes the same bytes, and no rule binds its values: then it is not measured.
fn is_plain(schema: &Schema, layout: &Layout) -> bool {
    let values = || layout.fields.iter().filter(|field| field.role == Role::Value);
    layout.size.fixed().is_some()
        && layout.choice.is_none()
        && layout.params.is_empty()
        && values().all(|field| field.condition.is_none() && field.rules.is_empty())
        && values().all(|field| match &field.ty {
            Type::Int(int, range) => within(int, *range, &quote!(_), &quote!(_)).is_none(),
            Type::Enum(kind) => !needs_check(&schema.enums[*kind]),
            Type::Struct(part) => is_plain(schema, &schema.structs[*part]),
            Type::Float { .. } | Type::Constant(_) => true,
            Type::Bytes(_) | Type::List { .. } => false,
        })
}

fn measure(code: &LayoutCode<'_>, visibility: &TokenStream, receiver: &TokenStream) -> TokenStream {
    let body = measure_body(code);
    let serialized = serialized(code);
    let docs = (!visibility.is_empty()).then(|| {
        quote! {
            /// Checks every rule that the message must keep to be sent, and says how many bytes it takes.
            ///
            /// # Errors
            ///
            /// A value breaks a rule of the schema.
        }
    });
    let params = code.parameters(&body);
    if serialized.lets.is_empty() {
        return quote! {
            #docs
            #visibility fn measure(#receiver #(, #params)*) -> Result<usize, EncodeError> {
                #body
            }
        };
    }
    let (lets, locals, call) = (&serialized.lets, &serialized.locals, serialized.measure_call());
    let receiver_with = serialized.needs_self.then(|| quote!(#receiver,));
    quote! {
        #docs
        #visibility fn measure(#receiver #(, #params)*) -> Result<usize, EncodeError> {
            #(#lets)*
            #call
        }

        fn measure_with(#receiver_with #(#locals: &str),*) -> Result<usize, EncodeError> {
            #body
        }
    }
}

fn measure_body(code: &LayoutCode<'_>) -> TokenStream {
    let mut encoder = Encoder::new(code, false);
    let count = code.layout.fields.len();
    let checks: TokenStream = (0..count).map(|at| encoder.check(at)).collect();
    let size = encoder.span(0, count.saturating_sub(1));
    let sizes = std::mem::take(&mut encoder.lets);
    let limit = code.can_exceed_frame().then(|| {
        let constant = code.constant(code.largest());
        quote!(check::at_most(size, Self::FRAME_BYTES_MAX, #constant)?;)
    });
    encoder.size_is_known = true;
    for at in 0..count {
        if !encoder.is_sure(at) {
            encoder.number_is_checked(at);
        }
    }
    let numbers = &encoder.lets;
    if limit.is_none() && numbers.is_empty() {
        return quote!(#checks #sizes Ok(#size));
    }
    quote!(#checks #sizes let size = #size; #limit #numbers Ok(size))
}

struct Encoder<'c> {
    code: &'c LayoutCode<'c>,
    /// Variables that what follows needs: computed numbers, sizes of parts.
    lets: TokenStream,
    /// The fields whose number has a variable.
    numbers: Vec<usize>,
    /// The fields whose size has a variable.
    sizes: Vec<usize>,
    /// Whether the variable `size` holds the size of the whole.
    size_is_known: bool,
    /// The field that may be absent and whose value, if it is there, has a variable.
    inside: Option<usize>,
}

impl<'c> Encoder<'c> {
    fn new(code: &'c LayoutCode<'c>, size_is_known: bool) -> Self {
        Self { code, lets: TokenStream::new(), numbers: Vec::new(), sizes: Vec::new(), size_is_known, inside: None }
    }

    /// `self.name`, or the variable of a value that may be absent.
    fn value(&self, at: usize) -> TokenStream {
        if self.inside == Some(at) {
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
            Content::Bytes if field.held == Held::Owned => quote!(&#value),
            Content::Bytes => value,
            Content::Str | Content::Ascii => quote!(#value.as_bytes()),
            Content::Json | Content::JsonBody(_) => quote!(#value.as_str().as_bytes()),
        }
    }

    /// How many bytes or elements a field has.
    fn len(&self, at: usize) -> TokenStream {
        let (value, local, field) = (self.value(at), self.code.names.local(at), self.code.field(at));
        match &field.ty {
            _ if shape::is_serialized(field) => quote!(#local.len()),
            Type::Bytes(Bytes { content: Content::Json, .. }) => quote!(#value.as_str().len()),
            _ => quote!(#value.len()),
        }
    }

    /// The rules of one value; whether it is there, too.
    fn check(&mut self, at: usize) -> TokenStream {
        let field = self.code.field(at);
        if field.role != Role::Value {
            return TokenStream::new();
        }
        let Some(condition) = &field.condition else {
            let (checks, rules) = (self.check_value(at), self.rules(at));
            return quote!(#checks #rules);
        };
        let (value, constant, text) = (self.value(at), self.code.constant(at), &condition.text);
        let condition = self.condition(condition);
        let checks = self.if_present(at, |encoder| {
            let (checks, rules) = (encoder.check_value(at), encoder.rules(at));
            quote!(#checks #rules)
        });
        quote! {
            check::present(#value.is_some(), #condition, #text, #constant)?;
            #checks
        }
    }

    /// What is handed to the struct of a field.
    fn arguments(&self, at: usize) -> Vec<TokenStream> {
        self.code.arguments(at, &|at| self.value(at))
    }

    fn condition(&self, formula: &Formula) -> TokenStream {
        self.code.condition(formula, &|at| self.value(at))
    }

    /// What `where` says of a value.
    fn rules(&self, at: usize) -> TokenStream {
        let rule = |rule: &Formula| {
            let (condition, text, constant) = (self.condition(rule), &rule.text, self.code.constant(at));
            quote!(check::holds(#condition, #text, #constant)?;)
        };
        self.code.field(at).rules.iter().map(rule).collect()
    }

    /// Statements about a value that may be absent, for when it is there. Variables that they need are theirs alone.
    fn if_present(&mut self, at: usize, statements: impl FnOnce(&mut Self) -> TokenStream) -> TokenStream {
        if self.code.field(at).condition.is_none() {
            return statements(self);
        }
        let (lets, statements) = self.within(at, statements);
        if lets.is_empty() && statements.is_empty() {
            return TokenStream::new();
        }
        let (local, value) = (self.code.names.local(at), self.optional(at));
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
        if copy { value } else { quote!(&#value) }
    }

    fn check_value(&mut self, at: usize) -> TokenStream {
        let field = self.code.field(at);
        let (constant, value) = (self.code.constant(at), self.value(at));
        match &field.ty {
            Type::Int(int, range) => within(int, *range, &value, &constant).unwrap_or_default(),
            Type::Enum(index) if needs_check(&self.code.rust.schema.enums[*index]) => {
                quote!(#value.check(#constant)?;)
            }
            Type::Bytes(bytes) => self.check_bytes(at, bytes),
            Type::List { count, max, .. } => {
                let len = self.len(at);
                match (count, max) {
                    (Extent::Fixed(count), _) => {
                        let count = literal::number((*count).into());
                        quote!(check::exactly(#len, #count, #constant)?;)
                    }
                    (_, Some(max)) => {
                        let max = literal::number((*max).into());
                        quote!(check::at_most(#len, #max, #constant)?;)
                    }
                    _ => TokenStream::new(),
                }
            }
            Type::Struct(_) | Type::Enum(_) | Type::Float { .. } | Type::Constant(_) => TokenStream::new(),
        }
    }

    fn check_bytes(&self, at: usize, bytes: &Bytes) -> TokenStream {
        let (constant, value, len) = (self.code.constant(at), self.value(at), self.len(at));
        let content = self.content(at, bytes);
        let mut checks = TokenStream::new();
        if let Extent::Fixed(expected) = bytes.extent {
            let expected = self.code.size(expected);
            checks.extend(quote!(check::exactly(#len, #expected, #constant)?;));
        } else if let Some(max) = bytes.max
            && !(self.code.can_exceed_frame() && self.code.frame_bounds(at))
        {
            let max = self.code.size(max);
            checks.extend(quote!(check::at_most(#len, #max, #constant)?;));
        }
        if bytes.content == Content::Ascii {
            let borrow = (self.code.field(at).held == Held::Owned).then(|| quote!(&));
            checks.extend(quote!(check::ascii(#borrow #value, #constant)?;));
        }
        if let Extent::Until(delimiter) = &bytes.extent {
            let delimiter = literal::bytes(delimiter);
            checks.extend(quote!(check::free_of(#content, #delimiter, #constant)?;));
        }
        if let Some(suffix) = &bytes.trim {
            let suffix = literal::bytes(suffix);
            checks.extend(quote!(check::untrimmed(#content, #suffix, #constant)?;));
        }
        checks
    }

    /// The size of the fields `first..=last`.
    fn span(&mut self, first: usize, last: usize) -> TokenStream {
        if self.size_is_known && first == 0 && last + 1 == self.code.layout.fields.len() {
            return quote!(size);
        }
        let outside = (0..self.code.layout.fields.len()).filter(|at| !(first..=last).contains(at));
        let outside: Option<u64> = outside.map(|at| self.code.field(at).size.fixed()).sum();
        if let (true, Some(outside)) = (self.size_is_known, outside) {
            let outside = self.code.size(outside);
            return quote!(size.saturating_sub(#outside));
        }
        let mut fixed = 0u64;
        let mut terms = Vec::new();
        for at in first..=last {
            fixed = fixed.saturating_add(self.terms(at, &mut terms));
        }
        self.sum(terms, fixed)
    }

    fn sum(&self, terms: Vec<TokenStream>, fixed: u64) -> TokenStream {
        let mut terms = terms.into_iter();
        let Some(mut sum) = terms.next() else { return self.code.size(fixed) };
        for term in terms {
            sum = quote!(#sum.saturating_add(#term));
        }
        if fixed > 0 {
            let fixed = self.code.size(fixed);
            sum = quote!(#sum.saturating_add(#fixed));
        }
        sum
    }

    /// The size of one field: what is always the same, and `terms` that are not.
    fn terms(&mut self, at: usize, terms: &mut Vec<TokenStream>) -> u64 {
        if self.code.field(at).condition.is_none() {
            return self.terms_of_value(at, terms);
        }
        let name = self.code.names.beside(at, "size");
        terms.push(quote!(#name));
        if self.sizes.contains(&at) {
            return 0;
        }
        let mut inner = Vec::new();
        let (lets, fixed) = self.within(at, |encoder| encoder.terms_of_value(at, &mut inner));
        let sum = self.sum(inner, fixed);
        let (local, value) = (self.code.names.local(at), self.optional(at));
        let size = match names::mentions(&quote!(#lets #sum), &local.to_string()) {
            true if lets.is_empty() => quote!(match #value { Some(#local) => #sum, None => 0 }),
            true => quote!(match #value { Some(#local) => { #lets #sum } None => 0 }),
            false => {
                let value = self.value(at);
                quote!(if #value.is_some() { #sum } else { 0 })
            }
        };
        self.size_let(at, &quote!(let #name = #size;));
        0
    }

    fn terms_of_value(&mut self, at: usize, terms: &mut Vec<TokenStream>) -> u64 {
        let (field, schema) = (self.code.field(at), self.code.rust.schema);
        if let (Some(size), false) = (field.size.fixed(), matches!(field.ty, Type::Struct(_) | Type::List { .. })) {
            return size;
        }
        match &field.ty {
            Type::Int(int, _) if field.role == Role::Value => {
                let value = self.value(at);
                width(int, &value, terms) + self.code.run_bytes(at)
            }
            Type::Int(int, _) => {
                let number = self.number(at);
                width(int, &quote!(#number), terms) + self.code.run_bytes(at)
            }
            Type::Bytes(bytes) => {
                terms.push(self.len(at));
                match &bytes.extent {
                    Extent::Prefix(int) => self.prefix_width(at, int, terms),
                    Extent::Until(delimiter) => delimiter.len() as u64,
                    Extent::Fixed(_) | Extent::Field(_) | Extent::Rest { .. } => 0,
                }
            }
            Type::Struct(part) if is_plain(schema, &schema.structs[*part]) => schema.structs[*part].size.least,
            Type::Struct(_) if self.inside == Some(at) => {
                let (value, args) = (self.value(at), self.arguments(at));
                terms.push(quote!(#value.measure(#(#args),*)?));
                0
            }
            Type::Struct(_) => {
                let (name, value, args) = (self.code.names.beside(at, "size"), self.value(at), self.arguments(at));
                self.size_let(at, &quote!(let #name = #value.measure(#(#args),*)?;));
                terms.push(quote!(#name));
                0
            }
            Type::List { element, count, .. } => {
                terms.push(self.list_size(at, element));
                match count {
                    Extent::Prefix(int) => self.prefix_width(at, int, terms),
                    _ => 0,
                }
            }
            Type::Enum(index) => schema.enums[*index].repr.size().least,
            Type::Float { bytes, .. } => (*bytes).into(),
            Type::Constant(_) => field.size.least,
        }
    }

    fn size_let(&mut self, at: usize, tokens: &TokenStream) {
        if !self.sizes.contains(&at) {
            self.sizes.push(at);
            self.lets.extend(tokens.clone());
        }
    }

    fn prefix_width(&mut self, at: usize, int: &Int, terms: &mut Vec<TokenStream>) -> u64 {
        if let Some(width) = int.size().fixed() {
            return width;
        }
        let number = self.number(at);
        width(int, &quote!(#number), terms)
    }

    /// The size of all elements of a list.
    fn list_size(&mut self, at: usize, element: &Type) -> TokenStream {
        let (name, value, constant) = (self.code.names.beside(at, "size"), self.value(at), self.code.constant(at));
        let fixed = match element {
            Type::Int(int, range) if within(int, *range, &quote!(item), &constant).is_none() => int.size().fixed(),
            Type::Float { bytes, .. } => Some(u64::from(*bytes)),
            Type::Enum(index) => {
                let kind = &self.code.rust.schema.enums[*index];
                kind.repr.size().fixed().filter(|_| !needs_check(kind))
            }
            Type::Struct(part) => {
                let part = &self.code.rust.schema.structs[*part];
                part.size.fixed().filter(|_| is_plain(self.code.rust.schema, part))
            }
            Type::Constant(_) | Type::Int(..) | Type::Bytes(_) | Type::List { .. } => None,
        };
        if let Some(width) = fixed {
            let width = literal::number(width.into());
            return if width.to_string() == "1" {
                quote!(#value.len())
            } else {
                quote!(#value.len().saturating_mul(#width))
            };
        }
        let measure = match element {
            Type::Struct(part) => {
                let part = &self.code.rust.schema.structs[*part];
                let name = names::ty(&part.name);
                match shape::has(self.code.rust.schema, part, shape::Trait::Copy) {
                    true => quote!(#name::measure),
                    false => quote!(|item| item.measure()),
                }
            }
            Type::Enum(index) => {
                let width = literal::number(self.code.rust.schema.enums[*index].repr.size().least.into());
                quote!(|item| item.check(#constant).map(|()| #width))
            }
            Type::Int(int, range) => {
                let mut terms = Vec::new();
                let fixed = width(int, &quote!(item), &mut terms);
                let fixed = literal::number(fixed.into());
                let size = match terms.as_slice() {
                    [term] if fixed.to_string() == "0" => term.clone(),
                    [term] => quote!(#term.saturating_add(#fixed)),
                    _ => fixed,
                };
                match within(int, *range, &quote!(item), &constant) {
                    Some(check) => quote!(|item| { #check Ok(#size) }),
                    None => quote!(|item| Ok(#size)),
                }
            }
            Type::Constant(_) | Type::Float { .. } | Type::Bytes(_) | Type::List { .. } => quote!(|_| Ok(0)),
        };
        let sum = quote!(check::sum(#value.iter(), #measure)?);
        if self.inside == Some(at) {
            return sum;
        }
        self.size_let(at, &quote!(let #name = #sum;));
        quote!(#name)
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
        let (equation, ty) = (self.number_equation(at, int, range), shape::int_type(int));
        self.lets.extend(quote!(let #name: #ty = check::equation(#equation)?;));
        if let Some((least, most)) = range {
            let (constant, found) = (self.code.constant(at), to_i128(&quote!(#name), int));
            let (least, most) = (literal::signed(least), literal::signed(most));
            self.lets.extend(quote!(check::within(#found, #least, #most, #constant)?;));
        }
        name
    }

    /// Checks that a number can be computed, without a need for it.
    fn number_is_checked(&mut self, at: usize) {
        if self.code.field(at).condition.is_some() && self.inside.is_none() {
            let check = self.if_present(at, |encoder| {
                encoder.number_is_checked(at);
                TokenStream::new()
            });
            self.lets.extend(check);
            return;
        }
        match self.computed(at) {
            Some((int, None)) => {
                let (equation, ty) = (self.number_equation(at, int, None), shape::int_type(int));
                self.lets.extend(quote!(check::equation::<#ty>(#equation)?;));
            }
            _ => drop(self.number(at)),
        }
    }

    /// The arguments of `check::equation`.
    fn number_equation(&mut self, at: usize, int: &Int, range: Option<(i128, i128)>) -> TokenStream {
        let (measured, add) = match self.code.equation(at) {
            Some(Equation { measure: Measure::Bytes { first, last }, add }) => (self.span(first, last), add),
            Some(Equation { measure: Measure::Elements { list }, add }) => (self.len(list), add),
            None => (self.len(at), 0),
        };
        let (constant, ty) = (self.code.constant(at), shape::int_type(int));
        let most = range.map_or(int.range().1, |(_, most)| most);
        let most = match u64::try_from(most).unwrap_or(u64::MAX) {
            u64::MAX => quote!(u64::MAX),
            0xff | 0xffff | 0xffff_ffff if shape::int_bits(int).0 < 64 => quote!(#ty::MAX.into()),
            most => literal::number(most.into()),
        };
        let add = literal::signed(add.into());
        quote!(#measured, #add, #most, #constant)
    }

    /// Whether a number always fits: then `measure` need not compute it.
    fn is_sure(&self, at: usize) -> bool {
        let Some((int, range)) = self.computed(at) else { return true };
        if self.numbers.contains(&at) {
            return true;
        }
        let fields = &self.code.layout.fields;
        let (least, most, add) = match self.code.equation(at) {
            Some(Equation { measure: Measure::Bytes { first, last }, add }) => {
                let least: u64 = fields[first..=last].iter().map(|field| field.size.least).sum();
                let most = fields[first..=last]
                    .iter()
                    .try_fold(0u64, |sum, field| Some(sum.saturating_add(field.size.most?)))
                    .unwrap_or(u64::MAX);
                let frame = self.code.message.map_or(u64::MAX, |message| message.frame_bytes_max);
                (least, most.min(frame), add)
            }
            Some(Equation { measure: Measure::Elements { list }, add }) => {
                (0, self.code.most(list).unwrap_or(u64::MAX), add)
            }
            None => (0, self.code.most(at).unwrap_or(u64::MAX), 0),
        };
        let (range_least, range_most) = range.unwrap_or_else(|| int.range());
        i128::from(least) + i128::from(add) >= range_least.max(0) && i128::from(most) + i128::from(add) <= range_most
    }

    /// The statements that put one field on the wire.
    fn write(&mut self, at: usize) -> TokenStream {
        if let Some(place) = self.code.field(at).bits {
            return if place.last == at { self.write_run(&place) } else { TokenStream::new() };
        }
        self.if_present(at, |encoder| encoder.write_value(at))
    }

    fn write_value(&mut self, at: usize) -> TokenStream {
        if let Some(bytes) = self.code.constant_bytes(at) {
            let bytes = literal::bytes(&bytes);
            return quote!(writer.bytes(#bytes););
        }
        let value = self.value(at);
        match &self.code.field(at).ty {
            Type::Constant(_) => TokenStream::new(),
            Type::Int(int, _) if self.code.field(at).role == Role::Value => write_int(int, &value),
            Type::Int(int, _) => {
                let number = self.number(at);
                write_int(int, &quote!(#number))
            }
            Type::Bytes(bytes) => {
                let prefix = match &bytes.extent {
                    Extent::Prefix(int) => {
                        let number = self.number(at);
                        write_int(int, &quote!(#number))
                    }
                    _ => TokenStream::new(),
                };
                let delimiter = match &bytes.extent {
                    Extent::Until(delimiter) => {
                        let delimiter = literal::bytes(delimiter);
                        quote!(writer.bytes(#delimiter);)
                    }
                    _ => TokenStream::new(),
                };
                let content = self.content(at, bytes);
                quote!(#prefix writer.bytes(#content); #delimiter)
            }
            Type::List { element, count, .. } => {
                let prefix = match count {
                    Extent::Prefix(int) => {
                        let number = self.number(at);
                        write_int(int, &quote!(#number))
                    }
                    _ => TokenStream::new(),
                };
                let item = self.write_plain(element, &quote!(item));
                let borrow = self.inside.is_none().then(|| quote!(&));
                quote!(#prefix for item in #borrow #value { #item })
            }
            other => self.write_plain(other, &value),
        }
    }

    /// The fields of a run of bits, and what follows the base of an integer that escapes.
    fn write_run(&mut self, place: &BitPlace) -> TokenStream {
        let code = self.code;
        let run = bits::write_run(code, place, |at| self.bits_value(at));
        let escaped = match &code.field(place.last).ty {
            Type::Int(Int::Escaping(how), _) => {
                let (table, value) = (bits::table_name(how), self.bits_value(place.last));
                quote!(writer.escaped(#value, &#table);)
            }
            _ => TokenStream::new(),
        };
        quote!(#run #escaped)
    }

    /// The value of a field of a run.
    fn bits_value(&mut self, at: usize) -> TokenStream {
        let (field, value) = (self.code.field(at), self.value(at));
        match (&field.role, &field.ty) {
            (Role::Computed(_), _) => {
                let number = self.number(at);
                quote!(#number)
            }
            (_, Type::Enum(_)) => quote!(#value.to_wire()),
            _ => value,
        }
    }

    /// A value without a length.
    fn write_plain(&self, ty: &Type, value: &TokenStream) -> TokenStream {
        match ty {
            Type::Int(int, _) => write_int(int, value),
            Type::Float { bytes, endian } => {
                let method = float_method(*bytes, *endian);
                quote!(writer.#method(#value);)
            }
            Type::Enum(index) => write_int(&self.code.rust.schema.enums[*index].repr, &quote!(#value.to_wire())),
            Type::Struct(index) => {
                let part = LayoutCode::part(self.code.rust, &self.code.rust.schema.structs[*index]);
                let question = write_can_fail(&part).then(|| quote!(?));
                let writer = if self.code.message.is_some() { quote!(&mut writer) } else { quote!(writer) };
                quote!(#value.write(#writer)#question;)
            }
            Type::Constant(_) | Type::Bytes(_) | Type::List { .. } => TokenStream::new(),
        }
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
