//! Whom a code is for: a person's phone, a test number, or nobody.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use loggin::PhoneNumber;

use super::Otp;
use crate::{
    digits::{self, Digits},
    limits, phones,
    store::{App, Store, StoreError},
};

/// Whom a code is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recipient {
    /// A person.
    Person(PhoneNumber),
    /// A test number, which always has this code.
    Test(PhoneNumber, Digits),
    /// Nobody: the number is none that a code can be sent to.
    Nobody,
}

impl Recipient {
    /// Whether nothing is sent, and nothing throttled.
    pub(crate) fn is_test(&self) -> bool {
        matches!(self, Self::Test(..))
    }
}

impl Otp {
    /// Whom this number is of, written with its country code or as in `region`.
    pub(crate) async fn recipient(
        &self,
        app: &App,
        phone: &str,
        region: Option<&str>,
    ) -> Result<Recipient, StoreError> {
        if let Some((number, code)) = self.test_numbers.find(phone).await? {
            return Ok(if app.live_only { Recipient::Nobody } else { Recipient::Test(number, code) });
        }
        Ok(phones::read_mobile(phone, region).map_or(Recipient::Nobody, Recipient::Person))
    }
}

/// The store's test numbers, remembered for a moment.
pub(super) struct TestNumbers {
    store: Arc<dyn Store>,
    known: Mutex<Option<Known>>,
}

/// All test numbers and their codes, as they were read.
#[derive(Clone)]
struct Known {
    read_at: Instant,
    codes: Arc<HashMap<String, String>>,
}

impl TestNumbers {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// The test number that this text is, with its code. Test numbers are written with their country code.
    async fn find(&self, text: &str) -> Result<Option<(PhoneNumber, Digits)>, StoreError> {
        let known = self.all().await?;
        if known.is_empty() {
            return Ok(None);
        }
        let text: String = text.chars().filter_map(digits::digit).collect();
        let Some((number, code)) = known.get_key_value(&text) else {
            return Ok(None);
        };
        let number = PhoneNumber::parse(number).map_err(|_| StoreError::Unreadable("test number"))?;
        let code = Digits::typed(code).ok_or(StoreError::Unreadable("test number"))?;
        Ok(Some((number, code)))
    }

    async fn all(&self) -> Result<Arc<HashMap<String, String>>, StoreError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| known.read_at.elapsed() < limits::APP_VALID) {
            return Ok(known.codes);
        }
        let codes = Arc::new(self.store.test_numbers().await?);
        let known = Known { read_at: Instant::now(), codes: Arc::clone(&codes) };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(codes)
    }
}

impl fmt::Debug for TestNumbers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TestNumbers").finish_non_exhaustive()
    }
}
