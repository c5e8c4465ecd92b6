//! Bytes as a base64 string in a typed JSON body: for serde's `with` attribute. RFC 4648, section 4, padding required.

use ::base64::{Engine, engine::general_purpose::STANDARD};
use alloc::{borrow::Cow, vec::Vec};
use core::fmt;
use serde::{Deserializer, Serializer, de};

/// Writes bytes as a base64 string.
///
/// # Errors
///
/// Those of the serializer.
pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

/// Reads a base64 string. Allocates once, three bytes for every four that arrived.
///
/// # Errors
///
/// No string, or not base64.
pub fn deserialize<'de, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'a, [u8]>, D::Error> {
    deserializer.deserialize_str(Base64).map(Cow::Owned)
}

struct Base64;

impl de::Visitor<'_> for Base64 {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a base64 string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
        STANDARD.decode(text).map_err(E::custom)
    }
}
