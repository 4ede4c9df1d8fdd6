//! Texts of messages, and the codes in them. `server/src/whatsapp/webhook/law.rs` says what holds, and its tests run the corpus as
//! well:
//!
//! - No text makes the search panic.
//! - Readings are bounded, and none is twice in a place.
//! - No two places have the same readings, as long as none is left out.
//! - A code that stands alone after the text is found, as long as none is left out.
//!
//! The inputs are texts as people and their keyboards write them:
//!
//! | inputs | kind |
//! | --- | --- |
//! | `default-text`, `alone`, `in-a-link`, `formatted`, `arabic-around` | a code and what stands around it |
//! | `full-width`, `lookalikes`, `kelvin`, `turkish-i`, `lower-case` | other characters for its symbols |
//! | `*-dashes`, `*-marks`, `minus-signs`, `no-break-spaces`, `line-breaks` | other characters between its groups |
//! | `zero-width`, `soft-hyphens`, `direction-marks`, `variation-selectors` | characters that nobody sees |
//! | `two-*`, `eight-codes`, `pasted-twice`, `glued-to-words` | several places, and several readings of one |
//! | `long-run`, `digits-only` | more readings than are taken |
//! | `no-code`, `cut-code`, `wrong-separator`, `empty` | no code |
#![no_main]

#[path = "../../../server/src/whatsapp/webhook/mod.rs"]
#[allow(dead_code, unused_imports)] // the server uses the rest
mod webhook;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| webhook::assert_places_law(text));
