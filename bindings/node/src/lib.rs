//! Loggin.
