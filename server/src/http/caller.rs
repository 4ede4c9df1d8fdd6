//! Who calls: known by a secret key, by the origin of a web page, or only by an address.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::http::{HeaderMap, HeaderName, header};
use loggin_protocol::{AppKey, ErrorCode};

use crate::{
    apps::KeyError,
    http::{ApiError, client_address, request},
    limits::{self, Room, customer},
    state::Server,
    store::{App, StoreError},
    telemetry::metrics::{self, Limit},
};

/// The other header that a secret key may stand in.
pub(super) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Who calls: an app's server with its secret key, a web page, or neither.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The app whose secret key was shown.
    app: Option<Arc<App>>,
    /// The web page's origin, where it is another than this server's.
    origin: Option<String>,
    /// The address that a call without a secret key is counted by; with one, nobody asks behind which proxy it is.
    pub(crate) address: IpAddr,
}

impl Caller {
    /// Reads who calls; a wrong secret key is an error.
    pub(crate) async fn of(server: &Server, peer: SocketAddr, headers: &HeaderMap) -> Result<Self, ApiError> {
        let app = authenticate(server, headers).await?;
        let address = match app {
            Some(_) => peer.ip(),
            None => client_address::of(server, peer, headers),
        };
        let origin = foreign_origin(headers, &server.settings.public_origin);
        Ok(Self { app, origin: origin.map(str::to_owned), address })
    }

    /// The key of the app whose secret key was shown.
    pub(crate) fn app_key(&self) -> Option<AppKey> {
        self.app.as_ref().map(|app| app.app_key)
    }

    /// The app with this key, unless it is unknown or disabled; the caller's own as it was when its secret key was taken.
    pub(crate) async fn find_app(
        &self,
        server: &Server,
        app_key: AppKey,
    ) -> Result<Option<Arc<App>>, StoreError> {
        match &self.app {
            Some(own) if own.app_key == app_key => Ok(Some(Arc::clone(own))),
            _ => server.apps.find(app_key).await,
        }
    }

    /// Counts the tokens that this caller waits for; an error where its address waits for too many.
    pub(crate) fn count_waits(&self, server: &Server, tokens: usize) -> Result<(), ApiError> {
        if !self.is_counted(server)
            || server.wait_counts.count(customer(self.address), tokens, server.clock.now())
        {
            return Ok(());
        }
        metrics::limit_hit(Limit::WaitsPerAddress);
        Err(ApiError::new(ErrorCode::RateLimited, "This address waits for too many tokens.")
            .with_retry_after(limits::WAITS_WINDOW))
    }

    /// Names the app in the log where no secret key did.
    pub(crate) fn note_app(&self, app_key: AppKey) {
        if self.app.is_none() {
            request::note_app(app_key);
        }
    }

    /// The room for this caller's body.
    pub(crate) fn room<'a>(&self, server: &'a Server) -> Room<'a> {
        server.bodies.for_caller(self.app_key(), self.address)
    }

    /// Whether this caller is held to what one address may do.
    pub(crate) fn is_counted(&self, server: &Server) -> bool {
        self.app.is_none() && server.settings.counts_addresses
    }

    /// Whether this caller may act on logins of an app; redeeming may take the app's secret key.
    pub(crate) fn may(&self, redeem: bool, app: &App) -> bool {
        match (self.app_key(), &self.origin) {
            (Some(app_key), _) => app_key == app.app_key,
            (None, _) if redeem && app.require_secret_key => false,
            (None, Some(origin)) => app.allows_origin(origin),
            (None, None) => true,
        }
    }
}

/// What browsers say of where a call comes from.
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Whether a page of this server calls. Browsers say so themselves over https and on this machine; elsewhere the origin
/// tells. A call that says neither is none of a page.
pub(super) fn is_of_own_page(server: &Server, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return site == "same-origin";
    }
    let origin = headers.get(header::ORIGIN);
    origin.is_some_and(|origin| *origin == server.settings.public_origin.as_str())
}

fn foreign_origin<'a>(headers: &'a HeaderMap, own: &str) -> Option<&'a str> {
    // One that is no text is no origin that any app allows.
    let origin = headers.get(header::ORIGIN)?.to_str().unwrap_or("null");
    (origin != own).then_some(origin)
}

/// The app whose secret key the call shows; `None` where it shows none.
///
/// A key that is wrong is an error, not a call without a key: whoever sends one means to be known.
pub(crate) async fn authenticate(server: &Server, headers: &HeaderMap) -> Result<Option<Arc<App>>, ApiError> {
    let Some(shown) = shown_key(headers)? else {
        return Ok(None);
    };
    let app = server.apps.authenticate(shown).await?;
    request::note_app(app.app_key);
    Ok(Some(app))
}

impl From<KeyError> for ApiError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Wrong => Self::new(ErrorCode::Unauthorized, "The secret key is not valid."),
            KeyError::Disabled => {
                Self::new(ErrorCode::Unauthorized, "The app of this secret key is disabled.")
            }
            KeyError::Published => Self::new(
                ErrorCode::Unauthorized,
                "This is the published secret key of `loggin-server dev`, which no other server takes.",
            ),
            KeyError::Store(error) => error.into(),
        }
    }
}

/// The key that a call shows, in either header.
pub(super) fn shown_key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    const MALFORMED: ApiError = ApiError::new(
        ErrorCode::Unauthorized,
        "The key stands in `Authorization: Bearer` or in `X-Api-Key`.",
    );
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let value = value.to_str().map_err(|_| MALFORMED)?;
        let (scheme, key) = value.trim().split_once(' ').ok_or(MALFORMED)?;
        return if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(key.trim())) } else { Err(MALFORMED) };
    }
    headers.get(X_API_KEY).map(|value| value.to_str().map_err(|_| MALFORMED)).transpose()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::json;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    use crate::{
        clock::Clock,
        store::App,
        tests::{TestServer, demo_app, demo_key, token},
    };

    /// A second, and what a machine that is busy takes on top.
    const KNOWN_WITHIN: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn a_call_whose_key_was_taken_goes_on_although_its_app_is_disabled_before_it_ends() {
        let server = TestServer::start().await;
        for (path, body, expected) in [
            ("tokens/verify", json!({ "token": token(1).expose() }), "200 OK"),
            ("tokens/events", json!({ "tokens": [token(1).expose()] }), "200 OK"),
            ("auth/start", json!({ "phone": "+919876543210" }), "200 OK"),
        ] {
            let body = body.to_string();
            let (key, length) = (demo_key().expose().clone(), body.len());
            let mut socket = TcpStream::connect(server.address).await.unwrap();
            let head = format!(
                "POST /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: \
                 application/json\r\nContent-Length: {length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
            );
            socket.write_all(head.as_bytes()).await.unwrap();
            // The server asks for the body once the key was taken.
            let mut asked = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
            socket.read_exact(&mut asked).await.unwrap();
            set_disabled(&server, true).await;
            socket.write_all(body.as_bytes()).await.unwrap();
            let mut status = vec![0; "HTTP/1.1 ".len() + expected.len()];
            socket.read_exact(&mut status).await.unwrap();
            assert_eq!(String::from_utf8(status).unwrap(), format!("HTTP/1.1 {expected}"), "{path}");
            set_disabled(&server, false).await;
        }
    }

    /// Disables or enables the demo app, until this server knows.
    async fn set_disabled(server: &TestServer, disabled: bool) {
        let disabled_at = disabled.then(|| server.clock.now());
        assert!(server.server.store.update_app(&App { disabled_at, ..demo_app() }).await.unwrap());
        let begun = Instant::now();
        while server.server.apps.find(demo_app().app_key).await.unwrap().is_none() != disabled {
            assert!(begun.elapsed() < KNOWN_WITHIN, "it is known within a second");
        }
    }
}
