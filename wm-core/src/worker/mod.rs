//! Workers: what a process serves.

mod service;
mod settings;

pub use service::Service;
pub use settings::Settings;
