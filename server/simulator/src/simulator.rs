//! The state that every route shares.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::config::Config;
use crate::faults::Faults;
use crate::identifiers::Identifiers;
use crate::phones::PhoneError;
use crate::webhook::courier::Courier;
use crate::webhook::journal::Journal;
use crate::world::World;

/// One simulator: the world, the way to the webhook, and what goes wrong on it.
pub(crate) struct Simulator {
    pub(crate) config: Config,
    pub(crate) identifiers: Identifiers,
    pub(crate) courier: Courier,
    pub(crate) journal: Journal,
    /// Phone pages with a live connection.
    pub(crate) live_views: AtomicUsize,
    /// True once the simulator ends, so that held connections end too.
    pub(crate) stopping: watch::Sender<bool>,
    world: Mutex<World>,
    faults: Mutex<Faults>,
}

/// Why a simulator cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A phone of the configuration makes no sense.
    #[error("a phone cannot be added: {0}")]
    Phone(#[from] PhoneError),
    /// The client that posts webhooks cannot be made.
    #[error("the webhook client cannot be made")]
    Client(#[source] reqwest::Error),
    /// The listener cannot be served.
    #[error("the listener cannot be used")]
    Listener(#[from] std::io::Error),
}

impl Simulator {
    pub(crate) fn new(config: Config) -> Result<Arc<Self>, SetupError> {
        let courier = Courier::new(config.webhook_url.clone(), config.app_secret.clone());
        let simulator = Self {
            identifiers: Identifiers::new(config.seed),
            courier: courier.map_err(SetupError::Client)?,
            journal: Journal::new(),
            live_views: AtomicUsize::new(0),
            stopping: watch::Sender::new(false),
            world: Mutex::default(),
            faults: Mutex::default(),
            config,
        };
        simulator.add_cast(&mut simulator.world())?;
        Ok(Arc::new(simulator))
    }

    /// Unix seconds.
    pub(crate) fn now(&self) -> u64 {
        self.config.clock.unix_seconds()
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the phones of the configuration, or puts them back as they were.
    pub(crate) fn add_cast(&self, world: &mut World) -> Result<(), PhoneError> {
        for spec in &self.config.phones {
            world.phones.put(&self.config.waba_id, spec)?;
        }
        Ok(())
    }
}
