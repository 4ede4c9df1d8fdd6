//! What crosses the border between Rust and JavaScript, as plain objects.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use loggin::{Error, Loggin, LogginBuilder};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

/// How the client names itself to the server.
const USER_AGENT: &str = concat!("loggin-node/", env!("CARGO_PKG_VERSION"));

/// The options of a client; what is not given comes from the environment.
#[napi(object, object_to_js = false)]
pub struct ClientOptions {
    pub base_url: Option<String>,
    pub secret_key: Option<String>,
    pub whatsapp_number: Option<String>,
    pub timeout_ms: Option<f64>,
    pub max_retries: Option<i64>,
    pub allow_insecure_http: Option<bool>,
    pub idempotency_key: Option<String>,
}

impl ClientOptions {
    pub(crate) fn into_builder(self) -> LogginBuilder {
        let builder = Loggin::builder().user_agent(USER_AGENT);
        let builder = apply(builder, self.base_url, LogginBuilder::base_url);
        let builder = apply(builder, self.secret_key, LogginBuilder::secret_key);
        let builder = apply(builder, self.whatsapp_number, LogginBuilder::whatsapp_number);
        let builder = apply(builder, self.timeout_ms.map(duration), LogginBuilder::timeout);
        let builder = apply(builder, self.max_retries.map(retries), LogginBuilder::max_retries);
        let builder = apply(builder, self.allow_insecure_http, LogginBuilder::allow_insecure_http);
        apply(builder, self.idempotency_key, LogginBuilder::idempotency_key)
    }
}

fn apply<T>(
    builder: LogginBuilder,
    value: Option<T>,
    set: fn(LogginBuilder, T) -> LogginBuilder,
) -> LogginBuilder {
    match value {
        Some(value) => set(builder, value),
        None => builder,
    }
}

/// A number that no builder accepts stays one that it does not accept.
fn retries(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A span of more milliseconds than a duration holds is for ever.
pub(crate) fn duration(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1_000.0).unwrap_or(Duration::MAX)
}

/// Why something failed.
#[napi(object, object_from_js = false)]
pub struct Failure {
    pub code: String,
    pub class_name: String,
    pub message: String,
    pub retryable: bool,
    pub status: Option<u16>,
    /// Seconds.
    pub retry_after: Option<f64>,
    pub attempts_left: Option<u32>,
    pub request_id: Option<String>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            code: error.code_str().into(),
            class_name: error.code().class().name().into(),
            message: error.message().into(),
            retryable: error.is_retryable(),
            status: error.status(),
            retry_after: error.retry_after().map(|delay| delay.as_secs_f64()),
            attempts_left: error.attempts_left(),
            request_id: error.request_id().map(Into::into),
        }
    }
}

pub(crate) fn either<T>(result: Result<T, Error>) -> Either<T, Failure> {
    match result {
        Ok(value) => Either::A(value),
        Err(error) => Either::B(error.into()),
    }
}

/// Who signed in.
#[napi(object, object_from_js = false)]
pub struct Session {
    pub app_key: String,
    pub phone: String,
    pub user_id: Option<String>,
    /// Milliseconds since 1970.
    pub verified_at: f64,
}

impl From<loggin::Session> for Session {
    fn from(session: loggin::Session) -> Self {
        Self {
            app_key: session.app_key.to_string(),
            phone: session.phone.expose().into(),
            user_id: session.user_id.map(Into::into),
            verified_at: since_1970(session.verified_at) * 1_000.0,
        }
    }
}

/// Seconds, before 1970 below zero.
fn since_1970(time: SystemTime) -> f64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// What a wait or a call came to: a failure, a session, or neither where nobody has signed in yet.
#[napi(object, object_from_js = false)]
pub struct Settled {
    pub id: u32,
    pub session: Option<Session>,
    pub failure: Option<Failure>,
}

impl Settled {
    pub(crate) fn new(id: u32, result: Result<Option<loggin::Session>, Error>) -> Self {
        match result {
            Ok(session) => Self { id, session: session.map(Into::into), failure: None },
            Err(error) => Self { id, session: None, failure: Some(error.into()) },
        }
    }
}
