//! The Loggin SDK as a Node addon: conversion and delegation, nothing else.
//!
//! No exception crosses the border. What can fail returns its result or a `Failure`, out of which the JavaScript
//! layer makes an error of the right class. Waits and calls have an id, which that layer chooses; their results come
//! to the one callback that the client was opened with.
#![deny(unsafe_code)]
#![allow(clippy::needless_pass_by_value, reason = "Node hands strings and functions over by value")]

mod logs;
mod mailbox;
mod values;
mod webhooks;

use std::sync::Arc;

use loggin::{Confirm, ErrorCode, Loggin, PhoneNumber, qr};
use napi::{
    Env,
    bindgen_prelude::{Either, Function, Uint8Array},
};
use napi_derive::napi;

use mailbox::Mailbox;
use values::{ClientOptions, ClientState, Failure, LogLine, OtpRequest, Outcome, Settled, either};
use webhooks::{Header, WebhookEvent};

/// A client whose sessions have a phone where its user, or the call, requires it.
type AnyLoggin = Loggin<Option<PhoneNumber>>;

/// One client: its streams, and the way back for its results.
#[napi]
pub struct Client {
    loggin: AnyLoggin,
    mailbox: Arc<Mailbox>,
}

/// Opens a client. `settle` is called with every result, in batches; it must not throw.
///
/// # Errors
/// Where Node cannot make a function that other threads call.
#[napi]
pub fn open_client(
    options: ClientOptions,
    settle: Function<'_, Vec<Settled>, ()>,
) -> napi::Result<Either<Client, Failure>> {
    let mailbox = Arc::new(Mailbox::new(&settle)?);
    let require_phone = options.require_phone;
    let loggin = options.into_builder().build().map(|loggin| loggin.asking_for(None, require_phone, None));
    Ok(either(loggin.map(|loggin| Client { loggin, mailbox })))
}

/// Has a function hear what the core logs at this level (`error`, `warn`, `info`, `debug`) and above; it must not
/// throw. The result is its number.
///
/// # Errors
/// Where Node cannot make a function that other threads call.
#[napi]
pub fn listen(level: String, tell: Function<'_, LogLine, ()>) -> napi::Result<u32> {
    logs::listen(&level, tell)
}

/// Takes the function with this number away.
#[napi]
pub fn forget_listener(id: u32) {
    logs::forget_listener(id);
}

/// Checks a webhook at this moment, or at another in a test, in milliseconds since 1970.
#[napi]
pub fn verify_webhook(
    payload: Uint8Array,
    headers: Vec<Header>,
    secret: String,
    now: Option<f64>,
) -> Either<WebhookEvent, Failure> {
    webhooks::verify(&payload, headers, &secret, now)
}

#[napi]
impl Client {
    /// Makes a login: its token, its link and its code, one a line. One string crosses at half the cost of an object.
    #[napi]
    pub fn create_token(&self, app_key: String, text: Option<String>) -> Either<String, Failure> {
        let created = match text {
            Some(text) => self.loggin.create_token_with_text(&app_key, &text),
            None => self.loggin.create_token(&app_key),
        };
        either(
            created.map(|login| format!("{}\n{}\n{}", login.token.expose(), login.link, login.code.expose())),
        )
    }

    /// Begins to wait for a token.
    #[napi]
    pub fn wait(
        &self,
        id: u32,
        token: String,
        timeout_ms: Option<f64>,
        confirm: Option<String>,
        require_phone: Option<bool>,
        return_to: Option<String>,
    ) {
        let timeout = timeout_ms.map(values::duration);
        let wait = self.asking(confirm, require_phone, return_to).start_wait(&token, timeout);
        self.mailbox.expect_answer(id, wait, |session| Outcome::Session(Some(session)));
    }

    /// Begins to wait for a token, and to tell how far its login has come.
    #[napi]
    pub fn watch(
        &self,
        id: u32,
        token: String,
        timeout_ms: Option<f64>,
        confirm: Option<String>,
        require_phone: Option<bool>,
        return_to: Option<String>,
    ) {
        let watch =
            self.asking(confirm, require_phone, return_to).watch(&token, timeout_ms.map(values::duration));
        self.mailbox.expect_updates(id, watch);
    }

    /// Begins to redeem a token.
    #[napi]
    pub fn verify(
        &self,
        id: u32,
        token: String,
        timeout_ms: Option<f64>,
        confirm: Option<String>,
        require_phone: Option<bool>,
    ) {
        let call =
            self.asking(confirm, require_phone, None).start_verify(&token, timeout_ms.map(values::duration));
        self.mailbox.expect_answer(id, call, Outcome::Session);
    }

    /// Begins to hand in the digits that WhatsApp showed.
    #[napi]
    pub fn confirm(&self, id: u32, token: String, confirmation_code: String, timeout_ms: Option<f64>) {
        let timeout = timeout_ms.map(values::duration);
        let call = self.loggin.start_confirm(&token, &confirmation_code, timeout);
        self.mailbox.expect_answer(id, call, |()| Outcome::Confirmed);
    }

    /// Begins to ask how far a login has come.
    #[napi]
    pub fn status(&self, id: u32, token: String, timeout_ms: Option<f64>) {
        let call = self.loggin.start_status(&token, timeout_ms.map(values::duration));
        self.mailbox.expect_answer(id, call, Outcome::Status);
    }

    /// The name of a token's login.
    #[napi]
    pub fn login_id(&self, token: String) -> Either<String, Failure> {
        either(self.loggin.login_id(&token))
    }

    /// Begins to ask which of these logins their persons took back.
    #[napi]
    pub fn denied(&self, id: u32, login_ids: Vec<String>) {
        let call = self.loggin.denied_logins_async(&login_ids);
        self.mailbox.expect_answer(id, call, Outcome::LoginIds);
    }

    /// Begins to send a one-time code; the meta is JSON text.
    #[napi]
    #[allow(clippy::too_many_arguments, reason = "JavaScript hands over each option by itself")]
    pub fn start_otp(
        &self,
        id: u32,
        phone: String,
        country_code: Option<String>,
        otp_length: Option<i64>,
        meta: Option<String>,
        client_ip: Option<String>,
        timeout_ms: Option<f64>,
    ) {
        let request = OtpRequest { phone, country_code, otp_length, meta, client_ip, timeout_ms };
        self.mailbox.expect_answer(id, self.loggin.otp().start_async(request), Outcome::OtpSession);
    }

    /// Begins to check a one-time code.
    #[napi]
    pub fn verify_otp(&self, id: u32, session_id: String, otp_code: String, timeout_ms: Option<f64>) {
        let timeout = timeout_ms.map(values::duration);
        let call = self.loggin.otp().start_verify(&session_id, &otp_code, timeout);
        self.mailbox.expect_answer(id, call, Outcome::OtpResult);
    }

    /// Ends a wait or a call, which then has no result.
    #[napi]
    pub fn cancel(&self, id: u32) {
        self.mailbox.forget(id);
    }

    /// Keeps the event loop running: something waits.
    ///
    /// # Errors
    /// Where Node is about to end.
    #[napi]
    pub fn hold(&self, env: Env) -> napi::Result<()> {
        self.mailbox.hold(env)
    }

    /// Lets the event loop end: nothing waits.
    ///
    /// # Errors
    /// Where Node is about to end.
    #[napi]
    pub fn release(&self, env: Env) -> napi::Result<()> {
        self.mailbox.release(env)
    }

    /// How the client stands to its server.
    #[napi]
    pub fn state(&self) -> ClientState {
        self.loggin.state().into()
    }

    /// Has all waits connect anew.
    #[napi]
    pub fn resume(&self) {
        self.loggin.resume();
    }

    /// Ends every wait and call with `closed`, and every later one.
    #[napi]
    pub fn close(&self) {
        self.loggin.close();
    }
}

impl Client {
    /// The client for waits and calls that accept no less than this as confirmation, require the phone or do not, and are of
    /// logins that began at this page. The JavaScript layer has looked at the name.
    fn asking(
        &self,
        confirm: Option<String>,
        require_phone: Option<bool>,
        return_to: Option<String>,
    ) -> AnyLoggin {
        let least = confirm.and_then(|name| Confirm::parse(&name).ok());
        self.loggin.asking_for(least, require_phone, return_to.as_deref())
    }
}

/// A link as a QR code, SVG.
#[napi]
pub fn qr_svg(link: String) -> Either<String, Failure> {
    either(qr::svg(&link))
}

/// A link as a QR code of characters.
#[napi]
pub fn qr_terminal(link: String) -> Either<String, Failure> {
    either(qr::terminal(&link))
}

/// A failure of each code that this version knows.
#[napi]
pub fn every_failure() -> Vec<Failure> {
    ErrorCode::ALL.into_iter().map(|code| loggin::Error::new(code, code.as_str()).into()).collect()
}
