//! WhatsApp's Cloud API: webhooks in, messages out.

mod codes;
mod identity;
mod inbound;
mod json;
#[cfg(any(test, fuzzing))]
mod law;
mod operator;
mod outbound;
mod reader;
mod send_error;
mod sender;
mod signature;
mod update;

pub(crate) use codes::find_places;
pub(crate) use identity::Sender;
pub(crate) use inbound::parse;
#[cfg(fuzzing)]
pub use law::{assert_places_law, assert_webhook_law};
pub(crate) use operator::{OperatorEvent, Severity};
pub(crate) use outbound::{AuthTemplate, Recipient};
pub(crate) use reader::{GraphReader, GraphResponse};
pub(crate) use send_error::SendError;
#[allow(unused_imports, reason = "names the type of a field of `SentMessage`")]
pub(crate) use sender::SendStatus;
pub(crate) use sender::{GraphClient, GraphConfig, GraphConfigError, SentMessage, http_client};
pub(crate) use signature::{AppSecret, is_signature, sign, verify_signature};
pub(crate) use update::{
    Content, DeliveryStatus, IdentityChange, IgnoredReason, InboundMessage, StatusUpdate, Update, UpdateKind,
};
