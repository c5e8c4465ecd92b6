//! wm-tests
