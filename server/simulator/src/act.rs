//! What a person does with a phone, and what WhatsApp tells the business of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::chat::{Author, Button, ButtonKind, ChatMessage, Tick};
use crate::delivery::{BusyError, Outcome};
use crate::limits::PHONE_TEXT_CHARS_MAX;
use crate::number::Number;
use crate::phones::{Handler, Phone};
use crate::simulator::Simulator;
use crate::webhook::journal::Attempt;
use crate::webhook::payload::{self, Channel, Item, Update};

/// What stands in the chat in place of a message that was taken back.
const REVOKED_TEXT: &str = "This message was deleted";

/// The error of a message whose content is not handed out.
const MESSAGE_UNAVAILABLE: u32 = 131_060;

/// Whose number a shared contact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    /// The person's own, through the button of a contact request.
    ContactRequest,
    /// Anybody's, from the address book.
    Other,
}

/// How often a message was forwarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Forwarding {
    #[default]
    Original,
    Forwarded,
    Frequently,
}

/// One thing that a person does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Text {
        text: String,
        forwarding: Forwarding,
        group_id: Option<String>,
        reply_to: Option<String>,
    },
    Edit {
        message_id: String,
        text: String,
    },
    Revoke {
        message_id: String,
    },
    React {
        message_id: String,
        emoji: Option<String>,
    },
    /// A tap on a button; without names, on the only button of the latest message that has one.
    Tap {
        message_id: Option<String>,
        button_id: Option<String>,
    },
    ShareContact {
        origin: Origin,
        number: Option<Number>,
        name: Option<String>,
    },
}

impl Act {
    /// A text as people usually send one.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), forwarding: Forwarding::Original, group_id: None, reply_to: None }
    }
}

/// What a test may set beside the act.
#[derive(Clone, Debug, Default)]
pub(crate) struct Envelope {
    /// Unix seconds; now when absent.
    pub(crate) timestamp: Option<u64>,
    /// The number it is addressed to; the business's when absent.
    pub(crate) phone_number_id: Option<String>,
}

/// Why an act is impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ActError {
    #[error("there is no such phone")]
    NoPhone,
    #[error("there is no such message in this chat")]
    NoMessage,
    #[error("there is no such button, or the choice is not clear")]
    NoButton,
    #[error("WhatsApp tells the business nothing of this tap")]
    Silent,
    #[error("the text is empty or longer than 65,536 characters")]
    Text,
    #[error(transparent)]
    Busy(#[from] BusyError),
}

/// What came of an act.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Receipt {
    pub(crate) message_id: String,
    pub(crate) timestamp: u64,
    /// The webhook's HTTP status at the first attempt, or null.
    pub(crate) status: Option<u16>,
    /// How long the webhook took to answer.
    pub(crate) ms: Option<f64>,
    /// A fault holds the update back.
    pub(crate) held: bool,
    pub(crate) deliveries: Vec<Attempt>,
}

/// What an act tells the business, and what it leaves in the chat.
struct Effect {
    kind: &'static str,
    content: Value,
    bubble: Option<(String, Option<String>)>,
    /// The business learns the person's number by it.
    reveals_number: bool,
}

impl Effect {
    /// An effect that leaves nothing in the chat.
    fn new(kind: &'static str, content: Value) -> Self {
        Self { kind, content, bubble: None, reveals_number: false }
    }

    fn bubble(self, text: impl Into<String>, in_reply_to: Option<String>) -> Self {
        Self { bubble: Some((text.into(), in_reply_to)), ..self }
    }
}

impl Simulator {
    /// Does it, tells the webhook, and waits for the webhook's response.
    pub(crate) async fn act(
        self: &Arc<Self>,
        number: &Number,
        act: Act,
        envelope: Envelope,
    ) -> Result<Receipt, ActError> {
        let (update, timestamp) = self.prepare(number, &act, envelope)?;
        Ok(self.tell(update, timestamp).await?)
    }

    /// Tells the webhook, and waits for its response.
    pub(crate) async fn tell(self: &Arc<Self>, update: Update, timestamp: u64) -> Result<Receipt, BusyError> {
        let message_id = update.message_id.clone();
        let (held, deliveries) = match self.deliver(update).await? {
            Outcome::Held => (true, Vec::new()),
            Outcome::Posted(attempts) => (false, attempts),
        };
        let first = deliveries.first();
        let (status, ms) = (first.and_then(|first| first.status), first.map(|first| first.ms));
        Ok(Receipt { message_id, timestamp, status, ms, held, deliveries })
    }

    /// Changes the chat and makes the update, without delivering it.
    pub(crate) fn prepare(
        &self,
        number: &Number,
        act: &Act,
        envelope: Envelope,
    ) -> Result<(Update, u64), ActError> {
        let timestamp = envelope.timestamp.unwrap_or_else(|| self.now());
        let mut world = self.world();
        let coexistence = world.settings.coexistence;
        let phone = world.phones.get_mut(number).ok_or(ActError::NoPhone)?;
        let effect = effect(phone, act, self.config.number.as_str())?;
        let (kind, content) = if coexistence && phone.last_inbound.is_none() {
            ("unsupported", unavailable())
        } else {
            (effect.kind, effect.content)
        };
        let owner =
            if phone.hides_number() { phone.user_id.clone() } else { phone.number.as_str().to_owned() };
        let id = self.identifiers.message(&owner);
        let update = Update {
            phone: Some(phone.number.clone()),
            message_id: id.clone(),
            phone_number_id: envelope.phone_number_id.unwrap_or_else(|| self.config.phone_number_id.clone()),
            contact: Some(payload::contact(phone)),
            channel: match phone.handler {
                Handler::Business => Channel::Messages,
                Handler::Agent => Channel::Standby,
            },
            item: Item::Message(payload::message(phone, &id, timestamp, kind, content)),
        };
        phone.number_known |= effect.reveals_number;
        phone.last_inbound = phone.last_inbound.max(Some(timestamp));
        let number = phone.number.clone();
        world.senders.insert(id.clone(), number.clone());
        if let Some((text, in_reply_to)) = effect.bubble {
            let seq = world.next_seq();
            if let Some(phone) = world.phones.get_mut(&number) {
                let message = ChatMessage::text(seq, id, Author::Phone, timestamp, text);
                phone.chat.push(ChatMessage { kind: effect.kind.to_owned(), in_reply_to, ..message });
                phone.touch();
            }
        }
        Ok((update, timestamp))
    }
}

fn effect(phone: &mut Phone, act: &Act, business: &str) -> Result<Effect, ActError> {
    match act {
        Act::Text { text, forwarding, group_id, reply_to } => {
            let mut content = json!({ "text": { "body": checked(text)? } });
            match forwarding {
                Forwarding::Original => {}
                Forwarding::Forwarded => content["context"] = json!({ "forwarded": true }),
                Forwarding::Frequently => content["context"] = json!({ "frequently_forwarded": true }),
            }
            if let Some(id) = reply_to {
                content["context"] = context(business, id);
            }
            if let Some(group_id) = group_id {
                content["group_id"] = json!(group_id);
            }
            Ok(Effect::new("text", content).bubble(text, reply_to.clone()))
        }
        Act::Edit { message_id, text } => {
            checked(text)?.clone_into(&mut own(phone, message_id)?.text);
            phone.touch();
            let message = json!({ "type": "text", "text": { "body": text } });
            let content = json!({ "edit": { "original_message_id": message_id, "message": message } });
            Ok(Effect::new("edit", content))
        }
        Act::Revoke { message_id } => {
            REVOKED_TEXT.clone_into(&mut own(phone, message_id)?.text);
            phone.touch();
            let content = json!({ "revoke": { "original_message_id": message_id } });
            Ok(Effect::new("revoke", content))
        }
        Act::React { message_id, emoji } => {
            phone.chat.find(message_id).ok_or(ActError::NoMessage)?;
            let mut reaction = json!({ "message_id": message_id });
            if let Some(emoji) = emoji {
                reaction["emoji"] = json!(emoji);
            }
            Ok(Effect::new("reaction", json!({ "reaction": reaction })))
        }
        Act::Tap { message_id, button_id } => {
            let (message, button) = find_button(phone, message_id.as_deref(), button_id.as_deref())?;
            tap(phone, &message, &button, business)
        }
        Act::ShareContact { origin, number, name } => {
            Ok(share(phone, *origin, number.as_ref(), name.as_deref(), None))
        }
    }
}

fn tap(phone: &Phone, message_id: &str, button: &Button, business: &str) -> Result<Effect, ActError> {
    let answered = Some(message_id.to_owned());
    match button.kind {
        ButtonKind::CopyCode => Err(ActError::Silent),
        ButtonKind::RequestContact => {
            let context = context(business, message_id);
            Ok(share(phone, Origin::ContactRequest, None, None, Some((message_id, context))))
        }
        ButtonKind::Reply => {
            let reply =
                json!({ "type": "button_reply", "button_reply": { "id": button.id, "title": button.title } });
            let content = json!({ "interactive": reply, "context": context(business, message_id) });
            Ok(Effect::new("interactive", content).bubble(&button.title, answered))
        }
        ButtonKind::DidNotRequestCode => {
            let pressed = json!({ "payload": button.id, "text": button.title });
            let content = json!({ "button": pressed, "context": context(business, message_id) });
            Ok(Effect::new("button", content).bubble(&button.title, answered))
        }
    }
}

fn share(
    phone: &Phone,
    origin: Origin,
    number: Option<&Number>,
    name: Option<&str>,
    answer_to: Option<(&str, Value)>,
) -> Effect {
    let number = number.unwrap_or(&phone.number);
    let wa_id = if *number == phone.number { &phone.wa_id } else { number };
    let entry = json!({ "phone": format!("+{}", number.as_str()), "wa_id": wa_id.as_str(), "type": "CELL" });
    let shared = match origin {
        Origin::ContactRequest => json!({ "origin": "contact_request", "phones": [entry] }),
        Origin::Other => {
            let name = name.unwrap_or(&phone.name);
            let vcard = format!(
                "BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nTEL;type=CELL;waid={}:+{}\nEND:VCARD",
                wa_id.as_str(),
                number.as_str()
            );
            let full_name = json!({ "formatted_name": name, "first_name": name });
            json!({ "origin": "other", "name": full_name, "phones": [entry], "vcard": vcard })
        }
    };
    let mut content = json!({ "contacts": [shared] });
    let text = format!("Shared contact: {}", number.spaced());
    let in_reply_to = answer_to.map(|(id, context)| {
        content["context"] = context;
        id.to_owned()
    });
    let reveals_number = origin == Origin::ContactRequest;
    Effect { reveals_number, ..Effect::new("contacts", content).bubble(text, in_reply_to) }
}

/// What stands in place of the content of a person's first message to a number that also runs in the Business app.
fn unavailable() -> Value {
    let title = "This message is unavailable";
    let details = "The message cannot be handed out. Ask the person to send it again.";
    json!({ "errors": [{
        "code": MESSAGE_UNAVAILABLE, "title": title, "message": title, "error_data": { "details": details },
    }] })
}

fn context(business: &str, message_id: &str) -> Value {
    json!({ "from": business, "id": message_id })
}

fn checked(text: &str) -> Result<&str, ActError> {
    let count = text.chars().count();
    if text.trim().is_empty() || count > PHONE_TEXT_CHARS_MAX { Err(ActError::Text) } else { Ok(text) }
}

fn own<'a>(phone: &'a mut Phone, message_id: &str) -> Result<&'a mut ChatMessage, ActError> {
    let message = phone.chat.find_mut(message_id).filter(|message| message.from == Author::Phone);
    message.ok_or(ActError::NoMessage)
}

fn find_button(
    phone: &Phone,
    message_id: Option<&str>,
    button_id: Option<&str>,
) -> Result<(String, Button), ActError> {
    let mut with_buttons = phone
        .chat
        .iter()
        .rev()
        .filter(|message| !message.buttons.is_empty() && message.status != Tick::Failed);
    let message = match message_id {
        Some(id) => with_buttons.find(|message| message.id == id).ok_or(ActError::NoMessage)?,
        None => with_buttons.next().ok_or(ActError::NoButton)?,
    };
    let wanted = |button: &&Button| button_id.is_none_or(|id| button.id == id || button.title == id);
    let mut buttons = message.buttons.iter().filter(wanted);
    match (buttons.next(), buttons.next()) {
        (Some(button), None) => Ok((message.id.clone(), button.clone())),
        _ => Err(ActError::NoButton),
    }
}
