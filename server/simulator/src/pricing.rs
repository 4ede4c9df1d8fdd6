//! What Meta charges for the messages of the business, by its price list of October 2026, and the bill so far.
//!
//! Amounts are counted in millionths of a dollar. Free entry points, rates of marketing and of authentication across
//! borders are not simulated.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

use crate::templates::Category;

/// Dollars for a delivered message, in each market whose rate is known here. Since October 2026 one rate holds for
/// authentication, for utility and for service messages.
pub(crate) const RATES: [(&str, f64); 2] = [("BR", 0.0068), ("US", 0.0034)];

/// Service messages of a number that cost nothing, a month. One of Meta's pages grants them, another does not.
pub(crate) const FREE_SERVICE_MESSAGES: u64 = 1_000;

/// The most that a rate may be, in dollars: several times the dearest market.
const RATE_MAX: f64 = 10.0;

/// Millionths of a dollar.
const MICROS_PER_DOLLAR: f64 = 1_000_000.0;

/// What a number pays by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tariff<'a> {
    /// Service messages a month that cost nothing.
    pub(crate) free_service_messages: u64,
    /// Dollars for a message, by market: beside, or in place of, [`RATES`].
    pub(crate) rates: &'a BTreeMap<String, f64>,
}

impl Tariff<'_> {
    fn rate(self, market: &str) -> Option<f64> {
        let known = || RATES.iter().find(|(known, _)| *known == market).map(|(_, rate)| *rate);
        self.rates.get(market).copied().or_else(known)
    }
}

/// Whether a message is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// One of the month's service messages that cost nothing.
    FreeCustomerService,
    Regular,
}

/// Millionths of a dollar, told as dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount(u64);

impl Amount {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is checked: 0 to 10")]
    fn of_dollars(dollars: f64) -> Self {
        Self((dollars * MICROS_PER_DOLLAR).round() as u64)
    }

    /// Dollars with four decimals, and up to six where those are not zero.
    pub(crate) fn spelled(self) -> String {
        let (dollars, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let decimals = format!("{micros:06}");
        let (start, rest) = decimals.split_at(4);
        format!("${dollars}.{start}{}", rest.trim_end_matches('0'))
    }
}

impl Serialize for Amount {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a bill is far below the 9 billion dollars that are exact"
    )]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0 as f64 / MICROS_PER_DOLLAR)
    }
}

/// What one message costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Charge {
    /// `authentication`, `marketing`, `service` or `utility`.
    pub(crate) category: &'static str,
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    /// The country of the recipient's number.
    market: &'static str,
    /// None where no rate of the market is known.
    pub(crate) amount: Option<Amount>,
}

impl Charge {
    pub(crate) fn is_free(&self) -> bool {
        self.kind == Kind::FreeCustomerService
    }
}

/// Whether every rate is of a country and within reason.
pub(crate) fn are_rates(rates: &BTreeMap<String, f64>) -> bool {
    rates.iter().all(|(market, rate)| {
        market.len() == 2
            && market.bytes().all(|byte| byte.is_ascii_uppercase())
            && (0.0..=RATE_MAX).contains(rate)
    })
}

/// Messages and what they cost together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Total {
    pub(crate) messages: u64,
    /// Messages whose market has no rate here; they are not in the amount.
    pub(crate) unpriced: u64,
    pub(crate) amount: Amount,
}

impl Total {
    fn of(charge: &Charge) -> Self {
        let unpriced = u64::from(charge.amount.is_none());
        Self { messages: 1, unpriced, amount: charge.amount.unwrap_or_default() }
    }

    fn with(self, other: Self) -> Self {
        Self {
            messages: self.messages + other.messages,
            unpriced: self.unpriced + other.unpriced,
            amount: Amount(self.amount.0 + other.amount.0),
        }
    }
}

/// What was charged so far: for everybody, or for the messages to one phone.
#[derive(Debug, Default)]
pub(crate) struct Bill(BTreeMap<(&'static str, Kind, &'static str), Total>);

/// The messages of one category and market.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    category: &'static str,
    #[serde(rename = "type")]
    kind: Kind,
    market: &'static str,
    #[serde(flatten)]
    total: Total,
}

impl Bill {
    pub(crate) fn add(&mut self, charge: &Charge) {
        let total = self.0.entry((charge.category, charge.kind, charge.market)).or_default();
        *total = total.with(Total::of(charge));
    }

    pub(crate) fn total(&self) -> Total {
        self.0.values().fold(Total::default(), |all, total| all.with(*total))
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        self.0
            .iter()
            .map(|(&(category, kind, market), &total)| Line { category, kind, market, total })
            .collect()
    }
}

/// The bill of the business, and what of the month's free messages is used up.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) bill: Bill,
    month: Option<(i16, i8)>,
    free_used: u64,
}

impl Ledger {
    /// What a message costs that is sent now. `category` is that of a template; anything else is a service message.
    pub(crate) fn quote(
        &self,
        tariff: Tariff<'_>,
        market: &'static str,
        category: Option<Category>,
        now: u64,
    ) -> Charge {
        let name = category.map_or("service", Category::as_str);
        if category.is_none() && self.free_left(tariff, now) > 0 {
            let amount = Some(Amount::default());
            return Charge { category: name, kind: Kind::FreeCustomerService, market, amount };
        }
        let rate = if category == Some(Category::Marketing) { None } else { tariff.rate(market) };
        Charge { category: name, kind: Kind::Regular, market, amount: rate.map(Amount::of_dollars) }
    }

    /// Writes a message down that has reached a phone.
    pub(crate) fn add(&mut self, charge: &Charge, now: u64) {
        self.bill.add(charge);
        if charge.is_free() {
            let month = Some(month(now));
            self.free_used = if self.month == month { self.free_used + 1 } else { 1 };
            self.month = month;
        }
    }

    /// Service messages that still cost nothing this month.
    pub(crate) fn free_left(&self, tariff: Tariff<'_>, now: u64) -> u64 {
        let used = if self.month == Some(month(now)) { self.free_used } else { 0 };
        tariff.free_service_messages.saturating_sub(used)
    }
}

/// Year and month in UTC.
fn month(now: u64) -> (i16, i8) {
    let at = i64::try_from(now).ok().and_then(|now| Timestamp::from_second(now).ok()).unwrap_or_default();
    let date = at.to_zoned_datetime(TimeZone::UTC).date();
    (date.year(), date.month())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 30 November 2026, noon.
    const NOVEMBER: u64 = 1_796_040_000;
    const DAY_SECONDS: u64 = 24 * 60 * 60;

    fn send(ledger: &mut Ledger, tariff: Tariff<'_>, category: Option<Category>, now: u64) -> Charge {
        let charge = ledger.quote(tariff, "US", category, now);
        ledger.add(&charge, now);
        charge
    }

    #[test]
    fn service_messages_are_free_until_the_months_are_used_up() {
        let rates = BTreeMap::new();
        let tariff = Tariff { free_service_messages: 2, rates: &rates };
        let mut ledger = Ledger::default();
        let kinds: Vec<Kind> = (0..3).map(|_| send(&mut ledger, tariff, None, NOVEMBER).kind).collect();
        assert_eq!(kinds, [Kind::FreeCustomerService, Kind::FreeCustomerService, Kind::Regular]);
        assert_eq!(ledger.free_left(tariff, NOVEMBER), 0);
        assert_eq!(ledger.free_left(tariff, NOVEMBER + DAY_SECONDS), 2);
        assert!(send(&mut ledger, tariff, None, NOVEMBER + DAY_SECONDS).is_free());
        assert_eq!(ledger.free_left(tariff, NOVEMBER + DAY_SECONDS), 1);
        let total = ledger.bill.total();
        assert_eq!((total.messages, total.amount.spelled().as_str()), (4, "$0.0034"));
    }

    #[test]
    fn templates_cost_in_every_month() {
        let rates = BTreeMap::new();
        let tariff = Tariff { free_service_messages: FREE_SERVICE_MESSAGES, rates: &rates };
        let mut ledger = Ledger::default();
        for category in [Category::Authentication, Category::Utility] {
            let charge = send(&mut ledger, tariff, Some(category), NOVEMBER);
            assert_eq!((charge.kind, charge.amount), (Kind::Regular, Some(Amount(3_400))));
        }
        assert_eq!(ledger.free_left(tariff, NOVEMBER), FREE_SERVICE_MESSAGES);
    }

    #[test]
    fn a_market_without_a_rate_is_counted_and_not_priced() {
        let mut rates = BTreeMap::new();
        let tariff = Tariff { free_service_messages: 0, rates: &rates };
        let mut ledger = Ledger::default();
        let charge = ledger.quote(tariff, "IN", None, NOVEMBER);
        assert_eq!((charge.kind, charge.amount), (Kind::Regular, None));
        ledger.add(&charge, NOVEMBER);
        let marketing = ledger.quote(tariff, "US", Some(Category::Marketing), NOVEMBER);
        assert_eq!(marketing.amount, None);
        rates.insert("IN".to_owned(), 0.0014);
        rates.insert("US".to_owned(), 0.005);
        let tariff = Tariff { free_service_messages: 0, rates: &rates };
        for (market, micros) in [("IN", 1_400), ("US", 5_000), ("BR", 6_800)] {
            assert_eq!(ledger.quote(tariff, market, None, NOVEMBER).amount, Some(Amount(micros)));
        }
        assert_eq!((ledger.bill.total().messages, ledger.bill.total().unpriced), (1, 1));
    }

    #[test]
    fn amounts_are_spelled_with_four_decimals_or_more() {
        for (micros, text) in
            [(0, "$0.0000"), (3_400, "$0.0034"), (1_234_567, "$1.234567"), (10_010, "$0.01001")]
        {
            assert_eq!(Amount(micros).spelled(), text);
        }
        assert_eq!(Amount::of_dollars(0.0068), Amount(6_800));
    }

    #[test]
    fn rates_are_of_countries() {
        let rates = |market: &str, rate| BTreeMap::from([(market.to_owned(), rate)]);
        assert!(are_rates(&BTreeMap::new()) && are_rates(&rates("IN", 0.0)));
        for (market, rate) in [("in", 0.1), ("IND", 0.1), ("IN", -0.1), ("IN", 11.0), ("IN", f64::NAN)] {
            assert!(!are_rates(&rates(market, rate)), "{market} {rate}");
        }
    }
}
