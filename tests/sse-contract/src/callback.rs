//! What the service tells the tests: events and errors of one stream, numbered in their order.

use loggin_protocol::sse::Event;
use serde::Serialize;
use ureq::Agent;

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Message<'a> {
    Event { event: EventBody<'a> },
    Error { error: &'a str },
}

#[derive(Serialize)]
struct EventBody<'a> {
    #[serde(rename = "type")]
    name: &'a str,
    data: &'a str,
    id: &'a str,
}

/// Where the messages of one stream go.
pub(crate) struct Callbacks {
    agent: Agent,
    url: String,
    /// Messages sent so far: the next one's number stands in its URL.
    sent: u64,
}

impl Callbacks {
    pub(crate) fn new(url: &str) -> Self {
        Self { agent: Agent::new_with_defaults(), url: url.trim_end_matches('/').to_owned(), sent: 0 }
    }

    pub(crate) fn event(&mut self, event: &Event) {
        let event = EventBody { name: &event.name, data: &event.data, id: &event.last_event_id };
        self.send(&Message::Event { event });
    }

    pub(crate) fn error(&mut self, error: &str) {
        self.send(&Message::Error { error });
    }

    fn send(&mut self, message: &Message<'_>) {
        self.sent += 1;
        let url = format!("{}/{}", self.url, self.sent);
        let Ok(body) = serde_json::to_vec(message) else { return };
        // Tests that have ended do not receive it, which is nobody's fault.
        let _ = self.agent.post(url).content_type("application/json").send(body.as_slice());
    }
}
