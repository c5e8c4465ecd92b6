//! What things are called in the generated code, so that no name of a schema meets one of the runtime.

use crate::ir::{By, Choice, Constant, Field, Layout, RustShape, Type};
use proc_macro2::{Delimiter, Group, Ident, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use std::collections::{BTreeSet, HashMap};

/// An identifier, raw if it is a keyword.
pub(super) fn ident(name: &str) -> Ident {
    syn::parse_str(name).unwrap_or_else(|_| Ident::new_raw(name, Span::call_site()))
}

/// In front of the types of a schema until [`Imports::resolve`] has run: they are told from those of the runtime.
const SCHEMA: &str = "__schema_";

/// The name of a type of the schema.
pub(super) fn ty(name: &str) -> Ident {
    format_ident!("{SCHEMA}{name}")
}

/// In front of the variants of its enums, for the same reason.
const VARIANT: &str = "__variant_";

/// The name of a variant of an enum.
pub(super) fn variant(name: &str) -> Ident {
    format_ident!("{VARIANT}{name}")
}

/// A path of Rust that the schema says, as it is: none of its words is a name of the runtime.
pub(super) fn path(path: &str) -> TokenStream {
    marked(path.parse().unwrap_or_default())
}

fn marked(tokens: TokenStream) -> TokenStream {
    let mut lifetime = false;
    let one = |token: TokenTree| {
        let is_lifetime =
            std::mem::replace(&mut lifetime, matches!(&token, TokenTree::Punct(sign) if sign.as_char() == '\''));
        match token {
            TokenTree::Ident(name) if !is_lifetime && !["crate", "super", "self"].iter().any(|word| name == word) => {
                let mut name = variant(&name.to_string());
                name.set_span(Span::call_site());
                TokenTree::Ident(name)
            }
            TokenTree::Group(group) => TokenTree::Group(Group::new(group.delimiter(), marked(group.stream()))),
            other => other,
        }
    };
    tokens.into_iter().map(one).collect()
}

/// The names of one layout.
#[derive(Debug)]
pub(super) struct Names {
    constants: Vec<Ident>,
    locals: Vec<Ident>,
    params: Vec<Ident>,
    taken: BTreeSet<String>,
}

/// Locals of the generated functions.
const RESERVED: [&str; 20] = [
    "tag",
    "tag_at",
    "by",
    "reader",
    "writer",
    "frame",
    "out",
    "scan",
    "buf",
    "size",
    "item",
    "number",
    "width",
    "walk",
    "step",
    "bits",
    "from",
    "start",
    "frame_bytes",
    "outside",
];

impl Names {
    pub(super) fn new(layout: &Layout) -> Self {
        let mut taken: BTreeSet<String> = RESERVED.iter().map(ToString::to_string).collect();
        if layout.nesting.is_some() {
            taken.insert("depth".to_owned());
        }
        if matches!(layout.choice, Some(Choice { by: By::Header { .. }, .. })) {
            taken.extend(["arm", "length", "headers"].map(str::to_owned));
        }
        let params = layout.params.iter().map(|param| fresh(&mut taken, param.name.clone())).collect();
        let local = |field: &Field| match layout.choice {
            Some(_) => snake(&field.name),
            None => local_name(field),
        };
        let locals = layout.fields.iter().map(|field| fresh(&mut taken, local(field))).collect();
        let mut screaming = BTreeSet::from(["FRAME_BYTES_MAX".to_owned(), "FRAME".to_owned()]);
        // A union has one for its tag, an arm that begins with its own names it so.
        if layout.choice.is_some() {
            screaming.insert("TAG".to_owned());
        }
        // A variant hides a constant of its name.
        screaming.extend(layout.fields.iter().filter(|_| layout.choice.is_some()).map(|arm| arm.name.clone()));
        let constants = layout
            .fields
            .iter()
            .enumerate()
            .map(|(at, field)| fresh(&mut screaming, own_constant(layout, constant_name(layout, at, field))))
            .collect();
        Self { constants, locals, params, taken }
    }

    /// The same for a layout whose parameters have names that meet no other.
    pub(super) fn with_params(layout: &Layout) -> Self {
        let params = layout.params.iter().map(|param| ident(&param.name)).collect();
        Self { params, ..Self::new(layout) }
    }

    /// The constant that describes a field.
    pub(super) fn constant(&self, field: usize) -> &Ident {
        &self.constants[field]
    }

    /// The argument that holds a parameter.
    pub(super) fn param(&self, index: usize) -> &Ident {
        &self.params[index]
    }

    /// The variable that holds a field.
    pub(super) fn local(&self, field: usize) -> &Ident {
        &self.locals[field]
    }

    /// A variable that has to do with a field: `data_len`.
    pub(super) fn beside(&self, field: usize, what: &str) -> Ident {
        let base = self.locals[field].to_string();
        let mut name = format!("{}_{what}", base.trim_start_matches("r#").trim_end_matches('_'));
        while self.taken.contains(&name) {
            name.push('_');
        }
        ident(&name)
    }
}

/// Makes a name that is not taken yet, and takes it.
fn fresh(taken: &mut BTreeSet<String>, mut name: String) -> Ident {
    while !taken.insert(name.clone()) {
        name.push('_');
    }
    ident(&name)
}

fn local_name(field: &Field) -> String {
    let plain = field.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain && field.name.starts_with(|c: char| c.is_ascii_lowercase()) {
        field.name.clone()
    } else {
        "constant".into()
    }
}

/// `conn_ack` of `ConnAck`.
pub(super) fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() && !name[..at].ends_with(|before: char| before.is_ascii_uppercase()) {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// In the struct that a user wrote there may be a constant of the name.
fn own_constant(layout: &Layout, name: String) -> String {
    if layout.rust == RustShape::Generated { name } else { format!("FIELD_{name}") }
}

/// The field's name in capitals; a constant is called after its word, or after its place.
fn constant_name(layout: &Layout, at: usize, field: &Field) -> String {
    let Type::Constant(Constant { bytes, .. }) = &field.ty else {
        return match field.name.as_str() {
            "_" => "RESERVED".into(),
            // The tag of an arm is spelled as a number.
            name if name.starts_with(|first: char| first.is_ascii_digit()) => "TAG".into(),
            name if layout.choice.is_some() => snake(name).to_ascii_uppercase(),
            name => name.to_ascii_uppercase(),
        };
    };
    let word: String = bytes.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(|&byte| char::from(byte)).collect();
    if word.len() > 1 && word.starts_with(|c: char| c.is_ascii_alphabetic()) {
        word.to_ascii_uppercase()
    } else if at == 0 {
        "MAGIC".into()
    } else if at + 1 == layout.fields.len() {
        "END".into()
    } else {
        "SEPARATOR".into()
    }
}

/// The names of the runtime that generated code uses: its `use` lines list those that stand in it, no others.
pub(super) struct Imports {
    runtime: TokenStream,
}

const PROTOCOL: &[&str] = &[
    "Announced",
    "Channel",
    "Decoded",
    "Duplex",
    "Exchange",
    "Find",
    "Flow",
    "FromClient",
    "FromServer",
    "Keep",
    "Listen",
    "Message",
    "Part",
    "Receiver",
    "Recovery",
    "Sender",
    "Session",
    "Side",
    "Sided",
    "SidedStreamed",
    "Silent",
    "Staged",
    "Stream",
    "Streamed",
];
const WIRE: &[&str] = &[
    "AnyOf",
    "Backward",
    "Braces",
    "BytesMut",
    "Cobs",
    "Cow",
    "DecodeError",
    "Delimiter",
    "EncodeError",
    "EncodeFault",
    "Escaping",
    "Fault",
    "FaultKind",
    "Field",
    "Fill",
    "Followed",
    "Halt",
    "Handed",
    "HandedList",
    "HeaderLine",
    "Headers",
    "Input",
    "Json",
    "Lines",
    "List",
    "Pointed",
    "Prefix",
    "Radix",
    "Reached",
    "Reader",
    "Slip",
    "Spelling",
    "Unsigned",
    "Walk",
    "Walker",
    "Writer",
    "check",
    "checksum",
    "datagram",
    "fixed",
    "json",
    "look",
    "own",
    "starts_with",
    "starts_with_nocase",
    "stranger",
    "unexpected",
    "unfinished",
    "via",
];
/// Types of the prelude that generated code names, and their full paths.
const PRELUDE: [(&str, &str); 5] = [
    ("Result", "::core::result::Result"),
    ("Option", "::core::option::Option"),
    ("From", "::core::convert::From"),
    ("AsRef", "::core::convert::AsRef"),
    ("Sized", "::core::marker::Sized"),
];

impl Imports {
    pub(super) fn new(runtime: &TokenStream) -> Self {
        Self { runtime: runtime.clone() }
    }

    /// The `use` lines for `body`, and `body` with its names settled: the schema's types keep theirs, and where the
    /// runtime has one of the same name, that one goes by `Wire…`.
    pub(super) fn resolve(&self, body: TokenStream) -> (TokenStream, TokenStream) {
        let mut found = BTreeSet::new();
        collect(body.clone(), &mut found);
        let schema: BTreeSet<&str> = found.iter().filter_map(|name| name.strip_prefix(SCHEMA)).collect();
        let mut renamed: HashMap<String, TokenStream> = HashMap::new();
        for (name, path) in PRELUDE.iter().filter(|(name, _)| schema.contains(name)) {
            renamed.insert((*name).to_owned(), path.parse().unwrap_or_default());
        }
        let mut uses = TokenStream::new();
        for (module, names) in [("protocol", PROTOCOL), ("wire", WIRE)] {
            let mut listed = Vec::new();
            for name in names.iter().filter(|name| found.contains(**name)) {
                let plain = ident(name);
                if schema.contains(name) {
                    let alias = format_ident!("Wire{name}");
                    listed.push(quote!(#plain as #alias));
                    renamed.insert((*name).to_owned(), quote!(#alias));
                } else {
                    listed.push(quote!(#plain));
                }
            }
            let (runtime, module) = (&self.runtime, ident(module));
            match listed.as_slice() {
                [] => {}
                [one] => uses.extend(quote!(use #runtime::#module::#one;)),
                _ => uses.extend(quote!(use #runtime::#module::{#(#listed),*};)),
            }
        }
        (uses, rename(body, &renamed))
    }
}

/// Whether `name` stands somewhere in `tokens`.
pub(super) fn mentions(tokens: &TokenStream, name: &str) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// The names in `tokens`. Modules and functions of the runtime share their case with fields, and only count where they
/// are used as such.
fn collect(tokens: TokenStream, found: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(ident) => {
                let name = ident.to_string();
                let path = matches!(tokens.get(at + 1), Some(TokenTree::Punct(p)) if p.spacing() == Spacing::Joint);
                let call =
                    matches!(tokens.get(at + 1), Some(TokenTree::Group(g)) if g.delimiter() == Delimiter::Parenthesis);
                let method = at > 0 && matches!(&tokens[at - 1], TokenTree::Punct(p) if p.as_char() == '.');
                let counts = match name.as_str() {
                    "check" | "checksum" | "json" | "own" | "via" => path,
                    "datagram" | "fixed" | "look" | "starts_with" | "stranger" | "unexpected" | "unfinished" => {
                        call && !method
                    }
                    _ => true,
                };
                if counts {
                    found.insert(name);
                }
            }
            TokenTree::Group(group) => collect(group.stream(), found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Takes the marks off the names of a schema, where nothing of the runtime can be meant by them.
pub(super) fn unmarked(tokens: TokenStream) -> TokenStream {
    rename(tokens, &HashMap::new())
}

fn rename(tokens: TokenStream, renamed: &HashMap<String, TokenStream>) -> TokenStream {
    let one = |token| match token {
        TokenTree::Ident(name) => {
            let text = name.to_string();
            let marked = text.strip_prefix(VARIANT).or_else(|| text.strip_prefix(SCHEMA));
            match (renamed.get(&text), marked) {
                (Some(tokens), _) => tokens.clone(),
                (None, Some(plain)) => ident(plain).to_token_stream(),
                (None, None) => name.to_token_stream(),
            }
        }
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), rename(group.stream(), renamed));
            inner.set_span(group.span());
            inner.to_token_stream()
        }
        other => other.to_token_stream(),
    };
    tokens.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_of_the_schema_keeps_its_name_where_the_runtime_has_the_same() {
        let (message, hello) = (ty("Message"), variant("Reader"));
        let body = quote!(impl Message for #message { fn json(check: Input) { Kind::#hello; json::read(json) } });
        let (uses, body) = Imports::new(&quote!(::wm_core)).resolve(body);
        let expected = quote!(
            use ::wm_core::protocol::Message as WireMessage;
            use ::wm_core::wire::{Input, json};
        );
        assert_eq!(uses.to_string(), expected.to_string());
        let expected =
            quote!(impl WireMessage for Message { fn json(check: Input) { Kind::Reader; json::read(json) } });
        assert_eq!(body.to_string(), expected.to_string());
    }
}
