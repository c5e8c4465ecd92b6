//! Lengths and counts: what earlier numbers, prefixes and formulas say.

use super::Decoder;
use crate::codegen::rust::literal;
use crate::codegen::rust::number::{said, to_u64};
use crate::ir::{Equation, Formula, Int, Measure, Scale, Type};
use proc_macro2::TokenStream;
use quote::quote;

/// What a prefix says: the length of its field.
pub(super) const fn own_length(at: usize) -> Equation {
    Equation { measure: Measure::Bytes { first: at, last: at }, add: 0, scale: Scale::One, absent: None }
}

impl Decoder<'_> {
    /// A number that was read as a length, and whether it is one without more ado.
    pub(super) fn length(
        &self,
        at: usize,
        int: &Int,
        value: &syn::Ident,
        Equation { add, scale, .. }: Equation,
        max: Option<u64>,
    ) -> (TokenStream, bool) {
        let small = matches!(int, Int::Fixed { bytes: 1 | 2, signed: false, .. });
        if small && add == 0 && scale == Scale::One && max.is_none_or(|max| int.range().1 <= max.into()) {
            return (quote!(usize::from(#value)), true);
        }
        let (constant, offset, value) = (self.code.constant(at), self.offset(at), to_u64(&quote!(#value), int));
        let value = said(value, scale, &offset, &constant);
        let (add, max) = (literal::signed(add.into()), max.map_or(quote!(usize::MAX), |max| self.code.size(max)));
        (quote!(Reader::length(#value, #add, #max, #offset, #constant)?), false)
    }

    /// The length or count that an earlier field says.
    pub(super) fn said_by(&self, number: usize, max: Option<u64>) -> TokenStream {
        let local = self.code.names.local(number);
        let Type::Int(int, _) = &self.code.field(number).ty else { return quote!(#local) };
        let equation = self.code.equation(number).unwrap_or_else(|| own_length(number));
        match self.length(number, int, local, equation, max) {
            (length, true) => length,
            (_, false) => {
                let name = self.code.says_length_of(number).map(|measured| self.length_local(number, measured));
                name.map_or(quote!(#local), |name| quote!(#name))
            }
        }
    }

    /// The length or count that a formula says.
    pub(super) fn worked_out(&self, at: usize, formula: &Formula, max: Option<u64>) -> TokenStream {
        let value = self.code.worked_out(formula, &|at| {
            let local = self.code.names.local(at);
            quote!(#local)
        });
        let (max, constant) = (max.map_or(quote!(usize::MAX), |max| self.code.size(max)), self.code.constant(at));
        quote!(Reader::worked_out(#value, #max, reader.offset(), #constant)?)
    }
}
