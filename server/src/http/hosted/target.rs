//! What somebody signs in for: a request that a client sent their browser here with, or a device that shows a code.

use std::net::SocketAddr;

use axum::http::HeaderMap;
use loggin_protocol::ErrorCode;

use super::{attempt::Attempt, error::HostedError};
use crate::{
    http::{ApiError, client_address, openid::browser},
    limits::{self, customer},
    openid::{Asked, AuthorizationRequest, DeviceRequest, Scopes},
    state::Server,
    store::OpenIdClient,
    telemetry::metrics::{self, Limit},
};

/// What the name of a device begins with where the name of a request may stand; its user code follows.
const DEVICE: &str = "device-";

/// Most symbols of a user code as it was typed, with what stands between them.
const TYPED: usize = 64;

/// What somebody signs in for.
pub(super) enum Target {
    /// A request of a client, which this browser brought.
    Client(Box<AuthorizationRequest>),
    /// A device, by the code that it shows. Whoever is told a code can go on with it: that is what it is for.
    Device { device: Box<DeviceRequest>, user_code: String },
}

impl Target {
    /// What has this name, for this browser.
    pub(super) async fn find(
        server: &Server,
        peer: SocketAddr,
        headers: &HeaderMap,
        name: &str,
    ) -> Result<Option<Self>, HostedError> {
        if let Some(user_code) = name.strip_prefix(DEVICE) {
            return Self::find_device(server, peer, headers, user_code).await;
        }
        let Some(browser) = browser::of(server, headers) else { return Ok(None) };
        let found = server.openid.find_request(name, &browser).await?;
        Ok(found.map(|request| Self::Client(Box::new(request))))
    }

    /// The device that shows this code. Who has not gone on with it before is counted, as codes are short.
    pub(super) async fn find_device(
        server: &Server,
        peer: SocketAddr,
        headers: &HeaderMap,
        typed: &str,
    ) -> Result<Option<Self>, HostedError> {
        let user_code: String =
            typed.chars().take(TYPED).filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
        let is_known = Attempt::of(server, headers, &format!("{DEVICE}{user_code}")).is_some();
        let address = client_address::of(server, peer, headers);
        if server.settings.counts_addresses
            && !is_known
            && !server.device_codes.count(customer(address), 1, server.clock.now())
        {
            metrics::limit_hit(Limit::HostedCodes);
            let error = ApiError::new(ErrorCode::RateLimited, "This address has typed too many codes.");
            return Err(error.with_retry_after(limits::HOSTED_CODES_WINDOW).into());
        }
        let device = server.openid.find_device(&user_code).await?;
        Ok(device.map(|device| Self::Device { device: Box::new(device), user_code }))
    }

    /// Its name in addresses and forms.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Client(request) => request.id.clone(),
            Self::Device { user_code, .. } => format!("{DEVICE}{user_code}"),
        }
    }

    pub(super) fn client(&self) -> &OpenIdClient {
        match self {
            Self::Client(request) => &request.client,
            Self::Device { device, .. } => &device.client,
        }
    }

    /// What a client asks for beside the sign-in; a device asks for nothing.
    pub(super) fn asked(&self) -> Option<&Asked> {
        match self {
            Self::Client(request) => Some(&request.asked),
            Self::Device { .. } => None,
        }
    }

    pub(super) fn scope(&self) -> Scopes {
        match self {
            Self::Client(request) => request.asked.scope,
            Self::Device { device, .. } => device.scope,
        }
    }
}
