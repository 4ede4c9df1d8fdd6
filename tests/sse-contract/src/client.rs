//! A client of one event stream: the SDK's decoder and backoff, around a thin loop of HTTP requests.

use std::{
    collections::HashMap,
    io::{ErrorKind, Read},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use loggin_protocol::{
    backoff,
    sse::{Decoder, Item},
};
use serde::Deserialize;
use ureq::{
    Agent,
    http::{Method, Request, Response, Uri},
};

use crate::callback::Callbacks;

/// A stream this silent is lost, unless the request says otherwise: as in the SDK.
const SILENCE: Duration = Duration::from_secs(45);

/// Longest time until a response begins.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(20);

/// Bytes read at a time: as in the SDK.
const CHUNK: usize = 4 << 10;

/// Which stream to read, and where to tell of it. `initialDelayMs` is not read: the SDK's delays are fixed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StreamRequest {
    stream_url: String,
    callback_url: String,
    #[serde(default)]
    headers: HashMap<String, String>,
    method: Option<String>,
    body: Option<String>,
    last_event_id: Option<String>,
    read_timeout_ms: Option<u64>,
}

/// Reads its stream, again and again, until it is dropped.
pub(crate) struct Client(Arc<Control>);

struct Control {
    state: Mutex<State>,
    has_changed: Condvar,
}

struct State {
    is_closed: bool,
    /// A restart was asked for and has not happened.
    is_restarting: bool,
    /// The way to the server of the present connection.
    agent: Option<Agent>,
}

/// Why a connection is over.
enum End {
    /// The stream ended as streams do.
    Finished,
    Failed(&'static str),
}

impl Client {
    /// Starts to read; `None` where the request makes no sense.
    pub(crate) fn start(request: StreamRequest) -> Option<Self> {
        request.build(None)?;
        let state = State { is_closed: false, is_restarting: false, agent: None };
        let control = Arc::new(Control { state: Mutex::new(state), has_changed: Condvar::new() });
        let of_thread = Arc::clone(&control);
        thread::Builder::new().spawn(move || run(&of_thread, &request)).ok()?;
        Some(Self(control))
    }

    /// Ends the present connection and begins the next at once.
    pub(crate) fn restart(&self) {
        let mut state = self.0.lock();
        state.is_restarting = true;
        self.0.hang_up(state);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_closed = true;
        self.0.hang_up(state);
    }
}

impl Control {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hang_up(&self, mut state: MutexGuard<'_, State>) {
        let agent = state.agent.take();
        drop(state);
        self.has_changed.notify_all();
        if let Some(agent) = agent {
            agent.shutdown();
        }
    }

    /// Makes the way to the server for the next connection; `None` once the client is closed.
    fn connect(&self, silence: Duration) -> Option<Agent> {
        let mut state = self.lock();
        if state.is_closed {
            return None;
        }
        state.is_restarting = false;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .accept_encoding("identity")
            .timeout_recv_response(Some(RESPONSE_TIMEOUT))
            .timeout_per_read(Some(silence));
        let agent = config.build().new_agent();
        state.agent = Some(agent.clone());
        Some(agent)
    }

    /// Waits before the next connection, unless a restart is asked for; the flag tells whether one was.
    fn pause(&self, delay: Duration) -> bool {
        let is_waiting = |state: &mut State| !state.is_closed && !state.is_restarting;
        let state = self.has_changed.wait_timeout_while(self.lock(), delay, is_waiting);
        state.unwrap_or_else(PoisonError::into_inner).0.is_restarting
    }

    /// Whether the present connection was ended from here.
    fn was_hung_up(&self) -> bool {
        let state = self.lock();
        state.is_closed || state.is_restarting
    }
}

impl StreamRequest {
    fn build(&self, last_event_id: Option<&str>) -> Option<Request<String>> {
        let method = self.method.as_deref().unwrap_or("GET");
        let mut builder = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).ok()?)
            .uri(self.stream_url.parse::<Uri>().ok()?)
            .header("Accept", "text/event-stream")
            .header("Cache-Control", "no-cache");
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        if let Some(id) = last_event_id {
            builder = builder.header("Last-Event-Id", id);
        }
        builder.body(self.body.clone().unwrap_or_default()).ok()
    }

    fn send(&self, agent: &Agent, last_event_id: &str) -> Result<Response<ureq::Body>, End> {
        let request = self
            .build(Some(last_event_id).filter(|id| !id.is_empty()))
            .ok_or(End::Failed("the request cannot be made"))?;
        let sent = if self.body.is_some() { agent.run(request) } else { agent.run(request.map(|_| ())) };
        sent.map_err(|_| End::Failed("the server was not reached"))
    }
}

/// How far the stream has come, over all its connections.
struct Reader {
    callbacks: Callbacks,
    last_event_id: String,
    /// The server's wish how long to wait before connecting again.
    hint: Option<Duration>,
}

fn run(control: &Control, request: &StreamRequest) {
    let silence = request.read_timeout_ms.map_or(SILENCE, Duration::from_millis);
    let mut reader = Reader {
        callbacks: Callbacks::new(&request.callback_url),
        last_event_id: request.last_event_id.clone().unwrap_or_default(),
        hint: None,
    };
    let mut attempt = 0;
    let mut outage = None;
    while let Some(agent) = control.connect(silence) {
        let (end, began) = match request.send(&agent, &reader.last_event_id) {
            Ok(response) => reader.read(response),
            Err(end) => (end, false),
        };
        if control.was_hung_up() {
            continue;
        }
        if let End::Failed(error) = end {
            reader.callbacks.error(error);
        }
        if began {
            (attempt, outage) = (0, None);
        }
        let since = *outage.get_or_insert_with(Instant::now);
        let delay = backoff::delay(attempt, since.elapsed(), reader.hint, rand::random());
        attempt += 1;
        if control.pause(delay) {
            (attempt, outage) = (0, None);
        }
    }
}

impl Reader {
    /// Reads a stream to its end; the flag tells whether it was one.
    fn read(&mut self, response: Response<ureq::Body>) -> (End, bool) {
        let content_type = response.headers().get("Content-Type").and_then(|value| value.to_str().ok());
        let is_event_stream = response.status() == 200
            && content_type.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/event-stream"));
        if !is_event_stream {
            return (End::Failed("the response is no event stream"), false);
        }
        (self.read_events(response.into_body().into_reader()), true)
    }

    fn read_events(&mut self, mut body: impl Read) -> End {
        let mut decoder = Decoder::default();
        let mut chunk = vec![0; CHUNK];
        // An event without an id keeps the one before it, also that of an earlier connection.
        let mut had_id = false;
        loop {
            let length = match body.read(&mut chunk) {
                Ok(0) => return End::Finished,
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    return End::Failed("nothing came for too long");
                }
                Err(_) => return End::Failed("the connection broke"),
            };
            let fed = decoder.feed(&chunk[..length]);
            while let Some(item) = decoder.next_item() {
                match item {
                    Item::Retry(delay) => self.hint = Some(delay),
                    Item::Event(mut event) => {
                        had_id |= !event.last_event_id.is_empty();
                        if had_id {
                            self.last_event_id.clone_from(&event.last_event_id);
                        } else {
                            event.last_event_id.clone_from(&self.last_event_id);
                        }
                        self.callbacks.event(&event);
                    }
                }
            }
            if fed.is_err() {
                return End::Failed("a line or an event is too long");
            }
        }
    }
}
