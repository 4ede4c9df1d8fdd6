//! What crosses the border between Rust and JavaScript, as plain objects.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use loggin::{Cause, Error, Loggin, LogginBuilder, LoginStatus, Meta, PhoneNumber, Progress, client_ip_of};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

/// How the client names itself to the server.
const USER_AGENT: &str = concat!("loggin-node/", env!("CARGO_PKG_VERSION"));

/// The options of a client; what is not given comes from the environment.
#[napi(object, object_to_js = false)]
pub struct ClientOptions {
    pub base_url: Option<String>,
    pub secret_key: Option<String>,
    pub app_key: Option<String>,
    pub whatsapp_number: Option<String>,
    pub timeout_ms: Option<f64>,
    pub max_retries: Option<i64>,
    pub call_timeout_ms: Option<f64>,
    pub allow_insecure_http: Option<bool>,
    pub idempotency_key: Option<String>,
    pub require_phone: Option<bool>,
    /// Whether the environment says that this is production.
    pub production: Option<bool>,
    /// The variables that are read.
    pub environment: Option<HashMap<String, String>>,
    pub proxy: Option<String>,
    pub ca_file: Option<String>,
    pub ca_pem: Option<String>,
    pub client_cert_file: Option<String>,
    pub client_cert_pem: Option<String>,
}

/// Something that the core logged.
#[napi(object, object_from_js = false)]
pub struct LogLine {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    pub text: String,
}

impl ClientOptions {
    pub(crate) fn into_builder(self) -> LogginBuilder {
        let builder = Loggin::builder().user_agent(USER_AGENT);
        let builder = apply(builder, self.base_url, LogginBuilder::base_url);
        let builder = apply(builder, self.secret_key, LogginBuilder::secret_key);
        let builder = apply(builder, self.app_key, LogginBuilder::app_key);
        let builder = apply(builder, self.production, LogginBuilder::production);
        let builder = apply(builder, self.environment, LogginBuilder::environment);
        let builder = apply(builder, self.whatsapp_number, LogginBuilder::whatsapp_number);
        let builder = apply(builder, self.timeout_ms.map(duration), LogginBuilder::timeout);
        let builder = apply(builder, self.max_retries.map(count), LogginBuilder::max_retries);
        let builder = apply(builder, self.call_timeout_ms.map(duration), LogginBuilder::call_timeout);
        let builder = apply(builder, self.allow_insecure_http, LogginBuilder::allow_insecure_http);
        let builder = apply(builder, self.proxy, LogginBuilder::proxy);
        let builder = apply(builder, self.ca_file, LogginBuilder::ca_file);
        let builder = apply(builder, self.ca_pem, LogginBuilder::ca_pem);
        let builder = apply(builder, self.client_cert_file, LogginBuilder::client_cert_file);
        let builder = apply(builder, self.client_cert_pem, LogginBuilder::client_cert_pem);
        apply(builder, self.idempotency_key, LogginBuilder::idempotency_key)
    }
}

fn apply<B, T>(builder: B, value: Option<T>, set: fn(B, T) -> B) -> B {
    match value {
        Some(value) => set(builder, value),
        None => builder,
    }
}

/// A number that nobody accepts stays one that nobody accepts.
fn count(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
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
    pub cause: Option<String>,
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
            cause: error.cause().map(Cause::name),
        }
    }
}

pub(crate) fn either<T>(result: Result<T, Error>) -> Either<T, Failure> {
    match result {
        Ok(value) => Either::A(value),
        Err(error) => Either::B(error.into()),
    }
}

/// How a client stands to its server.
#[napi(object, object_from_js = false)]
pub struct ClientState {
    pub is_connected: bool,
    /// Milliseconds since 1970.
    pub since: Option<f64>,
    pub cause: Option<String>,
    pub proxy: Option<String>,
}

impl From<loggin::ClientState> for ClientState {
    fn from(state: loggin::ClientState) -> Self {
        let loggin::ClientState { is_connected, since, cause, proxy, .. } = state;
        let since = since.map(|time| since_1970(time) * 1_000.0);
        Self { is_connected, since, cause: cause.map(Cause::name), proxy }
    }
}

/// A session of which the JavaScript layer's own types say whether there is always a phone.
pub(crate) type AnySession = loggin::Session<Option<PhoneNumber>>;

/// Who signed in.
#[napi(object, object_from_js = false)]
pub struct Session {
    pub app_key: String,
    pub phone: Option<String>,
    pub user_id: Option<String>,
    pub subject: String,
    pub confirmation: &'static str,
    pub assurance: String,
    /// Milliseconds since 1970.
    pub verified_at: f64,
}

impl From<AnySession> for Session {
    fn from(session: AnySession) -> Self {
        Self {
            app_key: session.app_key.to_string(),
            phone: session.phone.map(|phone| phone.expose().into()),
            user_id: session.user_id.map(Into::into),
            subject: session.subject.expose(),
            confirmation: session.confirmation.as_str(),
            assurance: session.assurance.as_str().into(),
            verified_at: since_1970(session.verified_at) * 1_000.0,
        }
    }
}

/// Seconds, before 1970 below zero.
pub(crate) fn since_1970(time: SystemTime) -> f64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// A phone that a one-time code is sent to, and how.
pub(crate) struct OtpRequest {
    pub(crate) phone: String,
    pub(crate) country_code: Option<String>,
    pub(crate) otp_length: Option<i64>,
    /// JSON text.
    pub(crate) meta: Option<String>,
    pub(crate) client_ip: Option<String>,
    pub(crate) timeout_ms: Option<f64>,
}

impl TryFrom<OtpRequest> for loggin::OtpRequest {
    type Error = Error;

    fn try_from(given: OtpRequest) -> Result<Self, Error> {
        let request = apply(Self::new(given.phone), given.country_code, Self::country_code);
        let request = apply(request, given.otp_length.map(count), Self::otp_length);
        let request = apply(request, given.timeout_ms.map(duration), Self::timeout);
        let client_ip = given.client_ip.as_deref().map(client_ip_of).transpose()?;
        let request = apply(request, client_ip, Self::client_ip);
        Ok(apply(request, given.meta.map(Meta::parse).transpose()?, Self::meta))
    }
}

/// A one-time code that was sent.
#[napi(object, object_from_js = false)]
pub struct OtpSession {
    pub session_id: String,
    /// Seconds.
    pub expires_in: f64,
    pub sent_via_engine: bool,
    pub quota_remaining: Option<i64>,
}

impl From<loggin::OtpSession> for OtpSession {
    fn from(session: loggin::OtpSession) -> Self {
        Self {
            session_id: session.session_id.into(),
            expires_in: session.expires_in.as_secs_f64(),
            sent_via_engine: session.sent_via_engine,
            quota_remaining: session.quota_remaining.map(|left| i64::try_from(left).unwrap_or(i64::MAX)),
        }
    }
}

/// A phone whose owner typed the one-time code.
#[napi(object, object_from_js = false)]
pub struct OtpResult {
    pub status: &'static str,
    pub phone: String,
    /// Milliseconds since 1970.
    pub verified_at: f64,
    /// JSON text.
    pub meta: Option<String>,
}

impl From<loggin::OtpResult> for OtpResult {
    fn from(result: loggin::OtpResult) -> Self {
        Self {
            status: result.status.as_str(),
            phone: result.phone.expose().into(),
            verified_at: since_1970(result.verified_at) * 1_000.0,
            meta: result.meta.map(|meta| meta.as_str().into()),
        }
    }
}

/// What a wait or a call came to: one of these, or none where nobody has signed in yet or there is nothing to tell.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Settled {
    pub id: u32,
    pub session: Option<Session>,
    pub otp_session: Option<OtpSession>,
    pub otp_result: Option<OtpResult>,
    pub login_ids: Option<Vec<String>>,
    pub status: Option<String>,
    /// How far the login has come whose wait goes on.
    pub progress: Option<String>,
    /// The digits to show then.
    pub match_digits: Option<String>,
    pub failure: Option<Failure>,
}

/// The same, in the types of the core.
pub(crate) enum Outcome {
    Session(Option<AnySession>),
    OtpSession(loggin::OtpSession),
    OtpResult(loggin::OtpResult),
    LoginIds(Vec<String>),
    Status(LoginStatus),
    Confirmed,
    /// More is to come.
    Progress(Progress),
}

impl Settled {
    pub(crate) fn new(id: u32, result: Result<Outcome, Error>) -> Self {
        let settled = Self { id, ..Self::default() };
        match result {
            Ok(Outcome::Session(session)) => Self { session: session.map(Into::into), ..settled },
            Ok(Outcome::OtpSession(session)) => Self { otp_session: Some(session.into()), ..settled },
            Ok(Outcome::OtpResult(result)) => Self { otp_result: Some(result.into()), ..settled },
            Ok(Outcome::LoginIds(login_ids)) => Self { login_ids: Some(login_ids), ..settled },
            Ok(Outcome::Status(status)) => Self { status: Some(status.as_str().into()), ..settled },
            Ok(Outcome::Confirmed) => settled,
            Ok(Outcome::Progress(progress)) => {
                let match_digits = progress.match_digits().map(|digits| digits.to_string());
                Self { progress: Some(progress.as_str().into()), match_digits, ..settled }
            }
            Err(error) => Self { failure: Some(error.into()), ..settled },
        }
    }
}
