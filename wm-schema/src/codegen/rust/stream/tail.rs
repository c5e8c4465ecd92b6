//! What stands behind a stream: constants, and a checksum that has counted along.

use super::super::layout::LayoutCode;
use super::super::number::{int_call, to_u64, write_int};
use super::super::{checksums, literal, names, shape};
use crate::ir::{Checksum, Framing, Message, Type};
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of the tail; none if there is none.
pub(super) fn functions(code: &LayoutCode<'_>, message: &Message) -> Option<TokenStream> {
    message.behind_stream().next()?;
    let (write, checksum) = (write(code, message), message.stream_checksum());
    let begin = checksum.and_then(|at| Some(begin(code, code.layout.checksum(at)?)));
    let check = check(code, message);
    let data = match (names::mentions(&write, "add"), checksum) {
        (true, _) => quote!(mut data),
        (false, Some(_)) => quote!(data),
        (false, None) => quote!(_),
    };
    Some(quote! {
        #begin
        #check

        #[inline]
        fn encode_tail(#data: checksum::Tally, out: &mut BytesMut) {
            let mut writer = Writer::new(out);
            #write
        }
    })
}

/// The function that checks what stands behind the stream, in its order. Constants that a framer compares as they arrive
/// are compared there.
fn check(code: &LayoutCode<'_>, message: &Message) -> Option<TokenStream> {
    let walked = compares(message);
    let checks: TokenStream = message
        .behind_stream()
        .map(|at| {
            let (constant, place) = (code.constant(at), code.size(offset(code, at)));
            let covered = covers(code, message, at).then(|| {
                let end = code.size(offset(code, at + 1));
                quote!(data.add(tail.get(#place..#end).unwrap_or_default());)
            });
            let check = match (code.constant_bytes(at), &code.field(at).ty) {
                (Some(_), _) if walked => quote!(),
                (Some(bytes), _) => {
                    let bytes = literal::bytes(&bytes);
                    let read = quote!(Reader::at(tail, #place).constant(#bytes, #constant));
                    quote!(#read.map_err(|error| error.behind(offset))?;)
                }
                (None, Type::Int(int, _)) => {
                    let read = int_call(int, &constant);
                    let read = quote!(Reader::at(tail, #place).#read.map_err(|error| error.behind(offset))?);
                    let found = to_u64(&quote!(found), int);
                    let offset = match place.to_string() == "0" {
                        true => quote!(offset),
                        false => quote!(offset.saturating_add(#place)),
                    };
                    quote!(let found = #read; data.check(#found, #offset, #constant)?;)
                }
                (None, _) => quote!(),
            };
            quote!(#check #covered)
        })
        .collect();
    if checks.is_empty() {
        return None;
    }
    let data = match (names::mentions(&checks, "add"), names::mentions(&checks, "data")) {
        (true, _) => quote!(mut data),
        (false, true) => quote!(data),
        (false, false) => quote!(_),
    };
    Some(quote! {
        fn check_tail(#data: checksum::Tally, tail: &[u8], offset: usize) -> Result<(), DecodeError> {
            #checks
            Ok(())
        }
    })
}

/// Whether the framer of the whole message compares the constants behind its stream as they arrive: they stand at fixed
/// places, or on the way of a walk.
pub(super) const fn compares(message: &Message) -> bool {
    matches!(message.framing, Framing::Fixed { .. } | Framing::Walk)
}

/// How many bytes stand between the stream and a field behind it.
fn offset(code: &LayoutCode<'_>, at: usize) -> u64 {
    code.layout.fields[code.end() + 1..at].iter().map(|field| field.size.least).sum()
}

/// The function that begins a checksum.
fn begin(code: &LayoutCode<'_>, checksum: Checksum) -> TokenStream {
    let how = checksums::function(code, checksum.function);
    let number = super::prefix(code).and_then(|int| int.size().fixed());
    let start = match (checksum.first < code.end(), number) {
        (true, _) => Some(code.size(code.fixed_offset(checksum.first).unwrap_or_default())),
        // The number in front of the data is a part of its field, and the last of the head.
        (false, Some(number)) => {
            let number = code.size(number);
            Some(quote!(head.len().saturating_sub(#number)))
        }
        (false, None) => None,
    };
    let (head, begun) = match start {
        Some(start) => (quote!(head), quote!(tally.add(head.get(#start..).unwrap_or_default());)),
        None => (quote!(_), TokenStream::new()),
    };
    let tally = match begun.is_empty() {
        true => quote!(checksum::Counts::tally(&#how)),
        false => quote!(let mut tally = checksum::Counts::tally(&#how); #begun tally),
    };
    quote! {
        #[inline]
        fn tally(#head: &[u8]) -> checksum::Tally {
            #tally
        }
    }
}

/// Whether the checksum covers a field in front of it.
fn covers(code: &LayoutCode<'_>, message: &Message, at: usize) -> bool {
    let checksum = message.stream_checksum().filter(|checksum| *checksum > at);
    checksum.and_then(|checksum| code.layout.checksum(checksum)).is_some_and(|checksum| checksum.covers(at))
}

/// The statements that put the tail on the wire.
fn write(code: &LayoutCode<'_>, message: &Message) -> TokenStream {
    let writes = message.behind_stream().map(|at| {
        if let Some(bytes) = code.constant_bytes(at) {
            let bytes = literal::bytes(&bytes);
            let counted = covers(code, message, at).then(|| quote!(data.add(#bytes);));
            return quote!(writer.bytes(#bytes); #counted);
        }
        let Type::Int(int, _) = &code.field(at).ty else { return TokenStream::new() };
        let (local, ty) = (code.names.local(at), shape::int_type(int));
        let value = match shape::int_bits(int).0 {
            64 => quote!(data.value()),
            _ => quote!(#ty::try_from(data.value()).unwrap_or_default()),
        };
        let write = write_int(int, &quote!(#local));
        quote!(let #local = #value; #write)
    });
    writes.collect()
}
