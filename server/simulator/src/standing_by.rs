//! Who handles a chat, and what others than the Cloud API send from the business's number.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::act::Receipt;
use crate::chat::{Author, ChatMessage, Tick};
use crate::delivery::BusyError;
use crate::limits::BUSINESS_TEXT_CHARS_MAX;
use crate::number::Number;
use crate::phones::{Handler, Phone};
use crate::simulator::Simulator;
use crate::webhook::payload::{self, Channel, Item, Notice, Update};

/// Who else writes to people from the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Writer {
    /// Meta Business Agent, in a chat that it handles.
    Agent,
    /// Somebody with the WhatsApp Business app, where the number runs in it.
    App,
}

/// Why that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StandingByError {
    #[error("there is no such phone")]
    NoPhone,
    #[error("the chat has this handler already")]
    Unchanged,
    #[error("Meta Business Agent does not handle this chat")]
    NotTheAgents,
    #[error("the number does not run in the WhatsApp Business app; see the setting coexistence")]
    NoApp,
    #[error("the text is empty or longer than 4,096 characters")]
    Text,
    #[error(transparent)]
    Busy(#[from] BusyError),
}

impl Simulator {
    /// Gives a chat into other hands and tells the webhook so.
    pub(crate) async fn hand_over(
        self: &Arc<Self>,
        number: &Number,
        handler: Handler,
    ) -> Result<Receipt, StandingByError> {
        let (update, now) = self.prepare_handover(number, handler)?;
        Ok(self.tell(update, now).await?)
    }

    /// Gives a chat into other hands, without telling.
    pub(crate) fn prepare_handover(
        &self,
        number: &Number,
        handler: Handler,
    ) -> Result<(Update, u64), StandingByError> {
        let now = self.now();
        let mut world = self.world();
        let phone = world.phones.get_mut(number).ok_or(StandingByError::NoPhone)?;
        if phone.handler == handler {
            return Err(StandingByError::Unchanged);
        }
        phone.handler = handler;
        phone.touch();
        Ok((self.handover(phone, now), now))
    }

    /// Tells the webhook that the business has a chat: a message of its own took it over.
    pub(crate) async fn report_handover(self: &Arc<Self>, number: &Number) {
        let update = {
            let world = self.world();
            let Some(phone) = world.phones.get(number) else {
                return;
            };
            self.handover(phone, self.now())
        };
        if self.deliver(update).await.is_err() {
            tracing::warn!("dropped a handover: too many deliveries are waiting");
        }
    }

    /// Writes to a person as somebody else than the business's server, and tells the webhook so.
    pub(crate) async fn write_from_number(
        self: &Arc<Self>,
        number: &Number,
        writer: Writer,
        text: &str,
    ) -> Result<Receipt, StandingByError> {
        let (update, now) = self.prepare_echo(number, writer, text)?;
        Ok(self.tell(update, now).await?)
    }

    /// Puts such a message into the chat, without telling.
    pub(crate) fn prepare_echo(
        &self,
        number: &Number,
        writer: Writer,
        text: &str,
    ) -> Result<(Update, u64), StandingByError> {
        if text.trim().is_empty() || text.chars().count() > BUSINESS_TEXT_CHARS_MAX {
            return Err(StandingByError::Text);
        }
        let now = self.now();
        let mut world = self.world();
        let handler = world.phones.get(number).ok_or(StandingByError::NoPhone)?.handler;
        match writer {
            Writer::Agent if handler != Handler::Agent => return Err(StandingByError::NotTheAgents),
            Writer::App if !world.settings.coexistence => return Err(StandingByError::NoApp),
            Writer::Agent | Writer::App => {}
        }
        let seq = world.next_seq();
        let phone = world.phones.get_mut(number).ok_or(StandingByError::NoPhone)?;
        let id = self.identifiers.message(phone.number.as_str());
        let message = ChatMessage::text(seq, id.clone(), Author::Business, now, text);
        phone.chat.push(ChatMessage { status: Tick::Delivered, ..message });
        phone.touch();
        Ok((self.echo(phone, &id, writer, text, now), now))
    }

    fn handover(&self, phone: &Phone, now: u64) -> Update {
        // Named from where the business stands: the chat is passed to it, or taken from it.
        let (kind, role) = match phone.handler {
            Handler::Business => ("control_passed", "previous_owner_app_role"),
            Handler::Agent => ("control_taken", "new_owner_app_role"),
        };
        let mut value = json!({
            "messaging_product": "whatsapp",
            "recipient": payload::metadata(&self.config.number, &self.config.phone_number_id),
            "type": kind,
            "timestamp": now.to_string(),
        });
        value[kind] = json!({ role: "meta_business_agent" });
        if !phone.hides_number() {
            value["sender"] = json!({ "phone_number": phone.wa_id.as_str() });
        }
        self.notice("messaging_handovers", value, None)
    }

    fn echo(&self, phone: &Phone, id: &str, writer: Writer, text: &str, now: u64) -> Update {
        let mut content = json!({ "type": "text", "text": { "body": text } });
        if phone.hides_number() {
            content["to_user_id"] = json!(phone.user_id);
        } else {
            content["to"] = json!(phone.wa_id.as_str());
        }
        let (id, timestamp) = (json!(id), json!(now.to_string()));
        let mut value = json!({
            "messaging_product": "whatsapp",
            "metadata": payload::metadata(&self.config.number, &self.config.phone_number_id),
        });
        let field = match writer {
            Writer::Agent => {
                let echo = json!({ "id": id, "message": content, "timestamp": timestamp });
                value["standby"] = json!({ "message_echoes": [echo] });
                "standby"
            }
            Writer::App => {
                content["from"] = json!(self.config.number.as_str());
                (content["id"], content["timestamp"]) = (id, timestamp);
                value["message_echoes"] = json!([content]);
                "smb_message_echoes"
            }
        };
        self.notice(field, value, None)
    }

    /// An update on a field of its own, under a name that is made up so that it can be found and delivered again.
    pub(crate) fn notice(&self, field: &str, value: Value, time: Option<u64>) -> Update {
        Update {
            phone: None,
            message_id: format!("notice.{}", self.identifiers.trace()),
            phone_number_id: self.config.phone_number_id.clone(),
            contact: None,
            channel: Channel::Messages,
            item: Item::Notice(Notice { field: field.to_owned(), value, time }),
        }
    }
}
