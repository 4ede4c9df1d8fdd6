//! Webhook bodies in, updates out.
//!
//! WhatsApp adds fields, types and whole kinds of updates without notice, and repeats a call for days that is not
//! answered with 200. So only a body that is no webhook at all is refused; whatever else cannot be read is an update
//! that is ignored, and everything beside it counts.

mod message;

use serde_json::Value;

use super::{
    identity::{Contacts, Sender},
    json,
    operator::OperatorEvent,
    update::{DeliveryStatus, IgnoredReason, StatusUpdate, Update, UpdateKind},
};

/// Most updates of one call. WhatsApp documents 1,000; ten times as many bound the memory that a body of the
/// permitted size can take, without losing anything should that number rise.
const MAX_UPDATES: usize = 10_000;

/// What the envelope of WhatsApp's webhooks says it is.
const OBJECT: &str = "whatsapp_business_account";

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
        let phone_number_id = phone_number_id(value);
        let before = self.0.len();
        match json::text(change, "field") {
            // While Meta Business Agent handles a chat, what the person writes comes on the second of these. It is as
            // much a message to the business as any other.
            Some("messages" | "standby") => self.read_chats(phone_number_id, value),
            // Announced for a change of user id, then withdrawn in favour of a system message.
            Some("user_id_update") if !phone_number_id.is_empty() => {
                self.read_each(phone_number_id, value, "user_id_update", message::user_id_update)
            }
            Some("user_id_update") | None => self.push("", IgnoredReason::Malformed.into()),
            Some(field) => {
                let event = OperatorEvent::read(field, value);
                self.push(
                    phone_number_id,
                    event.map_or(UpdateKind::Ignored(IgnoredReason::Field), UpdateKind::Operator),
                )
            }
        }?;
        if self.0.len() == before { self.push(phone_number_id, IgnoredReason::Empty.into()) } else { Ok(()) }
    }

    /// Reads what happened in chats. The arrays stand in the value itself, and on `standby` one level deeper.
    fn read_chats(&mut self, phone_number_id: &str, value: &Value) -> Result<(), MalformedPayload> {
        if phone_number_id.is_empty() {
            return self.push("", IgnoredReason::Malformed.into());
        }
        let sources = [value, value.get("standby").unwrap_or(&Value::Null)];
        let contacts = Contacts::read(sources);
        for source in sources {
            self.read_each(phone_number_id, source, "messages", |one| message::read(one, &contacts))?;
            self.read_each(phone_number_id, source, "statuses", |status| read_status(status, &contacts))?;
            self.read_each(phone_number_id, source, "errors", |_| Err(IgnoredReason::ErrorReport))?;
            if json::present(source, "message_echoes").is_some() {
                self.push(phone_number_id, UpdateKind::Operator(OperatorEvent::message_echo()))?;
            }
        }
        Ok(())
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

/// The number that a change is about. A change of a chat's handler names it as the recipient.
fn phone_number_id(value: &Value) -> &str {
    ["metadata", "recipient"]
        .into_iter()
        .find_map(|key| json::text(value.get(key)?, "phone_number_id"))
        .unwrap_or_default()
}

impl From<IgnoredReason> for UpdateKind {
    fn from(reason: IgnoredReason) -> Self {
        Self::Ignored(reason)
    }
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
