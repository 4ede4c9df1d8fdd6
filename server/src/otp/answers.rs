//! Calls that name themselves with an `Idempotency-Key`: what they were answered is kept, and given again.

use loggin::{AppKey, ErrorCode, PhoneNumber};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Meter, Otp, OtpError, Refusal};
use crate::{
    clock::UnixMillis,
    store::{OtpCall, OtpWrite, StoreError},
};

/// What a call is answered.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Answer {
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
    name: OtpCall,
    body: Vec<u8>,
}

/// An answer as the store keeps it. Ids and codes stand there as the texts that they are on the wire.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    Started { session_id: String, sent: bool, quota_remaining: Option<u32> },
    Verified { phone: PhoneNumber, verified_at: i64, meta: Option<String> },
    Refused { error: String, attempts_left: Option<u8> },
}

/// What is known of a call.
pub(super) enum Known {
    /// Nothing.
    New,
    /// What it was answered.
    Answered(Answer),
    /// It is being answered, or was when something went wrong: this session is to be its answer.
    Begun(Uuid, UnixMillis),
}

impl Answer {
    fn keep(&self) -> Result<String, StoreError> {
        let kept = match self.clone() {
            Self::Started { session_id, sent, quota_remaining } => {
                Kept::Started { session_id: session_id.to_string(), sent, quota_remaining }
            }
            Self::Verified { phone, verified_at, meta } => {
                Kept::Verified { phone, verified_at: verified_at.0, meta }
            }
            Self::Refused(Refusal { code, attempts_left, .. }) => {
                Kept::Refused { error: code.as_str().to_owned(), attempts_left }
            }
        };
        serde_json::to_string(&kept).map_err(|_| StoreError::Unreadable("answer"))
    }

    fn kept(text: &str) -> Result<Self, StoreError> {
        let unreadable = StoreError::Unreadable("answer");
        Ok(match serde_json::from_str(text).map_err(|_| StoreError::Unreadable("answer"))? {
            Kept::Started { session_id, sent, quota_remaining } => {
                let session_id = Uuid::parse_str(&session_id).map_err(|_| unreadable)?;
                Self::Started { session_id, sent, quota_remaining }
            }
            Kept::Verified { phone, verified_at, meta } => {
                Self::Verified { phone, verified_at: UnixMillis(verified_at), meta }
            }
            Kept::Refused { error, attempts_left } => {
                Self::Refused(Refusal { attempts_left, ..Refusal::new(ErrorCode::parse(&error)) })
            }
        })
    }
}

impl Otp {
    /// A call of this app that has a name.
    pub(crate) fn named_call(&self, app_key: AppKey, route: &str, key: &[u8], body: &[u8]) -> NamedCall {
        let mut hash = Sha256::new();
        hash.update(format!("loggin otp call v1\n{app_key}\n{route}\n"));
        hash.update(key);
        let hash = hash.finalize().into();
        let name = OtpCall { hash, body_mac: self.body_keys.mac(&hash, body) };
        NamedCall { name, body: body.to_vec() }
    }

    /// What is known of a call; an error where it was made with another body.
    pub(super) async fn known(&self, call: Option<&NamedCall>) -> Result<Known, OtpError> {
        let Some(NamedCall { name, body }) = call else {
            return Ok(Known::New);
        };
        let Some(known) = self.store.otp_call(&name.hash).await? else {
            return Ok(Known::New);
        };
        if !self.body_keys.check(&known.body_mac, &name.hash, body) {
            return Err(OtpError::OtherBody);
        }
        Ok(match (known.answer, known.session_id) {
            (Some(answer), _) => Known::Answered(Answer::kept(&answer)?),
            (None, Some(session_id)) => Known::Begun(session_id, known.created_at),
            (None, None) => Known::New,
        })
    }

    /// The write that marks a call as being answered; none for a call without a name.
    pub(super) fn begin(
        &self,
        call: Option<&NamedCall>,
        session_id: Uuid,
        instead_of: Option<Uuid>,
    ) -> Option<OtpWrite> {
        let now = self.clock.now();
        call.map(|call| OtpWrite::Begin { call: call.name, session_id, instead_of, now })
    }

    /// The write that keeps an answer; none for a call without a name.
    pub(super) fn keep(
        &self,
        call: Option<&NamedCall>,
        session_id: Option<Uuid>,
        answer: &Answer,
    ) -> Result<Option<OtpWrite>, StoreError> {
        let Some(call) = call else {
            return Ok(None);
        };
        let now = self.clock.now();
        Ok(Some(OtpWrite::Answer { call: call.name, session_id, answer: answer.keep()?, now }))
    }

    /// The write that forgets a call which got no answer; none for a call without a name.
    pub(super) fn forget(call: Option<&NamedCall>, session_id: Uuid) -> Option<OtpWrite> {
        call.map(|call| OtpWrite::Forget { call: call.name, session_id })
    }

    /// Keeps an answer that nothing else is written with, and gives it.
    pub(super) async fn keep_only(
        &self,
        call: Option<&NamedCall>,
        meter: Option<&Meter>,
        answer: Answer,
    ) -> Result<Answer, OtpError> {
        if let Some(write) = self.keep(call, None, &answer)? {
            // It is refused where the same call, made at the same time, was answered first: then both are true.
            let _ = self.write(meter, vec![write]).await?;
        }
        Ok(answer)
    }
}
