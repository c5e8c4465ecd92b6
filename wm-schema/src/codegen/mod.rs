//! From a checked schema to source code.
//!
//! A generator trusts the [`ir`](crate::ir): nothing is checked here, and nothing can fail.

pub mod rust;

/// How code is generated.
#[derive(Debug, Clone)]
pub struct Options {
    /// The file name of the schema, for the header of the generated file.
    pub source_name: String,
    /// The path of the runtime crate, `::wm_core` unless told otherwise; `crate` inside of it.
    pub runtime: String,
    /// Whether the file is a module of its own, and so may begin with `#![forbid(unsafe_code)]` and inner docs. One that
    /// is `include!`d may not.
    pub standalone: bool,
    /// Whether the `test` blocks of the schema become a test module.
    pub tests: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { source_name: String::new(), runtime: "::wm_core".into(), standalone: true, tests: false }
    }
}
