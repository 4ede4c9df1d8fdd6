//! The session of a person at an app in this browser, by which every client of that app knows them without another message.
//!
//! The browser holds a random secret, of which the store has the hash. Each sign-in has a new one, so that nobody can put one
//! into a browser before.

use axum::http::HeaderMap;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use data_encoding::BASE64URL_NOPAD;
use loggin_protocol::{AppKey, Assurance, Code, wire::SessionBody};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    clock::{UnixMillis, random_bytes},
    http::cookies,
    state::Server,
    store::{IssuerSession, KnownSession, StoreError},
};

/// Bytes of what the browser holds: nobody guesses it.
const SECRET_BYTES: usize = 32;

/// The name of the cookie, which the key of the app follows: an app's people are that app's.
const NAME: &str = "loggin-session-";

fn name(app_key: AppKey) -> String {
    format!("{NAME}{}", app_key.as_str())
}

/// The hash of what the browser holds for this app, if it holds anything.
fn shown(server: &Server, headers: &HeaderMap, app_key: AppKey) -> Option<[u8; 32]> {
    let jar = CookieJar::from_headers(headers);
    let value = jar.get(&cookies::name(server, &name(app_key)))?.value();
    let secret = BASE64URL_NOPAD.decode(value.as_bytes()).ok()?;
    (secret.len() == SECRET_BYTES).then(|| Sha256::digest(&secret).into())
}

/// Who is remembered in this browser for an app.
pub(super) async fn of(
    server: &Server,
    headers: &HeaderMap,
    app_key: AppKey,
) -> Result<Option<KnownSession>, StoreError> {
    let Some(hash) = shown(server, headers, app_key) else { return Ok(None) };
    let known = server.store.issuer_session(hash).await?;
    let now = server.clock.now();
    Ok(known.filter(|known| known.session.app_key == app_key && now < known.session.expires_at))
}

/// Remembers who has signed in, in the place of whoever was before; the session, and the cookie for the browser.
pub(super) async fn begin(
    server: &Server,
    headers: &HeaderMap,
    person: &SessionBody,
    code: Option<Code>,
) -> Result<(KnownSession, Cookie<'static>), StoreError> {
    let app_key = person.app_key;
    if let Some(before) = of(server, headers, app_key).await? {
        server.store.end_issuer_session(before.session.session_id).await?;
    }
    let secret = random_bytes::<SECRET_BYTES>(&*server.random);
    let now = server.clock.now();
    let session = IssuerSession {
        secret_hash: Sha256::digest(secret).into(),
        session_id: uuid::Builder::from_random_bytes(random_bytes(&*server.random)).into_uuid(),
        app_key,
        subject: person.subject,
        code,
        auth_time: UnixMillis::from(person.verified_at.0).min(now),
        confirmation: person.confirmation,
        is_changed: person.assurance == Assurance::Changed,
        expires_at: now + server.settings.issuer_session,
    };
    server.store.put_issuer_session(session.clone()).await?;
    let value = BASE64URL_NOPAD.encode(&secret);
    let cookie = cookies::build(server, &name(app_key), value, SameSite::Lax);
    let cookie = cookies::kept(cookie, server.settings.issuer_session);
    let known = KnownSession { session, phone: person.phone.clone(), user_id: person.user_id.clone() };
    Ok((known, cookie))
}

/// Ends the session that tokens call this, if there is one; what the browser holds opens nothing any more.
pub(super) async fn end(server: &Server, session_id: &str) -> Result<(), StoreError> {
    match Uuid::parse_str(session_id) {
        Ok(session_id) => server.store.end_issuer_session(session_id).await.map(drop),
        Err(_) => Ok(()),
    }
}
