//! wm-schema
