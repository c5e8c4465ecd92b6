//! What the headers of a layout say of the field that they frame.

use super::{By, Bytes, Choice, Content, Extent, Layout, Schema, Type};

/// Headers, and the field behind them whose end they say.
#[derive(Debug, Clone, Copy)]
pub struct Framed<'s> {
    /// The index of the headers.
    pub headers: usize,
    /// The index of the field.
    pub body: usize,
    /// How they say it.
    pub how: FramedBy<'s>,
}

/// How headers say where a field ends.
#[derive(Debug, Clone, Copy)]
pub enum FramedBy<'s> {
    /// One says its length: `bytes[headers["content-length"]]`.
    Length(&'s Bytes, &'s str),
    /// One says which arm it is: `match headers["transfer-encoding"] { … }`.
    Choice(&'s Layout, &'s Choice, &'s str),
}

/// The field that the headers of a layout frame, if they frame one.
#[must_use]
pub fn framed<'s>(schema: &'s Schema, layout: &'s Layout) -> Option<Framed<'s>> {
    let headers = layout.fields.iter().position(|field| is_headers(&field.ty))?;
    layout.fields.iter().enumerate().find_map(|(body, field)| {
        let how = match &field.ty {
            Type::Bytes(bytes) => FramedBy::Length(bytes, length_header(&field.ty)?),
            Type::Struct(index) => {
                let union = &schema.structs[*index];
                match union.choice.as_ref()? {
                    choice @ Choice { by: By::Header { name, .. }, .. } => FramedBy::Choice(union, choice, name),
                    _ => return None,
                }
            }
            _ => return None,
        };
        Some(Framed { headers, body, how })
    })
}

/// Whether a type is a header block.
#[must_use]
pub fn is_headers(ty: &Type) -> bool {
    matches!(ty, Type::Bytes(Bytes { content: Content::Headers, .. }))
}

/// The header that says the length of bytes.
#[must_use]
pub fn length_header(ty: &Type) -> Option<&str> {
    match ty {
        Type::Bytes(Bytes { extent: Extent::Header(name), .. }) => Some(name),
        _ => None,
    }
}

impl<'s> Framed<'s> {
    /// The headers that the encoder writes, each once: the one that chooses first.
    #[must_use]
    pub fn computed(&self) -> Vec<&'s str> {
        match self.how {
            FramedBy::Length(_, name) => vec![name],
            FramedBy::Choice(union, _, name) => [vec![name], lengths(union)].concat(),
        }
    }
}

/// The headers that say the lengths of the arms of a union, each once.
#[must_use]
pub fn lengths(union: &Layout) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for name in union.fields.iter().filter_map(|arm| length_header(&arm.ty)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
