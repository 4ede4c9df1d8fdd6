//! Everything that changes while the simulator runs, behind one lock that is never held across an await.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::limits::{ALLOWED_RECIPIENTS_MAX, MESSAGES_INDEXED_MAX};
use crate::number::Number;
use crate::phones::Phones;
use crate::pricing::{self, FREE_SERVICE_MESSAGES, Ledger, Tariff};
use crate::setup::Setup;
use crate::templates::Templates;

/// How the business learns that a message cannot be delivered. With Meta it is sometimes one and sometimes the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErrorReport {
    /// The call is answered with the error.
    #[default]
    Response,
    /// The call succeeds, and a `failed` status follows.
    Status,
}

/// What a test may change of the world at large.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) report_errors: ErrorReport,
    /// The recipients of a test number: everybody else is refused with 131030. Null allows everybody.
    pub(crate) allowed_recipients: Option<Vec<String>>,
    /// The number also runs in the WhatsApp Business app: a person's first message comes without its content, and the
    /// business is told what is sent from the app.
    pub(crate) coexistence: bool,
    /// Service messages a month that cost nothing.
    pub(crate) free_service_messages: u64,
    /// Without one, a message that costs something is refused with 131042.
    pub(crate) payment_method: bool,
    /// Dollars for a message, by the country of the recipient's number: beside, or in place of, what is known here.
    pub(crate) rates: BTreeMap<String, f64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            report_errors: ErrorReport::default(),
            allowed_recipients: None,
            coexistence: false,
            free_service_messages: FREE_SERVICE_MESSAGES,
            payment_method: true,
            rates: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Whether the allow-list, if there is one, lets this recipient through.
    pub(crate) fn allows(&self, number: &Number) -> bool {
        self.allowed_recipients.as_ref().is_none_or(|allowed| {
            allowed.iter().any(|text| Number::parse(text).is_ok_and(|listed| listed == *number))
        })
    }

    /// What the number pays by.
    pub(crate) fn tariff(&self) -> Tariff<'_> {
        Tariff { free_service_messages: self.free_service_messages, rates: &self.rates }
    }

    /// Whether every rate is one, every recipient is a number and their list has an end.
    pub(crate) fn is_valid(&self) -> bool {
        pricing::are_rates(&self.rates) && self.has_valid_recipients()
    }

    fn has_valid_recipients(&self) -> bool {
        self.allowed_recipients.as_ref().is_none_or(|allowed| {
            allowed.len() <= ALLOWED_RECIPIENTS_MAX && allowed.iter().all(|text| Number::parse(text).is_ok())
        })
    }
}

/// Which phone a message came from, for as long as it is among the latest.
#[derive(Debug, Default)]
pub(crate) struct Senders {
    by_message: HashMap<String, Number>,
    order: VecDeque<String>,
}

impl Senders {
    pub(crate) fn insert(&mut self, message_id: String, number: Number) {
        if self.order.len() == MESSAGES_INDEXED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_message.remove(&oldest);
        }
        self.order.push_back(message_id.clone());
        self.by_message.insert(message_id, number);
    }

    pub(crate) fn get(&self, message_id: &str) -> Option<&Number> {
        self.by_message.get(message_id)
    }
}

/// The phones, their chats and the account of the business.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) phones: Phones,
    pub(crate) settings: Settings,
    pub(crate) setup: Setup,
    pub(crate) templates: Templates,
    pub(crate) senders: Senders,
    pub(crate) ledger: Ledger,
    sequence: u64,
}

impl World {
    /// The next place in the order of all chat messages.
    pub(crate) fn next_seq(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_senders_are_forgotten() {
        let mut senders = Senders::default();
        let number = Number::parse("15550002222").unwrap();
        for index in 0..=MESSAGES_INDEXED_MAX {
            senders.insert(index.to_string(), number.clone());
        }
        assert_eq!((senders.get("0"), senders.get("1")), (None, Some(&number)));
    }

    #[test]
    fn an_allow_list_is_read_in_any_spelling() {
        let listed = Number::parse("15550002222").unwrap();
        let other = Number::parse("15550003333").unwrap();
        assert!(Settings::default().allows(&listed));
        let settings =
            Settings { allowed_recipients: Some(vec!["+1 555 000 2222".to_owned()]), ..Settings::default() };
        assert!(settings.is_valid() && settings.allows(&listed) && !settings.allows(&other));
        assert!(!Settings { allowed_recipients: Some(vec!["Ana".to_owned()]), ..settings }.is_valid());
    }
}
