//! Secret keys as calls meet them: which are taken, and how it is noted that they are.

use std::{sync::Arc, time::Duration};

use tempfile::TempDir;

use super::*;
use crate::tests::{ManualClock, add_key, demo_app, demo_key, store};

const HOUR: Duration = Duration::from_secs(60 * 60);

async fn with_key(key: AppSecretKey) -> (Apps, Arc<dyn Store>, Arc<ManualClock>, TempDir) {
    let (store, _, folder) = store().await;
    assert!(store.insert_app(&demo_app()).await.unwrap());
    assert!(store.insert_secret_key(&key).await.unwrap());
    let clock = ManualClock::new();
    let apps = Apps::new(Arc::clone(&store), Arc::clone(&clock) as Arc<dyn Clock>, false);
    (apps, store, clock, folder)
}

fn kept(clock_start: UnixMillis) -> AppSecretKey {
    AppSecretKey::of(&demo_key(), "a label", clock_start)
}

#[tokio::test]
async fn each_key_of_an_app_is_taken_until_it_ends() {
    let start = ManualClock::new().now();
    let ends = AppSecretKey { expires_at: Some(start + HOUR), ..kept(start) };
    let (apps, store, clock, _folder) = with_key(ends).await;
    let other = SecretKey::from_secret(demo_key().app_key(), [8; 20]);
    add_key(&*store, &other).await;
    let taken = async |key: &SecretKey| apps.authenticate(&key.expose()).await.is_ok();
    assert!(taken(&demo_key()).await && taken(&other).await);
    assert!(!taken(&SecretKey::from_secret(demo_key().app_key(), [9; 20])).await);
    clock.advance(HOUR.saturating_sub(Duration::from_millis(1)));
    assert!(taken(&demo_key()).await);
    clock.advance(Duration::from_millis(1));
    assert!(matches!(apps.authenticate(&demo_key().expose()).await, Err(KeyError::Wrong)));
    assert!(taken(&other).await);
}

#[tokio::test]
async fn an_app_that_is_disabled_is_none_and_its_key_says_why() {
    let (_, store, clock, _folder) = with_key(kept(ManualClock::new().now())).await;
    let disabled = App { disabled_at: Some(clock.now()), ..demo_app() };
    assert!(store.update_app(&disabled).await.unwrap());
    // As a server sees it that knew nothing of the app a moment ago.
    let apps = Apps::new(Arc::clone(&store), Arc::clone(&clock) as Arc<dyn Clock>, false);
    assert_eq!(apps.find(disabled.app_key).await.unwrap(), None);
    assert!(matches!(apps.authenticate(&demo_key().expose()).await, Err(KeyError::Disabled)));
    let wrong = SecretKey::from_secret(disabled.app_key, [9; 20]);
    assert!(matches!(apps.authenticate(&wrong.expose()).await, Err(KeyError::Wrong)));
    assert!(!apps.some_allows("https://anywhere.example").await.unwrap());
}

#[tokio::test]
async fn a_use_is_written_afterwards_and_once_an_hour() {
    let (_, store, clock, _folder) = with_key(kept(ManualClock::new().now())).await;
    let start = clock.now();
    let last_used = async || store.secret_keys(demo_app().app_key).await.unwrap()[0].last_used_at;
    for (minutes, noted) in [(0, start), (59, start), (60, start + HOUR), (119, start + HOUR)] {
        clock.set(start + Duration::from_secs(minutes * 60));
        let apps = Apps::new(Arc::clone(&store), Arc::clone(&clock) as Arc<dyn Clock>, false);
        let before = last_used().await;
        apps.authenticate(&demo_key().expose()).await.unwrap();
        assert_eq!(last_used().await, before, "a call writes nothing");
        let is_due = before != Some(noted);
        assert_eq!(apps.uses().len(), usize::from(is_due), "at {minutes} minutes");
        apps.write_uses().await.unwrap();
        assert_eq!(last_used().await, Some(noted), "at {minutes} minutes");
        assert!(apps.uses().is_empty());
    }
}
