//! WhatsApp's Cloud API: webhooks in, messages out.

mod codes;
mod identity;
mod inbound;
mod json;
mod outbound;
mod send_error;
mod sender;
mod signature;
mod update;

pub(crate) use codes::find_codes;
pub(crate) use identity::Sender;
pub(crate) use inbound::parse;
pub(crate) use outbound::{AuthTemplate, Recipient};
pub(crate) use send_error::SendError;
pub(crate) use sender::{AccessToken, GraphClient, GraphConfig, GraphConfigError, SentMessage};
pub(crate) use signature::{AppSecret, is_signature, verify_signature};
pub(crate) use update::{Content, DeliveryStatus, InboundMessage, StatusUpdate, Update, UpdateKind};
