//! Loggin.
fn main() {}
