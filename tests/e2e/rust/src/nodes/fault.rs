//! What is done to servers and database while people sign in.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use rand::{RngExt, rngs::Xoshiro256PlusPlus};

use super::{House, cluster::Cluster, node::Node};

/// How long an outage takes at most: longer than a call waits for the database, and than any connection is believed in.
pub const OUTAGE: Duration = Duration::from_secs(30);

/// How long a usual one takes at most.
const SHORT: Duration = Duration::from_millis(1_500);

/// Tries to go on to another segment of a database's log after which none can be left: some are ready, and in some tries the
/// database is about to start again.
const SEGMENTS: usize = 200;

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
    /// The database's disk is full for a while. It goes on without what takes room, or, where its log cannot grow either,
    /// gives up, and is started again when there is room.
    FillDisk {
        /// For how long.
        time: Duration,
        /// Whether its log cannot grow.
        log: bool,
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
        let short = random.random_range(Duration::ZERO..SHORT);
        let (node, cut) = (random.random_range(0..nodes), random.random());
        match random.random_range(0..100) {
            0..8 => Self::Nothing,
            8..28 => Self::KillNode(node, short),
            28..45 => Self::KillDatabase(short),
            45..47 => Self::KillDatabase(OUTAGE),
            47..62 => Self::Part { node, time: short, cut },
            62..64 => Self::Part { node, time: OUTAGE, cut },
            64..74 => Self::FillDisk { time: short, log: false },
            74..82 => Self::FillDisk { time: short, log: true },
            _ => Self::RollingRestart,
        }
    }

    /// One of each kind, and none that takes long.
    pub fn each() -> [Self; 8] {
        let (node, time) = (1, SHORT / 3);
        [
            Self::Nothing,
            Self::KillNode(node, time),
            Self::KillDatabase(time),
            Self::Part { node, time, cut: false },
            Self::Part { node, time, cut: true },
            Self::FillDisk { time, log: false },
            Self::FillDisk { time, log: true },
            Self::RollingRestart,
        ]
    }

    /// Does it and undoes it; returns once every server is ready.
    pub(super) fn inflict(self, house: &House) -> Inflicted {
        let mut lies = Vec::new();
        match self {
            Self::Nothing => {}
            Self::KillNode(node, time) => {
                house.nodes[node].kill();
                lies.extend(unready_beside(node, &ready(&house.nodes)));
                pass(time);
                house.nodes[node].restart();
            }
            Self::KillDatabase(time) => {
                house.with_database(Cluster::stop);
                lies.extend(without_database(house));
                pass(time);
                house.with_database(Cluster::resume);
            }
            Self::Part { node, time, cut } => {
                let wire = &house.nodes[node].wire;
                wire.part();
                let said = ready(&house.nodes);
                lies.extend(said[node].then_some("ready without a way to the database"));
                lies.extend(unready_beside(node, &said));
                pass(time);
                if cut {
                    wire.cut();
                }
                wire.heal();
            }
            Self::FillDisk { time, log } => lies.extend(fill_disk(house, time, log)),
            Self::RollingRestart => {
                for (number, node) in house.nodes.iter().enumerate() {
                    node.terminate();
                    lies.extend(unready_beside(number, &ready(&house.nodes)));
                    node.restart();
                    // As whoever restarts them one by one waits for.
                    while !node.is_ready() {}
                }
            }
        }
        let undone = Instant::now();
        while ready(&house.nodes).contains(&false) {}
        Inflicted { undone, ready: Instant::now(), lies }
    }
}

/// Fills the disk and makes room again, after which the database runs.
fn fill_disk(house: &House, time: Duration, log: bool) -> Option<&'static str> {
    let Some(disk) = &house.disk else { return None };
    disk.fill();
    let lie = if log {
        end_log(house);
        without_database(house)
    } else {
        None
    };
    pass(time);
    disk.empty();
    while !house.with_database(|postgres| postgres.run(&house.database, &["SELECT"])) {
        // It has given up, or is about to.
        if !house.with_database(|postgres| postgres.is_there()) {
            house.with_database(Cluster::stop);
            house.with_database(Cluster::resume);
        }
    }
    lie
}

/// Has a database write to its log until that has no room, and the database gives up.
fn end_log(house: &House) {
    let next = ["SELECT pg_switch_wal()", "SELECT pg_logical_emit_message(true, '', '')"];
    let mut segments = 0..SEGMENTS;
    while house.with_database(|postgres| {
        postgres.run(&house.database, &next);
        postgres.is_there()
    }) {
        segments.next().expect("a log that does not grow without room");
    }
}

/// What servers say that is not so while no database is there.
fn without_database(house: &House) -> Option<&'static str> {
    ready(&house.nodes).contains(&true).then_some("ready without a database")
}

/// What servers say that is not so while one of them is in trouble.
fn unready_beside(node: usize, said: &[bool]) -> Option<&'static str> {
    let others = said.iter().enumerate().filter(|(other, _)| *other != node);
    others.clone().any(|(_, said)| !said).then_some("not ready for another's trouble")
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
