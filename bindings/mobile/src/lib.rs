//! The Loggin SDK for Kotlin and Swift: conversion and delegation, nothing else.
//!
//! On a device the client only observes. The app's server, which is handed the token, redeems it.
#![allow(clippy::needless_pass_by_value, reason = "uniffi hands strings and options over by value")]
#![allow(clippy::result_large_err, reason = "a failure that crosses the border cannot be boxed")]

mod failure;
mod logs;
mod values;

use std::{sync::Arc, time::Duration};

use loggin::{
    Confirm, Error, ErrorCode, Loggin, LogginBuilder, LoginStatus, Observed, Observer, Pending, qr,
    timeout_of,
};

pub use failure::{Failure, FailureClass, FailureDetails, failure_of};
pub use logs::{LogLevel, LogListener, set_log_listener};
pub use values::{ClientState, CreatedToken, Session, Update};
use values::{USER_AGENT, apply};

uniffi::setup_scaffolding!();

/// A client of one Loggin server.
#[derive(uniffi::Object)]
pub struct Client {
    observer: Observer,
}

#[uniffi::export]
impl Client {
    /// Makes a client; it opens no connection before it is used. A secret key is always refused. A timeout is in seconds,
    /// here and below.
    #[uniffi::constructor]
    pub fn new(
        base_url: Option<String>,
        secret_key: Option<String>,
        app_key: Option<String>,
        whatsapp_number: Option<String>,
        timeout: Option<f64>,
        allow_insecure_http: bool,
        ca_pem: Option<String>,
    ) -> Result<Self, Failure> {
        let builder = Loggin::builder().user_agent(USER_AGENT).allow_insecure_http(allow_insecure_http);
        let builder = apply(builder, base_url, LogginBuilder::base_url);
        let builder = apply(builder, secret_key, LogginBuilder::secret_key);
        let builder = apply(builder, app_key, LogginBuilder::app_key);
        let builder = apply(builder, whatsapp_number, LogginBuilder::whatsapp_number);
        let builder = apply(builder, ca_pem, LogginBuilder::ca_pem);
        let timeout = timeout.map(|seconds| timeout_of(seconds, ErrorCode::InvalidConfig)).transpose()?;
        Ok(Self { observer: apply(builder, timeout, LogginBuilder::timeout).build_observer()? })
    }

    /// Makes a login, offline.
    pub fn create_token(&self, app_key: String, text: Option<String>) -> Result<Arc<CreatedToken>, Failure> {
        let created = match text {
            Some(text) => self.observer.create_token_with_text(&app_key, &text),
            None => self.observer.create_token(&app_key),
        };
        Ok(Arc::new(created?.into()))
    }

    /// Waits until the person has signed in. Dropping the future ends the wait.
    pub async fn wait_for_verify(
        &self,
        token: String,
        timeout: Option<f64>,
        confirm: Option<String>,
        return_to: Option<String>,
    ) -> Result<Arc<Session>, Failure> {
        Ok(Arc::new(self.begin(&token, timeout, confirm, return_to).await?.into()))
    }

    /// The same, blocking the calling thread.
    pub fn wait_for_verify_blocking(
        &self,
        token: String,
        timeout: Option<f64>,
        confirm: Option<String>,
        return_to: Option<String>,
    ) -> Result<Arc<Session>, Failure> {
        Ok(Arc::new(self.begin(&token, timeout, confirm, return_to).wait()?.into()))
    }

    /// Begins a wait that somebody else may cancel.
    pub fn start_wait(
        &self,
        token: String,
        timeout: Option<f64>,
        confirm: Option<String>,
        return_to: Option<String>,
    ) -> Arc<Wait> {
        Arc::new(Wait { pending: self.begin(&token, timeout, confirm, return_to) })
    }

    /// Begins a wait that also tells how far the login has come.
    pub fn watch(
        &self,
        token: String,
        timeout: Option<f64>,
        confirm: Option<String>,
        return_to: Option<String>,
    ) -> Arc<Watch> {
        let watch =
            match patience(timeout).and_then(|timeout| Ok((timeout, self.asking(confirm, return_to)?))) {
                Ok((timeout, observer)) => observer.watch(&token, timeout),
                Err(error) => loggin::Watch::failed(error),
            };
        Arc::new(Watch { watch })
    }

    /// Begins to hand in the digits that WhatsApp showed.
    pub fn start_confirm(
        &self,
        token: String,
        confirmation_code: String,
        timeout: Option<f64>,
    ) -> Arc<Confirmation> {
        let pending = match patience(timeout) {
            Ok(timeout) => self.observer.start_confirm(&token, &confirmation_code, timeout),
            Err(error) => Pending::failed(error),
        };
        Arc::new(Confirmation { pending })
    }

    /// Begins to ask how far a login has come.
    pub fn start_status(&self, token: String, timeout: Option<f64>) -> Arc<StatusCall> {
        let pending = match patience(timeout) {
            Ok(timeout) => self.observer.start_status(&token, timeout),
            Err(error) => Pending::failed(error),
        };
        Arc::new(StatusCall { pending })
    }

    /// Hangs up: the app is about to be frozen. The waits go on.
    pub fn on_background(&self) {
        self.observer.suspend();
    }

    /// Connects anew, at once: the app goes on, or its network has changed.
    pub fn on_foreground(&self) {
        self.observer.resume();
    }

    /// How the client stands to its server.
    pub fn state(&self) -> ClientState {
        self.observer.state().into()
    }

    /// Ends every wait with `closed`, and every later one.
    pub fn shutdown(&self) {
        self.observer.close();
    }
}

impl Client {
    fn begin(
        &self,
        token: &str,
        timeout: Option<f64>,
        confirm: Option<String>,
        return_to: Option<String>,
    ) -> Pending<Observed> {
        match patience(timeout).and_then(|timeout| Ok((timeout, self.asking(confirm, return_to)?))) {
            Ok((timeout, observer)) => observer.start_wait(token, timeout),
            Err(error) => Pending::failed(error),
        }
    }

    /// The client for waits that accept no less than this as confirmation, of logins that began at this page.
    fn asking(&self, confirm: Option<String>, return_to: Option<String>) -> Result<Observer, Error> {
        let least = confirm.map(|name| Confirm::parse(&name)).transpose()?;
        Ok(self.observer.asking_for(least, return_to.as_deref()))
    }
}

/// How long a wait lasts, where it says so.
fn patience(timeout: Option<f64>) -> Result<Option<Duration>, Error> {
    timeout.map(|seconds| timeout_of(seconds, ErrorCode::InvalidRequest)).transpose()
}

/// A wait that has begun. Letting go of it ends it.
#[derive(uniffi::Object)]
pub struct Wait {
    pending: Pending<Observed>,
}

#[uniffi::export]
impl Wait {
    /// Waits for the result; one caller at a time.
    pub async fn result(&self) -> Result<Arc<Session>, Failure> {
        Ok(Arc::new((&self.pending).await?.into()))
    }

    /// Ends the wait with `closed`, and wakes who waits for its result.
    pub fn cancel(&self) {
        self.pending.cancel();
    }
}

/// Digits that are handed in. Letting go of it ends the call.
#[derive(uniffi::Object)]
pub struct Confirmation {
    pending: Pending<()>,
}

#[uniffi::export]
impl Confirmation {
    /// Waits until the server has taken them; one caller at a time.
    pub async fn result(&self) -> Result<(), Failure> {
        Ok((&self.pending).await?)
    }

    /// Ends the call with `closed`, and wakes who waits for its result.
    pub fn cancel(&self) {
        self.pending.cancel();
    }
}

/// A login that is asked about. Letting go of it ends the call.
#[derive(uniffi::Object)]
pub struct StatusCall {
    pending: Pending<LoginStatus>,
}

#[uniffi::export]
impl StatusCall {
    /// Waits for the status, as the protocol names it; one caller at a time.
    pub async fn result(&self) -> Result<String, Failure> {
        Ok((&self.pending).await?.as_str().to_owned())
    }

    /// Ends the call with `closed`, and wakes who waits for its result.
    pub fn cancel(&self) {
        self.pending.cancel();
    }
}

/// A login that is watched. Letting go of it ends the wait.
#[derive(uniffi::Object)]
pub struct Watch {
    watch: loggin::Watch,
}

#[uniffi::export]
impl Watch {
    /// Waits for what is new; one caller at a time.
    pub async fn next(&self) -> Result<Update, Failure> {
        Ok(match self.watch.next().await? {
            loggin::Update::Progress(progress) => progress.into(),
            loggin::Update::Verified(observed) => Update::Verified { session: Arc::new(observed.into()) },
        })
    }

    /// Ends the wait with `closed`, and wakes who waits for what is new.
    pub fn cancel(&self) {
        self.watch.cancel();
    }
}

/// A link as a QR code, SVG.
#[uniffi::export]
pub fn qr_svg(link: String) -> Result<String, Failure> {
    Ok(qr::svg(&link)?)
}
