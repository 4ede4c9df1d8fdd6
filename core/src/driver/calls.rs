//! Calls that are answered at once, with their retries: on the caller's own thread, or on one of the client's.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    hub::{FOREVER, Hub},
    in_flight::{CallId, closed},
    pending::Pending,
    random::{jitter, new_idempotency_key},
    slot::Slot,
    thread::unwound,
    transport::{MAX_RESPONSE, Request, Response, Settings, Unreached, invalid_response, unreached},
};
use loggin_protocol::{
    Cause, Confirm, Error, ErrorCode, PhoneNeed, Retry, Session, SessionPhone, Token, backoff,
    wire::{VERIFY_PATH, VerifyRequest, VerifyResponse},
};

/// The longest `Retry-After` that a call waits for: somebody waits for its result, often a person at a form. A longer one
/// is the caller's to wait for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(5);

/// A call as it is made: its tries share all of this.
pub(crate) struct Call {
    path: &'static str,
    idempotency_key: String,
    body: Vec<u8>,
    began: Instant,
    /// The time for all tries together.
    timeout: Duration,
    attempt: u32,
}

/// What a try came to.
enum Step {
    Done(Result<Vec<u8>, Error>),
    Again(Duration),
}

impl Hub {
    /// The call that redeems a token; [`reader_of`] reads its response.
    pub(crate) fn verify_call(&self, token: &Token, timeout: Option<Duration>) -> Result<Call, Error> {
        let Settings { app_key, least, need, .. } = **self.settings();
        let app_key = app_key.map(|app_key| app_key.to_string());
        let request = VerifyRequest { token: token.expose(), app_key, confirm: least, phone: need };
        self.new_call(VERIFY_PATH, self.idempotency_key().to_owned(), &request, timeout)
    }

    /// A call of the app's server. It counts once, however often it is sent: the server knows it by a key of its own.
    pub(crate) fn call_once(
        &self,
        path: &'static str,
        request: &impl Serialize,
        timeout: Option<Duration>,
    ) -> Result<Call, Error> {
        if self.settings().secret_key.is_none() {
            return Err(Error::new(
                ErrorCode::Unauthorized,
                "This call needs the app's secret key: the option secret_key, or LOGGIN_SECRET_KEY.",
            ));
        }
        self.token_call(path, request, timeout)
    }

    /// A call by whoever has the token. It counts once, as [`Hub::call_once`] does.
    pub(crate) fn token_call(
        &self,
        path: &'static str,
        request: &impl Serialize,
        timeout: Option<Duration>,
    ) -> Result<Call, Error> {
        self.new_call(path, new_idempotency_key()?, request, timeout)
    }

    fn new_call(
        &self,
        path: &'static str,
        idempotency_key: String,
        request: &impl Serialize,
        timeout: Option<Duration>,
    ) -> Result<Call, Error> {
        let body = serde_json::to_vec(request).map_err(|_| invalid_response(0))?;
        let timeout = timeout.unwrap_or(self.settings().call_timeout).min(FOREVER);
        Ok(Call { path, idempotency_key, body, began: Instant::now(), timeout, attempt: 0 })
    }

    /// Makes a call on this thread.
    ///
    /// `read` makes a result of the body of a 200.
    pub(crate) fn make<T>(
        self: &Arc<Self>,
        mut call: Call,
        read: impl Fn(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let id = self.in_flight().begin(None).ok_or_else(closed)?;
        loop {
            match self.try_once(id, &mut call) {
                Step::Done(result) => {
                    self.in_flight().end(id);
                    return result.and_then(|body| read(&body));
                }
                Step::Again(pause) if self.in_flight().pause(id, pause) => {}
                Step::Again(_) => return Err(closed()),
            }
        }
    }

    /// Makes a call on a thread of the client's own.
    pub(crate) fn begin<T: Clone + Send + 'static>(
        self: &Arc<Self>,
        call: Result<Call, Error>,
        read: impl Fn(&[u8]) -> Result<T, Error> + Send + 'static,
    ) -> Pending<T> {
        let mut call = match call {
            Ok(call) => call,
            Err(error) => return Pending::settled(Err(error)),
        };
        let slot = Slot::new();
        let to_end = Arc::clone(&slot);
        let Some(id) = self.in_flight().begin(Some(Box::new(move |error| to_end.settle(Err(error))))) else {
            return Pending::settled(Err(closed()));
        };
        let settler = Settler { hub: Arc::clone(self), id, slot: Arc::clone(&slot) };
        let job = Box::new(move || match settler.hub.try_once(id, &mut call) {
            Step::Again(pause) => Some(pause),
            Step::Done(result) => {
                settler.slot.settle(result.and_then(|body| read(&body)));
                None
            }
        });
        if let Err(error) = self.workers().run(job) {
            return Pending::settled(Err(error));
        }
        Pending::of_call(slot, self, id)
    }

    /// Makes one try. What passes is tried again where the server asks for no longer pause, and the time allows it.
    fn try_once(self: &Arc<Self>, id: CallId, call: &mut Call) -> Step {
        self.look_at_clock();
        let left = call.timeout.saturating_sub(call.began.elapsed());
        if left.is_zero() {
            return Step::Done(Err(unreached(Cause::Timeout)));
        }
        let Some(http) = self.in_flight().take(id) else { return Step::Done(Err(closed())) };
        let request = Request {
            path: call.path,
            accept: "application/json",
            idempotency_key: &call.idempotency_key,
            body: &call.body,
            timeout: Some(left),
        };
        let sent = unwound(|| match http.send(self.settings(), &request) {
            Ok(response) => read_response(response),
            Err(Unreached(cause)) => Err(unreached(cause)),
        });
        if !self.in_flight().put_back(id, http) {
            return Step::Done(Err(closed()));
        }
        let result = sent.unwrap_or_else(|| Err(panicked()));
        self.note(&result);
        let error = match result {
            Ok(body) => return Step::Done(Ok(body)),
            Err(error) => error,
        };
        log::debug!(target: "loggin", "{} failed at attempt {}: {}", call.path, call.attempt, error.code());
        let pause = error.retry_after();
        if call.attempt == self.settings().max_retries
            || !is_worth_repeating(&error)
            || pause.is_some_and(|pause| pause > MAX_RETRY_AFTER)
        {
            return Step::Done(Err(error));
        }
        let pause = backoff::delay(call.attempt, call.began.elapsed(), pause, jitter());
        call.attempt += 1;
        if call.began.elapsed() + pause >= call.timeout {
            return Step::Done(Err(error));
        }
        Step::Again(pause)
    }

    /// Keeps what a try tells of the way to the server.
    fn note(&self, result: &Result<Vec<u8>, Error>) {
        match result {
            Ok(_) => self.reach().answered(),
            Err(error) => match error.cause() {
                Some(cause) => self.reach().failed(cause, None),
                None if error.code() == ErrorCode::Internal => {}
                None => self.reach().answered(),
            },
        }
    }
}

/// Reads who signed in with a token; `None` while nobody has.
pub(crate) fn reader_of<P: SessionPhone>(
    token: Token,
    least: Confirm,
    need: PhoneNeed,
) -> impl Fn(&[u8]) -> Result<Option<Session<P>>, Error> + Send {
    move |body| match read_body(body)? {
        VerifyResponse::Pending => Ok(None),
        VerifyResponse::Verified(session) => {
            let session = session.of_app(token.app_key())?.confirmed_by(least)?.told_to(need)?;
            session.try_into().map(Some)
        }
    }
}

/// The response of a call.
pub(crate) fn read_body<A: DeserializeOwned>(body: &[u8]) -> Result<A, Error> {
    serde_json::from_slice(body).map_err(|_| invalid_response(200))
}

/// Sees to it that a call of another thread has a result, whatever becomes of that thread's work.
struct Settler<T: Clone> {
    hub: Arc<Hub>,
    id: CallId,
    slot: Arc<Slot<T>>,
}

impl<T: Clone> Drop for Settler<T> {
    fn drop(&mut self) {
        self.hub.in_flight().end(self.id);
        // The first result stays.
        self.slot.settle(Err(panicked()));
    }
}

/// The error of a call whose own code, or that of a library, gave way.
fn panicked() -> Error {
    Error::new(ErrorCode::Internal, "The call panicked; the panic hook has reported where.")
}

fn read_response(mut response: Response) -> Result<Vec<u8>, Error> {
    if response.status == 200 {
        return response.read_json(MAX_RESPONSE);
    }
    let pause = response.retry_after();
    Err(response.read_error().unwrap_or_else(|error| error.with_retry_after(pause)))
}

/// The error's code decides; where it is none of the protocol's, the status does.
fn is_worth_repeating(error: &Error) -> bool {
    match error.code() {
        ErrorCode::InvalidResponse | ErrorCode::Unrecognized => {
            matches!(error.status(), Some(408 | 429 | 502..=504))
        }
        ErrorCode::Connection | ErrorCode::RateLimited | ErrorCode::Unavailable => true,
        code => code.retry() == Retry::Temporary && matches!(error.status(), Some(502..=504)),
    }
}
