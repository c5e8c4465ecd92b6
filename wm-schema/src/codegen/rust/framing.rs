//! `input`: where the first frame ends.

use super::layout::LayoutCode;
use super::number::{fixed_method, radix, read_int, said, to_i128, to_u64};
use super::{bits, envelope, literal, walk};
use crate::ir::{BitPlace, Bytes, Extent, Formula, Framing, Int, Message, Scale, Schema, Type};
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::BTreeSet;

/// The type of the scan's state.
pub(super) fn scan_type(schema: &Schema, message: &Message) -> TokenStream {
    match &message.framing {
        Framing::Fixed { .. } | Framing::Datagram { .. } => quote!(()),
        Framing::Prefix { .. } => quote!(Prefix),
        Framing::Until { .. } => quote!(Delimiter),
        Framing::Walk => walk::scan_type(schema, &message.layout),
        Framing::Outer(envelope) => envelope::scan_type(envelope.kind),
    }
}

/// Whether the scan of a message remembers anything.
pub(super) fn has_scan(message: &Message) -> bool {
    !matches!(message.framing, Framing::Fixed { .. } | Framing::Datagram { .. })
}

/// About how many bytes that is.
pub(super) fn scan_bytes(schema: &Schema, message: &Message) -> usize {
    match message.framing {
        Framing::Walk => walk::scan_bytes(schema, &message.layout),
        _ => 16,
    }
}

/// `Walk::<2>` of `Walk<2>`: the type as it stands in an expression.
pub(super) fn turbofish(ty: &TokenStream) -> TokenStream {
    let mut tokens = ty.clone().into_iter();
    let (name, rest): (Option<_>, TokenStream) = (tokens.next(), tokens.collect());
    let colons = (!rest.is_empty()).then(|| quote!(::));
    quote!(#name #colons #rest)
}

/// The function `input`.
pub(super) fn input(code: &LayoutCode<'_>, message: &Message) -> TokenStream {
    let scan_type = scan_type(code.rust.schema, message);
    let mut head_function = None;
    let (scan, body) = match &message.framing {
        Framing::Fixed { bytes } => {
            let constants = constants(code, code.layout.fields.len());
            let bytes = code.size(*bytes);
            (quote!(_), quote!(#constants Ok(fixed(buf, #bytes))))
        }
        Framing::Prefix { field, .. } => {
            let (constants, head) = (constants(code, *field), head(code, message));
            head_function = Some(quote! {
                /// How large the frame is that starts with `buf`, once that can be read.
                fn head(buf: &[u8]) -> Result<Input, DecodeError> {
                    #constants
                    #head
                }
            });
            (quote!(scan), quote!(scan.resume(buf, Self::head)))
        }
        Framing::Until { field, from, ends, max, tail } => {
            let constants = constants(code, *field);
            let (from, max, tail) = (code.size(*from), code.size(*max), code.size(*tail));
            let (ends, constant) = (literal::ends(ends), code.constant(*field));
            (quote!(scan), quote!(#constants scan.resume(buf, #from, #ends, #max, #tail, #constant)))
        }
        Framing::Walk => {
            let least = code.size(message.layout.size.least);
            head_function = Some(walk::function(code));
            (quote!(scan), quote!(scan.resume(buf, #least, Self::FRAME_BYTES_MAX, Self::walk)))
        }
        Framing::Outer(_) => {
            let constant = envelope::constant(code);
            (quote!(scan), quote!(scan.resume(buf, Self::FRAME_BYTES_MAX, #constant)))
        }
        Framing::Datagram { .. } => {
            let constant = envelope::constant(code);
            (quote!(_), quote!(datagram(buf, Self::FRAME_BYTES_MAX, #constant)))
        }
    };
    let docs = match message.is_datagram() {
        true => " What has arrived is a datagram, which is a frame as it is.",
        false => " Looks for the end of the first frame in what has arrived; `scan` remembers how far it has come.",
    };
    quote! {
        #[doc = #docs]
        ///
        /// # Errors
        ///
        /// The bytes cannot be the start of a frame.
        pub fn input(#scan: &mut #scan_type, buf: &[u8]) -> Result<Input, DecodeError> {
            #body
        }

        #head_function
    }
}

/// Says that each frame is a datagram, if it is.
pub(super) fn of_datagrams(is_datagram: bool) -> Option<TokenStream> {
    is_datagram.then(|| {
        quote!(
            const OF_DATAGRAMS: bool = true;
        )
    })
}

/// Says that a frame may go on to the end of the stream, if it may.
pub(super) fn until_end(is_until_end: bool) -> Option<TokenStream> {
    is_until_end.then(|| {
        quote!(
            const UNTIL_END: bool = true;
        )
    })
}

/// Compares the constants at fixed places before field `end`.
fn constants(code: &LayoutCode<'_>, end: usize) -> TokenStream {
    let checks = (0..end).filter_map(|at| {
        let bytes = literal::bytes(&code.constant_bytes(at)?);
        let (offset, constant) = (code.size(code.fixed_offset(at)?), code.constant(at));
        Some(match code.is_nocase(at) {
            true => quote!(starts_with_nocase(buf, #offset, #bytes, #constant)?;),
            false => quote!(starts_with(buf, #offset, #bytes, #constant)?;),
        })
    });
    checks.collect()
}

/// Reads the number that frames, once it is there, and says how large the frame is.
fn head(code: &LayoutCode<'_>, message: &Message) -> TokenStream {
    let Framing::Prefix { field, at, int, scale, outside, width_outside } = &message.framing else {
        return TokenStream::new();
    };
    let (constant, value) = (code.constant(*field), number_local(code, *field));
    let run = code.field(*field).bits;
    let start = code.size(*at);
    let offset = code.size(at + run.map_or(0, |place| place.byte()));
    let end = code.size(at + run.map_or(int.size().least, |place| place.bytes.into()));
    let rules = number_rules(code, message, *field);
    let raw = to_u64(&quote!(#value), int);
    let least = code.size(code.layout.size.least);
    let fixed_outside = literal::signed((*outside).into());
    let (told, extra) = uncounted(code, message);
    let extra = extra.into_iter().fold(width_outside.then(|| quote!(width)), |sum, size| match sum {
        Some(sum) => Some(quote!(#sum.saturating_add(#size))),
        None => Some(quote!(#size)),
    });
    let outside = extra.map_or(fixed_outside.clone(), |extra| quote!(Prefix::outside(#fixed_outside, #extra)));
    let total = if *scale == 1 {
        quote!(Prefix::total(#raw, #outside, #least, Self::FRAME_BYTES_MAX, #offset, #constant))
    } else {
        let scale = literal::number((*scale).into());
        quote!(Prefix::elements(#raw, #scale, #outside, #least, Self::FRAME_BYTES_MAX, #offset, #constant))
    };
    let width = if *width_outside { quote!(width) } else { quote!(_) };
    if let Some(place) = run {
        let number = bits_number(code, *field, &place, &quote!(#value), &width);
        return quote! {
            if let Input::Need(needed) = fixed(buf, #end) {
                return Ok(Input::Need(needed));
            }
            #number
            #rules
            #told
            #total
        };
    }
    match int {
        Int::Escaping(how) => {
            let (base, table) = (bits::base(how), bits::table_name(how));
            quote! {
                let Some((#value, #width)) = Prefix::escaping(buf, #offset, #base, &#table, #constant)? else {
                    return Ok(Input::Need(1));
                };
                #rules
                #total
            }
        }
        Int::Bits { .. } | Int::Flag => TokenStream::new(),
        Int::Fixed { .. } | Int::Digits { .. } => {
            let read = match int {
                Int::Fixed { bytes, signed, endian } => {
                    let method = fixed_method(*bytes, *signed, *endian);
                    quote!(Reader::at(buf, #start).#method(#constant)?)
                }
                _ => read_int(int, &quote!(Reader::at(buf, #start)), &constant),
            };
            quote! {
                if let Input::Need(needed) = fixed(buf, #end) {
                    return Ok(Input::Need(needed));
                }
                let #value = #read;
                #rules
                #total
            }
        }
        Int::Varint { .. } | Int::Vlq { .. } | Int::Quic { .. } => {
            let read = match int {
                Int::Vlq { minimal: true } => quote!(vlq(buf, #offset, Spelling::Shortest, #constant)),
                Int::Vlq { .. } => quote!(vlq(buf, #offset, Spelling::Any, #constant)),
                Int::Quic { minimal: true } => quote!(quicvar(buf, #offset, Spelling::Shortest, #constant)),
                Int::Quic { .. } => quote!(quicvar(buf, #offset, Spelling::Any, #constant)),
                _ => quote!(varint(buf, #offset, #constant)),
            };
            quote! {
                let Some((#value, #width)) = Prefix::#read? else {
                    return Ok(Input::Need(1));
                };
                #rules
                #total
            }
        }
        Int::Until { radix: base, ends, max, .. } => {
            let (ends, max, base) = (literal::ends(ends), literal::number((*max).into()), radix(*base));
            quote! {
                let number = Prefix::number_until(buf, #offset, #ends, #max, #base, #constant)?;
                let Some((#value, #width)) = number else {
                    return Ok(Input::Need(1));
                };
                #rules
                #total
            }
        }
    }
}

/// Statements that find the sizes of fields that the number does not count, and the variables of these sizes.
fn uncounted(code: &LayoutCode<'_>, message: &Message) -> (TokenStream, Vec<syn::Ident>) {
    let fields = message.uncounted();
    let conditions: Vec<(usize, u64, &Formula)> =
        fields.into_iter().filter_map(|(at, bytes)| Some((at, bytes, code.field(at).condition.as_ref()?))).collect();
    let read: BTreeSet<usize> = conditions.iter().flat_map(|(.., condition)| condition.term.fields()).collect();
    let flags: TokenStream = read
        .into_iter()
        .filter_map(|at| {
            let (local, place) = (code.names.local(at), code.field(at).bits?);
            let flag = matches!(code.field(at).ty, Type::Int(Int::Flag, _));
            let value = if flag { bits::flag(&place) } else { bits::number(&place) };
            Some(quote!(let #local = #value;))
        })
        .collect();
    let (lets, sizes): (Vec<TokenStream>, Vec<syn::Ident>) = conditions
        .into_iter()
        .map(|(at, bytes, condition)| {
            let (name, bytes) = (code.names.beside(at, "size"), code.size(bytes));
            let condition = code.condition(condition, &|at| {
                let local = code.names.local(at);
                quote!(#local)
            });
            (quote!(let #name = if #condition { #bytes } else { 0 };), name)
        })
        .unzip();
    (quote!(#flags #(#lets)*), sizes)
}

/// The number that frames, out of its run; one that escapes may not have arrived whole.
fn bits_number(
    code: &LayoutCode<'_>,
    field: usize,
    place: &BitPlace,
    value: &TokenStream,
    width: &TokenStream,
) -> TokenStream {
    let constant = code.constant(field);
    let start = code.fixed_offset(field).unwrap_or_default();
    let reader = code.size(start);
    let run = bits::read_run(place, &quote!(Reader::at(buf, #reader)), &constant);
    let Type::Int(Int::Escaping(how), _) = &code.field(field).ty else {
        let number = bits::number(place);
        return quote!(#run let #value = #number;);
    };
    let (behind, offset) = (code.size(start + u64::from(place.bytes)), code.size(start + place.byte()));
    let (base, table) = (bits::wide(place), bits::table_name(how));
    quote! {
        #run
        let number = Prefix::escaped(buf, #behind, #base, &#table, #offset, #constant)?;
        let Some((#value, #width)) = number else {
            return Ok(Input::Need(1));
        };
    }
}

/// The variable of the number that frames: a field's, or a prefix's.
fn number_local(code: &LayoutCode<'_>, field: usize) -> syn::Ident {
    match &code.field(field).ty {
        Type::Bytes(_) => code.names.beside(field, "len"),
        Type::List { .. } => code.names.beside(field, "count"),
        _ => code.names.local(field).clone(),
    }
}

/// The rules of the number itself, which come before those of the frame: its range, and the `max` of what it measures
/// where the frame's limit does not say the same.
fn number_rules(code: &LayoutCode<'_>, message: &Message, field: usize) -> TokenStream {
    let (constant, value) = (code.constant(field), number_local(code, field));
    let offset = code.fixed_error_offset(field).map(|at| code.size(at));
    let mut rules = TokenStream::new();
    let (int, measured, add, scale) = match &code.field(field).ty {
        Type::Int(int, range) => {
            if let Some((least, most)) = range {
                let (found, least, most) =
                    (to_i128(&quote!(#value), int), literal::signed(*least), literal::signed(*most));
                rules.extend(quote!(Reader::in_range(#found, #least, #most, #offset, #constant)?;));
            }
            let (add, scale) = code.equation(field).map_or((0, Scale::One), |equation| (equation.add, equation.scale));
            (int, code.says_length_of(field), add, scale)
        }
        Type::Bytes(Bytes { extent: Extent::Prefix(int), .. }) | Type::List { count: Extent::Prefix(int), .. } => {
            (int, Some(field), 0, Scale::One)
        }
        _ => return rules,
    };
    let Some(measured) = measured else { return rules };
    let Some(max) = code.most(measured) else { return rules };
    let spoken = max.saturating_add_signed(add);
    let frame_says_it = code.frame_bounds(measured) && code.layout.size.least <= message.content_bytes_max();
    if i128::from(spoken) < scale.most(int.range().1) && !frame_says_it {
        let (raw, max, add) = (to_u64(&quote!(#value), int), code.size(max), literal::signed(add.into()));
        let raw = said(raw, scale, &offset, &constant);
        rules.extend(quote!(Reader::length(#raw, #add, #max, #offset, #constant)?;));
    }
    rules
}
