//! wm-examples
