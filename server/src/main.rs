//! Loggin.
#![allow(dead_code, unused_imports)]

mod whatsapp;

fn main() {}
