//! The bodies of messages to people.

use std::fmt;

use loggin::PhoneNumber;
use serde_json::{Value, json};

/// Whom a message goes to.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Recipient {
    /// A phone number.
    Phone(PhoneNumber),
    /// A business-scoped user id, where WhatsApp hides the number.
    UserId(String),
}

impl fmt::Debug for Recipient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Phone(_) => "Phone(<redacted>)",
            Self::UserId(_) => "UserId(<redacted>)",
        })
    }
}

/// A text, as the answer to a message where one is named.
pub(super) fn text(recipient: &Recipient, body: &str, reply_to: Option<&str>) -> Value {
    let mut message = message(recipient, "text", json!({"body": body, "preview_url": false}));
    if let Some(message_id) = reply_to {
        message["context"] = json!({ "message_id": message_id });
    }
    message
}

/// The request for the person's own number, which they answer with a tap.
pub(super) fn contact_request(recipient: &Recipient, body: &str) -> Value {
    let request = json!({
        "type": "request_contact_info",
        "body": {"text": body},
        "action": {"name": "request_contact_info"},
    });
    message(recipient, "interactive", request)
}

/// A text with buttons, each an id and a title.
pub(super) fn buttons(recipient: &Recipient, body: &str, buttons: &[(&str, &str)]) -> Value {
    let buttons: Vec<Value> = buttons
        .iter()
        .map(|(id, title)| json!({"type": "reply", "reply": {"id": id, "title": title}}))
        .collect();
    let interactive = json!({"type": "button", "body": {"text": body}, "action": {"buttons": buttons}});
    message(recipient, "interactive", interactive)
}

/// A message whose content stands at the key that is its type.
fn message(recipient: &Recipient, kind: &str, content: Value) -> Value {
    let mut message = json!({"messaging_product": "whatsapp", "recipient_type": "individual", "type": kind});
    message[kind] = content;
    match recipient {
        // Without `+` WhatsApp takes the number for one within the business's own country.
        Recipient::Phone(phone) => message["to"] = json!(format!("+{}", phone.expose())),
        Recipient::UserId(user_id) => message["recipient"] = json!(user_id),
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER_ID: &str = "US.13491208655302741918";

    fn phone() -> PhoneNumber {
        PhoneNumber::parse("16505551234").unwrap()
    }

    fn by_phone() -> Recipient {
        Recipient::Phone(phone())
    }

    #[test]
    fn a_text_to_a_phone_number() {
        let expected = json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+16505551234",
            "type": "text", "text": {"body": "Signed in.", "preview_url": false}});
        assert_eq!(text(&by_phone(), "Signed in.", None), expected);
    }

    #[test]
    fn a_reply_to_a_user_id() {
        let expected = json!({"messaging_product": "whatsapp", "recipient_type": "individual", "recipient": USER_ID,
            "type": "text", "text": {"body": "Hi", "preview_url": false}, "context": {"message_id": "wamid.IN"}});
        let recipient = Recipient::UserId(USER_ID.into());
        assert_eq!(text(&recipient, "Hi", Some("wamid.IN")), expected);
    }

    #[test]
    fn a_request_for_the_number() {
        let expected = json!({"messaging_product": "whatsapp", "recipient_type": "individual", "recipient": USER_ID,
            "type": "interactive", "interactive": {"type": "request_contact_info", "body": {"text": "Your number?"},
            "action": {"name": "request_contact_info"}}});
        let recipient = Recipient::UserId(USER_ID.into());
        assert_eq!(contact_request(&recipient, "Your number?"), expected);
    }

    #[test]
    fn a_text_with_buttons() {
        let expected = json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+16505551234",
            "type": "interactive", "interactive": {"type": "button", "body": {"text": "Signed in."}, "action": {"buttons": [
                {"type": "reply", "reply": {"id": "deny", "title": "Not me"}},
                {"type": "reply", "reply": {"id": "ok", "title": "It was me"}}]}}});
        let two = [("deny", "Not me"), ("ok", "It was me")];
        assert_eq!(buttons(&by_phone(), "Signed in.", &two), expected);
    }

    #[test]
    fn a_recipient_is_not_shown() {
        let shown = format!("{:?}{:?}", by_phone(), Recipient::UserId(USER_ID.into()));
        assert_eq!(shown, "Phone(<redacted>)UserId(<redacted>)");
    }
}
