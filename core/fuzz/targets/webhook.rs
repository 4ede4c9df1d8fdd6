//! Bodies of WhatsApp's webhooks: each is refused or read whole, and `standby` means what `messages` means.
//!
//! `server/src/whatsapp/law.rs` says what holds; its tests run the corpus as well, whose inputs are bodies as WhatsApp
//! sends them, one of each kind.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loggin_server::whatsapp;

fuzz_target!(|body: &[u8]| whatsapp::assert_webhook_law(body));
