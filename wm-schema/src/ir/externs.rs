//! What a schema names that is written in Rust: generated code calls it, and the interpreter only what it was lent.

use super::{Function, Schema, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The functions and transforms that are written in Rust; of types the fields know the paths.
#[derive(Debug, Clone, Default)]
pub struct Externs {
    /// Functions of bytes, in source order.
    pub functions: Vec<ExternFunction>,
    /// Transforms, in source order.
    pub vias: Vec<ExternVia>,
    /// What the interpreter was lent for types, by their path.
    pub(crate) types: BTreeMap<String, Lent<LentType>>,
}

impl Externs {
    /// Whether there is neither a function nor a transform.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.vias.is_empty()
    }
}

/// `extern fn sum() -> u16 = "crate::sums::sum"`.
#[derive(Debug, Clone)]
pub struct ExternFunction {
    /// Doc comments.
    pub docs: Vec<String>,
    /// Its name in the schema.
    pub name: String,
    /// Its path in Rust.
    pub path: String,
    /// The bits of the unsigned integer that it gives: 8, 16, 32 or 64.
    pub bits: u8,
    pub(crate) lent: Option<Lent<LentFunction>>,
}

/// `extern via packed = "crate::Packed"`.
#[derive(Debug, Clone)]
pub struct ExternVia {
    /// Doc comments.
    pub docs: Vec<String>,
    /// Its name in the schema.
    pub name: String,
    /// The path in Rust of a type that is a `Transform`.
    pub path: String,
    pub(crate) lent: Option<Lent<LentVia>>,
}

pub(crate) type LentFunction = dyn Fn(&[u8]) -> u64 + Send + Sync;
pub(crate) type LentVia = dyn Fn(&[u8], Way) -> Result<Vec<u8>, String> + Send + Sync;
pub(crate) type LentType = dyn Fn(&Value) -> Result<Meant, String> + Send + Sync;

/// What a type of the user's makes of a value of the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Meant {
    /// What its `Debug` prints.
    pub shown: String,
    /// What it stands on the wire as when it is sent again.
    pub wire: Value,
}

/// Which way a transform goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From what is meant to what stands on the wire.
    Apply,
    /// Back.
    Undo,
}

/// Rust that the interpreter runs.
pub(crate) struct Lent<F: ?Sized>(pub(crate) Arc<F>);

impl<F: ?Sized> Clone for Lent<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F: ?Sized> fmt::Debug for Lent<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lent")
    }
}

/// What the interpreter is lent, so that it can do what generated code does; says whether the schema names it.
impl Schema {
    /// Lends the function that the schema calls `name`. Its own bytes it sees as zeros, if it covers them.
    pub fn lend_function(&mut self, name: &str, function: impl Fn(&[u8]) -> u64 + Send + Sync + 'static) -> bool {
        let found = self.externs.functions.iter_mut().find(|known| known.name == name);
        found.map(|known| known.lent = Some(Lent(Arc::new(function)))).is_some()
    }

    /// Lends the transform that the schema calls `name`; it says why it refuses something.
    pub fn lend_via(
        &mut self,
        name: &str,
        via: impl Fn(&[u8], Way) -> Result<Vec<u8>, String> + Send + Sync + 'static,
    ) -> bool {
        let found = self.externs.vias.iter_mut().find(|known| known.name == name);
        found.map(|known| known.lent = Some(Lent(Arc::new(via)))).is_some()
    }

    /// Lends the type of this path: what it makes of a value of the wire, or why it refuses it.
    pub fn lend_type(
        &mut self,
        path: &str,
        meant: impl Fn(&Value) -> Result<Meant, String> + Send + Sync + 'static,
    ) -> bool {
        let layouts = self.structs.iter().chain(self.messages.iter().map(|message| &message.layout));
        let named = layouts.flat_map(|layout| &layout.fields).any(|field| field.converted.as_deref() == Some(path));
        self.externs.types.insert(path.to_owned(), Lent(Arc::new(meant)));
        named
    }

    /// The name of a function of bytes: of a CRC the one of the catalogue.
    #[must_use]
    pub fn function_name(&self, function: Function) -> String {
        match function {
            Function::Extern { index, .. } => self.externs.functions[index].name.clone(),
            known => known.name(),
        }
    }
}
