//! What a service manager is told: the socket here is systemd's side of its protocol.

use std::{io, os::unix::net::UnixDatagram, time::Duration};

use rusqlite::{Connection, TransactionBehavior};
use tempfile::TempDir;

use super::{Running, cluster};

/// Longer than anything here takes unless it never comes.
const NEVER: Duration = Duration::from_secs(20);

/// The watchdog's time, in microseconds.
const WATCHDOG: &str = "300000";

/// Longer than a store that does not answer is waited for, which is a second.
const STARVED: Duration = Duration::from_millis(2_500);

/// The socket of a service manager.
struct Manager {
    socket: UnixDatagram,
    folder: TempDir,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(NEVER)).unwrap();
        Self { socket, folder }
    }

    fn start(&self, settings: &[(&str, &str)]) -> Running {
        let path = self.folder.path().join("notify");
        let own = ("NOTIFY_SOCKET", path.to_str().unwrap());
        Running::start(&[&[own], settings].concat())
    }

    /// The next message's assignments, one a line.
    fn told(&self) -> io::Result<Vec<String>> {
        let mut bytes = [0; 1_024];
        let length = self.socket.recv(&mut bytes)?;
        let text = String::from_utf8(bytes[..length].to_vec()).unwrap();
        Ok(text.lines().map(str::to_owned).collect())
    }
}

#[test]
fn a_service_manager_is_told_of_the_beginning_and_the_end() {
    let manager = Manager::new();
    let server = manager.start(&[]);
    assert_eq!(manager.told().unwrap(), ["READY=1", "STATUS=serving"]);
    assert!(server.stop().0.success());
    // Without a watchdog nothing is told in between.
    assert_eq!(manager.told().unwrap(), ["STOPPING=1", "STATUS=stopping"]);
}

#[test]
fn a_watchdog_is_fed_while_the_store_answers_and_no_longer() {
    let manager = Manager::new();
    let server = manager.start(&[("WATCHDOG_USEC", WATCHDOG)]);
    let fed = |count| (0..count).for_each(|_| while manager.told().unwrap() != ["WATCHDOG=1"] {});
    fed(5);
    let mut other = Connection::open(server.folder.path().join("a.db")).unwrap();
    let lock = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    manager.socket.set_read_timeout(Some(STARVED)).unwrap();
    let starved = loop {
        if let Err(error) = manager.told() {
            break error.kind();
        }
    };
    assert_eq!(starved, io::ErrorKind::WouldBlock);
    lock.rollback().unwrap();
    manager.socket.set_read_timeout(Some(NEVER)).unwrap();
    fed(3);
    let (status, log) = server.stop();
    assert!(status.success());
    assert!(log.lines().any(|line| line.contains("WARN") && line.contains("watchdog")), "{log}");
}

#[test]
fn a_watchdog_is_fed_while_a_database_server_is_away_or_hangs() {
    let Some(mut cluster) = cluster::Cluster::start() else { return };
    let (manager, url) = (Manager::new(), cluster.database());
    let server = manager.start(&[("WATCHDOG_USEC", WATCHDOG), ("LOGGIN_DATABASE_URL", &url)]);
    let fed = |count| (0..count).for_each(|_| while manager.told().unwrap() != ["WATCHDOG=1"] {});
    fed(3);
    cluster.pause();
    fed(3);
    cluster.go_on();
    fed(3);
    cluster.stop();
    // Whatever was told before it was gone, and then some.
    fed(9);
    cluster.resume();
    fed(3);
    assert!(server.stop().0.success());
}
