//! Where a store is, and which one that makes it: the only place that chooses between them.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    CommitListener, SqliteStore, Store, StoreError, WrongLocation,
    postgres::{self, PostgresStore, Server},
    sqlite::{
        self,
        backup::{self, BackupError},
    },
};
use crate::config::DatabaseUrl;

/// What is before the path of an SQLite file.
const SQLITE: &str = "sqlite:";

/// What the URL of a PostgreSQL server begins with.
const POSTGRES: [&str; 2] = ["postgres://", "postgresql://"];

/// Where a store is.
#[derive(Debug)]
pub(crate) struct Location(Engine);

#[derive(Debug)]
enum Engine {
    Sqlite(PathBuf),
    Postgres(Box<Server>),
}

impl Location {
    /// An SQLite file.
    pub(crate) fn file(path: PathBuf) -> Self {
        Self(Engine::Sqlite(path))
    }

    /// What the settings say.
    pub(crate) fn parse(url: &DatabaseUrl) -> Result<Self, WrongLocation> {
        let text = url.expose();
        if POSTGRES.iter().any(|scheme| text.starts_with(scheme)) {
            return Ok(Self(Engine::Postgres(Box::new(Server::parse(text)?))));
        }
        let path = text.strip_prefix(SQLITE).unwrap_or_default();
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.contains('?') || path == ":memory:" {
            return Err(WrongLocation("must be `sqlite:` and the path of a file, or a URL of `postgres://`"));
        }
        Ok(Self::file(path.into()))
    }

    /// The same, where servers tell each other of changes, or leave it to the look at what changed.
    pub(crate) fn with_notify(self, notify: bool) -> Self {
        match self.0 {
            Engine::Postgres(server) => Self(Engine::Postgres(Box::new(server.with_notify(notify)))),
            file @ Engine::Sqlite(_) => Self(file),
        }
    }

    /// The name of the database's program.
    pub(crate) fn engine(&self) -> &'static str {
        match self.0 {
            Engine::Sqlite(_) => "sqlite",
            Engine::Postgres(_) => "postgresql",
        }
    }

    /// The version of the tables that this program makes there.
    pub(crate) fn version(&self) -> u32 {
        match self.0 {
            Engine::Sqlite(_) => sqlite::connections::LATEST,
            Engine::Postgres(_) => postgres::latest(),
        }
    }

    /// The version of SQLite, where it is used; another database tells its own once it is reached.
    pub(crate) fn sqlite(&self) -> Option<&'static str> {
        matches!(self.0, Engine::Sqlite(_)).then(sqlite::engine_version)
    }

    /// Bytes that are free on the disk that the database is on, or will be; `None` where that is another machine's.
    pub(crate) fn free_space(&self) -> Option<io::Result<u64>> {
        match &self.0 {
            Engine::Sqlite(path) => Some(sqlite::free_space(path)),
            Engine::Postgres(_) => None,
        }
    }
}

/// Without user and password.
impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Engine::Sqlite(path) => path.display().fmt(formatter),
            Engine::Postgres(server) => server.fmt(formatter),
        }
    }
}

/// Opens a store, and brings its tables to this version.
///
/// `node` tells this process apart from others that use the same database; `listener` is told of what this one commits.
pub(crate) async fn open(
    location: &Location,
    node: i64,
    listener: Arc<dyn CommitListener>,
) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match &location.0 {
        Engine::Sqlite(path) => Arc::new(SqliteStore::open(path, node, listener).await?),
        Engine::Postgres(server) => Arc::new(PostgresStore::open(server, node, listener).await?),
    })
}

/// The version of the tables that are there, of which nothing is changed; `None` where there are none.
pub(crate) async fn version_at(location: &Location) -> Result<Option<u32>, StoreError> {
    match &location.0 {
        Engine::Sqlite(path) => {
            let path = path.clone();
            let looking = tokio::task::spawn_blocking(move || sqlite::connections::version_at(&path));
            looking.await.map_err(|_| StoreError::Busy)?
        }
        Engine::Postgres(server) => postgres::version_at(server).await,
    }
}

/// Copies a database to a new file; returns how many bytes that has.
pub(crate) fn back_up(location: &Location, to: &Path) -> Result<u64, BackupError> {
    match &location.0 {
        Engine::Sqlite(path) => backup::back_up(path, to),
        Engine::Postgres(_) => Err(BackupError::ByItsOwn),
    }
}
