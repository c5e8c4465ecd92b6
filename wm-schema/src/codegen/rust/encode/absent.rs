//! What may be absent: constants behind `if`, and numbers that have a value for what is not there.

use super::super::{literal, shape};
use super::Encoder;
use crate::ir::{Equation, Formula, Int, Measure, Role, Type};
use proc_macro2::TokenStream;
use quote::quote;

impl Encoder<'_> {
    /// The condition of an `if`. What a number says of its field, the field says itself.
    pub(super) fn presence(&self, condition: &Formula) -> TokenStream {
        match self.code.layout.asks_for(condition) {
            Some(measured) => {
                let value = self.value(measured);
                quote!(#value.is_some())
            }
            None => self.condition(condition),
        }
    }

    /// Whether the schema says what a field is, so that no user does.
    pub(super) fn is_constant(&self, at: usize) -> bool {
        matches!(self.code.field(at).role, Role::Constant(_))
    }

    /// Statements about a constant that may be absent, for when it is there.
    pub(super) fn if_constant(&self, at: usize, statements: TokenStream) -> TokenStream {
        match self.constant_presence(at) {
            Some(condition) => quote!(if #condition { #statements }),
            None => statements,
        }
    }

    /// Whether a constant is there, if it may be absent. What is handed in is not there when it is written: a field behind
    /// the same `if` says it.
    pub(super) fn constant_presence(&self, at: usize) -> Option<TokenStream> {
        let condition = self.code.field(at).condition.as_ref()?;
        Some(match self.code.layout.beside(condition) {
            Some(field) => {
                let value = self.value(field);
                quote!(#value.is_some())
            }
            None => self.presence(condition),
        })
    }

    /// A number that is `absent` where its field is.
    pub(super) fn number_or_absent(&mut self, at: usize, int: &Int, equation: Equation, absent: i128) -> TokenStream {
        let (measured, absent) = (equation.measure.last(), literal::signed(absent));
        let found = self.equation_if_there(at, int, equation, &quote!());
        let (some, value) = self.matched(at, measured);
        quote!(match #value { #some => #found?, None => #absent })
    }

    /// Checks that such a number can be computed.
    pub(super) fn check_or_absent(&mut self, at: usize, int: &Int, equation: Equation) -> TokenStream {
        let ty = shape::int_type(int);
        let found = self.equation_if_there(at, int, equation, &quote!(::<#ty>));
        let (some, value) = self.matched(at, equation.measure.last());
        quote!(if let #some = #value { #found?; })
    }

    /// The pattern of the field that is there, and what it is matched with.
    fn matched(&self, measured_by: usize, measured: usize) -> (TokenStream, TokenStream) {
        let (local, value) = (self.code.names.local(measured), self.optional(measured));
        match (self.code.equation(measured_by).map(|equation| equation.measure), &self.code.field(measured).ty) {
            (Some(Measure::Elements { .. }), _) | (_, Type::Bytes(_)) => (quote!(Some(#local)), value),
            // Its size is measured already.
            _ => (quote!(Some(_)), value),
        }
    }

    /// `check::equation` of the field that is there.
    fn equation_if_there(&mut self, at: usize, int: &Int, equation: Equation, ty: &TokenStream) -> TokenStream {
        let measured = equation.measure.last();
        let size = match (equation.measure, &self.code.field(measured).ty) {
            (Measure::Elements { .. }, _) | (_, Type::Bytes(_)) => {
                self.within(measured, |encoder| encoder.len(measured)).1
            }
            _ => self.span(measured, measured),
        };
        let Type::Int(_, range) = &self.code.field(at).ty else { return TokenStream::new() };
        let most = range.map_or(int.range().1, |(_, most)| most);
        let most = if equation.absent == Some(most) { most - 1 } else { most };
        let (most, add, constant) =
            (self.most_of(int, most), literal::signed(equation.add.into()), self.code.constant(at));
        quote!(check::equation #ty(#size, #add, #most, #constant))
    }
}
