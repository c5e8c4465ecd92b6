//! Bytes of a known size that stand for one thing: an element as large as a number says.

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
}
