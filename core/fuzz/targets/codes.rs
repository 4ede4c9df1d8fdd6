//! Texts of messages: what can be read as a code, in which places.
//!
//! `server/src/whatsapp/law.rs` says what holds; its tests run the corpus as well, whose inputs are texts as people and
//! their keyboards write them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loggin_server::whatsapp;

fuzz_target!(|text: &str| whatsapp::assert_places_law(text));
