//! A number that takes a while to find, for many callers at once.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The last count. One caller counts again, and those who come meanwhile believe the count before: all of them counting
/// would keep the store from everything else.
#[derive(Debug, Default)]
pub(crate) struct SharedCount {
    /// With the moment that it was begun.
    last: Mutex<Option<(u32, Instant)>>,
    counting: tokio::sync::Mutex<()>,
}

impl SharedCount {
    /// The last count, where it is no older than `valid` or somebody is counting again; otherwise that of `count`.
    pub(crate) async fn get<E>(
        &self,
        valid: Duration,
        count: impl Future<Output = Result<u32, E>>,
    ) -> Result<u32, E> {
        let now = Instant::now();
        let last = self.last();
        if let Some((count, _)) = last.filter(|(_, at)| now.saturating_duration_since(*at) < valid) {
            return Ok(count);
        }
        let _counting = match (self.counting.try_lock(), last) {
            (Ok(guard), _) => guard,
            (Err(_), Some((count, _))) => return Ok(count),
            (Err(_), None) => {
                let guard = self.counting.lock().await;
                if let Some((count, _)) = self.last() {
                    return Ok(count);
                }
                guard
            }
        };
        let count = count.await?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((count, now));
        Ok(count)
    }

    fn last(&self) -> Option<(u32, Instant)> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, future};

    use tokio::sync::oneshot;

    use super::*;

    fn nobody_counts() -> impl Future<Output = Result<u32, Infallible>> {
        future::poll_fn(|_| panic!("there is a count already"))
    }

    #[tokio::test]
    async fn one_caller_counts_and_the_others_believe_the_count_before() {
        let shared = SharedCount::default();
        assert_eq!(shared.get(Duration::MAX, future::ready(Ok::<_, Infallible>(5))).await, Ok(5));
        assert_eq!(shared.get(Duration::MAX, nobody_counts()).await, Ok(5));
        let (finish, counted) = oneshot::channel();
        let slow = shared.get(Duration::ZERO, counted);
        let meanwhile = async {
            assert_eq!(shared.get(Duration::ZERO, nobody_counts()).await, Ok(5));
            finish.send(6).unwrap();
        };
        assert_eq!(tokio::join!(slow, meanwhile).0, Ok(6));
        assert_eq!(shared.get(Duration::MAX, nobody_counts()).await, Ok(6));
    }

    #[tokio::test]
    async fn the_first_count_is_waited_for_by_all_and_one_that_fails_or_is_given_up_is_made_again() {
        let shared = SharedCount::default();
        assert_eq!(shared.get(Duration::MAX, future::ready(Err(()))).await, Err(()));
        let given_up = shared.get(Duration::MAX, future::pending::<Result<u32, ()>>());
        assert!(tokio::time::timeout(Duration::ZERO, given_up).await.is_err());
        let (finish, counted) = oneshot::channel();
        let first = shared.get(Duration::MAX, counted);
        let second = shared.get(Duration::MAX, nobody_counts());
        let end = async { finish.send(7).unwrap() };
        let (first, second, ()) = tokio::join!(first, second, end);
        assert_eq!((first, second), (Ok(7), Ok(7)));
    }
}
