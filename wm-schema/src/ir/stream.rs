//! Messages in parts: which field is a stream, and how the walk gets to it.

use super::{
    Bytes, Content, Equation, Extent, Field, Formula, Layout, Measure, Message, Operator, Role, Schema, Term, Type,
};

/// A field that is handed out in parts, and what stands around it.
#[derive(Debug, Clone)]
pub struct Stream {
    /// The field. Behind it stand only constants, and at most one checksum.
    pub field: usize,
    /// How its end is found.
    pub body: Body,
    /// The fields in front of it as a walk goes over them, if the size of the frame is known in front; else the steps are
    /// those of the message.
    pub head: Option<Layout>,
}

/// How the end of a stream is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// Its size is known when the head is.
    Sized,
    /// It goes on to the end of the stream of bytes.
    UntilEnd,
    /// It comes in chunks, each with its size, up to an empty one: structs of this index.
    Chunks {
        /// The struct.
        part: usize,
    },
    /// Headers choose which of the two.
    Either {
        /// The union that they choose an arm of.
        union: usize,
        /// The arm that is chunks.
        arm: usize,
        /// The struct that a chunk is.
        part: usize,
    },
}

impl Body {
    /// The struct that a chunk is.
    #[must_use]
    pub const fn part(self) -> Option<usize> {
        match self {
            Self::Sized | Self::UntilEnd => None,
            Self::Chunks { part } | Self::Either { part, .. } => Some(part),
        }
    }
}

impl Message {
    /// The field that is a stream.
    #[must_use]
    pub fn stream_field(&self) -> Option<usize> {
        self.streams.as_ref().map(|stream| stream.field)
    }

    /// The most bytes of it that are held at a time: its head, or all of it.
    #[must_use]
    pub fn held_bytes_max(&self) -> u64 {
        let Some(stream) = self.stream_field() else { return self.frame_bytes_max };
        let most = |sum: u64, field: &Field| sum.saturating_add(field.size.most.unwrap_or(u64::MAX));
        self.layout.fields[..stream].iter().fold(0, most).min(self.frame_bytes_max)
    }

    /// The fields behind the stream.
    pub fn behind_stream(&self) -> impl Iterator<Item = usize> + '_ {
        self.stream_field().into_iter().flat_map(|field| field + 1..self.layout.fields.len())
    }

    /// The checksum that stands behind the stream.
    #[must_use]
    pub fn stream_checksum(&self) -> Option<usize> {
        self.behind_stream().find(|at| matches!(self.layout.fields[*at].role, Role::Checksum(_)))
    }
}

impl Schema {
    /// Whether a struct is a chunk of a stream.
    #[must_use]
    pub fn is_chunk(&self, layout: &Layout) -> bool {
        let parts = self.messages.iter().filter_map(|message| message.streams.as_ref()?.body.part());
        parts.into_iter().any(|part| self.structs[part].name == layout.name)
    }

    /// Whether a union chooses between a stream of chunks and one whose size is known.
    #[must_use]
    pub fn chooses_stream(&self, layout: &Layout) -> bool {
        self.messages
            .iter()
            .filter_map(|message| message.streams.as_ref())
            .any(|stream| matches!(stream.body, Body::Either { union, .. } if self.structs[union].name == layout.name))
    }

    /// The stream of the message that a layout is, if its steps are those of a walk over the message.
    #[must_use]
    pub fn walked_stream(&self, layout: &Layout) -> Option<&Stream> {
        let message = self.messages.iter().find(|message| message.layout.name == layout.name)?;
        message.streams.as_ref().filter(|stream| stream.head.is_none() && stream.field < layout.fields.len())
    }
}

/// The struct that the elements of a list are, if they are chunks: nothing but data, its size and constants, and the last
/// one is empty.
#[must_use]
pub fn chunks(schema: &Schema, ty: &Type) -> Option<usize> {
    let Type::List { element, count: Extent::Where(condition), .. } = ty else { return None };
    let Type::Struct(part) = **element else { return None };
    let layout = &schema.structs[part];
    let data = chunk_data(layout)?;
    ends_empty(data, condition).then_some(part)
}

/// The one field of a chunk that a user sets.
#[must_use]
pub fn chunk_data(layout: &Layout) -> Option<usize> {
    let plain = |field: &Field| {
        field.condition.is_none() && field.rules.is_empty() && field.bits.is_none() && field.since.is_none()
    };
    let sets = |at: &usize| layout.fields[*at].role == Role::Value;
    let mut values = (0..layout.fields.len()).filter(sets);
    let (data, None) = (values.next()?, values.next()) else { return None };
    let sized = match &layout.fields[data].ty {
        Type::Bytes(Bytes { extent: Extent::Field(_) | Extent::Prefix(_), via: None, trim: None, content, .. }) => {
            *content == Content::Bytes
        }
        _ => false,
    };
    let only_data = Measure::Bytes { first: data, last: data };
    let framed = |field: &Field| match field.role {
        Role::Value | Role::Constant(_) => true,
        Role::Computed(Equation { measure, .. }) => measure == only_data,
        _ => false,
    };
    let all = layout.fields.iter().all(|field| plain(field) && framed(field));
    (sized && all && layout.choice.is_none() && layout.params.is_empty()).then_some(data)
}

/// Whether a condition asks for no data, and for nothing else.
fn ends_empty(data: usize, condition: &Formula) -> bool {
    let Term::Binary { operator: Operator::Equal, left, right } = &condition.term else { return false };
    let (Term::Length { of, add }, Term::Int(value)) = (&**left, &**right) else { return false };
    let is_data = matches!(&**of, Term::Member { of, field, .. } if **of == Term::It && *field == data);
    is_data && i128::from(*add) == *value
}
