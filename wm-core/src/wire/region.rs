//! Bytes of a known size that stand for one thing: an element as large as a number says, content that is filled up.

use super::{DecodeError, Fault, Field, Reader};

impl Reader<'_> {
    /// Reads an element that takes exactly `bytes`, at least one.
    ///
    /// # Errors
    ///
    /// So many are not left, what `read` says, or it leaves some of them.
    #[inline]
    pub fn element<T>(
        &mut self,
        bytes: usize,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
        field: &'static Field,
    ) -> Result<T, DecodeError> {
        if bytes == 0 {
            // Any number of such elements could stand in no bytes at all.
            return Err(DecodeError::new(field, self.offset(), Fault::TooShort { found: 0, least: 1 }));
        }
        let mut region = self.region(bytes, field)?;
        let element = read(&mut region)?;
        region.end(field)?;
        Ok(element)
    }

    /// Steps over all that is left, which is nothing but `pad`.
    ///
    /// # Errors
    ///
    /// A byte is another: the error points at the first.
    #[inline]
    pub fn padding(&mut self, pad: &'static [u8; 1], field: &'static Field) -> Result<(), DecodeError> {
        let start = self.offset();
        let left = self.rest(0, field)?;
        match left.iter().position(|byte| !pad.contains(byte)) {
            None => Ok(()),
            Some(at) => Err(DecodeError::new(field, start.saturating_add(at), Fault::Constant { expected: pad })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const F: &Field = &Field::new("M", "f", 1);

    #[test]
    fn an_element_uses_up_its_bytes() {
        let read = |bytes: usize| {
            let mut reader = Reader::new(&[1, 2, 3]);
            reader.element(bytes, |reader| reader.u16_be(F), F).map(|value| (value, reader.offset()))
        };
        assert_eq!(read(2), Ok((0x0102, 2)));
        assert_eq!(read(0), Err(DecodeError::new(F, 0, Fault::TooShort { found: 0, least: 1 })));
        assert_eq!(read(1), Err(DecodeError::new(F, 1, Fault::Truncated { needed: 1 })), "it sees nothing behind it");
        assert_eq!(read(3), Err(DecodeError::new(F, 2, Fault::Trailing { extra: 1 })));
        assert_eq!(read(4), Err(DecodeError::new(F, 3, Fault::Truncated { needed: 1 })));
    }

    #[test]
    fn padding_is_nothing_else() {
        let pad = |bytes: &[u8]| Reader::new(bytes).padding(b"\0", F);
        assert_eq!(pad(&[]), Ok(()));
        assert_eq!(pad(&[0, 0]), Ok(()));
        assert_eq!(pad(&[0, 1]), Err(DecodeError::new(F, 1, Fault::Constant { expected: b"\0" })));
    }
}
