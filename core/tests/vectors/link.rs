//! `link.json`: message texts, numbers and links.

use loggin_protocol::{
    Code,
    link::{WhatsAppNumber, message_text, percent_encode, server_link, wa_me_link},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Outcome, outcome, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageInput {
    text: Option<String>,
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerLinkInput {
    base_url: String,
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextInput {
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WaMeInput {
    number: String,
    text: String,
}

pub(crate) fn call(kind: &str, input: Value) -> Option<Outcome> {
    let call = match kind {
        "message_text" => message,
        "percent_encode" => |input| Ok(json!({"encoded": percent_encode(&read::<TextInput>(input).text)})),
        "server_link" => by_way_of_the_server,
        "wa_me_link" => to_whatsapp,
        "whatsapp_number" => number,
        _ => return None,
    };
    Some(outcome(call(input)))
}

fn message(input: Value) -> Result<Value, loggin::Error> {
    let MessageInput { text, code } = read(input);
    Ok(json!({"text": message_text(text.as_deref(), &Code::parse(&code)?)?}))
}

fn by_way_of_the_server(input: Value) -> Result<Value, loggin::Error> {
    let ServerLinkInput { base_url, code } = read(input);
    Ok(json!({"link": server_link(&base_url.parse().unwrap(), &Code::parse(&code)?)}))
}

fn to_whatsapp(input: Value) -> Result<Value, loggin::Error> {
    let WaMeInput { number, text } = read(input);
    Ok(json!({"link": wa_me_link(WhatsAppNumber::parse(&number)?, &text)}))
}

fn number(input: Value) -> Result<Value, loggin::Error> {
    Ok(json!({"digits": WhatsAppNumber::parse(&read::<TextInput>(input).text)?.digits()}))
}
