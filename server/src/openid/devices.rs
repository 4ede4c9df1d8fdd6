//! Devices without a browser (RFC 8628): they show a code, which somebody types elsewhere.

use std::time::Duration;

use serde::Serialize;

use super::{
    OAuthError, OAuthErrorCode, OpenId, Parameters, Scopes, SignedIn,
    exchange::{CallError, Tokens, redeeming},
    secrets::{Kind, draw},
    validate,
};
use crate::{
    clock::{Random, UnixMillis, random_below},
    limits,
    store::{DeviceApproval, DeviceState, OpenIdClient, OpenIdDevice, OpenIdGrant, StoreError},
};

/// What user codes are made of: consonants that make no words and are not taken for each other (RFC 8628, section 6.1).
const SYMBOLS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Symbols of a user code: 34 bits, which are guessed in ten minutes by nobody who is counted.
const LENGTH: usize = 8;

/// Tries to find a user code that no other device has.
const TRIES: usize = 3;

/// A device that waits for somebody to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeviceRequest {
    pub(crate) hash: [u8; 32],
    pub(crate) client: OpenIdClient,
    pub(crate) scope: Scopes,
    pub(crate) expires_at: UnixMillis,
}

/// What a device is answered.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub(crate) struct DeviceCodes {
    pub(crate) device_code: String,
    pub(crate) user_code: String,
    pub(crate) verification_uri: String,
    pub(crate) verification_uri_complete: String,
    pub(crate) expires_in: u64,
    pub(crate) interval: u64,
}

impl std::fmt::Debug for DeviceCodes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("DeviceCodes").finish_non_exhaustive()
    }
}

fn draw_user_code(random: &dyn Random) -> String {
    let bound = u32::try_from(SYMBOLS.len()).unwrap_or(1);
    let symbol = || char::from(SYMBOLS[random_below(random, bound) as usize]);
    (0..LENGTH).map(|_| symbol()).collect()
}

/// A user code as people are shown it.
fn shown(user_code: &str) -> String {
    let (first, second) = user_code.split_at(LENGTH / 2);
    format!("{first}-{second}")
}

/// A user code as it was typed: in any case, with anything between its symbols.
fn typed(text: &str) -> Option<String> {
    if text.len() > limits::OPENID_HINT_BYTES {
        return None;
    }
    let symbols = text.chars().filter(|symbol| !symbol.is_whitespace() && !matches!(symbol, '-' | '–' | '.'));
    let code: String = symbols.map(|symbol| symbol.to_ascii_uppercase()).collect();
    let is_code = code.len() == LENGTH && code.bytes().all(|symbol| SYMBOLS.contains(&symbol));
    is_code.then_some(code)
}

impl OpenId {
    /// Gives a device its codes.
    pub(crate) async fn begin_device(
        &self,
        client: &OpenIdClient,
        form: &Parameters,
    ) -> Result<DeviceCodes, CallError> {
        let scope = validate::scope(client, form)?;
        let (device_code, now) = (draw(&*self.random), self.clock.now());
        for _ in 0..TRIES {
            let user_code = draw_user_code(&*self.random);
            let device = OpenIdDevice {
                hash: Kind::Device.hash(&device_code),
                user_code: Kind::UserCode.hash(&user_code),
                client_id: client.id.clone(),
                scope: scope.to_string(),
                state: DeviceState::Waiting,
                approval: None,
                polled_at: None,
                pause: limits::OPENID_DEVICE_PAUSE,
                expires_at: now + limits::OPENID_DEVICE_VALID,
            };
            if self.store.put_openid_device(device).await? {
                let page = format!("{}/openid/device", self.issuer);
                let shown = shown(&user_code);
                return Ok(DeviceCodes {
                    device_code,
                    verification_uri_complete: format!("{page}?user_code={shown}"),
                    user_code: shown,
                    verification_uri: page,
                    expires_in: limits::OPENID_DEVICE_VALID.as_secs(),
                    interval: limits::OPENID_DEVICE_PAUSE.as_secs(),
                });
            }
        }
        Err(OAuthError::new(OAuthErrorCode::ServerError, "There is no code left; try again.").into())
    }

    /// The device that shows this code, read as people type it; `None` where none waits. Who guesses is to be counted by
    /// the page.
    pub(crate) async fn find_device(&self, user_code: &str) -> Result<Option<DeviceRequest>, StoreError> {
        let Some(code) = typed(user_code) else { return Ok(None) };
        let device = self.store.openid_device_of_user(Kind::UserCode.hash(&code)).await?;
        let now = self.clock.now();
        let is_waiting =
            |device: &OpenIdDevice| device.state == DeviceState::Waiting && now < device.expires_at;
        let Some(device) = device.filter(is_waiting) else { return Ok(None) };
        let client = self.client(&device.client_id).await?;
        Ok(client.map(|client| DeviceRequest {
            hash: device.hash,
            client,
            scope: Scopes::parse(&device.scope),
            expires_at: device.expires_at,
        }))
    }

    /// Has somebody be signed in on the device; `false` where it does not wait any more.
    pub(crate) async fn approve_device(
        &self,
        device: &DeviceRequest,
        signed_in: &SignedIn,
    ) -> Result<bool, StoreError> {
        let approval = DeviceApproval {
            subject: signed_in.subject,
            session_id: signed_in.session_id.clone(),
            data: signed_in.grant_data(device.scope),
        };
        self.store.answer_openid_device(device.hash, Some(approval), self.clock.now()).await
    }

    /// Refuses the device; `false` where it does not wait any more.
    pub(crate) async fn refuse_device(&self, device: &DeviceRequest) -> Result<bool, StoreError> {
        self.store.answer_openid_device(device.hash, None, self.clock.now()).await
    }

    /// Gives a device its tokens, or says why not.
    pub(super) async fn redeem_device(
        &self,
        client: &OpenIdClient,
        form: &Parameters,
    ) -> Result<Tokens, CallError> {
        let Some(code) = form.get("device_code") else {
            return Err(OAuthError::invalid_request("`device_code` is missing.").into());
        };
        let device = self.store.openid_device(Kind::Device.hash(code)).await?;
        let device = device.filter(|device| device.client_id == client.id);
        let device = device.ok_or_else(OAuthError::invalid_grant)?;
        let now = self.clock.now();
        let error = |code, description| Err(OAuthError::new(code, description).into());
        if now >= device.expires_at {
            return error(OAuthErrorCode::ExpiredToken, "Nobody signed in in time.");
        }
        match (device.state, &device.approval) {
            (DeviceState::Approved, Some(approval)) => self.grant_device(client, &device, approval).await,
            (DeviceState::Refused, _) => error(OAuthErrorCode::AccessDenied, "The person refused."),
            _ => {
                let is_early = device.polled_at.is_some_and(|at| now.since(at) < device.pause);
                let more = if is_early { limits::OPENID_DEVICE_PAUSE } else { Duration::ZERO };
                self.store.poll_openid_device(device.hash, now, device.pause + more).await?;
                if is_early {
                    return error(OAuthErrorCode::SlowDown, "The device asks too often.");
                }
                error(OAuthErrorCode::AuthorizationPending, "Nobody has signed in yet.")
            }
        }
    }

    async fn grant_device(
        &self,
        client: &OpenIdClient,
        device: &OpenIdDevice,
        approval: &DeviceApproval,
    ) -> Result<Tokens, CallError> {
        let now = self.clock.now();
        let scope = Scopes::parse(&device.scope);
        let mut grant = OpenIdGrant {
            id: draw(&*self.random),
            client_id: client.id.clone(),
            app_key: client.app_key,
            subject: approval.subject,
            session_id: approval.session_id.clone(),
            code: device.hash,
            code_until: now,
            code_used_at: Some(now),
            refresh: None,
            data: approval.data.clone(),
            created_at: now,
            expires_at: now,
            revoked_at: None,
        };
        let refresh = self.next_refresh(&grant, scope, now);
        let redeemed = redeeming(device.hash, &refresh, now);
        (grant.refresh, grant.expires_at) = (redeemed.refresh, redeemed.expires_at);
        // Of two questions at once one is given tokens.
        if !self.store.grant_openid_device(device.hash, grant.clone()).await? {
            return Err(OAuthError::invalid_grant().into());
        }
        self.tokens(client, &grant, scope, refresh, None).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::CountingRandom;

    #[test]
    fn a_user_code_is_read_as_people_type_it() {
        let code = draw_user_code(&CountingRandom::default());
        let is_shown = shown(&code);
        assert_eq!((code.len(), is_shown.len(), &is_shown[4..5]), (8, 9, "-"));
        for text in [
            &code,
            &is_shown,
            &is_shown.to_lowercase(),
            &format!(" {is_shown} "),
            &is_shown.replace('-', " "),
        ] {
            assert_eq!(typed(text).as_ref(), Some(&code), "{text}");
        }
        for text in ["", "BCDF", "BCDFGHJKL", "ABCDFGHJ", "BCDF-GHJ1", &"B".repeat(300)] {
            assert_eq!(typed(text), None, "{text}");
        }
    }
}
