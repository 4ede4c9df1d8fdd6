//! WhatsApp's Cloud API: webhooks in, messages out.

mod codes;
mod identity;
mod inbound;
mod json;
mod signature;
mod update;

pub(crate) use codes::find_codes;
pub(crate) use identity::Sender;
pub(crate) use inbound::{MalformedPayload, parse};
pub(crate) use signature::{AppSecret, verify_signature};
pub(crate) use update::{
    Content, DeliveryStatus, IdentityChange, IgnoredReason, InboundMessage, StatusUpdate, Update, UpdateKind,
};
