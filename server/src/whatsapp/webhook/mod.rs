//! WhatsApp's webhooks: bodies in, updates out, and the codes that are in texts.
//!
//! Nothing in this folder uses the rest of the server: the fuzz targets in `core/fuzz` compile it by itself, as the whole
//! server would take them minutes.

mod codes;
pub(super) mod identity;
mod inbound;
pub(super) mod json;
#[cfg(any(test, fuzzing))]
mod law;
mod operator;
mod update;

pub(crate) use codes::find_places;
pub(crate) use identity::Sender;
pub(crate) use inbound::parse;
#[cfg(fuzzing)]
pub use law::{assert_places_law, assert_webhook_law};
pub(crate) use operator::{OperatorEvent, Severity};
pub(crate) use update::{
    Content, DeliveryStatus, IdentityChange, IgnoredReason, InboundMessage, StatusUpdate, Update, UpdateKind,
};
