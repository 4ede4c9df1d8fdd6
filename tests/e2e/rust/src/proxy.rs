//! A TCP proxy between client and server that does to connections what networks do: as a script says, or a seed.
//!
//! While the network is fair, bytes pass and what passed by is noted. While it is foul, each new connection has the
//! [`Fate`] that the script gives its number. While it is away, nothing connects.

mod fate;
mod link;
mod request;

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::TEST_TIMEOUT;
pub use fate::{Course, Ending, Fate, Trouble};
pub use request::Request;

type Script = Arc<dyn Fn(usize) -> Fate + Send + Sync>;

/// A proxy on a port of its own. Its connections end when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    network: Arc<Network>,
    accepting: Option<JoinHandle<()>>,
}

/// What one connection came to.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// What the client asked on it.
    pub requests: Vec<Request>,
    /// Bytes of the server that the client was given.
    pub bytes_down: usize,
    /// Whether client or server have left it, or the network cut it.
    pub is_over: bool,
    /// How the network cut it, where it did.
    cut: Option<Ending>,
}

/// What the proxy and its connections share.
struct Network {
    state: Mutex<State>,
    /// Tells who looks at all connections.
    changed: Condvar,
}

struct State {
    /// Behind it: each connection begins with the next one of them.
    servers: Vec<SocketAddr>,
    weather: Weather,
    connections: Vec<Connection>,
    /// Tells each connection's threads what concerns them; one condition variable for all would wake thousands at each byte.
    changes: Vec<Arc<Condvar>>,
    /// Whether the proxy is gone.
    is_closed: bool,
}

#[derive(Clone)]
enum Weather {
    Fair,
    Foul(Script),
    Away,
}

impl Proxy {
    /// A proxy before this server; the network is fair.
    pub fn start(server: SocketAddr) -> Self {
        Self::before(vec![server])
    }

    /// A proxy that shares connections out among these servers, one after the other; where one is away, the next one has
    /// its turn.
    pub fn before(servers: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, changes) = (Vec::new(), Vec::new());
        let state = State { servers, weather: Weather::Fair, connections, changes, is_closed: false };
        let network = Arc::new(Network { state: Mutex::new(state), changed: Condvar::new() });
        let accepting = {
            let network = Arc::clone(&network);
            thread::spawn(move || network.accept(&listener))
        };
        Self { address, network, accepting: Some(accepting) }
    }

    /// Puts other servers behind it.
    pub fn serve(&self, servers: Vec<SocketAddr>) {
        self.network.lock().servers = servers;
    }

    /// The base URL of the server behind the proxy.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on each new connection has the fate that this gives its number, counted from 0 at the start.
    pub fn disturb(&self, script: impl Fn(usize) -> Fate + Send + Sync + 'static) {
        self.set(Weather::Foul(Arc::new(script)));
    }

    /// Ends every connection, and lets none begin.
    pub fn isolate(&self, ending: Ending) {
        self.set(Weather::Away);
        self.cut_all(ending);
    }

    /// The network is fair again: what was held back is delivered, and no trouble goes on.
    pub fn heal(&self) {
        self.set(Weather::Fair);
    }

    /// Ends every connection there is.
    pub fn cut_all(&self, ending: Ending) {
        self.network.change_all(|state| {
            for connection in state.connections.iter_mut().filter(|connection| !connection.is_over) {
                connection.cut = connection.cut.or(Some(ending));
            }
        });
    }

    /// What each connection came to, in the order in which they began.
    pub fn connections(&self) -> Vec<Connection> {
        self.network.lock().connections.clone()
    }

    /// All requests for streams so far.
    pub fn stream_requests(&self) -> Vec<Request> {
        let connections = self.connections();
        let requests = connections.into_iter().flat_map(|connection| connection.requests);
        requests.filter(Request::is_for_events).collect()
    }

    /// Waits until the connections are like this.
    pub fn until(&self, what: &str, is_so: impl Fn(&[Connection]) -> bool) {
        let state = self.network.lock();
        let is_not_yet = |state: &mut State| !is_so(&state.connections);
        let (state, wait) =
            self.network.changed.wait_timeout_while(state, TEST_TIMEOUT, is_not_yet).expect("no poison");
        let count = state.connections.len();
        // Not under the lock: the connections that a failed test leaves behind are ended with it.
        drop(state);
        assert!(!wait.timed_out(), "{what}: not after {count} connections");
    }

    /// Waits until no connection is left.
    pub fn until_idle(&self) {
        self.until("no connection is left", |connections| connections.iter().all(|each| each.is_over));
    }

    fn set(&self, weather: Weather) {
        self.network.change_all(|state| state.weather = weather);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.network.change_all(|state| state.is_closed = true);
        self.cut_all(Ending::Close);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl Network {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            let (Ok(client), Some((number, fate))) = (client, self.begin()) else { return };
            let network = Arc::clone(self);
            thread::spawn(move || {
                link::serve(&network, number, client, fate);
                network.change(number, |connection| connection.is_over = true);
            });
        }
    }

    /// The number and the fate of a new connection; `None` once the proxy is gone.
    fn begin(&self) -> Option<(usize, Fate)> {
        let mut state = self.lock();
        let number = state.connections.len();
        let fate = match &state.weather {
            _ if state.is_closed => return None,
            Weather::Fair => Fate::FAIR,
            Weather::Foul(script) => script(number),
            Weather::Away => Fate::Refuse(Ending::Reset),
        };
        state.connections.push(Connection::default());
        state.changes.push(Arc::default());
        Some((number, fate))
    }

    /// The server of a connection; `None` where none is there.
    fn connect(&self, number: usize) -> Option<TcpStream> {
        let servers = self.lock().servers.clone();
        let turns = (0..servers.len()).map(|turn| servers[(number + turn) % servers.len()]);
        turns.into_iter().find_map(|server| TcpStream::connect(server).ok())
    }

    fn is_fair(&self) -> bool {
        matches!(self.lock().weather, Weather::Fair)
    }

    /// Holds a connection's bytes back until the network is fair, for this long at most. Whether they may go on.
    fn hold(&self, number: usize, longest: Duration) -> bool {
        let is_held = |state: &mut State| {
            !matches!(state.weather, Weather::Fair) && state.connections[number].cut.is_none()
        };
        let (state, change) = self.lock_at(number);
        let (state, _) = change.wait_timeout_while(state, longest, is_held).expect("no poison");
        state.connections[number].cut.is_none()
    }

    /// Cuts a connection, unless the network is fair by now.
    fn cut(&self, number: usize, ending: Ending) {
        if !self.is_fair() {
            self.change(number, |connection| connection.cut = connection.cut.or(Some(ending)));
        }
    }

    /// Waits until a connection is cut, also because its lifetime is up; `None` where it ends before.
    fn until_cut(&self, number: usize, lifetime: Option<(Duration, Ending)>) -> Option<Ending> {
        let goes_on = |state: &mut State| {
            let connection = &state.connections[number];
            connection.cut.is_none() && !connection.is_over
        };
        if let Some((lifetime, ending)) = lifetime {
            let (state, change) = self.lock_at(number);
            if change.wait_timeout_while(state, lifetime, goes_on).expect("no poison").1.timed_out() {
                self.cut(number, ending);
            }
        }
        let (state, change) = self.lock_at(number);
        change.wait_while(state, goes_on).expect("no poison").connections[number].cut
    }

    /// Changes one connection.
    fn change(&self, number: usize, change: impl FnOnce(&mut Connection)) {
        let (mut state, changed) = self.lock_at(number);
        change(&mut state.connections[number]);
        drop(state);
        changed.notify_all();
        self.changed.notify_all();
    }

    /// Changes what concerns all connections.
    fn change_all(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        state.changes.iter().for_each(|change| change.notify_all());
        self.changed.notify_all();
    }

    fn lock_at(&self, number: usize) -> (MutexGuard<'_, State>, Arc<Condvar>) {
        let state = self.lock();
        let change = Arc::clone(&state.changes[number]);
        (state, change)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no poison")
    }
}
