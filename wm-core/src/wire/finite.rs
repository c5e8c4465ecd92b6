//! Floats in a typed JSON body: for serde's `serialize_with` attribute. JSON has no word for infinity and "not a number";
//! serde_json would write `null`, which no reader takes for a float.

use serde::{Serializer, ser::Error};

/// Writes a float.
///
/// # Errors
///
/// It is not finite, or those of the serializer.
pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if !value.is_finite() {
        return Err(S::Error::custom("not a finite number"));
    }
    serializer.serialize_f64(*value)
}
