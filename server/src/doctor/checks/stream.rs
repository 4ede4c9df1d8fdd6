//! Whether an event stream comes through the public URL as it is written. Where something in front buffers it, people
//! wait until their login has expired.

use loggin_protocol::Token;
use reqwest::{
    Method, Response,
    header::{ACCEPT, CONTENT_TYPE},
};
use serde_json::json;
use tokio::time::timeout;

use super::{store, webhook};
use crate::{
    clock::random_bytes,
    doctor::{
        codes,
        finding::{Finding, Known},
        public::EVENTS,
        subject::Subject,
    },
    limits,
};

pub(in crate::doctor) const NAME: &str = "stream";

const EVENT_STREAM: &str = "text/event-stream";

/// What the first bytes of a stream told.
#[derive(Debug, PartialEq, Eq)]
enum First {
    /// They came at once.
    Ready,
    /// They came at once, and the server knows no such app.
    UnknownApp,
    /// They did not come in time.
    Late,
    /// The stream ended without them.
    Ended,
}

pub(in crate::doctor) async fn check(subject: &Subject) -> Vec<Finding> {
    if let Some(why) = webhook::unreached(subject).await {
        return vec![Finding::skipped(NAME, why)];
    }
    let app_key = match store::app_key(subject).await {
        Ok(Some(app_key)) => app_key,
        Ok(None) => return vec![Finding::skipped(NAME, "there is no app whose login could be waited for")],
        Err(why) => return vec![Finding::skipped(NAME, why)],
    };
    let token = Token::from_secret(app_key, random_bytes(&*subject.random));
    let Some(request) = subject.public.request(Method::POST, EVENTS, &[]) else {
        return vec![Finding::skipped(NAME, "the public URL cannot be called")];
    };
    let body = json!({ "tokens": [token.expose()] }).to_string();
    let request = request.header(CONTENT_TYPE, "application/json").header(ACCEPT, EVENT_STREAM).body(body);
    let first = match timeout(limits::DOCTOR_STREAM, request.send()).await {
        Err(_) => First::Late,
        Ok(Err(_)) => First::Ended,
        Ok(Ok(response)) => match refused(&response) {
            Some(finding) => return vec![finding],
            None => timeout(limits::DOCTOR_STREAM, first(response)).await.unwrap_or(First::Late),
        },
    };
    vec![judge(&first)]
}

/// What a response that is no stream means.
fn refused(response: &Response) -> Option<Finding> {
    let status = response.status().as_u16();
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match status {
        200 if kind.starts_with(EVENT_STREAM) => None,
        429 | 503 => {
            Some(Finding::skipped(NAME, format!("the server takes no more streams: status {status}")))
        }
        _ => {
            let message =
                format!("a call of the API through the public URL is answered with status {status}");
            Some(Finding::of(NAME, &codes::API_NOT_FOUND, message))
        }
    }
}

/// Reads until it is known what the first event is.
async fn first(mut response: Response) -> First {
    let mut text = String::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        text.push_str(&String::from_utf8_lossy(&chunk));
        if let Some(first) = read(&text) {
            return first;
        }
        if text.len() > limits::DOCTOR_RESPONSE {
            break;
        }
    }
    First::Ended
}

/// What the beginning of a stream tells, once it is whole. With a login that is waited for, `ready` counts one.
fn read(text: &str) -> Option<First> {
    let (block, rest) = text.split_once("\n\n")?;
    if !block.contains("event: ready") {
        return Some(First::Ended);
    }
    let is_waited_for = !block.contains(r#""pending":0"#);
    match rest.split_once("\n\n") {
        Some((next, _)) if next.contains("unknown_app") => Some(First::UnknownApp),
        None if !is_waited_for => None,
        _ => Some(First::Ready),
    }
}

fn judge(first: &First) -> Finding {
    let finding = |known: &Known, message: &str| Finding::of(NAME, known, message);
    match first {
        First::Ready => Finding::ok(NAME, "an event stream through the public URL begins at once"),
        First::UnknownApp => finding(
            &codes::SERVER_OTHER_DATABASE,
            "the running server does not know an app of this database: it has another one",
        ),
        First::Late => finding(
            &codes::STREAM_BUFFERED,
            "the first bytes of an event stream do not come through: something in front keeps them back",
        ),
        First::Ended => finding(
            &codes::API_NOT_FOUND,
            "an event stream through the public URL ends before its first event",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_judged_by_its_first_events() {
        let ready = "event: ready\ndata: {\"pending\":1}\n\n";
        for cut in 0..ready.len() {
            assert_eq!(read(&ready[..cut]), None, "{cut}");
        }
        assert_eq!(read(ready), Some(First::Ready));
        let none = "event: ready\ndata: {\"pending\":0}\n\n";
        let rejected = format!("{none}event: rejected\ndata: {{\"error\":\"unknown_app\"}}\n\n");
        for cut in none.len()..rejected.len() {
            assert_eq!(read(&rejected[..cut]), None, "{cut}");
        }
        assert_eq!(read(&rejected), Some(First::UnknownApp));
        assert_eq!(read("<html>\n\n"), Some(First::Ended));
    }

    #[test]
    fn each_beginning_has_its_code() {
        for (first, code) in [
            (First::Ready, "ok"),
            (First::UnknownApp, "server_other_database"),
            (First::Late, "stream_buffered"),
            (First::Ended, "api_not_found"),
        ] {
            assert_eq!(judge(&first).code, code);
        }
    }
}
