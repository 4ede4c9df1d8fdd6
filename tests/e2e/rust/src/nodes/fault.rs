//! What is done to servers and database while people sign in.

use std::{
    sync::{PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use rand::{RngExt, rngs::Xoshiro256PlusPlus};

use super::{House, cluster::Cluster, node::Node};

/// How long the database is gone at most: longer than a call waits for it, and than any connection is believed in.
pub const OUTAGE: Duration = Duration::from_secs(30);

/// What is done, and undone, in one round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing, to see what is usual.
    Nothing,
    /// A server is killed, and started again after a while.
    KillNode(usize, Duration),
    /// The database is killed, and started again after a while.
    KillDatabase(Duration),
    /// A server does not reach the database for a while; where it is told so, its connections end then.
    Part {
        /// Which server.
        node: usize,
        /// For how long.
        time: Duration,
        /// Whether its connections end.
        cut: bool,
    },
    /// Each server is stopped and started again, one after the other.
    RollingRestart,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(super) struct Inflicted {
    /// When it was undone.
    pub(super) undone: Instant,
    /// When every server said that it was ready.
    pub(super) ready: Instant,
    /// What servers said of themselves that was not so.
    pub(super) lies: Vec<&'static str>,
}

impl Fault {
    /// Any, for a house of so many servers.
    pub(super) fn drawn(random: &mut Xoshiro256PlusPlus, nodes: usize) -> Self {
        let (node, time) =
            (random.random_range(0..nodes), Duration::from_millis(random.random_range(0..1_500)));
        match random.random_range(0..100) {
            0..10 => Self::Nothing,
            10..35 => Self::KillNode(node, time),
            35..58 => Self::KillDatabase(time),
            58..60 => Self::KillDatabase(OUTAGE),
            60..80 => Self::Part { node, time, cut: random.random() },
            _ => Self::RollingRestart,
        }
    }

    /// Does it and undoes it; returns once every server is ready.
    pub(super) fn inflict(self, house: &House) -> Inflicted {
        let mut lies = Vec::new();
        match self {
            Self::Nothing => {}
            Self::KillNode(node, time) => {
                house.nodes[node].kill();
                pass(time);
                house.nodes[node].restart();
            }
            Self::KillDatabase(time) => {
                with_database(house, Cluster::stop);
                lies.extend(ready(&house.nodes).contains(&true).then_some("ready without a database"));
                pass(time);
                with_database(house, Cluster::resume);
            }
            Self::Part { node, time, cut } => {
                let wire = &house.nodes[node].wire;
                wire.part();
                let said = ready(&house.nodes);
                lies.extend(said[node].then_some("ready without a way to the database"));
                let others = (0..said.len()).filter(|other| *other != node);
                lies.extend(others.filter(|other| !said[*other]).map(|_| "not ready for another's trouble"));
                pass(time);
                if cut {
                    wire.cut();
                }
                wire.heal();
            }
            Self::RollingRestart => house.nodes.iter().for_each(|node| {
                node.terminate();
                node.restart();
            }),
        }
        let undone = Instant::now();
        while ready(&house.nodes).contains(&false) {}
        Inflicted { undone, ready: Instant::now(), lies }
    }
}

fn with_database(house: &House, act: fn(&mut Cluster)) {
    act(&mut house.postgres.lock().unwrap_or_else(PoisonError::into_inner));
}

/// What each server says, asked at the same time.
fn ready(nodes: &[Node]) -> Vec<bool> {
    thread::scope(|scope| {
        let asking: Vec<_> = nodes.iter().map(|node| scope.spawn(|| node.is_ready())).collect();
        asking.into_iter().map(|asked| asked.join().unwrap()).collect()
    })
}

/// Lets time pass, which is what an outage is.
pub(super) fn pass(time: Duration) {
    let (_nobody_speaks, silence) = mpsc::channel::<()>();
    let _ = silence.recv_timeout(time);
}
