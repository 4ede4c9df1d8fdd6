//! The bodies of messages to people.

use std::fmt;

use loggin_protocol::PhoneNumber;
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

/// A one-time code in a template of the category authentication: WhatsApp permits no other way to send one.
pub(crate) struct AuthTemplate<'a> {
    /// The template's name.
    pub(crate) name: &'a str,
    /// The language it was approved in, e.g. `en_US`.
    pub(crate) language: &'a str,
    /// The code, at most 15 characters.
    pub(crate) code: &'a str,
    /// What the statuses of the message bring back.
    pub(crate) callback_data: Option<&'a str>,
}

impl fmt::Debug for AuthTemplate<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AuthTemplate")
            .field("name", &self.name)
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
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

/// A one-time code. It must stand there twice: once to read, once for the button that copies it.
///
/// It goes to a phone number only: WhatsApp sends no such template to a user id.
pub(super) fn auth_template(phone: &PhoneNumber, template: &AuthTemplate<'_>) -> Value {
    let parameters = json!([{"type": "text", "text": template.code}]);
    let content = json!({
        "name": template.name,
        "language": {"code": template.language},
        "components": [
            {"type": "body", "parameters": parameters},
            {"type": "button", "sub_type": "url", "index": "0", "parameters": parameters},
        ],
    });
    let mut message = message(&Recipient::Phone(phone.clone()), "template", content);
    if let Some(data) = template.callback_data {
        message["biz_opaque_callback_data"] = json!(data);
    }
    message
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
    fn a_one_time_code() {
        let mut template = AuthTemplate {
            name: "verification_code",
            language: "en_US",
            code: "483920",
            callback_data: None,
        };
        let mut expected = json!({"messaging_product": "whatsapp", "recipient_type": "individual",
            "to": "+16505551234", "type": "template", "template": {"name": "verification_code",
            "language": {"code": "en_US"}, "components": [
                {"type": "body", "parameters": [{"type": "text", "text": "483920"}]},
                {"type": "button", "sub_type": "url", "index": "0",
                 "parameters": [{"type": "text", "text": "483920"}]}]}});
        assert_eq!(auth_template(&phone(), &template), expected);
        template.callback_data = Some("chal_1");
        expected["biz_opaque_callback_data"] = json!("chal_1");
        assert_eq!(auth_template(&phone(), &template), expected);
        assert!(!format!("{template:?}").contains("483920"));
    }

    #[test]
    fn a_recipient_is_not_shown() {
        let shown = format!("{:?}{:?}", by_phone(), Recipient::UserId(USER_ID.into()));
        assert_eq!(shown, "Phone(<redacted>)UserId(<redacted>)");
    }
}
