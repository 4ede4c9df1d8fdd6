//! What a list of the log is asked for by: fields of a form, each read for itself, so that what is wrong is told beside it.

use std::str::FromStr;

use data_encoding::HEXLOWER;
use loggin_protocol::AppKey;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::{
    history::row::{self, Cursor},
    http::console::zone::Zone,
    store::{Ending, HistoryFilter, HistoryKind, HistoryStart, Outcome},
};

/// MACs of one person at most: one for each secret that is in use or being replaced.
const MOST_NAMES: usize = 8;

/// The fields as they were sent. What is empty restricts nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::http::console) struct LogsQuery {
    pub(super) app: String,
    pub(super) kind: String,
    pub(super) outcome: String,
    pub(super) reason: String,
    pub(super) country: String,
    /// The last digits of a number.
    pub(super) phone: String,
    /// What the history calls a person, whose number somebody typed.
    pub(super) person: String,
    pub(super) since: String,
    pub(super) until: String,
    pub(super) zone: String,
    /// The page of what is older than this row.
    pub(super) before: String,
    /// The page of what is newer than this row.
    pub(super) after: String,
}

/// What is wrong with the fields, each with its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::http::console) struct FieldErrors(Vec<(&'static str, String)>);

impl FieldErrors {
    /// Notes what is wrong with a field.
    pub(in crate::http::console) fn add(&mut self, field: &'static str, message: impl Into<String>) {
        self.0.push((field, message.into()));
    }

    pub(in crate::http::console) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with this field.
    pub(in crate::http::console) fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == field).map(|(_, message)| message.as_str())
    }
}

/// What is asked for, as far as the fields make sense.
#[derive(Clone, Debug)]
pub(in crate::http::console) struct Asked {
    pub(super) filter: HistoryFilter,
    pub(super) start: HistoryStart,
    pub(super) zone: Zone,
    pub(super) errors: FieldErrors,
}

impl LogsQuery {
    /// Reads every field.
    pub(in crate::http::console) fn read(&self) -> Asked {
        let mut errors = FieldErrors::default();
        let zone = taken(&mut errors, "zone", Zone::read(&self.zone)).unwrap_or_default();
        let app_key = taken(&mut errors, "app", given(&self.app, app_key)).flatten();
        let kind = taken(&mut errors, "kind", given(&self.kind, kind)).flatten();
        let outcome = taken(&mut errors, "outcome", given(&self.outcome, outcome)).flatten();
        let reason = taken(&mut errors, "reason", given(&self.reason, reason)).flatten();
        let country = taken(&mut errors, "country", given(&self.country, country)).flatten();
        let phone_end = taken(&mut errors, "phone", given(&self.phone, phone_end)).flatten();
        let recipients = taken(&mut errors, "person", given(&self.person, person)).flatten();
        let since = taken(&mut errors, "since", given(&self.since, |text| zone.instant(text))).flatten();
        let until = taken(&mut errors, "until", given(&self.until, |text| zone.instant(text))).flatten();
        if since.zip(until).is_some_and(|(since, until)| since >= until) {
            errors.add("until", "The end must be later than the beginning.");
        }
        let endings = (outcome.is_some() || reason.is_some()).then(|| row::endings(outcome, reason));
        if endings.as_ref().is_some_and(Vec::is_empty) {
            errors.add("reason", "Nothing has this outcome for this reason.");
        }
        let start = taken(&mut errors, "before", self.start()).unwrap_or(HistoryStart::Latest);
        let filter = HistoryFilter {
            app_key,
            kind,
            endings,
            country,
            phone_end,
            recipients,
            since,
            until,
            ..HistoryFilter::default()
        };
        Asked { filter, start, zone, errors }
    }

    fn start(&self) -> Result<HistoryStart, &'static str> {
        let cursor = |text: &str| Cursor::from_str(text).map(|Cursor(id)| id);
        match (self.before.trim(), self.after.trim()) {
            ("", "") => Ok(HistoryStart::Latest),
            (before, "") => cursor(before).map(HistoryStart::Before),
            ("", after) => cursor(after).map(HistoryStart::After),
            _ => Err("A page is before one row or after one."),
        }
        .map_err(|_| "This page does not exist: go to the latest.")
    }

    /// The fields that restrict something, as a query string without a page.
    pub(super) fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        for (name, value) in self.fields() {
            if !value.trim().is_empty() {
                query.append_pair(name, value.trim());
            }
        }
        query.finish()
    }

    fn fields(&self) -> [(&'static str, &str); 10] {
        [
            ("app", &self.app),
            ("kind", &self.kind),
            ("outcome", &self.outcome),
            ("reason", &self.reason),
            ("country", &self.country),
            ("phone", &self.phone),
            ("person", &self.person),
            ("since", &self.since),
            ("until", &self.until),
            ("zone", &self.zone),
        ]
    }

    /// Whether anything but the zone is asked for.
    pub(super) fn restricts(&self) -> bool {
        self.fields().into_iter().any(|(name, value)| name != "zone" && !value.trim().is_empty())
    }
}

/// The address of a page with these fields, and one more.
pub(super) fn address(path: &str, query: &str, more: Option<(&str, &str)>) -> String {
    let more = more.map(|(name, value)| format!("{name}={value}"));
    let parts: Vec<&str> =
        [Some(query), more.as_deref()].into_iter().flatten().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { path.to_owned() } else { format!("{path}?{}", parts.join("&")) }
}

/// A person as addresses have them: what the history calls them under each secret.
pub(super) fn person_name(macs: &[[u8; 32]]) -> String {
    macs.iter().map(|mac| HEXLOWER.encode(mac)).collect::<Vec<_>>().join(".")
}

fn given<T, E>(text: &str, read: impl FnOnce(&str) -> Result<T, E>) -> Result<Option<T>, E> {
    let text = text.trim();
    if text.is_empty() { Ok(None) } else { read(text).map(Some) }
}

fn taken<T>(errors: &mut FieldErrors, field: &'static str, read: Result<T, &'static str>) -> Option<T> {
    read.map_err(|message| errors.add(field, message)).ok()
}

pub(in crate::http::console) fn app_key(text: &str) -> Result<AppKey, &'static str> {
    AppKey::parse(text).map_err(|_| "An app key has 8 letters and digits.")
}

/// The words of the form, each with what it stands for.
pub(super) const KINDS: [HistoryKind; 4] = HistoryKind::ALL;
pub(super) const OUTCOMES: [Outcome; 9] = [
    Outcome::Redeemed,
    Outcome::Verified,
    Outcome::Delivered,
    Outcome::Expired,
    Outcome::Denied,
    Outcome::Revoked,
    Outcome::Blocked,
    Outcome::Failed,
    Outcome::Refused,
];

fn kind(text: &str) -> Result<HistoryKind, &'static str> {
    KINDS.into_iter().find(|kind| kind.as_str() == text).ok_or("Choose one of the list.")
}

fn outcome(text: &str) -> Result<Outcome, &'static str> {
    OUTCOMES.into_iter().find(|outcome| outcome.as_str() == text).ok_or("Choose one of the list.")
}

fn reason(text: &str) -> Result<&'static str, &'static str> {
    reasons().into_iter().find(|reason| *reason == text).ok_or("Choose one of the list.")
}

/// Every reason, once.
pub(super) fn reasons() -> Vec<&'static str> {
    let mut reasons: Vec<&str> = Ending::ALL.iter().filter_map(|ending| ending.reason()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

fn country(text: &str) -> Result<String, &'static str> {
    let text = text.to_ascii_uppercase();
    let is_code = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code { Ok(text) } else { Err("Give the two letters of a country, such as IN.") }
}

fn phone_end(text: &str) -> Result<String, &'static str> {
    row::end_of_masked(text).map(str::to_owned).ok_or(
        "Give the last four digits. A whole number has a field of its own, so that it stands in no address.",
    )
}

fn person(text: &str) -> Result<Vec<[u8; 32]>, &'static str> {
    const WRONG: &str = "Type the number again.";
    let macs: Vec<&str> = text.split('.').take(MOST_NAMES + 1).collect();
    if macs.len() > MOST_NAMES {
        return Err(WRONG);
    }
    let read = |mac: &str| HEXLOWER.decode(mac.as_bytes()).ok().and_then(|mac| mac.try_into().ok());
    macs.into_iter().map(read).collect::<Option<_>>().ok_or(WRONG)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixMillis;

    fn query(text: &str) -> LogsQuery {
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(text.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        serde_json::from_value(
            fields
                .into_iter()
                .map(|(name, value)| (name, value.into()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        )
        .unwrap()
    }

    #[test]
    fn every_field_restricts_what_it_says() {
        let asked = query(
            "app=8xkpq2wn&kind=login&outcome=denied&reason=not_me&country=in&phone=3210&since=2026-12-01T05:30\
             &until=2026-12-01T06:30&zone=Asia/Kolkata",
        )
        .read();
        assert!(asked.errors.is_empty(), "{:?}", asked.errors);
        let expected = HistoryFilter {
            app_key: Some(AppKey::parse("8XKPQ2WN").unwrap()),
            kind: Some(HistoryKind::Login),
            endings: Some(vec![Ending::NotMe]),
            country: Some("IN".to_owned()),
            phone_end: Some("3210".to_owned()),
            since: Some(UnixMillis(1_796_083_200_000)),
            until: Some(UnixMillis(1_796_086_800_000)),
            ..HistoryFilter::default()
        };
        assert_eq!((asked.filter, asked.start), (expected, HistoryStart::Latest));
        let nothing = LogsQuery::default().read();
        assert_eq!((nothing.filter, nothing.errors.is_empty()), (HistoryFilter::default(), true));
    }

    #[test]
    fn what_is_wrong_is_told_of_its_field() {
        for (text, field) in [
            ("app=nope", "app"),
            ("kind=sms", "kind"),
            ("outcome=good", "outcome"),
            ("reason=bored", "reason"),
            ("outcome=redeemed&reason=not_me", "reason"),
            ("country=India", "country"),
            ("phone=%2B919876543210", "phone"),
            ("person=abc", "person"),
            ("since=yesterday", "since"),
            ("since=2026-12-01T05:30&until=2026-12-01T05:30", "until"),
            ("zone=Mars", "zone"),
            ("before=nope", "before"),
            ("after=nope", "before"),
            ("before=AAAAAAAAAAE&after=AAAAAAAAAAE", "before"),
        ] {
            let errors = query(text).read().errors;
            assert!(errors.of(field).is_some(), "{text}: {errors:?}");
            assert_eq!(errors.0.len(), 1, "{text}: {errors:?}");
        }
    }

    #[test]
    fn a_page_and_a_person_read_back() {
        assert_eq!(query(&format!("before={}", Cursor(7))).read().start, HistoryStart::Before(7));
        assert_eq!(query(&format!("after={}", Cursor(7))).read().start, HistoryStart::After(7));
        let macs = [[1; 32], [0xfe; 32]];
        let asked = query(&format!("person={}", person_name(&macs))).read();
        assert_eq!(asked.filter.recipients, Some(macs.to_vec()));
        let many = person_name(&[[1; 32]; MOST_NAMES + 1]);
        assert!(query(&format!("person={many}")).read().errors.of("person").is_some());
    }

    #[test]
    fn addresses_have_what_restricts_and_nothing_else() {
        let asked = query("app=8XKPQ2WN&kind=&country=+in+&before=AAAAAAAAAAE&zone=Asia/Kolkata");
        assert_eq!(asked.query(), "app=8XKPQ2WN&country=in&zone=Asia%2FKolkata");
        assert!(asked.restricts() && !query("zone=Asia/Kolkata").restricts());
        assert_eq!(address("/a", "", None), "/a");
        assert_eq!(address("/a", "x=1", Some(("before", "AA"))), "/a?x=1&before=AA");
    }
}
