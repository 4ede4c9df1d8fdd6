//! The hubs of waits whose logins began at a page on the person's phone, to which the message in WhatsApp leads back.
//!
//! A request names one page for all its logins, so each page has a hub of its own, and with it streams of its own. It is
//! there as long as somebody waits.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use loggin_protocol::AppKey;

/// Most pages at a time: an app has a handful, and each costs a connection. Waits of more are without a link back.
const MAX_PAGES: usize = 64;

/// A page, of one app: the server lets links lead to the pages of a request whose logins are all of one app.
pub(super) type Page = (AppKey, Arc<str>);

/// The hubs of pages, by page.
pub(super) struct Pages<H>(Mutex<HashMap<Page, Weak<H>>>);

impl<H> Pages<H> {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    /// The hub of a page, made where there is none. `None` where there are hubs of too many others.
    pub(super) fn get_or_make<E>(
        &self,
        page: Page,
        make: impl FnOnce() -> Result<Arc<H>, E>,
    ) -> Result<Option<Arc<H>>, E> {
        let mut hubs = self.lock();
        if let Some(hub) = hubs.get(&page).and_then(Weak::upgrade) {
            return Ok(Some(hub));
        }
        hubs.retain(|_, hub| hub.strong_count() > 0);
        if hubs.len() >= MAX_PAGES {
            return Ok(None);
        }
        let hub = make()?;
        hubs.insert(page, Arc::downgrade(&hub));
        Ok(Some(hub))
    }

    /// Those that are there.
    pub(super) fn all(&self) -> Vec<Arc<H>> {
        self.lock().values().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Page, Weak<H>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(number: usize) -> Page {
        (AppKey::parse("8XKPQ2WN").unwrap(), format!("https://shop.example/{number}").into())
    }

    #[test]
    fn a_page_has_one_hub_as_long_as_somebody_holds_it() {
        let pages = Pages::new();
        let get = |number, hub| pages.get_or_make(page(number), || Ok::<_, ()>(Arc::new(hub))).unwrap();
        let first = get(0, "first").unwrap();
        assert_eq!(get(0, "second").as_deref(), Some(&"first"));
        let hubs: Vec<_> = (1..MAX_PAGES).map(|number| get(number, "other").unwrap()).collect();
        assert_eq!((get(MAX_PAGES, "one more"), get(0, "second").as_deref()), (None, Some(&"first")));
        assert_eq!(pages.all().len(), MAX_PAGES);
        drop(first);
        assert_eq!(pages.all().len(), MAX_PAGES - 1);
        assert_eq!(get(MAX_PAGES, "one more").as_deref(), Some(&"one more"));
        assert_eq!(get(0, "second").as_deref(), Some(&"second"));
        drop(hubs);
        assert_eq!(pages.all().len(), 0);
    }

    #[test]
    fn what_cannot_be_made_is_not_there() {
        let pages = Pages::<()>::new();
        assert_eq!(pages.get_or_make(page(0), || Err("no")), Err("no"));
        assert_eq!(pages.all().len(), 0);
    }
}
