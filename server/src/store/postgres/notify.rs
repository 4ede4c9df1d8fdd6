//! What nodes tell each other: that something changed, and no more. What it was is read from the tables.
//!
//! `NOTIFY` takes a lock of the whole server at its commit, so it is sent in a transaction of its own, once for all that
//! was committed meanwhile. One that is lost delays by the next look at what changed.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use tokio::{sync::Notify, time::timeout};
use tokio_postgres::{AsyncMessage, types::Type};

use super::{connections::Connections, failure::failed, server::Server};
use crate::{limits, store::StoreError};

/// Between two tries to listen.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells other nodes whenever `news` is rung, for ever.
pub(super) async fn tell(connections: Connections, news: Arc<Notify>, node: i64) {
    // The name of the node, so that it does not heed itself.
    let node = node.to_string();
    loop {
        news.notified().await;
        let told = connections.rows("SELECT pg_notify('loggin', $1)", &[(&node, Type::TEXT)]).await;
        if let Err(error) = told {
            tracing::debug!(%error, "other nodes are not told of a change, and look for it");
        }
        tokio::time::sleep(limits::NOTIFY_PAUSE).await;
    }
}

/// Rings `heard` for what other nodes tell, for ever.
pub(super) async fn listen(server: Server, heard: Arc<Notify>, node: i64) {
    loop {
        if let Err(error) = listen_once(&server, &heard, node).await {
            tracing::warn!(%error, "changes of other nodes are not heard of at once; trying again");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Listens until the connection ends.
async fn listen_once(server: &Server, heard: &Arc<Notify>, node: i64) -> Result<(), StoreError> {
    let (client, mut connection) = server.open().await?;
    let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
    let own = node.to_string();
    let hearing = async {
        while let Some(message) = messages.next().await {
            match message {
                Ok(AsyncMessage::Notification(told)) if told.payload() != own => heard.notify_one(),
                Ok(_) => {}
                Err(error) => return Err(failed(&error)),
            }
        }
        Ok(())
    };
    let listening = async {
        let said = timeout(limits::DATABASE_TIMEOUT, client.batch_execute("LISTEN loggin")).await;
        let said = said.map_err(|_| StoreError::NotReady("the database does not respond"))?;
        said.map_err(|error| failed(&error))?;
        // Whatever was told while nobody listened.
        heard.notify_one();
        std::future::pending::<Result<(), StoreError>>().await
    };
    tokio::select! {
        ended = hearing => ended,
        failed = listening => failed,
    }
}
