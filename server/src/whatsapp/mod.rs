//! WhatsApp's Cloud API: webhooks in, messages out.

mod outbound;
mod reader;
mod send_error;
mod sender;
mod signature;
mod webhook;

pub(crate) use outbound::{AuthTemplate, Recipient};
pub(crate) use reader::{GraphReader, GraphResponse};
pub(crate) use send_error::SendError;
#[allow(unused_imports, reason = "names the type of a field of `SentMessage`")]
pub(crate) use sender::SendStatus;
pub(crate) use sender::{GraphClient, GraphConfig, GraphConfigError, SentMessage, http_client};
pub(crate) use signature::{AppSecret, is_signature, sign, verify_signature};
pub(crate) use webhook::{
    Content, DeliveryStatus, IdentityChange, IgnoredReason, InboundMessage, OperatorEvent, Sender, Severity,
    StatusUpdate, Update, UpdateKind, find_places, parse,
};
