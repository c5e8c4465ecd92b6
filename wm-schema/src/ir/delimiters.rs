//! What ends a value.

/// What ends a value, one delimiter or one of several: `until ";" | CRLF`. The first is written, each is read.
///
/// No delimiter stands in another one, unless as its end. So where one ends, no longer one goes on that began earlier: the
/// value ends in front of the one that begins first, and nobody has to look behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delimiters {
    written: Vec<u8>,
    others: Vec<Vec<u8>>,
}

impl Delimiters {
    /// The most of them.
    pub const MOST: usize = 3;

    /// One that is written, and `others` that are read as well; each has at least a byte.
    #[must_use]
    pub const fn new(written: Vec<u8>, others: Vec<Vec<u8>>) -> Self {
        Self { written, others }
    }

    /// The one that an encoder writes.
    #[must_use]
    pub fn written(&self) -> &[u8] {
        &self.written
    }

    /// All of them, the one that is written first.
    pub fn all(&self) -> impl Iterator<Item = &[u8]> + Clone {
        std::iter::once(&self.written).chain(&self.others).map(Vec::as_slice)
    }

    /// Whether there is just one.
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.others.is_empty()
    }

    /// How many bytes the shortest has.
    #[must_use]
    pub fn shortest(&self) -> u64 {
        self.all().map(|one| one.len() as u64).min().unwrap_or_default()
    }

    /// How many bytes the longest has.
    #[must_use]
    pub fn longest(&self) -> u64 {
        self.all().map(|one| one.len() as u64).max().unwrap_or_default()
    }
}

impl From<Vec<u8>> for Delimiters {
    fn from(written: Vec<u8>) -> Self {
        Self::new(written, Vec::new())
    }
}
