//! Whom a code is for: a person's phone, a test number, or nobody.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use loggin_protocol::PhoneNumber;

use super::Otp;
use crate::{
    crypto::digits::{self, Digits},
    limits, phones,
    store::{App, Store, StoreError, TestNumber},
};

/// Whom a code is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recipient {
    /// A person.
    Person(phones::Number),
    /// A test number.
    Test(TestRecipient),
    /// The number is none that a code can be sent to.
    Invalid,
}

/// A number that nothing is sent to. All else is as for a person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestRecipient {
    pub(crate) phone: PhoneNumber,
    /// The code that it always has.
    pub(crate) code: Digits,
    /// Whether there is a pause between two codes.
    pub(crate) cooldown: bool,
}

impl Recipient {
    /// The number as it was asked for.
    pub(crate) fn phone(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Person(number) => Some(&number.asked),
            Self::Test(test) => Some(&test.phone),
            Self::Invalid => None,
        }
    }

    /// Whether nothing is sent.
    pub(crate) fn is_test(&self) -> bool {
        matches!(self, Self::Test(_))
    }

    /// Whether there is a pause between two codes.
    pub(crate) fn has_cooldown(&self) -> bool {
        !matches!(self, Self::Test(TestRecipient { cooldown: false, .. }))
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
        if let Some(test) = self.test_numbers.find(phone).await? {
            return Ok(if app.live_only { Recipient::Invalid } else { Recipient::Test(test) });
        }
        Ok(phones::read(phone, region).map_or(Recipient::Invalid, Recipient::Person))
    }
}

/// The store's test numbers, remembered for a moment.
pub(super) struct TestNumbers {
    store: Arc<dyn Store>,
    known: Mutex<Option<Known>>,
}

/// All test numbers, as they were read.
#[derive(Clone)]
struct Known {
    read_at: Instant,
    numbers: Arc<HashMap<String, TestNumber>>,
}

impl TestNumbers {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// The test number that this text is. Test numbers are written with their country code.
    async fn find(&self, written: &str) -> Result<Option<TestRecipient>, StoreError> {
        let known = self.all().await?;
        if known.is_empty() {
            return Ok(None);
        }
        let digits: String = written.chars().filter_map(digits::digit).collect();
        let Some((number, test)) = known.get_key_value(&digits) else {
            return Ok(None);
        };
        let phone = PhoneNumber::parse(number).map_err(|_| StoreError::Unreadable("test number"))?;
        let code = Digits::typed(&test.code).ok_or(StoreError::Unreadable("test number"))?;
        Ok(Some(TestRecipient { phone, code, cooldown: test.cooldown }))
    }

    async fn all(&self) -> Result<Arc<HashMap<String, TestNumber>>, StoreError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| known.read_at.elapsed() < limits::APP_VALID) {
            return Ok(known.numbers);
        }
        let numbers = Arc::new(self.store.test_numbers().await?);
        let known = Known { read_at: Instant::now(), numbers: Arc::clone(&numbers) };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(numbers)
    }
}

impl fmt::Debug for TestNumbers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TestNumbers").finish_non_exhaustive()
    }
}
