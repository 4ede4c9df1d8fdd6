//! How every store keeps the processes that serve.

use std::time::Duration;

use super::logins::NOW;
use crate::{
    clock::UnixMillis,
    limits,
    store::{Node, Store},
};

/// Runs the suite against what `$open` makes: see `store_suite`.
macro_rules! node_suite {
    ($open:path) => {
        node_suite!($open:
            a_process_is_there_until_it_ends,
            who_left_without_a_word_is_forgotten_after_a_day,
            of_many_processes_the_latest_are_kept,
        );
    };
    ($open:path: $($test:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            let Some((store, _kept)) = $open().await else { return };
            $crate::store::tests::nodes::$test(&store).await;
        }
    )+};
}
pub(in crate::store) use node_suite;

const SECOND: Duration = Duration::from_secs(1);

fn node(id: i64, seen_at: UnixMillis) -> Node {
    Node { id, host: "one".to_owned(), version: "1.4.0".to_owned(), started_at: NOW + SECOND, seen_at }
}

async fn known(store: &impl Store) -> Vec<Node> {
    store.nodes().await.unwrap().into_iter().map(|row| row.node).collect()
}

pub(in crate::store) async fn a_process_is_there_until_it_ends(store: &impl Store) {
    assert_eq!(known(store).await, []);
    let own = node(store.node(), NOW);
    let other = Node { started_at: NOW, ..node(i64::MIN, NOW) };
    store.put_node(own.clone()).await.unwrap();
    store.put_node(other.clone()).await.unwrap();
    assert_eq!(known(store).await, [other.clone(), own.clone()]);
    let again = Node { version: "0.2.0".to_owned(), seen_at: NOW + SECOND, ..own };
    store.put_node(again.clone()).await.unwrap();
    assert_eq!(known(store).await, [other, again.clone()]);
    assert!(store.leads().await.unwrap());
    let rows = store.nodes().await.unwrap();
    assert!(rows.iter().any(|row| row.node == again && row.leads), "{rows:?}");
    store.remove_node(i64::MIN).await.unwrap();
    store.remove_node(5).await.unwrap();
    assert_eq!(known(store).await, [again]);
}

pub(in crate::store) async fn who_left_without_a_word_is_forgotten_after_a_day(store: &impl Store) {
    let day = limits::NODE_KEPT;
    for (id, seen_at) in [(2, NOW), (3, NOW + SECOND), (4, NOW + day * 2 + SECOND * 2)] {
        store.put_node(node(id, seen_at)).await.unwrap();
    }
    let ids = async || known(store).await.into_iter().map(|node| node.id).collect::<Vec<_>>();
    // The last one's clock is days ahead, and it has forgotten the others.
    assert_eq!(ids().await, [4]);
    store.put_node(node(2, NOW)).await.unwrap();
    assert_eq!(ids().await, [2], "which the others soon know");
    store.put_node(node(3, NOW + day)).await.unwrap();
    assert_eq!(ids().await, [2, 3]);
    store.put_node(node(3, NOW + day + SECOND)).await.unwrap();
    assert_eq!(ids().await, [3]);
}

pub(in crate::store) async fn of_many_processes_the_latest_are_kept(store: &impl Store) {
    let most = i64::from(limits::NODES);
    for id in 1..=most + 2 {
        store.put_node(node(id, NOW + SECOND * u32::try_from(id).unwrap())).await.unwrap();
    }
    let known = known(store).await;
    assert_eq!((known.len(), known[0].id), (limits::NODES as usize, 3));
}
