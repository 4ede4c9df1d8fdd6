//! Tells an open phone page that its chat has changed.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use tokio::sync::watch;

use crate::limits::{LIVE_HEARTBEAT, LIVE_VIEWS_MAX};
use crate::number::Number;
use crate::simulator::Simulator;

/// A page that shows a chat now. While there is one, the chat counts as open on the phone.
struct LiveView {
    simulator: Arc<Simulator>,
    number: Number,
    changes: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    /// Nothing was told yet.
    fresh: bool,
}

/// The event stream: `chat` with the chat's version, at once and at every change.
pub(super) async fn events(State(simulator): State<Arc<Simulator>>, Path(number): Path<String>) -> Response {
    let Some(number) = simulator.chosen_phone(Some(&number)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Some(view) = LiveView::open(simulator, number) else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let events = stream::unfold(view, |mut view| async move {
        let version = view.next().await?;
        Some((Ok::<_, Infallible>(Event::default().event("chat").data(version.to_string())), view))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(LIVE_HEARTBEAT)).into_response()
}

impl LiveView {
    /// None when there are too many, or the phone has just gone.
    fn open(simulator: Arc<Simulator>, number: Number) -> Option<Self> {
        if simulator.live_views.fetch_add(1, Ordering::Relaxed) >= LIVE_VIEWS_MAX {
            simulator.live_views.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let changes = {
            let mut world = simulator.world();
            let phone = world.phones.get_mut(&number);
            phone.map(|phone| {
                phone.views += 1;
                phone.subscribe()
            })
        };
        let Some(changes) = changes else {
            simulator.live_views.fetch_sub(1, Ordering::Relaxed);
            return None;
        };
        let stopping = simulator.stopping.subscribe();
        Some(Self { simulator, number, changes, stopping, fresh: true })
    }

    /// The next version to tell; the end when the phone or the simulator has gone.
    async fn next(&mut self) -> Option<u64> {
        if !self.fresh {
            tokio::select! {
                changed = self.changes.changed() => changed.ok()?,
                _ = self.stopping.wait_for(|stopping| *stopping) => return None,
            }
        }
        self.fresh = false;
        let (simulator, number) = (self.simulator.clone(), self.number.clone());
        // What comes while the chat is open is read at once, but nobody waits for the webhook to hear of it.
        tokio::spawn(async move { simulator.read_by_person(&number).await });
        Some(*self.changes.borrow_and_update())
    }
}

impl Drop for LiveView {
    fn drop(&mut self) {
        self.simulator.live_views.fetch_sub(1, Ordering::Relaxed);
        if let Some(phone) = self.simulator.world().phones.get_mut(&self.number) {
            phone.views = phone.views.saturating_sub(1);
        }
    }
}
