//! The behaviour that every store must show, one list of tests a subject, and what tests look into a database with.

pub(super) mod acts;
pub(super) mod admins;
#[allow(dead_code)] // end-to-end tests use the rest
pub(crate) mod cluster;
pub(crate) mod dump;
pub(super) mod gateways;
pub(super) mod guards;
pub(super) mod history;
pub(super) mod identity;
pub(super) mod issuer_sessions;
pub(super) mod keys;
pub(super) mod logins;
pub(super) mod nodes;
pub(super) mod openid;
pub(super) mod otp;
pub(super) mod outbox;
pub(super) mod people;
pub(super) mod webhooks;

pub(crate) use history::entry as history_entry;
pub(crate) use identity::person;
pub(crate) use logins::{insert, login};
pub(crate) use webhooks::{endpoint as webhook_endpoint, event};

use std::sync::OnceLock;

/// A database of the server that tests share, with the tables alone, of which each test has a copy: its URL.
pub(crate) fn tables(cluster: &cluster::Cluster) -> &'static str {
    static TABLES: OnceLock<String> = OnceLock::new();
    TABLES.get_or_init(|| {
        let url = cluster.database();
        // By a runtime of its own, with which all connections end: nobody may be connected to what is copied.
        let make = || tokio::runtime::Runtime::new().unwrap().block_on(super::postgres::make_tables(&url));
        std::thread::scope(|scope| scope.spawn(make).join().unwrap());
        url
    })
}
