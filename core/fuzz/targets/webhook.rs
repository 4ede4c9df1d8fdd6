//! Bodies of WhatsApp's webhooks. `server/src/whatsapp/webhook/law.rs` says what holds, and its tests run the corpus as well:
//!
//! - No body makes the reader panic.
//! - A body is refused or read whole; what is no JSON is refused.
//! - A message, a status and a change of identity each have the number that they happened at.
//! - A chat on the field `standby` is read as one on `messages`.
//!
//! The inputs are bodies as WhatsApp sends them, one of each kind:
//!
//! | inputs | kind |
//! | --- | --- |
//! | `text-*`, `reply`, `forwarded`, `group` | texts, and who wrote them |
//! | `*-button`, `*-reply`, `*-contact` | taps and shared numbers |
//! | `edit`, `revoke`, `reaction`, `unsupported*` | messages that carry no login |
//! | `changed-*`, `identity-key`, `user-id-update` | people with another identity |
//! | `statuses`, `failed`, `errors` | how far our messages have come |
//! | `standby*`, `handover-*`, `smb-*` | chats that somebody else handles |
//! | `account-*`, `number-*`, `template-*`, `capability`, `security` | what the operator is told |
//! | `half-*`, `cut`, `deep`, `nul`, `not-json`, … | what is broken |
#![no_main]

#[path = "../../../server/src/whatsapp/webhook/mod.rs"]
#[allow(dead_code, unused_imports)] // the server uses the rest
mod webhook;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| webhook::assert_webhook_law(body));
