//! Webhook bodies in, updates out.
//!
//! WhatsApp adds fields, types and whole kinds of updates without notice, and repeats a call for days that is not
//! answered with 200. So only a body that is no webhook at all is refused; whatever else cannot be read is an update
//! that is ignored, and everything beside it counts.

use loggin::PhoneNumber;
use serde_json::Value;

use super::{
    identity::{self, Contacts, Sender},
    json,
    update::{
        Content, DeliveryStatus, IdentityChange, IgnoredReason, InboundMessage, StatusUpdate, Update,
        UpdateKind,
    },
};

/// Most updates of one call. WhatsApp documents 1,000; ten times as many bound the memory that a body of the
/// permitted size can take, without losing anything should that number rise.
const MAX_UPDATES: usize = 10_000;

/// What the envelope of WhatsApp's webhooks says it is.
const OBJECT: &str = "whatsapp_business_account";

/// What the sender of a contact did where it is their own number: tap the button of our request.
const OWN_CONTACT: &str = "contact_request";

/// A body that is no webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MalformedPayload {
    /// It is not JSON.
    #[error("the body is not JSON")]
    NotJson,
    /// It is JSON without `object` and `entry`.
    #[error("the body is no webhook")]
    NotAWebhook,
    /// It has more updates than a call can have.
    #[error("the body has more than {MAX_UPDATES} updates")]
    TooManyUpdates,
}

/// Reads every update of a call, in its order; one that stands there twice is returned twice.
pub(crate) fn parse(body: &[u8]) -> Result<Vec<Update>, MalformedPayload> {
    let root = json::read(body).ok_or(MalformedPayload::NotJson)?;
    let object = json::text(&root, "object").ok_or(MalformedPayload::NotAWebhook)?;
    let entries = root.get("entry").and_then(Value::as_array).ok_or(MalformedPayload::NotAWebhook)?;
    let mut updates = Updates::default();
    if object != OBJECT {
        updates.push("", IgnoredReason::Field.into())?;
        return Ok(updates.0);
    }
    for entry in entries {
        match json::elements(entry, "changes") {
            Some(changes) => changes.iter().try_for_each(|change| updates.read_change(change))?,
            None => updates.push("", IgnoredReason::Malformed.into())?,
        }
    }
    Ok(updates.0)
}

/// The updates read so far.
#[derive(Default)]
struct Updates(Vec<Update>);

impl Updates {
    fn push(&mut self, phone_number_id: &str, kind: UpdateKind) -> Result<(), MalformedPayload> {
        if self.0.len() == MAX_UPDATES {
            return Err(MalformedPayload::TooManyUpdates);
        }
        self.0.push(Update { phone_number_id: phone_number_id.to_owned(), kind });
        Ok(())
    }

    fn read_change(&mut self, change: &Value) -> Result<(), MalformedPayload> {
        let value = change.get("value").unwrap_or(&Value::Null);
        let phone_number_id = value
            .get("metadata")
            .and_then(|metadata| json::text(metadata, "phone_number_id"))
            .unwrap_or_default();
        match json::text(change, "field") {
            Some("messages") => self.read_messages(phone_number_id, value),
            // Announced for a change of user id, then withdrawn in favour of a system message.
            Some("user_id_update") => {
                self.read_each(phone_number_id, value, "user_id_update", user_id_update)
            }
            Some(_) => self.push(phone_number_id, IgnoredReason::Field.into()),
            None => self.push(phone_number_id, IgnoredReason::Malformed.into()),
        }
    }

    fn read_messages(&mut self, phone_number_id: &str, value: &Value) -> Result<(), MalformedPayload> {
        if phone_number_id.is_empty() {
            return self.push("", IgnoredReason::Malformed.into());
        }
        let contacts = Contacts::read(value);
        self.read_each(phone_number_id, value, "messages", |message| read_message(message, &contacts))?;
        self.read_each(phone_number_id, value, "statuses", |status| read_status(status, &contacts))?;
        self.read_each(phone_number_id, value, "errors", |_| Err(IgnoredReason::ErrorReport))
    }

    /// Reads every element of the array at a key; an array that is not there has none.
    fn read_each(
        &mut self,
        phone_number_id: &str,
        value: &Value,
        key: &str,
        read: impl Fn(&Value) -> Result<UpdateKind, IgnoredReason>,
    ) -> Result<(), MalformedPayload> {
        if json::present(value, key).is_none() {
            return Ok(());
        }
        let Some(elements) = json::elements(value, key) else {
            return self.push(phone_number_id, IgnoredReason::Malformed.into());
        };
        elements.iter().try_for_each(|element| {
            self.push(phone_number_id, read(element).unwrap_or_else(UpdateKind::from))
        })
    }
}

impl From<IgnoredReason> for UpdateKind {
    fn from(reason: IgnoredReason) -> Self {
        Self::Ignored(reason)
    }
}

/// Reads one of `messages[]`.
fn read_message(message: &Value, contacts: &Contacts<'_>) -> Result<UpdateKind, IgnoredReason> {
    let kind = json::text(message, "type").ok_or(IgnoredReason::Malformed)?;
    if kind == "system" {
        return system_notice(message);
    }
    if json::present(message, "group_id").is_some() {
        return Err(IgnoredReason::Group);
    }
    if is_forwarded(message)? {
        return Err(IgnoredReason::Forwarded);
    }
    let content = read_content(message, kind)?;
    let sender = contacts.complete(sender(message));
    if sender.is_unknown() {
        return Err(IgnoredReason::NoSender);
    }
    Ok(UpdateKind::Message(InboundMessage {
        id: json::id(message, "id").ok_or(IgnoredReason::Malformed)?,
        sender,
        timestamp: json::unix_time(message, "timestamp").ok_or(IgnoredReason::Malformed)?,
        content,
    }))
}

/// What a message's own fields say about who wrote it.
fn sender(message: &Value) -> Sender {
    Sender::of([json::text(message, "from"), json::text(message, "from_user_id")])
}

/// Whether somebody else wrote the message first. Everything but an absent or false mark counts as one.
fn is_forwarded(message: &Value) -> Result<bool, IgnoredReason> {
    let Some(context) = json::present(message, "context") else {
        return Ok(false);
    };
    let context = context.as_object().ok_or(IgnoredReason::Malformed)?;
    Ok(["forwarded", "frequently_forwarded"]
        .into_iter()
        .filter_map(|mark| context.get(mark))
        .any(|mark| !matches!(mark, Value::Null | Value::Bool(false))))
}

fn read_content(message: &Value, kind: &str) -> Result<Content, IgnoredReason> {
    match kind {
        "text" => text_body(message).ok_or(IgnoredReason::Malformed),
        "contacts" => own_number(message).map(Content::SharedOwnNumber).ok_or(IgnoredReason::ForeignContact),
        "button" => button_reply(message, message.get("button"), "payload"),
        "interactive" => {
            let interactive = message.get("interactive").ok_or(IgnoredReason::Malformed)?;
            match json::text(interactive, "type") {
                Some("button_reply") => button_reply(message, interactive.get("button_reply"), "id"),
                _ => Err(IgnoredReason::MessageType),
            }
        }
        _ => Err(IgnoredReason::MessageType),
    }
}

fn text_body(message: &Value) -> Option<Content> {
    let body = json::text(message.get("text")?, "body")?;
    Some(Content::Text(body.to_owned()))
}

/// A tap on one of our buttons; a template's button has its id at another key than a message's.
fn button_reply(message: &Value, reply: Option<&Value>, id_key: &str) -> Result<Content, IgnoredReason> {
    let id = reply.and_then(|reply| json::id(reply, id_key)).ok_or(IgnoredReason::Malformed)?;
    let context_message_id = message.get("context").and_then(|context| json::id(context, "id"));
    Ok(Content::ButtonReply { id, context_message_id })
}

/// The number of a contact that the sender shared by the button of our request: their own.
///
/// Any other contact is one that they picked, maybe another person's. The mark stood on the message in older
/// versions and stands on the contact now; where both are there, both must say so.
fn own_number(message: &Value) -> Option<PhoneNumber> {
    let contact = json::only(message, "contacts")?;
    let mut origins =
        [message, contact].into_iter().filter_map(|place| json::present(place, "origin")).peekable();
    origins.peek()?;
    if !origins.all(|origin| origin.as_str() == Some(OWN_CONTACT)) {
        return None;
    }
    let number = json::only(contact, "phones")?;
    json::text(number, "wa_id")
        .and_then(identity::phone)
        .or_else(|| json::text(number, "phone").and_then(international_number))
}

/// A number as people write it, with spaces, dots, hyphens and brackets.
fn international_number(text: &str) -> Option<PhoneNumber> {
    let punctuation =
        |character: char| character.is_whitespace() || "-.()\u{2010}\u{2011}".contains(character);
    let number: String = text.chars().filter(|&character| !punctuation(character)).collect();
    // No country code begins with 0: that is a number within its country, which may be anybody's elsewhere.
    identity::phone(&number).filter(|number| !number.expose().starts_with('0'))
}

/// Reads a notice that a person has another number or user id.
fn system_notice(message: &Value) -> Result<UpdateKind, IgnoredReason> {
    let system = message.get("system").ok_or(IgnoredReason::Malformed)?;
    if !matches!(json::text(system, "type"), Some("user_changed_number" | "user_changed_user_id")) {
        return Err(IgnoredReason::MessageType);
    }
    let current = Sender::of([json::text(system, "wa_id"), json::text(system, "user_id")]);
    let before = sender(message);
    let previous = Sender {
        phone: before.phone,
        // The notice's own user id may be the new one already.
        user_id: json::id(system, "previous_user_id")
            .or(before.user_id.filter(|id| current.user_id.as_ref() != Some(id))),
    };
    identity_change(message, json::id(message, "id"), previous, current)
}

/// Reads the withdrawn form of that notice.
fn user_id_update(update: &Value) -> Result<UpdateKind, IgnoredReason> {
    let user_id = update.get("user_id").ok_or(IgnoredReason::Malformed)?;
    let previous = Sender::of([None, json::text(user_id, "previous")]);
    let current = Sender::of([json::text(update, "wa_id"), json::text(user_id, "current")]);
    identity_change(update, None, previous, current)
}

fn identity_change(
    notice: &Value,
    message_id: Option<String>,
    previous: Sender,
    current: Sender,
) -> Result<UpdateKind, IgnoredReason> {
    if current.is_unknown() {
        return Err(IgnoredReason::NoSender);
    }
    Ok(UpdateKind::IdentityChange(IdentityChange {
        message_id,
        timestamp: json::unix_time(notice, "timestamp").ok_or(IgnoredReason::Malformed)?,
        previous,
        current,
    }))
}

/// Reads one of `statuses[]`.
fn read_status(status: &Value, contacts: &Contacts<'_>) -> Result<UpdateKind, IgnoredReason> {
    if json::text(status, "recipient_type") == Some("group") {
        return Err(IgnoredReason::Group);
    }
    let delivery = match json::text(status, "status").ok_or(IgnoredReason::Malformed)? {
        "sent" => DeliveryStatus::Sent,
        "delivered" => DeliveryStatus::Delivered,
        "read" => DeliveryStatus::Read,
        "played" => DeliveryStatus::Played,
        "failed" => DeliveryStatus::Failed,
        _ => return Err(IgnoredReason::StatusType),
    };
    let recipient = contacts
        .complete(Sender::of([json::text(status, "recipient_id"), json::text(status, "recipient_user_id")]));
    Ok(UpdateKind::Status(StatusUpdate {
        message_id: json::id(status, "id").ok_or(IgnoredReason::Malformed)?,
        status: delivery,
        timestamp: json::unix_time(status, "timestamp").ok_or(IgnoredReason::Malformed)?,
        recipient_phone: recipient.phone,
        recipient_user_id: recipient.user_id,
        callback_data: json::id(status, "biz_opaque_callback_data"),
        errors: error_codes(status),
    }))
}

fn error_codes(status: &Value) -> Vec<u32> {
    json::elements(status, "errors")
        .into_iter()
        .flatten()
        .filter_map(|error| json::integer(error, "code")?.try_into().ok())
        .collect()
}

#[cfg(test)]
mod tests;
