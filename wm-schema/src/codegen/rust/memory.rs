//! What a session remembers, and the lines of its states that read it and set it.

use super::layout::LayoutCode;
use super::names::Names;
use super::several::Several;
use super::{Rust, literal, names, session, shape};
use crate::ir::{Edge, Int, Layout, Param, Said, Session, State, Type};
use proc_macro2::TokenStream;
use quote::quote;

/// The type of what is remembered.
pub(super) fn ty(session: &Session) -> TokenStream {
    match session.variables.is_empty() {
        true => quote!(()),
        false => {
            let name = names::ty("Memory");
            quote!(#name)
        }
    }
}

/// `Memory`; nothing if there are no variables.
pub(super) fn definition(rust: &Rust<'_>, session: &Session) -> Option<TokenStream> {
    if session.variables.is_empty() {
        return None;
    }
    let name = names::ty("Memory");
    let fields = session.variables.iter().map(|variable| {
        let docs = super::docs(&variable.docs, || format!("The variable `{}`.", variable.param.name));
        let (name, held) = (names::ident(&variable.param.name), shape::value_type(rust.schema, &variable.param.ty));
        quote!(#docs pub #name: #held,)
    });
    let zero =
        session.variables.iter().all(|variable| variable.initial == 0 && matches!(variable.param.ty, Type::Int(..)));
    let derived = zero.then(|| quote!(, Default));
    let start = (!zero).then(|| {
        let values = session.variables.iter().map(|variable| {
            let (name, value) = (names::ident(&variable.param.name), start(rust, &variable.param, variable.initial));
            quote!(#name: #value)
        });
        quote! {
            impl Default for #name {
                fn default() -> Self {
                    Self { #(#values),* }
                }
            }
        }
    });
    Some(quote! {
        /// What a conversation remembers beside its state.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash #derived)]
        pub struct #name {
            #(#fields)*
        }

        #start
    })
}

/// The value of a variable at the start.
fn start(rust: &Rust<'_>, param: &Param, value: i128) -> TokenStream {
    match &param.ty {
        Type::Int(Int::Flag, _) => {
            let set = value == 1;
            quote!(#set)
        }
        Type::Enum(index) => {
            let kind = &rust.schema.enums[*index];
            let (name, one) = (names::ty(&kind.name), |variant: &&crate::ir::Variant| {
                (i128::from(variant.least)..=i128::from(variant.most)).contains(&value)
            });
            let variant = names::variant(kind.variants.iter().find(one).map_or("Other", |variant| &variant.name));
            quote!(#name::#variant)
        }
        _ => literal::signed(value),
    }
}

/// The argument of `next` for what is remembered, and the variables that its lines read, as they were.
pub(super) fn argument(of: &Several<'_>, session: &Session) -> (Option<TokenStream>, Option<TokenStream>) {
    if session.variables.is_empty() {
        return (None, None);
    }
    let edges = || session.states.iter().flat_map(|state| &state.edges).filter(|edge| edge.from == of.side);
    let reads = |edge: &Edge, at: usize| {
        let formulas = edge.guard.iter().chain(edge.sets.iter().map(|(_, value)| value));
        formulas.into_iter().any(|formula| formula.term.reads_param(at))
    };
    let (ty, locals) = (ty(session), locals(session));
    let read = session.variables.iter().zip(&locals).enumerate().filter_map(|(at, (variable, local))| {
        let (field, local) = (names::ident(&variable.param.name), names::ident(local));
        let binding = if field == local { quote!(#field) } else { quote!(#field: #local) };
        edges().any(|edge| reads(edge, at)).then_some(binding)
    });
    let read: Vec<TokenStream> = read.collect();
    let rest = (read.len() < session.variables.len()).then(|| quote!(..));
    let read = (!read.is_empty()).then(|| quote!(let #ty { #(#read,)* #rest } = *memory;));
    let used = read.is_some() || edges().any(|edge| !edge.sets.is_empty());
    (Some(if used { quote!(, memory: &mut #ty) } else { quote!(, _: &mut #ty) }), read)
}

/// What the variables are called beside the arguments of `next`.
fn locals(session: &Session) -> Vec<String> {
    let mut locals: Vec<String> = Vec::new();
    for variable in &session.variables {
        let mut local = variable.param.name.clone();
        while ["message", "state", "memory"].contains(&local.as_str()) || locals.contains(&local) {
            local.push('_');
        }
        locals.push(local);
    }
    locals
}

/// `(State::Choose, Self::Pick(pick)) if pick.method == Method::None => State::Ready`
pub(super) fn arm(of: &Several<'_>, session: &Session, from: &State, edge: &Edge) -> Option<TokenStream> {
    let (ty, here, to) = (session::state(), names::variant(&from.name), names::variant(session.name_of(edge.to)));
    let Said::Message(index) = edge.said else {
        let said = of.raw()?;
        return Some(quote!((#ty::#here, Self::#said(_)) => #ty::#to,));
    };
    let message = &of.schema().messages[index];
    let params = session.params().into_iter().zip(locals(session)).map(|(param, name)| Param { name, ..param });
    let layout = Layout { params: params.collect(), ..message.layout.clone() };
    let names = Names::with_params(&layout);
    let code = LayoutCode { rust: of.rust, layout: &layout, message: Some(message), names, stream: None };
    let field = |field: usize| {
        let name = names::ident(&layout.fields[field].name);
        quote!(message.#name)
    };
    let guard = edge.guard.as_ref().map(|guard| {
        let guard = code.condition(guard, &field);
        quote!(if #guard)
    });
    let sets: Vec<TokenStream> = edge
        .sets
        .iter()
        .map(|(at, value)| {
            let param = &session.variables[*at].param;
            let (name, value) = (names::ident(&param.name), code.fitted(value, &param.ty, &field));
            quote!(memory.#name = #value;)
        })
        .collect();
    let said = names::variant(&message.layout.name);
    let formulas = edge.guard.iter().chain(edge.sets.iter().map(|(_, value)| value));
    let held = match formulas.into_iter().any(|formula| !formula.term.fields().is_empty()) {
        true => quote!(message),
        false => quote!(_),
    };
    let next = match sets.as_slice() {
        [] => quote!(#ty::#to),
        sets => quote!({ #(#sets)* #ty::#to }),
    };
    Some(quote!((#ty::#here, Self::#said(#held)) #guard => #next,))
}
