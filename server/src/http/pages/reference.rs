//! `GET /docs`: every call of the API, as `/openapi.json` describes it.

use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use loggin_protocol::{ErrorCode, Retry};
use serde_json::{Map, Value};

use super::{
    Head, page,
    schema::{Field, Named, Schemas, text},
};
use crate::{http::routes::openapi, state::Server};

/// The parts of the page, each with the calls of one tag; a tag that is missing here comes after them by its own name.
const GROUPS: [(&str, &str); 6] = [
    ("tokens", "Sign in by link"),
    ("otp", "One-time codes"),
    ("admin", "Administration"),
    ("links", "Links"),
    ("operations", "Operations"),
    ("webhooks", "WhatsApp’s webhook"),
];

/// The calls that come first in their parts; the others follow by their paths.
const FIRST: [&str; 4] =
    ["/api/v1/tokens/events", "/api/v1/tokens/verify", "/api/v1/auth/start", "/api/v1/auth/verify"];

/// The document does not change while the server runs.
static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(openapi::document()).unwrap_or_default());

#[derive(Template)]
#[template(path = "reference.html")]
struct ReferencePage<'a> {
    head: Head,
    origin: &'a str,
    groups: Vec<Group>,
    schemas: Vec<Named>,
    errors: Vec<ErrorEntry>,
}

struct Group {
    id: String,
    title: String,
    calls: Vec<Call>,
}

struct Call {
    id: String,
    method: String,
    path: String,
    title: String,
    text: String,
    /// What it needs to be known by.
    key: String,
    parameters: Vec<Parameter>,
    body: Option<Body>,
    responses: Vec<Answer>,
    request: String,
    /// What a response holds when all is well.
    response: Option<String>,
}

struct Parameter {
    place: String,
    field: Field,
}

struct Body {
    name: Option<String>,
    fields: Vec<Field>,
}

struct Answer {
    status: String,
    text: String,
    bodies: Vec<AnswerBody>,
}

struct AnswerBody {
    media: String,
    name: Option<String>,
}

struct ErrorEntry {
    code: &'static str,
    status: u16,
    class: &'static str,
    advice: &'static str,
}

/// Shows the reference.
pub(super) async fn handle(State(server): State<Arc<Server>>) -> Response {
    let origin = &server.settings.public_origin;
    let schemas = Schemas(&DOCUMENT["components"]["schemas"]);
    let reference = ReferencePage {
        head: Head::of(&server, "docs"),
        origin,
        groups: groups(schemas, origin),
        schemas: schemas.named(),
        errors: errors(),
    };
    page(StatusCode::OK, &reference, None)
}

fn groups(schemas: Schemas<'_>, origin: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = GROUPS
        .map(|(id, title)| Group { id: id.to_owned(), title: title.to_owned(), calls: Vec::new() })
        .into();
    for (path, methods) in DOCUMENT["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let tag = text(&operation["tags"][0]);
            let call = call(schemas, origin, path, method, operation);
            match groups.iter_mut().find(|group| group.id == tag) {
                Some(group) => group.calls.push(call),
                None => groups.push(Group { id: tag.clone(), title: tag, calls: vec![call] }),
            }
        }
    }
    for group in &mut groups {
        let place = |call: &Call| FIRST.iter().position(|path| *path == call.path).unwrap_or(FIRST.len());
        group.calls.sort_by_key(place);
    }
    groups.retain(|group| !group.calls.is_empty());
    groups
}

fn call(schemas: Schemas<'_>, origin: &str, path: &str, method: &str, operation: &Value) -> Call {
    let json = &operation["requestBody"]["content"]["application/json"]["schema"];
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let parameters = parameters.map(|parameter| {
        let (name, is_required) = (text(&parameter["name"]), parameter["required"] == true);
        let words = text(&parameter["description"]);
        Parameter {
            place: text(&parameter["in"]),
            field: Field::new(&name, &parameter["schema"], is_required, words),
        }
    });
    let responses = operation["responses"].as_object();
    let whole = json["$ref"].is_string().then(|| name_of(json)).flatten();
    Call {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        title: text(&operation["summary"]),
        text: text(&operation["description"]),
        key: key(&operation["security"]),
        parameters: parameters.collect(),
        body: json.is_object().then(|| Body { name: whole, fields: schemas.fields(json) }),
        responses: responses
            .into_iter()
            .flatten()
            .map(|(status, answer)| self::answer(status, answer))
            .collect(),
        request: request(schemas, origin, path, method, operation),
        response: responses.and_then(|responses| example(schemas, responses)),
    }
}

/// Which key a call takes: the last choice is the strictest.
fn key(security: &Value) -> String {
    match security.as_array() {
        None => "No key.".to_owned(),
        Some(choices) if choices.iter().any(|choice| choice.as_object().is_some_and(Map::is_empty)) => {
            "The app’s secret key, unless the app asks for none.".to_owned()
        }
        Some(choices) => match scope(choices) {
            Some(scope) => format!("An access key with the scope {scope}."),
            None => "The app’s secret key.".to_owned(),
        },
    }
}

/// The scope that an access key needs, where the call takes one.
fn scope(choices: &[Value]) -> Option<&str> {
    choices.iter().find_map(|choice| choice["access_key"][0].as_str())
}

/// The name of a schema that stands for another.
fn name_of(schema: &Value) -> Option<String> {
    schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).map(str::to_owned)
}

fn answer(status: &str, answer: &Value) -> Answer {
    let bodies = answer["content"].as_object().into_iter().flatten();
    let bodies =
        bodies.map(|(media, body)| AnswerBody { media: media.clone(), name: name_of(&body["schema"]) });
    Answer { status: status.to_owned(), text: text(&answer["description"]), bodies: bodies.collect() }
}

/// The call by `curl`, with all that it cannot do without.
fn request(schemas: Schemas<'_>, origin: &str, path: &str, method: &str, operation: &Value) -> String {
    let (mut url, mut headers) = (format!("{origin}{path}"), Vec::new());
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    for parameter in parameters.filter(|parameter| parameter["required"] == true) {
        let name = text(&parameter["name"]);
        let value = EXAMPLE_PARAMETERS.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let value = value.map_or_else(|| text(&schemas.example(&parameter["schema"], false)), str::to_owned);
        match parameter["in"].as_str() {
            Some("path") => url = url.replace(&format!("{{{name}}}"), &value),
            Some("query") => {
                url.push(if url.contains('?') { '&' } else { '?' });
                url.extend([name.as_str(), "=", &value]);
            }
            _ => headers.push(format!("{name}: {value}")),
        }
    }
    if let Some(choices) = operation["security"].as_array() {
        let key = if scope(choices).is_some() { "$ACCESS_KEY" } else { "$LOGGIN_SECRET_KEY" };
        headers.push(format!("Authorization: Bearer {key}"));
    }
    let json = &operation["requestBody"]["content"]["application/json"]["schema"];
    let mut lines = vec![format!("curl -X {} \"{url}\"", method.to_uppercase())];
    if json.is_object() {
        headers.push("Content-Type: application/json".to_owned());
    }
    lines.extend(headers.iter().map(|header| format!("  -H \"{header}\"")));
    if json.is_object() {
        lines.push(format!("  -d '{}'", schemas.example(json, false)));
    }
    lines.join(" \\\n")
}

/// Values of parameters whose schema says no more than that they are texts.
const EXAMPLE_PARAMETERS: [(&str, &str); 10] = [
    ("admin_name", "olga@shop.example"),
    ("app_key", "8XKPQ2WN"),
    ("code", "8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB"),
    ("endpoint_id", "whe_0123456789abcdef"),
    ("hub.challenge", "1158201444"),
    ("hub.mode", "subscribe"),
    ("hub.verify_token", "$WHATSAPP_VERIFY_TOKEN"),
    ("key_id", "1a2b3c4d"),
    ("number", "+12025550100"),
    ("X-Hub-Signature-256", "sha256=…"),
];

/// What the call responds with when all is well, as JSON.
fn example(schemas: Schemas<'_>, responses: &Map<String, Value>) -> Option<String> {
    let schema = &responses.get("200")?["content"]["application/json"]["schema"];
    let name = name_of(schema)?;
    serde_json::to_string_pretty(&schemas.example(&schemas.0[name.as_str()], true)).ok()
}

/// Every code that this server responds with.
fn errors() -> Vec<ErrorEntry> {
    let codes = ErrorCode::ALL.into_iter();
    codes
        .filter_map(|code| {
            let status = code.http_status()?;
            Some(ErrorEntry {
                code: code.as_str(),
                status,
                class: code.class().name(),
                advice: advice(code.retry()),
            })
        })
        .collect()
}

fn advice(retry: Retry) -> &'static str {
    match retry {
        Retry::AfterDelay => "Repeat the call after retry_after seconds.",
        Retry::AskUser => "Ask the person for the code again.",
        Retry::StartAgain => "Start another login.",
        Retry::StartAgainLater => "Start another login, later.",
        Retry::Temporary => "It passes: repeat the call.",
        _ => "Fix the call: repeating does not help.",
    }
}
