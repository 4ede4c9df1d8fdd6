//! An event stream over HTTP/2: the body of a response, written by a task of its own.
//!
//! The task hands over one part at a time. So a client that does not read stops it, and where that lasts too long it
//! ends: what it held here is free, however long the client keeps the connection.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::body::{Body, Bytes};
use futures_util::stream;
use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};

use super::event_stream::{EventStream, Part};
use crate::telemetry::metrics::{self, Limit};

/// How long a client may take nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) ordinary: Duration,
    /// Once the server stops.
    pub(crate) at_stop: Duration,
}

/// The body of a stream; `held` is let go with its end.
pub(crate) fn body(
    stream: EventStream,
    patience: Patience,
    stopping: watch::Receiver<bool>,
    held: impl Send + 'static,
) -> Body {
    let (parts, mut taken) = mpsc::channel(1);
    let complete = Arc::new(AtomicBool::new(false));
    let writer = Writer { parts, patience, stopping };
    let ended = Arc::clone(&complete);
    tokio::spawn(async move {
        if writer.write(stream).await {
            ended.store(true, Ordering::Release);
        }
        // Before the end can be seen.
        drop((writer, held));
    });
    let mut cut = false;
    Body::from_stream(stream::poll_fn(move |context| {
        taken.poll_recv(context).map(|part: Option<Bytes>| match part {
            Some(part) => Some(Ok(part)),
            // What was cut differs from what ended: the client connects again.
            None if !complete.load(Ordering::Acquire) && !std::mem::replace(&mut cut, true) => {
                Some(Err(io::Error::from(io::ErrorKind::ConnectionAborted)))
            }
            None => None,
        })
    }))
}

/// Hands parts to the body.
struct Writer {
    parts: mpsc::Sender<Bytes>,
    patience: Patience,
    stopping: watch::Receiver<bool>,
}

impl Writer {
    /// Whether the stream came to its end.
    async fn write(&self, stream: EventStream) -> bool {
        let (first, mut parts) = stream.into_parts();
        let mut last = parts.is_over();
        if !self.hand_over(first).await {
            return false;
        }
        while !last {
            let part = tokio::select! {
                part = parts.next() => part,
                () = self.parts.closed() => return false,
            };
            let Some(Part { text, is_last }) = part else { return false };
            if !self.hand_over(text).await {
                return false;
            }
            last = is_last;
        }
        true
    }

    async fn hand_over(&self, text: String) -> bool {
        if text.is_empty() {
            return true;
        }
        tokio::select! {
            biased;
            sent = self.parts.send(text.into()) => sent.is_ok(),
            () = self.out_of_patience() => {
                metrics::limit_hit(Limit::WriteTime);
                false
            }
        }
    }

    async fn out_of_patience(&self) {
        let mut stopping = self.stopping.clone();
        let stopped = async {
            // An error means that whoever would tell is gone, which is the end too.
            let _ = stopping.wait_for(|stopping| *stopping).await;
            sleep(self.patience.at_stop).await;
        };
        tokio::select! {
            () = sleep(self.patience.ordinary) => {}
            () = stopped => {}
        }
    }
}
