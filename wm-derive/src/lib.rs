//! wm-derive
