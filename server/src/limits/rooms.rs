//! Room in memory for large bodies of requests.

use std::net::IpAddr;

use loggin_protocol::AppKey;

use crate::limits::{self, Share, Shares, Short, customer};

/// Room for what bodies are larger than [`limits::FREE_BODY`], in KiB. Each kind of caller has its own, so that none of
/// them fills that of another.
#[derive(Debug)]
pub(crate) struct Rooms {
    webhooks: Shares<Holder>,
    apps: Shares<Holder>,
    unknown: Shares<Holder>,
}

/// Whose body takes room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    App(AppKey),
    Address(IpAddr),
}

/// The room that a caller's body may take some of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room<'a> {
    of: &'a Shares<Holder>,
    holder: Holder,
}

impl Room<'_> {
    /// A share of it, of nothing yet.
    pub(crate) fn take(self) -> Result<Share<Holder>, Short> {
        self.of.take(self.holder, 0)
    }
}

impl Rooms {
    /// Rooms of so many KiB: for webhooks, for apps that showed their secret key, and for unknown callers.
    pub(crate) fn new([webhooks, apps, unknown]: [usize; 3]) -> Self {
        let shares = |kib: usize| Shares::new(kib, kib.div_ceil(limits::BODIES_HOLDERS));
        Self { webhooks: shares(webhooks), apps: shares(apps), unknown: shares(unknown) }
    }

    /// KiB that are held of each room.
    #[cfg(test)]
    pub(crate) fn held(&self) -> [usize; 3] {
        [&self.webhooks, &self.apps, &self.unknown].map(Shares::held)
    }

    /// Room for a webhook whose signature is not checked yet.
    pub(crate) fn for_webhook(&self, address: IpAddr) -> Room<'_> {
        Room { of: &self.webhooks, holder: Holder::Address(customer(address)) }
    }

    /// Room for a caller with the secret key of this app, or with none, at this address.
    pub(crate) fn for_caller(&self, app_key: Option<AppKey>, address: IpAddr) -> Room<'_> {
        match app_key {
            Some(app_key) => Room { of: &self.apps, holder: Holder::App(app_key) },
            None => Room { of: &self.unknown, holder: Holder::Address(customer(address)) },
        }
    }
}
