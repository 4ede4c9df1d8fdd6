//! One message of a webhook: what a person wrote or tapped, or a notice that they have another number or user id.

use loggin_protocol::PhoneNumber;
use serde_json::Value;

use super::super::{
    identity::{self, Contacts, Sender},
    json,
    update::{Content, IdentityChange, IgnoredReason, InboundMessage, UpdateKind},
};

/// What the sender of a contact did where it is their own number: tap the button of our request.
pub(super) const OWN_CONTACT: &str = "contact_request";

/// WhatsApp's code for a message whose content it does not hand out, as with the first one of a person to a number that
/// also runs in the WhatsApp Business app. Content that it cannot hand out has another, 131051.
const MESSAGE_UNAVAILABLE: u64 = 131_060;

/// Reads one of `messages[]`.
pub(super) fn read(message: &Value, contacts: &Contacts<'_>) -> Result<UpdateKind, IgnoredReason> {
    let kind = json::text(message, "type").ok_or(IgnoredReason::Malformed)?;
    match kind {
        "system" => return system_notice(message),
        // Older versions of the API say `unknown`.
        "unsupported" | "unknown" => return Err(unsupported(message)),
        _ => {}
    }
    if json::present(message, "group_id").is_some() {
        return Err(IgnoredReason::Group);
    }
    if is_forwarded(message)? {
        return Err(IgnoredReason::Forwarded);
    }
    let content = read_content(message, kind)?;
    let mut sender = contacts.complete(sender(message));
    sender.identity_key = sender.identity_key.or_else(|| own_key(message));
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

/// Why a message has no content.
fn unsupported(message: &Value) -> IgnoredReason {
    let is_unavailable = json::elements(message, "errors")
        .into_iter()
        .flatten()
        .any(|error| json::integer(error, "code") == Some(MESSAGE_UNAVAILABLE));
    if is_unavailable { IgnoredReason::UnsupportedCoexistence } else { IgnoredReason::Unsupported }
}

/// What a message's own fields say about who wrote it.
fn sender(message: &Value) -> Sender {
    Sender {
        parent_user_id: identity::user_id(message, "from_parent_user_id"),
        ..Sender::of([json::text(message, "from"), json::text(message, "from_user_id")])
    }
}

/// The key of the sender's account, where the message says it itself.
fn own_key(message: &Value) -> Option<[u8; 32]> {
    identity::identity_key(message.get("identity")?, "hash")
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

/// Reads a notice that a person has another number, user id, or key of their account.
fn system_notice(message: &Value) -> Result<UpdateKind, IgnoredReason> {
    let system = message.get("system").ok_or(IgnoredReason::Malformed)?;
    if json::text(system, "type") == Some("customer_identity_changed") {
        return new_key(message);
    }
    if !matches!(json::text(system, "type"), Some("user_changed_number" | "user_changed_user_id")) {
        return Err(IgnoredReason::MessageType);
    }
    let current = Sender::of([json::text(system, "wa_id"), json::text(system, "user_id")]);
    let before = Sender { parent_user_id: None, ..sender(message) };
    let previous = Sender {
        phone: before.phone,
        // The notice's own user id may be the new one already.
        user_id: json::id(system, "previous_user_id")
            .or(before.user_id.filter(|id| current.user_id.as_ref() != Some(id))),
        ..Sender::default()
    };
    let current_parent = identity::user_id(system, "parent_user_id");
    // The same holds for the one that several portfolios share.
    let previous_parent = identity::user_id(system, "previous_parent_user_id").or_else(|| {
        identity::user_id(message, "from_parent_user_id").filter(|id| current_parent.as_ref() != Some(id))
    });
    let change = identity_change(message, previous, current)?;
    Ok(UpdateKind::IdentityChange(IdentityChange {
        message_id: json::id(message, "id"),
        previous_parent_user_id: previous_parent,
        current_parent_user_id: current_parent,
        ..change
    }))
}

/// Reads a notice that a person has registered their account anew.
fn new_key(message: &Value) -> Result<UpdateKind, IgnoredReason> {
    let key = own_key(message).ok_or(IgnoredReason::Malformed)?;
    let previous = sender(message);
    let current = Sender { identity_key: Some(key), ..previous.clone() };
    let change = identity_change(message, previous, current)?;
    Ok(UpdateKind::IdentityChange(IdentityChange { message_id: json::id(message, "id"), ..change }))
}

/// Reads the withdrawn form of that notice.
pub(super) fn user_id_update(update: &Value) -> Result<UpdateKind, IgnoredReason> {
    let user_id = update.get("user_id").ok_or(IgnoredReason::Malformed)?;
    let previous = Sender::of([None, json::text(user_id, "previous")]);
    let current = Sender::of([json::text(update, "wa_id"), json::text(user_id, "current")]);
    let parent = |key| identity::user_id(update.get("parent_user_id")?, key);
    let change = identity_change(update, previous, current)?;
    Ok(UpdateKind::IdentityChange(IdentityChange {
        previous_parent_user_id: parent("previous"),
        current_parent_user_id: parent("current"),
        ..change
    }))
}

fn identity_change(
    notice: &Value,
    previous: Sender,
    current: Sender,
) -> Result<IdentityChange, IgnoredReason> {
    if current.is_unknown() {
        return Err(IgnoredReason::NoSender);
    }
    Ok(IdentityChange {
        message_id: None,
        timestamp: json::unix_time(notice, "timestamp").ok_or(IgnoredReason::Malformed)?,
        previous,
        current,
        previous_parent_user_id: None,
        current_parent_user_id: None,
    })
}
