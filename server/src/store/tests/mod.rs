//! The behaviour that every store must show, one list of tests a subject, and what tests look into a database with.

pub(super) mod acts;
pub(super) mod admins;
#[allow(dead_code)] // end-to-end tests use the rest
pub(crate) mod cluster;
pub(crate) mod dump;
pub(super) mod guards;
pub(super) mod history;
pub(super) mod identity;
pub(super) mod keys;
pub(super) mod logins;
pub(super) mod nodes;
pub(super) mod otp;
pub(super) mod outbox;
pub(super) mod people;
pub(super) mod webhooks;

pub(crate) use history::entry as history_entry;
pub(crate) use identity::person;
pub(crate) use logins::{insert, login};
pub(crate) use webhooks::{endpoint as webhook_endpoint, event};

use tokio::sync::OnceCell;

/// A database of the server that tests share, with the tables alone, of which each test has a copy: its URL.
pub(crate) async fn tables(cluster: &cluster::Cluster) -> &'static str {
    static TABLES: OnceCell<String> = OnceCell::const_new();
    let made = TABLES.get_or_init(|| async {
        let url = cluster.database();
        super::postgres::make_tables(&url).await;
        url
    });
    made.await
}
