//! `token.json`: identifiers, from secret bytes and from text.

use loggin::{AppKey, Code, Token};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Outcome, outcome, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateInput {
    app_key: String,
    secret: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextInput {
    text: String,
}

pub(crate) fn call(kind: &str, input: Value) -> Option<Outcome> {
    let call = match kind {
        "create" => create,
        "parse_app_key" => parse_app_key,
        "parse_code" => parse_code,
        "parse_token" => parse_token,
        _ => return None,
    };
    Some(outcome(call(input)))
}

fn create(input: Value) -> Result<Value, loggin::Error> {
    let CreateInput { app_key, secret } = read(input);
    assert_eq!(secret.len(), 2 * Token::SECRET_BYTES);
    let secret = std::array::from_fn(|at| u8::from_str_radix(&secret[2 * at..2 * at + 2], 16).unwrap());
    let token = Token::from_secret(AppKey::parse(&app_key)?, secret);
    Ok(json!({"token": token.expose(), "code": token.code().expose()}))
}

fn parse_app_key(input: Value) -> Result<Value, loggin::Error> {
    let app_key = AppKey::parse(&read::<TextInput>(input).text)?;
    Ok(json!({"app_key": app_key.as_str()}))
}

fn parse_code(input: Value) -> Result<Value, loggin::Error> {
    let code = Code::parse(&read::<TextInput>(input).text)?;
    Ok(json!({
        "code": code.expose(),
        "app_key": code.app_key().as_str(),
        "login_id": code.login_id(),
    }))
}

fn parse_token(input: Value) -> Result<Value, loggin::Error> {
    let token = Token::parse(&read::<TextInput>(input).text)?;
    Ok(json!({
        "token": token.expose(),
        "app_key": token.app_key().as_str(),
        "code": token.code().expose(),
    }))
}
