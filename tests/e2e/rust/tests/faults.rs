//! Waits over a network that misbehaves: by seed, and at each byte of an answer.
#![allow(clippy::unwrap_used)]

use std::{sync::mpsc, thread};

use loggin::Loggin;
use loggin_e2e::{
    DEMO_APP, PATIENCE, World,
    proxy::{Course, Ending, Fate, Proxy, Trouble},
    rounds,
};

/// Rounds of this short run; `make faults` runs a thousand.
const ROUNDS: u64 = 6;

#[test]
fn no_wait_is_lost_or_ended_twice_whatever_the_network_does() {
    let world = World::start();
    thread::scope(|scope| {
        for seed in 0..ROUNDS {
            let world = &world;
            scope.spawn(move || println!("round {seed}: {:?}", rounds::run(world, seed)));
        }
    });
}

/// A client of its own for each byte of an answer, which is cut after it; the next connection is a good one.
#[test]
fn each_byte_of_an_answer_may_be_the_last() {
    let world = World::start();
    let proxy = Proxy::start(world.address());
    let length = {
        let client = client(&proxy);
        let login = client.create_token(DEMO_APP).unwrap();
        world.sign_in(&[login.code]);
        client.wait_for_verify(login.token).unwrap();
        proxy.until_idle();
        proxy.connections()[0].bytes_down
    };
    for ending in [Ending::Close, Ending::Reset] {
        let first = proxy.connections().len();
        let clients: Vec<_> = (0..length).map(|_| client(&proxy)).collect();
        let logins: Vec<_> = clients.iter().map(|client| client.create_token(DEMO_APP).unwrap()).collect();
        world.sign_in(&logins.iter().map(|login| login.code).collect::<Vec<_>>());
        proxy.disturb(move |number| {
            if number - first >= length {
                return Fate::FAIR;
            }
            let down = Trouble::CutAfter(number - first, ending);
            Fate::Carry(Course { down, ..Course::default() })
        });
        let (end, ends) = mpsc::channel();
        let waits: Vec<_> = clients
            .iter()
            .zip(&logins)
            .map(|(client, login)| {
                let (wait, end) = (client.wait_for_verify_async(login.token), end.clone());
                wait.on_settle(move |result| end.send(result.map(|session| session.app_key)).unwrap());
                wait
            })
            .collect();
        for _ in &waits {
            assert_eq!(ends.recv_timeout(PATIENCE).unwrap().unwrap().as_str(), DEMO_APP);
        }
        proxy.until_idle();
        let connections = proxy.connections();
        assert!(connections.len() >= first + length, "each place was cut once");
        assert!((first..first + length).all(|number| connections[number].bytes_down <= length));
    }
}

fn client(proxy: &Proxy) -> Loggin {
    Loggin::builder().base_url(proxy.url()).timeout(PATIENCE).build().unwrap()
}
