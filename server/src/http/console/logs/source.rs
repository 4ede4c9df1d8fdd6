//! Where pages, files and tails of the log read: as the administrator who looks, and no further than they reach.

use std::{collections::HashMap, hash::BuildHasher, sync::Arc};

use loggin_protocol::AppKey;

use crate::{
    administration::{Actor, AdministrationError},
    apps::CONSOLE_APP,
    http::console::Admin,
    limits::{Share, Shares},
    state::Server,
    store::{HistoryFilter, HistoryPage, HistoryStart},
};

/// Reads in the name of one administrator.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) server: Arc<Server>,
    actor: Actor,
}

impl Source {
    pub(super) fn new(server: Arc<Server>, admin: &Admin) -> Self {
        Self { server, actor: admin.actor().clone() }
    }

    /// Rows that the filter lets through and the administrator may see.
    pub(super) async fn page(
        &self,
        filter: &HistoryFilter,
        start: HistoryStart,
        limit: u32,
    ) -> Result<HistoryPage, AdministrationError> {
        self.server.administration.logs(&self.actor, filter.clone(), start, limit).await
    }

    /// Where the latest row stands.
    pub(super) async fn last(&self) -> Result<i64, AdministrationError> {
        self.server.administration.last_of_logs(&self.actor).await
    }
}

/// A share of what an administrator may have so many of at once; `None` where there are enough.
pub(super) fn share(of: &Shares<u64>, server: &Server, admin: &Admin) -> Option<Share<u64>> {
    of.take(server.hasher.hash_one(&admin.actor().name), 1).ok()
}

/// The names of the apps that the administrator reaches, with the one by which administrators sign in: it is in no store.
pub(super) async fn app_names(
    server: &Server,
    admin: &Admin,
) -> Result<HashMap<AppKey, String>, AdministrationError> {
    let apps = server.administration.apps(admin.actor()).await?;
    let own = AppKey::parse(CONSOLE_APP).ok().filter(|own| admin.actor().reaches(*own));
    let own = own.map(|own| (own, "Loggin console".to_owned()));
    Ok(apps.into_iter().map(|app| (app.app_key, app.name)).chain(own).collect())
}
