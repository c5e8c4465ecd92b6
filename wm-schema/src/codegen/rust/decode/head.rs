//! The head of a message in parts: the fields in front of its stream, and how much data follows them.

use super::super::layout::LayoutCode;
use super::super::number::read_int;
use super::super::{names, stream, vias};
use super::{Decoder, constructed};
use crate::ir::stream::Body;
use crate::ir::{Measure, Type};
use proc_macro2::TokenStream;
use quote::quote;

/// The function `decode` of what stands in front of a stream.
pub(in crate::codegen::rust) fn head(code: &LayoutCode<'_>, body: Body) -> TokenStream {
    let decoder = Decoder::new(code);
    let number = stream::prefix(code).map(|int| {
        let read = read_int(int, &quote!(reader), &code.constant(code.end()));
        quote!(#read;)
    });
    let equations = decoder.stream_equations();
    let fields = decoder.fields();
    let value = constructor(code, body);
    let body =
        vias::without_unused(&quote!(let mut reader = Reader::new(bytes); #fields #number #equations Ok(#value)));
    let reads = names::mentions(&body, "bytes");
    let (bytes, frame) = (
        if reads { quote!(bytes) } else { quote!(_) },
        if stream::borrows(code) { quote!(&'a [u8]) } else { quote!(&[u8]) },
    );
    let frame_bytes = match names::mentions(&body, "frame_bytes") {
        true => quote!(frame_bytes),
        false => quote!(_),
    };
    let (from, docs) = match code.is_sided() {
        true => (quote!(, from: Side), " Reads the head of a frame of so many bytes that `from` has sent."),
        false => (quote!(), " Reads the head of a frame of so many bytes."),
    };
    quote! {
        #[doc = #docs]
        ///
        /// # Errors
        ///
        /// The head breaks a rule of the schema.
        pub fn decode(#bytes: #frame, #frame_bytes: usize #from) -> Result<Self, DecodeError> {
            #body
        }
    }
}

/// The same of a head, which says how much data follows it.
fn constructor(code: &LayoutCode<'_>, body: Body) -> TokenStream {
    let len = stream::len_name(code, code.end());
    let value = stream::len_of_head(code, body).map(|value| quote!(#len: #value));
    let fields: Vec<TokenStream> = constructed(code).chain(value).collect();
    if fields.is_empty() { quote!(Self) } else { quote!(Self { #(#fields),* }) }
}

impl Decoder<'_> {
    /// The checks of numbers that measure a stream, which its head is followed by, if neither the frame nor a length has
    /// settled them.
    fn stream_equations(&self) -> TokenStream {
        let code = self.code;
        let check = |number: usize| {
            let equation = code.equation(number)?;
            let Type::Int(int, _) = &code.field(number).ty else { return None };
            let Measure::Bytes { first, last } = equation.measure else { return None };
            let settled = code.says_length_of(number).is_some() || self.reaches_the_end(number, equation).is_some();
            if settled || last < code.end() {
                return None;
            }
            let behind: u64 = self.layout().fields[last + 1..].iter().map(|field| field.size.least).sum();
            let start = if first == code.end() { quote!(reader.offset()) } else { self.start(first) };
            let around = match behind {
                0 => start,
                behind => {
                    let behind = code.size(behind);
                    quote!(#start.saturating_add(#behind))
                }
            };
            Some(self.equation(number, int, &quote!(frame_bytes.saturating_sub(#around)), equation))
        };
        (0..code.end()).filter_map(check).collect()
    }
}
