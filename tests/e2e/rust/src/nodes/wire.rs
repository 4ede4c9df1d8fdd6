//! The way from one server to its database, which can be parted: nothing comes and nothing ends, as where a switch fails.

use std::{
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
};

use tempfile::TempDir;

/// What PostgreSQL calls its socket, in whatever folder.
const SOCKET: &str = ".s.PGSQL.5432";

/// Bytes that are read at a time.
const CHUNK: usize = 16 << 10;

/// A way of its own to the database server.
pub(super) struct Wire {
    folder: TempDir,
    shared: Arc<Shared>,
}

struct Shared {
    server: PathBuf,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_parted: bool,
    is_gone: bool,
    /// Both sides of each connection, to end it with.
    links: Vec<[UnixStream; 2]>,
}

impl Wire {
    /// A way to the server whose socket is in this folder.
    pub(super) fn to(server: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        let (state, changed) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { server: server.join(SOCKET), state, changed });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accepting.accept(&listener));
        Self { folder, shared }
    }

    /// The folder that takes the place of the server's.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Holds back everything from now on.
    pub(super) fn part(&self) {
        self.shared.lock().is_parted = true;
    }

    /// Ends all connections, and what they held is lost.
    pub(super) fn cut(&self) {
        let links = std::mem::take(&mut self.shared.lock().links);
        for side in links.iter().flatten() {
            // One that has ended is as good.
            let _ = side.shutdown(Shutdown::Both);
        }
        self.shared.changed.notify_all();
    }

    /// Delivers what was held back, and whatever comes.
    pub(super) fn heal(&self) {
        self.shared.lock().is_parted = false;
        self.shared.changed.notify_all();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.lock().is_gone = true;
        self.heal();
        self.cut();
        // Wakes the listener.
        let _ = UnixStream::connect(self.folder.path().join(SOCKET));
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &UnixListener) {
        for client in listener.incoming() {
            let Ok(client) = client else { return };
            if self.lock().is_gone {
                return;
            }
            // A server that is away is one for the client too.
            let Ok(server) = UnixStream::connect(&self.server) else { continue };
            let both = [client.try_clone().unwrap(), server.try_clone().unwrap()];
            self.lock().links.push(both);
            for (from, to) in [(&client, &server), (&server, &client)] {
                let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                let shared = Arc::clone(self);
                thread::spawn(move || shared.carry(from, to));
            }
        }
    }

    /// Carries one way to its end.
    fn carry(&self, mut from: UnixStream, mut to: UnixStream) {
        let mut chunk = vec![0; CHUNK];
        while let Ok(length @ 1..) = from.read(&mut chunk) {
            drop(self.changed.wait_while(self.lock(), |state| state.is_parted).expect("no poison"));
            if to.write_all(&chunk[..length]).is_err() {
                break;
            }
        }
        // An end is held back like everything else.
        drop(self.changed.wait_while(self.lock(), |state| state.is_parted).expect("no poison"));
        let _ = to.shutdown(Shutdown::Write);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no poison")
    }
}
