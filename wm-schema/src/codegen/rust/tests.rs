//! The test blocks of a schema as a test module: each case at every point where the network may cut it. A datagram arrives
//! whole.

use super::names::{ident, ty, variant};
use super::{Rust, literal, several, shape, vias};
use crate::ir::{
    Bytes, Case, Content, Enum, Expect, Field, Held, Int, JsonType, Layout, Message, Side, Test, Type, Value, Words,
};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeSet;

/// `#[cfg(test)] mod tests`, or nothing if the schema has no tests.
pub(super) fn module(rust: &Rust<'_>) -> TokenStream {
    if rust.schema.tests.is_empty() {
        return TokenStream::new();
    }
    let runtime = &rust.runtime;
    let sided =
        [Side::Client, Side::Server].iter().filter_map(|side| rust.schema.only_by(*side)).any(Message::is_sided);
    let side = sided.then(|| quote!(use #runtime::protocol::Side;));
    let input = match rust.schema.session {
        Some(_) => quote!(impl Fn(&mut S, &[u8]) -> Result<Input, DecodeError>),
        None => quote!(fn(&mut S, &[u8]) -> Result<Input, DecodeError>),
    };
    let scanned = (!rust.schema.is_of_datagrams()).then(|| scanned(rust, &input));
    let error = scanned.is_some().then(|| quote!(DecodeError,));
    let cases = || rust.schema.tests.iter().flat_map(|test| &test.cases);
    let buffer = cases().any(|case| matches!(case.expect, Expect::Equals(_))).then(|| quote!(BytesMut,));
    let mut taken = BTreeSet::new();
    let tests: TokenStream = rust.schema.tests.iter().map(|test| function(rust, test, &mut taken)).collect();
    quote! {
        #[cfg(test)]
        mod tests {
            #side
            use #runtime::wire::{#buffer #error Input};

            #scanned

            #tests
        }
    }
}

/// The function that gives a scan each case in two pieces.
fn scanned(rust: &Rust<'_>, input: &TokenStream) -> TokenStream {
    let until_end =
        rust.schema.messages.iter().any(|message| message.layout.until_end).then(|| quote!(| Input::UntilEnd));
    quote! {
        /// What the scan says of `bytes`: the same, wherever the network cuts them.
        fn scanned<S: Default>(
            input: #input,
            bytes: &[u8],
        ) -> Result<Input, DecodeError> {
            let whole = input(&mut S::default(), bytes);
            for cut in 0..bytes.len() {
                let mut scan = S::default();
                let split = match input(&mut scan, &bytes[..cut]) {
                    Ok(Input::Need(_) #until_end) => input(&mut scan, bytes),
                    early => early,
                };
                assert_eq!(split, whole, "cut at {cut}");
            }
            whole
        }
    }
}

fn function(rust: &Rust<'_>, test: &Test, taken: &mut BTreeSet<String>) -> TokenStream {
    let words: String =
        test.name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let words: Vec<&str> = words.split('_').filter(|word| !word.is_empty()).collect();
    let mut name = words.join("_");
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name.insert_str(0, "case_");
    }
    while !taken.insert(name.clone()) {
        name.push('_');
    }
    let name = ident(&name);
    let last = test.cases.len().saturating_sub(1);
    let cases: TokenStream =
        test.cases.iter().enumerate().map(|(at, case)| one(rust, case, last == 0, at == last)).collect();
    let state = rust.schema.session.as_ref().map(|session| {
        let mutable = test.cases[..last].iter().any(says).then(|| quote!(mut));
        let remembers = !session.variables.is_empty() && mutable.is_some();
        let memory = remembers.then(|| quote!(let mut memory = super::Memory::default();));
        quote!(let #mutable state = super::State::default(); #memory)
    });
    quote! {
        #[test]
        fn #name() {
            #state
            #cases
        }
    }
}

/// Whether a case is a message that is good, and so leads on in a session.
fn says(case: &Case) -> bool {
    matches!(case.expect, Expect::Equals(_) | Expect::Decodes(_))
}

fn one(rust: &Rust<'_>, case: &Case, test_is_one_case: bool, is_last: bool) -> TokenStream {
    let schema = rust.schema;
    let bytes = literal::bytes(&case.bytes);
    let line = format!("schema line {}", case.line);
    let side = match case.from {
        Side::Client => quote!(Side::Client),
        Side::Server => quote!(Side::Server),
    };
    // One of several messages is tested as what its side sends.
    let session = schema.session.is_some();
    let only = schema.only_by(case.from).filter(|_| !session);
    let name = only.map_or_else(|| several::name(case.from), |message| ty(&message.layout.name));
    let sided = only.is_some_and(Message::is_sided);
    let (behind, before) = if sided { (quote!(, #side), quote!(#side,)) } else { (quote!(), quote!()) };
    // An envelope and a transform are undone in place.
    let undone = |message: &Message| message.envelope().is_some() || !vias::transformed(&message.layout).is_empty();
    let mut sent = schema.sent_by(case.from);
    let (lent, frame, part) = match only.map_or_else(|| sent.any(|index| undone(&schema.messages[index])), undone) {
        true => (quote!(let mut frame = bytes.to_vec();), quote!(&mut frame), quote!(&mut bytes[..len].to_vec())),
        false => (quote!(), quote!(bytes), quote!(&bytes[..len])),
    };
    let state = session.then(|| quote!(state,));
    let input = match session {
        true => quote!(|scan, buf| super::#name::input(state, scan, buf)),
        false => quote!(super::#name::input),
    };
    let input = match schema.is_of_datagrams() {
        true => quote!(#input(&mut Default::default(), bytes)),
        false => quote!(scanned(#input, bytes)),
    };
    let scan = quote! {
        let bytes = #bytes;
        let input = #input;
    };
    let remembers = schema.session.as_ref().is_some_and(|session| !session.variables.is_empty());
    let memory = remembers.then(|| quote!(, &mut memory));
    let next = (session && says(case) && !is_last).then(|| quote!(state = message.next(state #memory).expect(#line);));
    let decodes = |value: &Value| {
        let layout = &schema.messages[case.message.unwrap_or_default()].layout;
        let mut values = Values { rust, lists: Vec::new() };
        let (value, len) = (values.message(layout, value), Literal::usize_unsuffixed(case.bytes.len()));
        let found = if layout.until_end { quote!(Input::UntilEnd) } else { quote!(Input::Frame(#len)) };
        let lists = values.lists;
        let value = match only {
            Some(_) => value,
            None => {
                let variant = variant(&layout.name);
                quote!(super::#name::#variant(#value))
            }
        };
        quote! {
            #scan
            assert_eq!(input, Ok(#found), #line);
            #(#lists)*
            let message = #value;
            #lent
            let decoded = super::#name::decode(#state #frame #behind);
            assert_eq!(decoded.as_ref(), Ok(&message), #line);
        }
    };
    // What goes on to the end of the stream is bad at the end, if not before.
    let until_end = schema.sent_by(case.from).any(|index| schema.messages[index].layout.until_end).then(|| {
        quote!(Ok(Input::UntilEnd) => {
            #lent
            super::#name::decode(#state #frame #behind).err()
        })
    });
    let body = match &case.expect {
        Expect::Decodes(value) => decodes(value),
        Expect::Equals(value) => {
            let decodes = decodes(value);
            quote! {
                #decodes
                let mut out = BytesMut::new();
                let encoded = message.encode(#before &mut out);
                assert_eq!(encoded, Ok(()), #line);
                assert_eq!(out[..], bytes[..], #line);
            }
        }
        Expect::Rejects(field) => quote! {
            #scan
            let error = match input {
                Ok(Input::Frame(len)) => super::#name::decode(#state #part #behind).err(),
                #until_end
                Ok(_) => None,
                Err(error) => Some(error),
            };
            let field = error.map(|error| error.field.name);
            assert_eq!(field, Some(#field), #line);
        },
        Expect::Needs(needed) => {
            let needed = literal::number((*needed).into());
            quote! {
                #scan
                assert_eq!(input, Ok(Input::Need(#needed)), #line);
            }
        }
    };
    if test_is_one_case { quote!(#body #next) } else { quote!({ #body #next }) }
}

/// Values as Rust expressions.
struct Values<'r> {
    rust: &'r Rust<'r>,
    /// Variables that hold the elements of lists: what a list borrows must live as long as it does.
    lists: Vec<TokenStream>,
}

impl Values<'_> {
    /// A message or struct.
    fn message(&mut self, layout: &Layout, value: &Value) -> TokenStream {
        let name = ty(&layout.name);
        if let Value::Arm(index, value) = value {
            let arm = &layout.fields[*index];
            let (variant, value) = (variant(&arm.name), self.expression(&arm.ty, value));
            return quote!(super::#name::#variant(#value));
        }
        let Value::Struct(values) = value else { return quote!(super::#name) };
        let (mut values, runtime) = (values.iter(), &self.rust.runtime);
        let fields: Vec<TokenStream> = shape::held(layout)
            .filter_map(|field| {
                let name = ident(&field.name);
                let value = match shape::is_pointed(field) {
                    true => quote!(#runtime::wire::Pointed::nothing()),
                    false => self.held(field, values.next()?),
                };
                Some(quote!(#name: #value))
            })
            .collect();
        if fields.is_empty() { quote!(super::#name) } else { quote!(super::#name { #(#fields),* }) }
    }

    /// A field as Rust holds it.
    fn held(&mut self, field: &Field, value: &Value) -> TokenStream {
        let runtime = &self.rust.runtime;
        match value {
            Value::Option(Some(value)) => {
                let value = self.held(field, value);
                quote!(Some(#value))
            }
            Value::Option(None) => quote!(None),
            value if field.held == Held::Converted => {
                let ((wire, borrow), value) = (shape::converted_from(&field.ty), self.expression(&field.ty, value));
                let borrow = borrow.then(|| quote!(&));
                quote!(<_ as #runtime::wire::As<'_, #wire>>::from_wire(#borrow #value).expect("a value that is not refused"))
            }
            value => self.expression(&field.ty, value),
        }
    }

    fn expression(&mut self, ty: &Type, value: &Value) -> TokenStream {
        let rust = self.rust;
        let runtime = &rust.runtime;
        match (ty, value) {
            (_, Value::Option(None)) => quote!(None),
            (ty, Value::Option(Some(value))) => {
                let value = self.expression(ty, value);
                quote!(Some(#value))
            }
            (Type::Enum(kind), Value::Int(value)) => enumerated(&rust.schema.enums[*kind], *value),
            (Type::Struct(part), value) => self.message(&rust.schema.structs[*part], value),
            (Type::Bytes(Bytes { content: Content::Headers, .. }), Value::List(lines)) => {
                let lines = lines.iter().map(header);
                quote!(#runtime::wire::Headers::from(&[#(#lines),*]))
            }
            (Type::List { element, .. }, Value::List(items)) => {
                let written: Vec<TokenStream> = items.iter().map(|item| self.expression(element, item)).collect();
                // Numbers live on by themselves.
                if !matches!(**element, Type::Struct(_)) || items.is_empty() {
                    return quote!(#runtime::wire::List::from(&[#(#written),*]));
                }
                let name = format_ident!("list{}", self.lists.len());
                self.lists.push(quote!(let #name = [#(#written),*];));
                quote!(#runtime::wire::List::from(&#name))
            }
            (Type::Bytes(bytes), Value::Bytes(content)) => {
                let text = String::from_utf8_lossy(content);
                match bytes.content {
                    Content::Bytes | Content::Headers => {
                        let content = literal::bytes(content);
                        quote!(#content)
                    }
                    Content::Str | Content::Ascii => quote!(#text),
                    Content::Word(words) => word(&rust.schema.words[words], &text),
                    Content::Json | Content::JsonBody(_) => {
                        quote!(#runtime::wire::Json::new(#text).expect("the schema's own JSON"))
                    }
                }
            }
            (Type::Bytes(bytes), Value::Json(members)) => match bytes.content {
                Content::JsonBody(body) => json(rust, body, members),
                _ => TokenStream::new(),
            },
            (_, value) => plain(ty, value),
        }
    }
}

/// A value that holds no other.
fn plain(ty: &Type, value: &Value) -> TokenStream {
    match (ty, value) {
        (Type::Int(Int::Flag, _), Value::Int(value)) => {
            let set = *value == 1;
            quote!(#set)
        }
        (_, Value::Int(value)) => literal::signed(*value),
        (_, Value::Huge(value)) => literal::number(*value),
        (_, Value::Float(value)) => float(*value),
        (_, Value::Bool(value)) => quote!(#value),
        _ => TokenStream::new(),
    }
}

/// A line of headers.
fn header(line: &Value) -> TokenStream {
    match line {
        Value::Struct(parts) => match parts.as_slice() {
            [Value::Bytes(name), Value::Bytes(value)] => {
                let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
                quote!((#name, #value))
            }
            _ => TokenStream::new(),
        },
        _ => TokenStream::new(),
    }
}

fn float(value: f64) -> TokenStream {
    let literal = Literal::f64_unsuffixed(value.abs());
    if value.is_sign_negative() { quote!(-#literal) } else { quote!(#literal) }
}

fn enumerated(kind: &Enum, value: i128) -> TokenStream {
    let (name, number) = (ty(&kind.name), literal::signed(value));
    let named = kind.variants.iter().find(|one| (i128::from(one.least)..=i128::from(one.most)).contains(&value));
    match named {
        Some(one) => {
            let variant = variant(&one.name);
            if one.least == one.most { quote!(super::#name::#variant) } else { quote!(super::#name::#variant(#number)) }
        }
        None => quote!(super::#name::Other(#number)),
    }
}

fn word(words: &Words, text: &str) -> TokenStream {
    let name = ty(&words.name);
    match words.find(text.as_bytes()) {
        Some(found) => {
            let variant = variant(&words.words[found].name);
            quote!(super::#name::#variant)
        }
        None => quote!(super::#name::Other(#text)),
    }
}

/// A typed JSON body as a Rust expression.
fn json(rust: &Rust<'_>, body: usize, values: &[Value]) -> TokenStream {
    let body = &rust.schema.json_bodies[body];
    let name = ty(&body.name);
    let members = body.members.iter().zip(values).map(|(member, value)| {
        let name = ident(&member.name);
        let value = match (member.ty, value) {
            (JsonType::Str, Value::Bytes(text)) => {
                let text = String::from_utf8_lossy(text);
                quote!(#text.into())
            }
            (JsonType::Base64, Value::Bytes(content)) => {
                let content = literal::bytes(content);
                quote!(#content[..].into())
            }
            (JsonType::Body(inner), Value::Json(values)) => json(rust, inner, values),
            (_, value) => plain(&Type::Int(Int::Varint { signed: true }, None), value),
        };
        quote!(#name: #value)
    });
    quote!(super::#name { #(#members),* })
}
