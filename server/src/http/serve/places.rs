//! Places for connections: so many, so many for each address, and a few more that are kept for webhooks and health.
//!
//! When the ordinary places are taken, a connection is still accepted to one of the kept ones. Its request is served
//! where it is WhatsApp's or a supervisor's, and refused otherwise; either way it is the last of its connection.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use loggin_protocol::ErrorCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Bounds;
use crate::{
    config::TrustedProxies,
    http::ApiError,
    limits::{self, Share, Shares, customer},
    telemetry::metrics::{self, Limit},
};

/// When to come back to a full server: by then some connections have ended.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Marks a request that comes on a kept place, with what it is told unless it is one of those it is kept for.
#[derive(Clone, Debug)]
pub(super) struct Crowded(ApiError);

impl Crowded {
    const SERVER: Self = Self(
        ApiError::new(ErrorCode::Unavailable, "The server holds as many connections as it may.")
            .with_retry_after(RETRY_AFTER),
    );
    const ADDRESS: Self = Self(
        ApiError::new(ErrorCode::RateLimited, "This address holds as many connections as it may.")
            .with_retry_after(limits::STREAMS_RETRY_AFTER),
    );
}

/// The layer around all routes but those that places are kept for.
pub(crate) async fn only_where_there_is_room(request: Request, next: Next) -> Response {
    match request.extensions().get() {
        Some(Crowded(error)) => error.clone().into_response(),
        None => next.run(request).await,
    }
}

/// All places.
#[derive(Debug)]
pub(super) struct Places {
    ordinary: Arc<Semaphore>,
    kept: Arc<Semaphore>,
    by_address: Shares<IpAddr>,
    kept_by_address: Shares<IpAddr>,
    trusted: Arc<TrustedProxies>,
}

/// A place that nobody has yet.
#[derive(Debug)]
pub(super) struct Vacant {
    /// `None` for a semaphore that was closed, which none is.
    permit: Option<OwnedSemaphorePermit>,
    is_kept: bool,
}

/// A place of a connection, for as long as this lives.
#[derive(Debug)]
pub(super) struct Place {
    _permit: Option<OwnedSemaphorePermit>,
    _counted: Option<Share<IpAddr>>,
    crowded: Option<Crowded>,
}

impl Place {
    /// What the requests of this connection are marked with.
    pub(super) fn crowded(&self) -> Option<Crowded> {
        self.crowded.clone()
    }
}

impl Places {
    pub(super) fn new(bounds: Bounds, trusted: Arc<TrustedProxies>) -> Self {
        Self {
            ordinary: Arc::new(Semaphore::new(bounds.connections)),
            kept: Arc::new(Semaphore::new(bounds.reserved)),
            // All together are bounded by the semaphores.
            by_address: Shares::new(usize::MAX, bounds.per_address),
            kept_by_address: Shares::new(usize::MAX, bounds.reserved_per_address),
            trusted,
        }
    }

    /// Waits until there is a place, an ordinary one where there are both.
    pub(super) async fn vacant(&self) -> Vacant {
        tokio::select! {
            biased;
            permit = Arc::clone(&self.ordinary).acquire_owned() => Vacant { permit: permit.ok(), is_kept: false },
            permit = Arc::clone(&self.kept).acquire_owned() => Vacant { permit: permit.ok(), is_kept: true },
        }
    }

    /// Gives a place to a connection from this address; `None` where it is to be closed without a response.
    pub(super) fn admit(&self, vacant: Vacant, peer: IpAddr) -> Option<Place> {
        // All the clients of a proxy come from its address.
        let address = (!self.trusted.trust(peer)).then(|| customer(peer));
        let counted = address.map(|address| self.by_address.take(address, 1)).transpose();
        let Ok(counted) = counted else {
            metrics::limit_hit(Limit::ConnectionsPerAddress);
            return self.admit_to_kept(vacant, address, Crowded::ADDRESS);
        };
        if !vacant.is_kept {
            return Some(Place { _permit: vacant.permit, _counted: counted, crowded: None });
        }
        // While the connection was waited for, another may have ended.
        if let Ok(permit) = Arc::clone(&self.ordinary).try_acquire_owned() {
            return Some(Place { _permit: Some(permit), _counted: counted, crowded: None });
        }
        metrics::limit_hit(Limit::Connections);
        self.admit_to_kept(vacant, address, Crowded::SERVER)
    }

    fn admit_to_kept(&self, vacant: Vacant, address: Option<IpAddr>, crowded: Crowded) -> Option<Place> {
        let counted = address.map(|address| self.kept_by_address.take(address, 1)).transpose().ok()?;
        let permit = match vacant.permit {
            Some(permit) if vacant.is_kept => permit,
            _ => Arc::clone(&self.kept).try_acquire_owned().ok()?,
        };
        Some(Place { _permit: Some(permit), _counted: counted, crowded: Some(crowded) })
    }
}
