//! The test blocks of a schema as a test module.

use super::Rust;
use proc_macro2::TokenStream;
use quote::quote;

/// `#[cfg(test)] mod tests`, or nothing if the schema has no tests.
pub(super) fn module(_: &Rust<'_>) -> TokenStream {
    quote!()
}
