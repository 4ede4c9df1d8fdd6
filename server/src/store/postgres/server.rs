//! Which PostgreSQL server is used, and how it is connected to.

use std::{fmt, path::PathBuf, time::Duration};

use tokio::time::timeout;
use tokio_postgres::{
    Client, Config, Connection, Socket,
    config::{Host, SslMode},
    tls::MakeTlsConnect,
};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::form_urlencoded;

use super::{
    failure::failed,
    tls::{self, Checked},
};
use crate::store::{StoreError, WrongLocation};

/// What the server calls our connections, for whoever looks at them.
const APPLICATION_NAME: &str = "loggin-server";

/// How long a connection may take to be made: the server is on the same network.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// When a connection on which nothing is said is looked at, and how long a server may leave what it is sent without a
/// sign: one that is gone without a word is noticed after as long.
const SILENCE: Duration = Duration::from_secs(10);

const MEANT: WrongLocation =
    WrongLocation("must be such as postgres://user:password@host:5432/database?sslmode=verify-full");

/// What a client speaks on.
pub(super) type Wire = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// A server, and how it is spoken to.
#[derive(Clone, Debug)]
pub(in crate::store) struct Server {
    config: Config,
    checked: Checked,
    roots: Option<PathBuf>,
    notify: bool,
}

impl Server {
    /// Reads a URL as `libpq` does, with `sslmode` and `sslrootcert`.
    pub(in crate::store) fn parse(url: &str) -> Result<Self, WrongLocation> {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        // A plus stands for itself there.
        let query = query.replace('+', "%2B");
        let mut rest = form_urlencoded::Serializer::new(String::new());
        let (mut mode, mut roots) = (None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "sslmode" => mode = Some(value.into_owned()),
                "sslrootcert" => roots = Some(value.into_owned()),
                _ => {
                    rest.append_pair(&name, &value);
                }
            }
        }
        // The parser takes a plus for itself too.
        let rest = rest.finish().replace('+', "%20");
        let mut config: Config = format!("{place}?{rest}").parse().map_err(|_| MEANT)?;
        if config.get_hosts().is_empty() {
            return Err(MEANT);
        }
        let roots = roots.filter(|path| path != "system").map(PathBuf::from);
        let (wire, checked) = security(mode.as_deref(), roots.is_some())?;
        config.ssl_mode(wire);
        set_defaults(&mut config);
        Ok(Self { config, checked, roots, notify: true })
    }

    pub(in crate::store) fn with_notify(self, notify: bool) -> Self {
        Self { notify, ..self }
    }

    /// Whether nodes tell each other by `NOTIFY`.
    pub(super) fn notifies(&self) -> bool {
        self.notify
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// What connections are secured by.
    pub(super) fn tls(&self) -> Result<MakeRustlsConnect, StoreError> {
        Ok(MakeRustlsConnect::new(tls::client_config(self.checked, self.roots.as_deref())?))
    }

    /// A connection, which whoever asks for it has to run. A server that takes connections and says nothing on them, as one
    /// that hangs does, is given up.
    pub(super) async fn open(&self) -> Result<(Client, Wire), StoreError> {
        let hosts = u32::try_from(self.config.get_hosts().len()).unwrap_or(u32::MAX);
        let patience = self.config.get_connect_timeout().unwrap_or(&CONNECT_TIMEOUT).saturating_mul(hosts);
        let opened = timeout(patience, self.config.connect(self.tls()?)).await;
        let opened = opened.map_err(|_| StoreError::NotReady("the database takes no connection"))?;
        opened.map_err(|error| failed(&error))
    }

    /// A connection of its own, which ends with its client.
    pub(super) async fn connect(&self) -> Result<Client, StoreError> {
        let (client, connection) = self.open().await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(error = %failed(&error), "a connection to the database ended");
            }
        });
        Ok(client)
    }
}

/// Whether the wire is encrypted, and what the server's certificate is held to: see
/// <https://www.postgresql.org/docs/current/libpq-ssl.html>.
fn security(mode: Option<&str>, has_roots: bool) -> Result<(SslMode, Checked), WrongLocation> {
    Ok(match mode {
        Some("disable") => (SslMode::Disable, Checked::Nothing),
        None | Some("prefer") => (SslMode::Prefer, Checked::Nothing),
        // As in `libpq`: whoever gives roots means them.
        Some("require") if has_roots => (SslMode::Require, Checked::Authority),
        Some("require") => (SslMode::Require, Checked::Nothing),
        Some("verify-ca") => (SslMode::Require, Checked::Authority),
        Some("verify-full") => (SslMode::Require, Checked::AuthorityAndName),
        Some(_) => {
            return Err(WrongLocation("sslmode must be disable, prefer, require, verify-ca or verify-full"));
        }
    })
}

fn set_defaults(config: &mut Config) {
    if config.get_application_name().is_none() {
        config.application_name(APPLICATION_NAME);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    config.keepalives_idle(SILENCE);
}

/// Without user and password.
impl fmt::Display for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = self.config.get_ports();
        for (place, host) in self.config.get_hosts().iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            match host {
                Host::Tcp(name) => write!(formatter, "{comma}{name}")?,
                Host::Unix(path) => write!(formatter, "{comma}{}", path.display())?,
            }
            if let Some(port) = ports.get(place).or(ports.first()) {
                write!(formatter, ":{port}")?;
            }
        }
        write!(formatter, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_as_others_read_it() {
        let cases = [
            ("postgres://a:b@db.example/loggin", SslMode::Prefer, Checked::Nothing, "db.example:5432/loggin"),
            (
                "postgresql://db.example:6432/x?sslmode=require",
                SslMode::Require,
                Checked::Nothing,
                "db.example:6432/x",
            ),
            (
                "postgres://db.example/x?sslmode=require&sslrootcert=/a+b.pem",
                SslMode::Require,
                Checked::Authority,
                "db.example:5432/x",
            ),
            (
                "postgres://db.example/x?sslmode=verify-full&sslrootcert=system",
                SslMode::Require,
                Checked::AuthorityAndName,
                "db.example:5432/x",
            ),
            (
                "postgres:///x?host=/run/postgresql&user=me&sslmode=disable",
                SslMode::Disable,
                Checked::Nothing,
                "/run/postgresql/x",
            ),
        ];
        for (url, mode, checked, shown) in cases {
            let server = Server::parse(url).unwrap();
            assert_eq!((server.config.get_ssl_mode(), server.checked), (mode, checked), "{url}");
            assert_eq!(server.to_string(), shown);
        }
        let rooted = Server::parse(cases[2].0).unwrap();
        assert_eq!(rooted.roots, Some(PathBuf::from("/a+b.pem")));
    }

    #[test]
    fn a_url_that_makes_no_sense_is_refused() {
        for url in [
            "postgres://",
            "postgres://h/d?sslmode=always",
            "postgres://h:port/d",
            "postgres://h/d?nonsense=1",
        ] {
            assert!(Server::parse(url).is_err(), "{url}");
        }
    }
}
