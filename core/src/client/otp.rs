//! One-time codes over WhatsApp: what an app asks for, what it is told, and the two calls in between.

use std::{
    fmt,
    hash::{Hash, Hasher},
    net::IpAddr,
    time::{Duration, SystemTime},
};

use loggin_protocol::{
    Error, ErrorCode, PhoneNumber,
    wire::{
        self, OTP_START_PATH, OTP_VERIFY_PATH, OtpStartRequest, OtpStartResponse, OtpStatus,
        OtpVerifyRequest, OtpVerifyResponse,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::Loggin;
use crate::driver::{self, Call, Hub, Pending};

/// The calls for one-time codes; [`Loggin::otp`] gives it.
///
/// A call that got no response is made again, as the same call: it sends no second message and spends no second attempt.
/// Two calls are two attempts. The base URL may be that of any server that speaks this API.
///
/// ```no_run
/// let client = loggin::Loggin::from_env()?;
/// let session = client.otp().start("+919876543210")?;
/// let typed = "483920"; // what the person read in WhatsApp
/// let result = client.otp().verify(&session.session_id, typed)?;
/// println!("{} is theirs", result.phone.expose());
/// # Ok::<(), loggin::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Otp {
    client: Loggin,
}

impl Otp {
    pub(crate) fn of(client: Loggin) -> Self {
        Self { client }
    }

    /// Sends a code to a phone, and blocks until WhatsApp has taken it over.
    ///
    /// A phone has one live code: a second one ends the first.
    ///
    /// # Errors
    /// `unauthorized` at once where the client has no secret key, `invalid_phone` where no message goes to the number
    /// (at once where it is empty), `invalid_request` for an option. `rate_limited` right after another code, or after
    /// too many calls: `retry_after` says when to come back. `blocked` after too many wrong codes. `quota_exceeded`,
    /// `send_failed` or `unavailable` where it cannot be sent. `connection` where the server is not reached.
    pub fn start<R: TryInto<OtpRequest, Error: Into<Error>>>(&self, request: R) -> Result<OtpSession, Error> {
        let request = request.try_into().map_err(Into::into)?;
        let hub = self.client.hub()?;
        hub.make(start_call(hub, &request)?, read_session)
    }

    /// Sends a code to a phone without blocking the caller's thread.
    ///
    /// # Errors
    /// Those of [`Otp::start`], from the returned value.
    pub fn start_async<R: TryInto<OtpRequest, Error: Into<Error>>>(&self, request: R) -> Pending<OtpSession> {
        match request.try_into() {
            Ok(request) => self.begin(|hub| start_call(hub, &request), read_session),
            Err(error) => Pending::settled(Err(error.into())),
        }
    }

    /// Checks the code that the person typed.
    ///
    /// # Errors
    /// `unauthorized` at once where the client has no secret key. `invalid_code` where it is another one:
    /// `attempts_left` says how often they may try again; at once, and without an attempt, where it is empty.
    /// `max_attempts` where that was the last try, `blocked` after too many. `expired`, `already_used` or
    /// `session_not_found` where the session is over. `rate_limited` and `connection` as for [`Otp::start`].
    pub fn verify(&self, session_id: &str, otp_code: &str) -> Result<OtpResult, Error> {
        self.verify_within(session_id, otp_code, None)
    }

    /// Checks the code that the person typed, for so long at most with all tries.
    ///
    /// # Errors
    /// Those of [`Otp::verify`]; `connection` where the time is up.
    pub fn verify_within(
        &self,
        session_id: &str,
        otp_code: &str,
        timeout: Option<Duration>,
    ) -> Result<OtpResult, Error> {
        let hub = self.client.hub()?;
        hub.make(verify_call(hub, session_id, otp_code, timeout)?, read_result)
    }

    /// Checks the code that the person typed without blocking the caller's thread.
    ///
    /// # Errors
    /// Those of [`Otp::verify`], from the returned value.
    pub fn verify_async(&self, session_id: &str, otp_code: &str) -> Pending<OtpResult> {
        self.start_verify(session_id, otp_code, None)
    }

    /// Begins to check the code that the person typed, for so long at most with all tries.
    ///
    /// # Errors
    /// Those of [`Otp::verify`], from the returned value; `connection` where the time is up.
    pub fn start_verify(
        &self,
        session_id: &str,
        otp_code: &str,
        timeout: Option<Duration>,
    ) -> Pending<OtpResult> {
        self.begin(|hub| verify_call(hub, session_id, otp_code, timeout), read_result)
    }

    fn begin<T: Clone + Send + 'static>(
        &self,
        call: impl FnOnce(&Hub) -> Result<Call, Error>,
        read: fn(&[u8]) -> Result<T, Error>,
    ) -> Pending<T> {
        match self.client.hub() {
            Ok(hub) => hub.begin(call(hub), read),
            Err(error) => Pending::settled(Err(error)),
        }
    }
}

fn start_call(hub: &Hub, request: &OtpRequest) -> Result<Call, Error> {
    if request.body.phone.trim().is_empty() {
        return Err(Error::new(ErrorCode::InvalidPhone, "There is no phone number."));
    }
    hub.call_once(OTP_START_PATH, &request.body, request.timeout)
}

fn read_session(body: &[u8]) -> Result<OtpSession, Error> {
    driver::read_body::<OtpStartResponse>(body)?.try_into()
}

fn verify_call(
    hub: &Hub,
    session_id: &str,
    otp_code: &str,
    timeout: Option<Duration>,
) -> Result<Call, Error> {
    if session_id.trim().is_empty() {
        return Err(Error::new(ErrorCode::InvalidRequest, "There is no session id."));
    }
    if otp_code.trim().is_empty() {
        return Err(Error::new(ErrorCode::InvalidCode, "No code was typed."));
    }
    let request = OtpVerifyRequest { session_id: session_id.into(), otp_code: otp_code.into() };
    hub.call_once(OTP_VERIFY_PATH, &request, timeout)
}

fn read_result(body: &[u8]) -> Result<OtpResult, Error> {
    driver::read_body::<OtpVerifyResponse>(body)?.try_into()
}

/// A phone that a code is sent to, and how. A text stands for one without options.
///
/// ```
/// use loggin::OtpRequest;
/// use serde_json::json;
///
/// let request = OtpRequest::new("98765 43210").country_code("IN").otp_length(4).meta(json!({"cart": 7}));
/// ```
#[derive(Clone)]
#[must_use]
pub struct OtpRequest {
    body: OtpStartRequest,
    timeout: Option<Duration>,
}

impl OtpRequest {
    /// A code for this phone: a number with its country code, or as it is written in [`OtpRequest::country_code`].
    pub fn new(phone: impl Into<String>) -> Self {
        let body = OtpStartRequest {
            phone: phone.into(),
            country_code: None,
            otp_length: None,
            meta: None,
            client_ip: None,
        };
        Self { body, timeout: None }
    }

    /// How long the call takes at most, all its tries together; as long as the client was set up for by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The region of a number without country code, such as `IN`.
    pub fn country_code(mut self, region: impl Into<String>) -> Self {
        self.body.country_code = Some(region.into());
        self
    }

    /// Digits of the code, 4 to 8; 6 by default.
    pub fn otp_length(mut self, digits: u32) -> Self {
        self.body.otp_length = Some(digits);
        self
    }

    /// The address of the person at the app, by which the server's guards tell who asks for many numbers; none by default.
    ///
    /// It is the address that the app's connection comes from, or, behind a proxy, the one that this proxy tells of: never
    /// a header that the person can write. An address of IPv4 that is written as one of IPv6 is that of IPv4.
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use loggin::OtpRequest;
    ///
    /// let peer: SocketAddr = "[2001:db8::7]:50412".parse()?;
    /// let request = OtpRequest::new("+919876543210").client_ip(peer.ip());
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    pub fn client_ip(mut self, address: impl Into<IpAddr>) -> Self {
        self.body.client_ip = Some(address.into().to_canonical().to_string());
        self
    }

    /// JSON of the app's own, which comes back with the result.
    pub fn meta(mut self, meta: impl Into<Meta>) -> Self {
        self.body.meta = Some(meta.into().0);
        self
    }
}

impl From<&str> for OtpRequest {
    fn from(phone: &str) -> Self {
        Self::new(phone)
    }
}

impl From<&String> for OtpRequest {
    fn from(phone: &String) -> Self {
        Self::new(phone)
    }
}

impl From<String> for OtpRequest {
    fn from(phone: String) -> Self {
        Self::new(phone)
    }
}

impl fmt::Debug for OtpRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OtpRequest").finish_non_exhaustive()
    }
}

/// The address that a text of another language is; one of IPv4 that is written as one of IPv6 is that of IPv4.
///
/// # Errors
/// `invalid_request` where it is none of IPv4 or IPv6, or has a port, a zone or white space.
///
/// ```
/// use loggin::{ErrorCode, client_ip_of};
///
/// assert!(client_ip_of("2001:db8::7")?.is_ipv6());
/// assert_eq!(client_ip_of("203.0.113.7:443").unwrap_err().code(), ErrorCode::InvalidRequest);
/// # Ok::<(), loggin::Error>(())
/// ```
#[doc(hidden)]
pub fn client_ip_of(text: &str) -> Result<IpAddr, Error> {
    text.parse().map(|address: IpAddr| address.to_canonical()).map_err(|_| {
        let message = "The client's address is one of IPv4 or IPv6, without port, zone or white space.";
        Error::new(ErrorCode::InvalidRequest, message)
    })
}

/// A code that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OtpSession {
    /// What the code is verified for. It is of no use without the secret key.
    pub session_id: Box<str>,
    /// How long the code is valid.
    pub expires_in: Duration,
    /// Whether WhatsApp took the message over; false for a test number, to which nothing is sent.
    pub sent_via_engine: bool,
    /// Codes that the app may still have sent this month; `None` without a quota.
    pub quota_remaining: Option<u64>,
}

impl TryFrom<OtpStartResponse> for OtpSession {
    type Error = Error;

    /// Without its id a session could not be verified.
    fn try_from(body: OtpStartResponse) -> Result<Self, Error> {
        if body.session_id.is_empty() {
            return Err(wire::invalid_response());
        }
        Ok(Self {
            session_id: body.session_id.into(),
            expires_in: Duration::from_secs(body.expires_in),
            sent_via_engine: body.sent_via_engine,
            quota_remaining: body.quota_remaining,
        })
    }
}

/// A phone whose owner typed the code.
///
/// `Debug` shows neither phone nor meta.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OtpResult {
    /// Always [`OtpStatus::Verified`]: what failed is an error.
    pub status: OtpStatus,
    /// The number that the code was sent to: digits with country code, without `+`.
    pub phone: PhoneNumber,
    /// When the code was typed.
    pub verified_at: SystemTime,
    /// What the app gave when it asked for the code.
    pub meta: Option<Meta>,
}

impl TryFrom<OtpVerifyResponse> for OtpResult {
    type Error = Error;

    /// Some servers write a `+` before the number.
    fn try_from(body: OtpVerifyResponse) -> Result<Self, Error> {
        let phone = body.phone.trim();
        let digits = phone.strip_prefix('+').unwrap_or(phone);
        Ok(Self {
            status: body.status,
            phone: PhoneNumber::parse(digits).map_err(|_| wire::invalid_response())?,
            verified_at: body.verified_at.0,
            meta: body.meta.map(Meta),
        })
    }
}

/// JSON of an app's own, kept as it was written.
///
/// `Debug` does not show it: it may be about a person.
///
/// ```
/// use loggin::Meta;
///
/// let meta = Meta::from(serde_json::json!({"cart": 7}));
/// assert_eq!(meta.as_str(), r#"{"cart":7}"#);
/// assert_eq!(meta.read::<serde_json::Value>()?["cart"], 7);
/// # Ok::<(), loggin::Error>(())
/// ```
#[derive(Clone)]
pub struct Meta(Box<RawValue>);

impl Meta {
    /// Takes JSON text over.
    ///
    /// # Errors
    /// `invalid_request` where it is no JSON.
    pub fn parse(text: impl Into<String>) -> Result<Self, Error> {
        RawValue::from_string(text.into()).map(Self).map_err(|_| not_json())
    }

    /// Writes a value as JSON.
    ///
    /// # Errors
    /// `invalid_request` where it cannot be.
    pub fn of(value: &impl Serialize) -> Result<Self, Error> {
        serde_json::value::to_raw_value(value).map(Self).map_err(|_| not_json())
    }

    /// Reads the JSON as a type of the app's own.
    ///
    /// # Errors
    /// `invalid_request` where it does not have that form.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(self.as_str())
            .map_err(|_| Error::new(ErrorCode::InvalidRequest, "The meta does not have the form asked for."))
    }

    /// The JSON as text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

fn not_json() -> Error {
    Error::new(ErrorCode::InvalidRequest, "The meta is no JSON.")
}

impl From<serde_json::Value> for Meta {
    /// A value is JSON already, so this does not fail; `null` takes the place of what cannot be.
    fn from(value: serde_json::Value) -> Self {
        Self(serde_json::value::to_raw_value(&value).unwrap_or_default())
    }
}

impl PartialEq for Meta {
    /// Two are equal where they are written the same.
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Meta {}

impl Hash for Meta {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Meta {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Meta(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_about_a_person_is_shown() {
        let request = OtpRequest::new("+919876543210").meta(Meta::parse(r#"{"name":"Asha"}"#).unwrap());
        let request = request.client_ip([203_u8, 0, 113, 7]);
        let body = r#"{"status":"verified","phone":"919876543210","verified_at":"2026-11-22T08:00:00Z",
            "meta":{"name":"Asha"}}"#;
        let result = OtpResult::try_from(serde_json::from_str::<OtpVerifyResponse>(body).unwrap()).unwrap();
        let shown = format!("{request:?} {:?} {result:?}", request.body);
        for secret in ["9876543210", "Asha", "203.0.113"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        let error = client_ip_of("203.0.113.7:443").unwrap_err();
        assert!(!format!("{error:?} {error}").contains("203"), "{error:?}");
    }

    #[test]
    fn meta_keeps_what_no_number_type_holds() {
        let text = r#"{"id": 1180591620717411303424, "price": 1.10}"#;
        let meta = Meta::parse(text).unwrap();
        assert_eq!(meta.as_str(), text);
        assert_eq!(meta, meta.clone());
        assert_eq!(meta.read::<u8>().unwrap_err().code(), ErrorCode::InvalidRequest);
        assert_eq!(Meta::of(&[1, 2]).unwrap().as_str(), "[1,2]");
        for text in ["", "{", "nul", "1 2", "NaN"] {
            assert_eq!(Meta::parse(text).unwrap_err().code(), ErrorCode::InvalidRequest, "{text}");
        }
    }
}
