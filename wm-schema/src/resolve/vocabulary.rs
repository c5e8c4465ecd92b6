//! Enums of words, and whether their words fit the fields that hold them.

use super::declared::is_open;
use super::names::{self, Item, Kind};
use super::{Context, spell};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Draft, EnumDraft, Origin, TypeDraft, VariantDraft};
use crate::ir::{Bytes, Content, Delimiters, Extent, Type, Word, Words};

/// The characters of words: all of ASCII that can be seen.
pub(super) const VISIBLE: (u8, u8) = (b'!', b'~');

/// All enums of words; none where one could not be understood.
pub(super) fn resolve(cx: &mut Context<'_>) {
    let draft: &Draft = cx.draft;
    let words = draft.enums.iter().filter(|item| item.is_text()).map(|item| one(cx, item)).collect();
    cx.words = words;
}

fn one(cx: &mut Context<'_>, draft: &EnumDraft) -> Option<Words> {
    names::distinct(cx, draft.variants.iter().map(|variant| &variant.name));
    let (name, repr) = (&draft.name, &draft.repr);
    if repr.name.text != "ascii" || repr.extent.is_some() {
        cx.report(
            Diagnostic::new(
                Code::BadVariant,
                repr.name.origin,
                format!("`{}` cannot spell the words", spell::ty(repr)),
            )
            .why("words are ASCII; how long one is, the field says that holds it")
            .help(format!("write `enum {}: ascii`, and `until \" \"` behind the field", name.text)),
        );
        return None;
    }
    let mut words: Vec<Word> = Vec::new();
    for variant in draft.variants.iter().filter(|variant| variant.name.text != "_") {
        names::check(cx, &variant.name, Kind::Variant);
        let word = word(cx, variant)?;
        let same = words.iter().find(|other| match draft.nocase {
            true => other.text.eq_ignore_ascii_case(&word.text),
            false => other.text == word.text,
        });
        if let Some(same) = same {
            let at = variant.word.as_ref().map_or(variant.name.origin, |word| word.origin);
            cx.report(
                Diagnostic::new(Code::BadVariant, at, format!("\"{}\" is `{}` already", word.text, same.name))
                    .why("a word on the wire names one variant")
                    .help(format!("give `{}` a word of its own", word.name)),
            );
            return None;
        }
        words.push(word);
    }
    if words.is_empty() {
        cx.report(
            Diagnostic::new(Code::Empty, name.origin, format!("`{}` has no words", name.text))
                .why("there is nothing to tell apart")
                .help(format!("write `enum {}: ascii {{ GET, PUT, _ }}`", name.text)),
        );
        return None;
    }
    let (open, line) = (is_open(cx, draft), cx.draft.line(name.origin));
    let (docs, rust) = (draft.docs.clone(), draft.rust);
    Some(Words { docs, name: name.text.clone(), words, open, nocase: draft.nocase, rust, line })
}

/// The word of a variant: its name, if it is not spelled otherwise.
fn word(cx: &mut Context<'_>, variant: &VariantDraft) -> Option<Word> {
    let name = &variant.name;
    // Without a value, the front end has numbered the variant where its name stands.
    if let Some(values) =
        variant.values.as_ref().filter(|values| values.origin != name.origin && variant.word.is_none())
    {
        cx.report(
            Diagnostic::new(Code::BadVariant, values.origin, "a number where a word belongs")
                .why("`ascii` says that the values of the enum are words")
                .help(format!("write `{} = \"{}\"`, or an integer in place of `ascii`", name.text, name.text)),
        );
        return None;
    }
    let bytes = variant.word.as_ref().map_or(name.text.as_bytes(), |word| word.value.as_slice());
    let visible = !bytes.is_empty() && bytes.iter().all(|byte| (VISIBLE.0..=VISIBLE.1).contains(byte));
    match String::from_utf8(bytes.to_vec()) {
        Ok(text) if visible => Some(Word { docs: variant.docs.clone(), name: name.text.clone(), text }),
        _ => {
            let at = variant.word.as_ref().map_or(name.origin, |word| word.origin);
            cx.report(
                Diagnostic::new(Code::BadVariant, at, format!("{} is no word", spell::bytes(bytes)))
                    .why("a word is made of the visible characters of ASCII, at least one of them")
                    .help(format!("write `{} = \"{}\"`", name.text, name.text)),
            );
            None
        }
    }
}

/// The enum of words that a type is.
pub(super) fn named(cx: &Context<'_>, ty: &TypeDraft) -> Option<usize> {
    match cx.names.item(&ty.name.text) {
        Some(Item::Words(index)) => Some(index),
        _ => None,
    }
}

/// A word as a value that is handed on: where it ends does not matter any more.
pub(super) fn value_type(index: usize) -> Type {
    let extent = Extent::Rest { tail: 0, until_end: false };
    Type::Bytes(Bytes {
        content: Content::Word(index),
        extent,
        max: None,
        within: Some(VISIBLE),
        trim: None,
        pad: None,
        via: None,
    })
}

/// Checks that every word can stand in a field, and bounds the field by the longest if there is no other.
pub(super) fn fit(cx: &mut Context<'_>, bytes: &mut Bytes, origin: Origin) -> Option<()> {
    let Content::Word(index) = bytes.content else { return Some(()) };
    let words = cx.words[index].clone()?;
    bytes.within = Some(VISIBLE);
    for word in &words.words {
        let (text, length) = (word.text.as_bytes(), word.text.len() as u64);
        let early = match &bytes.extent {
            Extent::Until(ends) => cut_short(text, ends),
            _ => None,
        };
        let why = match &bytes.extent {
            Extent::Fixed(fixed) if *fixed != length => {
                Some(format!("the field has always {}", spell::count(*fixed, "byte")))
            }
            _ if early.is_some() => {
                early.map(|end| format!("the field would end at the {} within it", spell::bytes(end)))
            }
            _ if bytes.max.is_some_and(|max| length > max) => {
                Some(format!("the field has at most {}", spell::count(bytes.max.unwrap_or(0), "byte")))
            }
            _ if bytes.trim.as_ref().is_some_and(|trim| text.ends_with(trim)) => {
                Some("its end would be trimmed off".to_owned())
            }
            _ => None,
        };
        if let Some(why) = why {
            cx.report(
                Diagnostic::new(Code::BadVariant, origin, format!("\"{}\" cannot stand here", word.text))
                    .why(why)
                    .help("give the field another end, or the variant another word"),
            );
            return None;
        }
    }
    if !words.open && !matches!(bytes.extent, Extent::Fixed(_)) {
        let longest = words.lengths().1;
        bytes.max = Some(bytes.max.map_or(longest, |max| max.min(longest)));
    }
    Some(())
}

/// The delimiter that begins before the end of a text which is written with the first of them behind it.
fn cut_short<'e>(text: &[u8], ends: &'e Delimiters) -> Option<&'e [u8]> {
    let whole = [text, ends.written()].concat();
    (0..text.len()).find_map(|at| ends.all().find(|end| whole[at..].starts_with(end)))
}
