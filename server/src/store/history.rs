//! What became of logins and one-time codes, and the calls for it that every store offers.
//!
//! A row is added in the transaction of the change that ends something, see `Change::end` and `OtpWrite::End`, and stays
//! as it is. Counts by the hour are made of rows that are not counted yet, once for each, and whoever asks for counts gets
//! those rows counted too. No row has a number in it: the last digits, the country, and a MAC to find one's rows by.

use std::time::Duration;

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use loggin_protocol::{AppKey, Confirm};
use uuid::Uuid;

use super::{StoreError, rows::Numbered};
use crate::{clock::UnixMillis, limits};

/// Milliseconds of an hour, in which things are counted by when they began.
pub(crate) const HOUR_MILLIS: i64 = 60 * 60 * 1_000;

/// What the time to a result is counted in: each step's end, in milliseconds; what takes longer is one more step. A step
/// never changes its meaning.
pub(crate) const PACE: [i64; 24] = [
    1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 10_000, 12_000, 14_000, 16_000, 20_000, 25_000,
    30_000, 40_000, 50_000, 60_000, 80_000, 100_000, 120_000, 180_000, 240_000, 300_000,
];

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum HistoryKind {
    /// A login.
    Login,
    /// A one-time code.
    Code,
    /// A one-time code of a test number, which nothing was sent to.
    TestCode,
    /// A one-time code that another server made, and that a gateway sent.
    Gateway,
}

impl HistoryKind {
    pub(crate) const ALL: [Self; 4] = [Self::Login, Self::Code, Self::TestCode, Self::Gateway];

    /// Its word on the command line and in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Code => "otp",
            Self::TestCode => "otp_test",
            Self::Gateway => "gateway",
        }
    }
}

/// How something ended, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Outcome {
    /// A login's result was handed out.
    Redeemed,
    /// A code was typed.
    Verified,
    /// A code of another server has arrived.
    Delivered,
    /// Time was over first.
    Expired,
    /// A login ended without a result.
    Denied,
    /// A login's result was taken back.
    Revoked,
    /// A code was taken no longer.
    Blocked,
    /// A code did not arrive.
    Failed,
    /// A code was not sent: a guard refused it.
    Refused,
}

impl Outcome {
    /// Its word on the command line and in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Redeemed => "redeemed",
            Self::Verified => "verified",
            Self::Delivered => "delivered",
            Self::Expired => "expired",
            Self::Denied => "denied",
            Self::Revoked => "revoked",
            Self::Blocked => "blocked",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }
}

/// How something ended, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ending {
    /// The login's result was handed out.
    Redeemed,
    /// The code was typed.
    Typed,
    /// The phone has the code of another server; nobody tells whether it was typed there.
    Delivered,
    /// Nobody sent the login's message.
    NoMessage,
    /// The message came, and the number that was asked for did not.
    NoNumber,
    /// The message came, and nobody confirmed it.
    NotConfirmed,
    /// There was a result, and nobody redeemed it.
    NotRedeemed,
    /// The sender said "not me", or chose other digits than those that were shown.
    NotMe,
    /// Too many wrong digits were typed where the login began.
    TooManyDigits,
    /// The number stayed hidden, which the app does not accept.
    PhoneHidden,
    /// The sender took back a result.
    TakenBack,
    /// Nobody typed the code, or another one was asked for.
    NotTyped,
    /// WhatsApp took the code of another server, and did not say in time that the phone has it.
    NotDelivered,
    /// Too many wrong codes were typed.
    TooManyGuesses,
    /// The recipient said that they had not asked for the code.
    NotRequested,
    /// WhatsApp does not deliver to this person.
    Undeliverable,
    /// WhatsApp delivers to another account than that of the number.
    OtherAccount,
    /// WhatsApp did not deliver now.
    Temporary,
    /// WhatsApp delivers to nobody, until the operator has fixed something.
    Operator,
    /// Nobody knows whether WhatsApp took the code.
    Unknown,
    /// The app's codes do not go to this country.
    CountryNotAllowed,
    /// The app's codes of the day were used up.
    DayOfApp,
    /// Those of the country were.
    DayOfCountry,
    /// Too few codes of the country were typed.
    CountryPaused,
    /// Too few codes of numbers like this one were typed.
    RangePaused,
    /// One address asked for too many numbers, or for those of too many countries.
    ClientSpread,
}

impl Ending {
    pub(crate) const ALL: [Self; 26] = [
        Self::Redeemed,
        Self::Typed,
        Self::Delivered,
        Self::NoMessage,
        Self::NoNumber,
        Self::NotConfirmed,
        Self::NotRedeemed,
        Self::NotMe,
        Self::TooManyDigits,
        Self::PhoneHidden,
        Self::TakenBack,
        Self::NotTyped,
        Self::NotDelivered,
        Self::TooManyGuesses,
        Self::NotRequested,
        Self::Undeliverable,
        Self::OtherAccount,
        Self::Temporary,
        Self::Operator,
        Self::Unknown,
        Self::CountryNotAllowed,
        Self::DayOfApp,
        Self::DayOfCountry,
        Self::CountryPaused,
        Self::RangePaused,
        Self::ClientSpread,
    ];

    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Self::Redeemed => Outcome::Redeemed,
            Self::Typed => Outcome::Verified,
            Self::Delivered => Outcome::Delivered,
            Self::NoMessage
            | Self::NoNumber
            | Self::NotConfirmed
            | Self::NotRedeemed
            | Self::NotTyped
            | Self::NotDelivered => Outcome::Expired,
            Self::NotMe | Self::TooManyDigits | Self::PhoneHidden => Outcome::Denied,
            Self::TakenBack => Outcome::Revoked,
            Self::TooManyGuesses | Self::NotRequested => Outcome::Blocked,
            Self::Undeliverable | Self::OtherAccount | Self::Temporary | Self::Operator | Self::Unknown => {
                Outcome::Failed
            }
            Self::CountryNotAllowed
            | Self::DayOfApp
            | Self::DayOfCountry
            | Self::CountryPaused
            | Self::RangePaused
            | Self::ClientSpread => Outcome::Refused,
        }
    }

    /// Why, in a word; none where it is what was wanted.
    pub(crate) fn reason(self) -> Option<&'static str> {
        Some(match self {
            Self::Redeemed | Self::Typed | Self::Delivered => return None,
            Self::NoMessage => "no_message",
            Self::NoNumber => "no_number",
            Self::NotConfirmed => "not_confirmed",
            Self::NotRedeemed => "not_redeemed",
            Self::NotMe | Self::TakenBack => "not_me",
            Self::TooManyDigits | Self::TooManyGuesses => "max_attempts",
            Self::PhoneHidden => "phone_hidden",
            Self::NotTyped => "not_typed",
            Self::NotDelivered => "not_delivered",
            Self::NotRequested => "not_requested",
            Self::Undeliverable => "undeliverable",
            Self::OtherAccount => "other_account",
            Self::Temporary => "temporary",
            Self::Operator => "operator",
            Self::Unknown => "unknown",
            Self::CountryNotAllowed => "country_not_allowed",
            Self::DayOfApp => "day_of_app",
            Self::DayOfCountry => "day_of_country",
            Self::CountryPaused => "country_paused",
            Self::RangePaused => "range_paused",
            Self::ClientSpread => "client_spread",
        })
    }
}

/// One row: a login or a session of a one-time code, as it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HistoryEntry {
    pub(crate) app_key: AppKey,
    pub(crate) kind: HistoryKind,
    pub(crate) ending: Ending,
    /// The `login_id` or `session_id` by which webhooks and logs call it.
    pub(crate) name: String,
    /// Whether it has no row yet: a result that is taken back after it was redeemed has its second one, which does not
    /// count as another login.
    pub(crate) is_first: bool,
    /// What confirmed it, or was to.
    pub(crate) confirm: Confirm,
    pub(crate) started_at: UnixMillis,
    /// When its message came; of a code, its beginning where WhatsApp took the message, which is part of the call.
    pub(crate) message_at: Option<UnixMillis>,
    pub(crate) verified_at: Option<UnixMillis>,
    /// When it ended, or was redeemed.
    pub(crate) ended_at: UnixMillis,
    /// The country of the number, as ISO 3166 has it.
    pub(crate) country: Option<String>,
    /// The last digits of the number.
    pub(crate) phone_end: Option<String>,
    /// MAC of the number; not read back.
    pub(crate) recipient: Option<[u8; 32]>,
}

impl HistoryEntry {
    /// The step of [`PACE`] that it took to a result.
    pub(crate) fn pace(&self) -> Option<i64> {
        let took = self.verified_at?.since(self.started_at).as_millis();
        let step = PACE.iter().position(|end| took <= u128::from(end.unsigned_abs()));
        i64::try_from(step.unwrap_or(PACE.len())).ok()
    }
}

/// A row, and its position: the later one was committed later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HistoryRow {
    pub(crate) id: i64,
    pub(crate) entry: HistoryEntry,
}

/// Which rows are asked for. What is not given restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HistoryFilter {
    pub(crate) app_key: Option<AppKey>,
    /// Of any of these apps.
    pub(crate) apps: Option<Vec<AppKey>>,
    pub(crate) kind: Option<HistoryKind>,
    /// Any of these.
    pub(crate) endings: Option<Vec<Ending>>,
    pub(crate) country: Option<String>,
    /// The last digits of the number, as many as are kept.
    pub(crate) phone_end: Option<String>,
    /// The MACs of one number, under every key.
    pub(crate) recipients: Option<Vec<[u8; 32]>>,
    /// From when on, and before when, it ended.
    pub(crate) since: Option<UnixMillis>,
    pub(crate) until: Option<UnixMillis>,
}

/// From where on rows are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HistoryStart {
    /// The latest first.
    Latest,
    /// The latest before this one first.
    Before(i64),
    /// The earliest after this one first.
    After(i64),
}

/// Some rows, in the order in which they were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HistoryPage {
    pub(crate) rows: Vec<HistoryRow>,
    /// Where the next page begins; `None` where there is none. A page may have fewer rows than were asked for, or none, and
    /// a next one: so many rows are looked at for a page and no more. Towards later rows there always is one, which begins
    /// with what is yet to come.
    pub(crate) next: Option<i64>,
}

/// A side from which the history is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Facet {
    /// By nothing else than the hour.
    Hours,
    /// By [`Ending`], as its number.
    Endings,
    /// By country; empty where none is known.
    Countries,
    /// By the steps of [`PACE`].
    Pace,
    /// Messages that WhatsApp took, by the number of their kind; 0 is a one-time code.
    Messages,
}

/// What is counted: of an app or of all, of things that began in these hours since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UsageFilter {
    pub(crate) app_key: Option<AppKey>,
    /// Of any of these apps.
    pub(crate) apps: Option<Vec<AppKey>>,
    pub(crate) from_hour: i64,
    /// The first that does not count.
    pub(crate) to_hour: i64,
}

impl UsageFilter {
    /// The whole days of it, in UTC, of which the sides are counted by the day: their first hour, and the first after them.
    pub(super) fn days(&self, facet: Facet) -> (i64, i64) {
        let head = self.from_hour.saturating_add(23).div_euclid(24).saturating_mul(24);
        let tail = self.to_hour.div_euclid(24).saturating_mul(24);
        if facet == Facet::Hours || head >= tail { (self.to_hour, self.to_hour) } else { (head, tail) }
    }
}

/// How many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UsageCounts {
    /// Rows of the history; of messages, how many were sent.
    pub(crate) ends: u64,
    pub(crate) started: u64,
    pub(crate) messages: u64,
    pub(crate) verified: u64,
    pub(crate) redeemed: u64,
}

impl std::ops::AddAssign for UsageCounts {
    fn add_assign(&mut self, other: Self) {
        self.ends += other.ends;
        self.started += other.started;
        self.messages += other.messages;
        self.verified += other.verified;
        self.redeemed += other.redeemed;
    }
}

/// What began in one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UsageHour {
    pub(crate) hour: i64,
    pub(crate) kind: HistoryKind,
    pub(crate) counts: UsageCounts,
}

/// What has one value on a side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UsageValue {
    pub(crate) app_key: AppKey,
    pub(crate) kind: HistoryKind,
    pub(crate) value: String,
    pub(crate) counts: UsageCounts,
}

/// What time takes away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HistoryPurge {
    /// From when apps that have a time of their own count it back.
    pub(crate) now: UnixMillis,
    /// Rows that ended before are deleted.
    pub(crate) before: UnixMillis,
    /// Counts of hours before this one are deleted; days have theirs by their first hour.
    pub(crate) hour: i64,
    /// Most rows of an app about logins without a message.
    pub(crate) most_unanswered: u32,
}

/// How far the clocks of nodes may be apart, so that rows are nearly in the order of their ends.
pub(super) const SKEW: Duration = Duration::from_secs(120);

impl HistoryFilter {
    /// The numbers of the endings.
    pub(super) fn ending_numbers(&self) -> Option<Vec<i64>> {
        self.endings.as_ref().map(|endings| endings.iter().map(|ending| ending.number()).collect())
    }

    /// The MACs of the number, in hexadecimal.
    pub(super) fn recipients_in_hex(&self) -> Option<Vec<String>> {
        self.recipients.as_ref().map(|macs| macs.iter().map(|mac| HEXLOWER.encode(mac)).collect())
    }

    /// Whether an index leads to its rows and to few others.
    fn is_led_to(&self) -> bool {
        let is_of_some = self.apps.is_some() && self.app_key.is_none();
        let none_else = !is_of_some
            && self.kind.is_none()
            && self.endings.is_none()
            && self.country.is_none()
            && self.phone_end.is_none();
        none_else || self.recipients.is_some()
    }

    /// The ids among which a page is looked for: between these, which are left out themselves, and `last`.
    pub(super) fn window(&self, start: HistoryStart, (above, below): (i64, i64), last: i64) -> Window {
        let most = if self.is_led_to() { i64::MAX } else { i64::from(limits::HISTORY_LOOKED_AT) };
        match start {
            HistoryStart::After(id) => {
                let above = above.max(id);
                let end = below.min(last.saturating_add(1));
                Window { above, below: end.min(above.saturating_add(most)), end, is_latest: false }
            }
            HistoryStart::Latest | HistoryStart::Before(_) => {
                let before = if let HistoryStart::Before(id) = start { id } else { i64::MAX };
                let below = below.min(before).min(last.saturating_add(1));
                Window { above: above.max(below.saturating_sub(most)), below, end: above, is_latest: true }
            }
        }
    }
}

/// Ids among which a page is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// The first lies above this one, and the last below the other.
    pub(super) above: i64,
    pub(super) below: i64,
    /// The bound of what could be looked at.
    end: i64,
    is_latest: bool,
}

impl Window {
    pub(super) fn is_empty(&self) -> bool {
        self.above.saturating_add(1) >= self.below
    }

    /// The page of the rows that were found, each with its id; a row that cannot be read is none.
    pub(super) fn page(&self, found: Vec<(i64, Option<HistoryRow>)>, limit: u32) -> HistoryPage {
        let last_found = found.last().map(|(id, _)| *id);
        let next = match (found.len() >= limit as usize, self.is_latest) {
            (true, _) => last_found,
            (false, true) => Some(self.above.saturating_add(1)).filter(|_| self.above > self.end),
            (false, false) => Some(self.below.saturating_sub(1)),
        };
        HistoryPage { rows: found.into_iter().filter_map(|(_, row)| row).collect(), next }
    }

    /// The page where there is nothing to be looked at.
    pub(super) fn nothing(&self) -> HistoryPage {
        HistoryPage { rows: Vec::new(), next: (!self.is_latest).then_some(self.above) }
    }
}

/// Where the history is kept.
#[async_trait]
pub(crate) trait HistoryStore {
    /// Rows that the filter lets through.
    async fn history(
        &self,
        filter: HistoryFilter,
        start: HistoryStart,
        limit: u32,
    ) -> Result<HistoryPage, StoreError>;
    /// The position of the latest row; 0 where there is none.
    async fn last_of_history(&self) -> Result<i64, StoreError>;
    /// Adds rows about sessions that have none yet.
    async fn end_sessions(&self, ends: Vec<(Uuid, HistoryEntry)>) -> Result<(), StoreError>;
    /// Counts rows that are not counted yet, up to so many; how many that were.
    async fn count_history(&self, limit: u32) -> Result<u64, StoreError>;
    /// Takes away what is old or too much, up to `limit` rows of each kind; how many that were.
    async fn purge_history(&self, purge: HistoryPurge, limit: u32) -> Result<u64, StoreError>;
    /// What began in each hour, by kind.
    async fn usage_by_hour(&self, filter: UsageFilter) -> Result<Vec<UsageHour>, StoreError>;
    /// How it looks from one side, by app and kind.
    async fn usage_by(&self, filter: UsageFilter, facet: Facet) -> Result<Vec<UsageValue>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: i64 = limits::HISTORY_LOOKED_AT as i64;

    fn looked_at(filter: &HistoryFilter, start: HistoryStart, last: i64) -> (i64, i64, Option<i64>) {
        let window = filter.window(start, (0, i64::MAX), last);
        (window.above, window.below, window.page(Vec::new(), 10).next)
    }

    #[test]
    fn so_many_rows_are_looked_at_for_a_page() {
        let filter = HistoryFilter { country: Some("IN".to_owned()), ..HistoryFilter::default() };
        let last = MOST + 2;
        // Backwards: all but the first two, then these, then nothing more.
        assert_eq!(looked_at(&filter, HistoryStart::Latest, last), (3, last + 1, Some(4)));
        assert_eq!(looked_at(&filter, HistoryStart::Before(4), last), (0, 4, None));
        assert!(filter.window(HistoryStart::Before(1), (0, i64::MAX), last).is_empty());
        // Forwards: the other way round, and from the end on.
        assert_eq!(looked_at(&filter, HistoryStart::After(0), last), (0, MOST, Some(MOST - 1)));
        assert_eq!(looked_at(&filter, HistoryStart::After(MOST - 1), last), (MOST - 1, last + 1, Some(last)));
        let end = filter.window(HistoryStart::After(last), (0, i64::MAX), last);
        assert!(end.is_empty() && end.nothing().next == Some(last));
        // What an index leads to is found at once.
        let of_person = HistoryFilter { recipients: Some(Vec::new()), ..filter };
        assert_eq!(looked_at(&of_person, HistoryStart::Latest, last), (0, last + 1, None));
        assert_eq!(looked_at(&HistoryFilter::default(), HistoryStart::Latest, last), (0, last + 1, None));
    }

    #[test]
    fn a_list_ends_where_the_time_that_is_asked_for_does() {
        let filter = HistoryFilter { country: Some("IN".to_owned()), ..HistoryFilter::default() };
        let window = filter.window(HistoryStart::Latest, (70, 90), 100);
        assert_eq!((window.above, window.below), (70, 90));
        assert_eq!(window.page(Vec::new(), 10).next, None);
        let forwards = filter.window(HistoryStart::After(80), (70, 90), 100);
        assert_eq!((forwards.above, forwards.below), (80, 90));
        assert!(filter.window(HistoryStart::Latest, (i64::MAX, i64::MAX), 100).is_empty());
    }

    #[test]
    fn whole_days_are_read_as_days() {
        let days = |from_hour, to_hour| {
            UsageFilter { from_hour, to_hour, ..UsageFilter::default() }.days(Facet::Endings)
        };
        assert_eq!(days(0, 24), (0, 24));
        assert_eq!(days(1, 73), (24, 72));
        assert_eq!(days(1, 47), (47, 47), "no whole day");
        assert_eq!(days(30, 30), (30, 30));
        assert_eq!(days(0, i64::MAX).0, 0);
        let hours = UsageFilter { to_hour: 48, ..UsageFilter::default() }.days(Facet::Hours);
        assert_eq!(hours, (48, 48));
    }
}
