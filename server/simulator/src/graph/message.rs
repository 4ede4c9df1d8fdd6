//! The body of `POST /<phone number id>/messages`, read and checked as Meta does.

use serde_json::Value;

use crate::chat::{Button, ButtonKind};
use crate::graph_error::GraphError;
use crate::identifiers;
use crate::limits::{
    BUSINESS_TEXT_CHARS_MAX, BUTTON_ID_CHARS_MAX, BUTTON_TITLE_CHARS_MAX, CALLBACK_DATA_CHARS_MAX,
    FOOTER_CHARS_MAX, INTERACTIVE_BODY_CHARS_MAX, REPLY_BUTTONS_MAX,
};
use crate::number::Number;
use crate::templates::{self, TemplateUse};

/// What the button of a contact request says.
const SHARE_CONTACT_TITLE: &str = "Share my number";

/// What the business asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MessageRequest {
    /// Blue ticks for a person's message and what came before it.
    Read {
        message_id: String,
        typing: bool,
    },
    Send(SendRequest),
}

/// A message to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SendRequest {
    pub(crate) to: Recipient,
    pub(crate) content: Content,
    pub(crate) in_reply_to: Option<String>,
    pub(crate) callback_data: Option<String>,
}

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recipient {
    /// `to`, as it was written and as a number.
    Number(String, Number),
    /// `recipient`: a business-scoped user id.
    UserId(String),
}

/// What a message holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Text(String),
    Interactive { kind: &'static str, body: String, footer: Option<String>, buttons: Vec<Button> },
    Template(TemplateUse),
}

/// Reads a request body.
pub(crate) fn parse(body: &Value) -> Result<MessageRequest, GraphError> {
    if body["messaging_product"].as_str() != Some("whatsapp") {
        return Err(GraphError::required("messaging_product"));
    }
    if let Some(status) = body["status"].as_str() {
        return parse_status(status, body);
    }
    if body["recipient_type"].as_str().is_some_and(|kind| kind != "individual") {
        return Err(GraphError::new(100).details("recipient_type must be individual"));
    }
    let to = parse_recipient(body)?;
    let content = parse_content(body)?;
    let callback_data = body["biz_opaque_callback_data"].as_str().map(str::to_owned);
    if callback_data.as_deref().is_some_and(|data| data.chars().count() > CALLBACK_DATA_CHARS_MAX) {
        return Err(GraphError::invalid("biz_opaque_callback_data is too long"));
    }
    let in_reply_to = body["context"]["message_id"].as_str().map(str::to_owned);
    Ok(MessageRequest::Send(SendRequest { to, content, in_reply_to, callback_data }))
}

fn parse_status(status: &str, body: &Value) -> Result<MessageRequest, GraphError> {
    if status != "read" {
        return Err(GraphError::new(100).details("status must be read"));
    }
    let message_id = body["message_id"].as_str().ok_or_else(|| GraphError::required("message_id"))?;
    let typing = match &body["typing_indicator"] {
        Value::Null => false,
        indicator if indicator["type"] == "text" => true,
        _ => return Err(GraphError::invalid("typing_indicator['type'] must be text")),
    };
    Ok(MessageRequest::Read { message_id: message_id.to_owned(), typing })
}

/// `to` wins when both are given.
fn parse_recipient(body: &Value) -> Result<Recipient, GraphError> {
    let text = |key: &str| match &body[key] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    if let Some(to) = text("to") {
        let number = Number::parse(&to).map_err(|_| GraphError::invalid("to is not a phone number"))?;
        return Ok(Recipient::Number(to, number));
    }
    match text("recipient") {
        Some(user_id) if identifiers::is_user_id(&user_id) => Ok(Recipient::UserId(user_id)),
        Some(_) => Err(GraphError::invalid("recipient is not a business-scoped user id")),
        None => Err(GraphError::required("to")),
    }
}

fn parse_content(body: &Value) -> Result<Content, GraphError> {
    let kind = body["type"].as_str().unwrap_or("text");
    match kind {
        "text" => parse_text(&body["text"]),
        "interactive" => parse_interactive(&body["interactive"]),
        "template" if body["template"].is_object() => {
            templates::parse(&body["template"]).map(Content::Template)
        }
        "template" => Err(GraphError::required("template")),
        _ => Err(GraphError::new(100).details("type must be one of text, interactive, template")),
    }
}

fn parse_text(text: &Value) -> Result<Content, GraphError> {
    let body = text["body"].as_str().filter(|body| !body.trim().is_empty());
    let body = body.ok_or_else(|| GraphError::required("text['body']"))?;
    if body.chars().count() > BUSINESS_TEXT_CHARS_MAX {
        return Err(GraphError::new(100).details("text['body'] must be at most 4096 characters long"));
    }
    Ok(Content::Text(body.to_owned()))
}

fn parse_interactive(interactive: &Value) -> Result<Content, GraphError> {
    let kind = interactive["type"].as_str().ok_or_else(|| GraphError::required("interactive['type']"))?;
    let body = interactive["body"]["text"].as_str().unwrap_or_default().to_owned();
    if !(1..=INTERACTIVE_BODY_CHARS_MAX).contains(&body.chars().count()) {
        return Err(GraphError::invalid("Body text length invalid. Min length: 1, Max length: 1024"));
    }
    let footer = interactive["footer"]["text"].as_str().map(str::to_owned);
    if footer.as_deref().is_some_and(|footer| footer.chars().count() > FOOTER_CHARS_MAX) {
        return Err(GraphError::invalid("Footer text length invalid. Max length: 60"));
    }
    let action = &interactive["action"];
    let (kind, buttons) = match kind {
        "button" => ("button", parse_buttons(&action["buttons"])?),
        "request_contact_info" if action["name"] == "request_contact_info" => {
            let title = SHARE_CONTACT_TITLE.to_owned();
            let button = Button { id: "share_contact".to_owned(), title, kind: ButtonKind::RequestContact };
            ("request_contact_info", vec![button])
        }
        "request_contact_info" => return Err(GraphError::required("interactive['action']['name']")),
        _ => {
            return Err(GraphError::invalid("interactive['type'] must be button or request_contact_info"));
        }
    };
    Ok(Content::Interactive { kind, body, footer, buttons })
}

fn parse_buttons(buttons: &Value) -> Result<Vec<Button>, GraphError> {
    let list = buttons.as_array().map(Vec::as_slice).unwrap_or_default();
    if !(1..=REPLY_BUTTONS_MAX).contains(&list.len()) {
        return Err(GraphError::invalid(
            "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3",
        ));
    }
    let mut parsed: Vec<Button> = Vec::new();
    for button in list {
        let id = button["reply"]["id"].as_str().unwrap_or_default();
        let title = button["reply"]["title"].as_str().unwrap_or_default();
        if button["type"] != "reply" {
            return Err(GraphError::invalid("The type of a button must be reply"));
        }
        if !(1..=BUTTON_ID_CHARS_MAX).contains(&id.chars().count()) {
            return Err(GraphError::invalid("Button id length invalid. Min length: 1, Max length: 256"));
        }
        if !(1..=BUTTON_TITLE_CHARS_MAX).contains(&title.chars().count()) {
            return Err(GraphError::invalid("Button title length invalid. Min length: 1, Max length: 20"));
        }
        if parsed.iter().any(|known| known.id == id || known.title == title) {
            return Err(GraphError::invalid("Duplicated id or title of a button"));
        }
        parsed.push(Button { id: id.to_owned(), title: title.to_owned(), kind: ButtonKind::Reply });
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text() -> Value {
        json!({"messaging_product": "whatsapp", "to": "+15550002222", "type": "text", "text": {"body": "hi"}})
    }

    fn buttons(buttons: &Value) -> Value {
        json!({"messaging_product": "whatsapp", "to": "15550002222", "type": "interactive", "interactive": {
            "type": "button", "body": {"text": "Sure?"}, "action": {"buttons": buttons}}})
    }

    fn code(body: &Value) -> Option<u32> {
        parse(body).err().map(|error| error.code())
    }

    #[test]
    fn a_number_wins_over_a_user_id() {
        let mut body = text();
        body["recipient"] = json!("US.1000");
        let Ok(MessageRequest::Send(SendRequest { to: Recipient::Number(input, number), .. })) = parse(&body)
        else {
            panic!("not sent to a number");
        };
        assert_eq!((input.as_str(), number.as_str()), ("+15550002222", "15550002222"));
        body["to"] = Value::Null;
        let Ok(MessageRequest::Send(send)) = parse(&body) else { panic!("not read") };
        assert_eq!(send.to, Recipient::UserId("US.1000".to_owned()));
    }

    #[test]
    fn missing_parameters_are_code_100() {
        for key in ["messaging_product", "to", "text"] {
            let mut body = text();
            body[key] = Value::Null;
            assert_eq!(code(&body), Some(100), "{key}");
        }
        let mut long = text();
        long["text"]["body"] = json!("x".repeat(BUSINESS_TEXT_CHARS_MAX + 1));
        assert_eq!(code(&long), Some(100));
        let mut image = text();
        image["type"] = json!("image");
        assert_eq!(code(&image), Some(100));
    }

    #[test]
    fn wrong_recipients_are_code_131009() {
        for to in ["Ana", "12", "US.1000"] {
            let mut body = text();
            body["to"] = json!(to);
            assert_eq!(code(&body), Some(131_009), "{to}");
        }
    }

    #[test]
    fn buttons_have_limits() {
        let reply = |id: &str, title: &str| json!({"type": "reply", "reply": {"id": id, "title": title}});
        assert_eq!(code(&buttons(&json!([reply("a", "Yes"), reply("b", "No")]))), None);
        let four: Vec<_> = (0..4).map(|index| reply(&format!("{index}"), &format!("{index}"))).collect();
        for wrong in [
            json!([]),
            json!(four),
            json!([reply("", "Yes")]),
            json!([reply("a", "")]),
            json!([reply("a", &"x".repeat(BUTTON_TITLE_CHARS_MAX + 1))]),
            json!([reply("a", "Yes"), reply("a", "No")]),
            json!([reply("a", "Yes"), reply("b", "Yes")]),
            json!([{"type": "url"}]),
        ] {
            assert_eq!(code(&buttons(&wrong)), Some(131_009), "{wrong}");
        }
    }

    #[test]
    fn reading_and_typing_go_together() {
        let mut body = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1"});
        let read = |typing| Ok(MessageRequest::Read { message_id: "wamid.1".to_owned(), typing });
        assert_eq!(parse(&body), read(false));
        body["typing_indicator"] = json!({"type": "text"});
        assert_eq!(parse(&body), read(true));
        body["status"] = json!("delivered");
        assert_eq!(code(&body), Some(100));
    }

    #[test]
    fn a_contact_request_has_its_one_button() {
        let body = json!({"messaging_product": "whatsapp", "recipient": "US.1000", "type": "interactive", "interactive": {
            "type": "request_contact_info", "body": {"text": "Your number?"},
            "action": {"name": "request_contact_info"}}});
        let Ok(MessageRequest::Send(SendRequest {
            content: Content::Interactive { kind, buttons, .. }, ..
        })) = parse(&body)
        else {
            panic!("not read");
        };
        assert_eq!((kind, buttons[0].kind), ("request_contact_info", ButtonKind::RequestContact));
    }
}
