//! Calls that name themselves with an `Idempotency-Key`: what they were answered is kept, and given again.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use loggin_protocol::{AppKey, ErrorCode, PhoneNumber};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Meter, Otp, OtpError, Refusal};
use crate::{
    clock::UnixMillis,
    crypto::CodeText,
    phones,
    store::{OtpCall, OtpWrite, StoreError},
};

/// What a call is answered.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum OtpResponse {
    /// A code was sent, or is that of a test number.
    Started {
        /// The session.
        session_id: Uuid,
        /// Whether WhatsApp took it over.
        sent: bool,
        /// Codes left in the month, where the app has a quota.
        quota_remaining: Option<u32>,
    },
    /// The code was right.
    Verified {
        /// The number that was asked for.
        phone: PhoneNumber,
        /// When it was typed.
        verified_at: UnixMillis,
        /// The app's own JSON.
        meta: Option<String>,
    },
    /// The call is refused, and is again when it is repeated.
    Refused(Refusal),
}

/// A call with an `Idempotency-Key`.
#[derive(Clone)]
pub(crate) struct NamedCall {
    /// Its name under each key, the one in use first.
    names: Vec<OtpCall>,
    body: Vec<u8>,
    /// How long it is the same call when it is repeated, where that is not as long as it is kept.
    same_for: Option<Duration>,
    /// The name that it is known by; none where it is new.
    known_by: Arc<OnceLock<OtpCall>>,
}

impl NamedCall {
    fn name(&self) -> Option<OtpCall> {
        self.known_by.get().or(self.names.first()).copied()
    }
}

/// A response as the store keeps it, sealed. Ids and codes stand there as the texts that they are on the wire.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    Started {
        session_id: String,
        sent: bool,
        quota_remaining: Option<u32>,
    },
    Verified {
        phone: PhoneNumber,
        verified_at: i64,
        meta: Option<String>,
    },
    Refused {
        error: String,
        attempts_left: Option<u8>,
        #[serde(default)]
        by_guard: bool,
    },
}

/// What is known of a call.
pub(super) enum Known {
    /// Nothing.
    New,
    /// What it was answered.
    Responded(OtpResponse),
    /// It is being answered, or was when something went wrong: this session is to be its response.
    Begun(Uuid, UnixMillis),
}

impl OtpResponse {
    fn keep(&self) -> Result<Vec<u8>, StoreError> {
        let kept = match self.clone() {
            Self::Started { session_id, sent, quota_remaining } => {
                Kept::Started { session_id: session_id.to_string(), sent, quota_remaining }
            }
            Self::Verified { phone, verified_at, meta } => {
                Kept::Verified { phone, verified_at: verified_at.0, meta }
            }
            Self::Refused(Refusal { code, attempts_left, by_guard, .. }) => {
                Kept::Refused { error: code.as_str().to_owned(), attempts_left, by_guard }
            }
        };
        serde_json::to_vec(&kept).map_err(|_| StoreError::Unreadable("answer"))
    }

    pub(super) fn kept(json: &[u8]) -> Result<Self, StoreError> {
        let unreadable = StoreError::Unreadable("answer");
        Ok(match serde_json::from_slice(json).map_err(|_| StoreError::Unreadable("answer"))? {
            Kept::Started { session_id, sent, quota_remaining } => {
                let session_id = Uuid::parse_str(&session_id).map_err(|_| unreadable)?;
                Self::Started { session_id, sent, quota_remaining }
            }
            Kept::Verified { phone, verified_at, meta } => {
                Self::Verified { phone, verified_at: UnixMillis(verified_at), meta }
            }
            Kept::Refused { error, attempts_left, by_guard } => {
                Self::Refused(Refusal { attempts_left, by_guard, ..Refusal::new(ErrorCode::parse(&error)) })
            }
        })
    }
}

impl Otp {
    /// A call of this app that has a name.
    pub(crate) fn named_call(&self, app_key: AppKey, route: &str, key: &[u8], body: &[u8]) -> NamedCall {
        let name = [route.as_bytes(), b"\n", key].concat();
        let hashes = self.keys.calls.macs(app_key.as_str().as_bytes(), &name).into_iter();
        let names = hashes.map(|hash| OtpCall { hash, body_mac: self.keys.bodies.mac(&hash, body) });
        NamedCall { names: names.collect(), body: body.to_vec(), same_for: None, known_by: Arc::default() }
    }

    /// A call of this app's gateway for a code of another server, which is the same call for this long: by whom it is for and
    /// by the code, of which a MAC is kept and nothing else.
    pub(crate) fn foreign_call(
        &self,
        app_key: AppKey,
        gateway_id: &str,
        (phone, code): (&PhoneNumber, &CodeText),
        same_for: Duration,
    ) -> NamedCall {
        let span = i64::try_from(same_for.as_millis()).unwrap_or(i64::MAX).max(1);
        let slot = self.clock.now().0.div_euclid(span);
        let route = format!("gateway {gateway_id}");
        // One that was made in the slot before may be the same still; a new one gets the name of this one.
        let slots = [slot, slot - 1].map(|slot| {
            let key = format!("{}\n{}\n{slot}", phones::account(phone), code.expose());
            self.named_call(app_key, &route, key.as_bytes(), b"")
        });
        let names = slots.into_iter().flat_map(|call| call.names).collect();
        NamedCall { names, body: Vec::new(), same_for: Some(same_for), known_by: Arc::default() }
    }

    /// What is known of a call; an error where it was made with another body.
    pub(super) async fn known(&self, call: Option<&NamedCall>) -> Result<Known, OtpError> {
        let Some(call) = call else {
            return Ok(Known::New);
        };
        for name in &call.names {
            let hash = &name.hash;
            let Some(known) = self.store.otp_call(hash).await? else { continue };
            if call.same_for.is_some_and(|span| known.created_at + span <= self.clock.now()) {
                continue;
            }
            if !self.keys.bodies.check(&known.body_mac, hash, &call.body) {
                return Err(OtpError::OtherBody);
            }
            call.known_by.get_or_init(|| *name);
            return Ok(match (known.response, known.session_id) {
                (Some(sealed), _) => {
                    let response = self.keys.responses.open(hash, &sealed);
                    Known::Responded(OtpResponse::kept(&response.ok_or(StoreError::Unreadable("answer"))?)?)
                }
                (None, Some(session_id)) => Known::Begun(session_id, known.created_at),
                (None, None) => Known::New,
            });
        }
        Ok(Known::New)
    }

    /// The write that marks a call as being answered; none for a call without a name.
    pub(super) fn begin(
        &self,
        call: Option<&NamedCall>,
        session_id: Uuid,
        instead_of: Option<Uuid>,
    ) -> Option<OtpWrite> {
        let now = self.clock.now();
        call.and_then(NamedCall::name).map(|call| OtpWrite::Begin { call, session_id, instead_of, now })
    }

    /// The write that keeps a response; none for a call without a name.
    pub(super) fn keep(
        &self,
        call: Option<&NamedCall>,
        session_id: Option<Uuid>,
        response: &OtpResponse,
    ) -> Result<Option<OtpWrite>, StoreError> {
        let Some(name) = call.and_then(NamedCall::name) else {
            return Ok(None);
        };
        let now = self.clock.now();
        let sealed = self.keys.responses.seal(&*self.random, &name.hash, &response.keep()?);
        let response = sealed.ok_or(StoreError::Unreadable("answer"))?;
        Ok(Some(OtpWrite::Response { call: name, session_id, response, now }))
    }

    /// The write that forgets a call which got no response; none for a call without a name.
    pub(super) fn forget(call: Option<&NamedCall>, session_id: Uuid) -> Option<OtpWrite> {
        call.and_then(NamedCall::name).map(|call| OtpWrite::Forget { call, session_id })
    }

    /// Keeps a response that nothing else is written with, and gives it.
    pub(super) async fn keep_only(
        &self,
        call: Option<&NamedCall>,
        meter: Option<&Meter>,
        response: OtpResponse,
    ) -> Result<OtpResponse, OtpError> {
        if let Some(write) = self.keep(call, None, &response)? {
            // It is refused where the same call, made at the same time, was answered first: then both are true.
            let _ = self.write(meter, vec![write]).await?;
        }
        Ok(response)
    }
}
