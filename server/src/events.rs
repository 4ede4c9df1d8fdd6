//! What apps are told by webhooks: each event with its payload, made with the change that brings it about.
//!
//! A payload has the phone number, as the app's server is told it elsewhere too, and never a secret, a token or a code.

use std::time::SystemTime;

use data_encoding::HEXLOWER;
use loggin_protocol::{AppKey, PhoneNumber, wire::Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    clock::UnixMillis,
    limits,
    store::{AppEvent, CountryPause, EventKind, Login, OtpSession, Person as Kept, Sends, State},
    whatsapp::OperatorEvent,
};

/// What stands before the names that ids of events are hashes of.
const ID_DOMAIN: &[u8] = b"loggin event v1\n";

/// Bytes of such a hash that are an id: enough that no two are the same.
const ID_BYTES: usize = 16;

/// How long the same alarm is one event: Meta delivers again.
const ALARM_MILLIS: i64 = 60 * 60 * 1_000;

/// Who an event is about.
#[derive(Default)]
struct Person<'a> {
    phone: Option<&'a str>,
    user_id: Option<&'a str>,
}

/// An event of something that has a name, under which there is one of its kind.
fn event(
    kind: EventKind,
    app_key: Option<AppKey>,
    name: &str,
    person: &Person<'_>,
    data: &Value,
    at: UnixMillis,
) -> AppEvent {
    let mut hash = Sha256::new();
    for part in [ID_DOMAIN, kind.as_str().as_bytes(), b"\n", name.as_bytes()] {
        hash.update(part);
    }
    let payload = json!({ "type": kind.as_str(), "timestamp": moment(at), "data": data });
    AppEvent {
        id: format!("evt_{}", HEXLOWER.encode(&hash.finalize()[..ID_BYTES])),
        app_key,
        kind,
        payload: payload.to_string(),
        phone: person.phone.map(str::to_owned),
        user_id: person.user_id.map(str::to_owned),
        at,
        until: at + limits::WEBHOOK_GIVEN_UP,
    }
}

fn moment(at: UnixMillis) -> String {
    Timestamp(SystemTime::from(at)).to_string()
}

/// What a change of a login means to its app, if anything. A login that nobody has waited for is none to it yet: whoever
/// knows the app's key can send codes.
pub(crate) fn of_login(before: Option<&Login>, after: &Login, now: UnixMillis) -> Option<Box<AppEvent>> {
    if !after.waited_for {
        return None;
    }
    let was = before.map(|login| (login.state, login.waited_for));
    if was == Some((after.state, true)) {
        return None;
    }
    let had_result = matches!(was, Some((State::Verified | State::Claimed | State::Used, true)));
    let (kind, reason) = match after.state {
        State::Verified => (EventKind::LoginVerified, None),
        State::Denied if had_result => (EventKind::LoginRevoked, None),
        State::Denied if after.typed_last_try(before) => (EventKind::LoginDenied, Some("max_attempts")),
        State::Denied => (EventKind::LoginDenied, Some("not_me")),
        State::PhoneHidden => (EventKind::LoginDenied, Some("phone_hidden")),
        State::Expired | State::Lapsed => (EventKind::LoginExpired, None),
        State::Pending
        | State::MessageReceived
        | State::AwaitingConfirmation
        | State::Claimed
        | State::Used => return None,
    };
    // A tombstone has no person in it: who took the result back stands in what it was.
    let with_person = if kind == EventKind::LoginRevoked { before } else { Some(after) };
    let person = Person {
        phone: with_person.and_then(|login| login.phone.as_ref()).map(PhoneNumber::expose),
        user_id: with_person.and_then(|login| login.user_id.as_deref()),
    };
    let app_key = after.code.app_key();
    let mut data = json!({ "app_key": app_key.as_str(), "login_id": after.code.login_id() });
    if let Some(reason) = reason {
        data["reason"] = reason.into();
    }
    if matches!(kind, EventKind::LoginVerified | EventKind::LoginRevoked) {
        let known = with_person.and_then(|login| login.person);
        data["subject"] = known.map(|person| person.subject.expose()).into();
        data["assurance"] = known.map(|person| person.assurance().as_str().to_owned()).into();
        data["phone"] = person.phone.into();
        data["user_id"] = person.user_id.into();
        data["verified_at"] = after.verified_at.map(moment).into();
        data["confirmation"] = after.confirm.as_str().into();
    }
    // The same token can begin again once its tombstone is gone.
    let name = format!("{}\n{}\n{}", after.code.expose(), after.version, now.0);
    Some(Box::new(event(kind, Some(app_key), &name, &person, &data, now)))
}

impl Login {
    /// Whether this ended as the last wrong code was typed, and not by its sender's word.
    pub(crate) fn typed_last_try(&self, before: Option<&Self>) -> bool {
        self.attempts_left == 0
            && before.is_some_and(|before| {
                before.state == State::AwaitingConfirmation && before.attempts_left > self.attempts_left
            })
    }
}

/// What of a person is another now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PersonChange {
    /// The number.
    Number,
    /// The business-scoped user id.
    UserId,
    /// What WhatsApp calls the key of their account: they have registered it anew, maybe on another phone.
    Identity,
    /// They have lost the number, or the user id, to somebody else.
    Recycled,
}

impl PersonChange {
    /// Its name in payloads.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::UserId => "user_id",
            Self::Identity => "identity",
            Self::Recycled => "recycled",
        }
    }
}

/// Somebody whom an app knows has another number or user id, or has lost theirs.
pub(crate) fn of_person(what: PersonChange, before: &Kept, after: &Kept, now: UnixMillis) -> AppEvent {
    let phone = |person: &Kept| person.phone.as_ref().map(|phone| phone.expose().to_owned());
    let (now_phone, previous_phone) = (phone(after), phone(before));
    let subject = after.subject.expose();
    let data = json!({
        "app_key": after.app_key.as_str(),
        "subject": subject,
        "change": what.as_str(),
        "phone": now_phone,
        "previous_phone": previous_phone,
        "user_id": after.user_id,
        "previous_user_id": before.user_id,
        "occurred_at": moment(now),
    });
    // Who is left with no name is forgotten by the one that they had.
    let person = Person {
        phone: now_phone.as_deref().or(previous_phone.as_deref()),
        user_id: after.user_id.as_deref().or(before.user_id.as_deref()),
    };
    let name = format!("{subject}\n{}", after.version);
    event(EventKind::UserChanged, Some(after.app_key), &name, &person, &data, now)
}

/// An app's codes are not sent to a country for a time: so many were, and so many of these were typed.
pub(crate) fn country_paused(app_key: AppKey, pause: &CountryPause, sends: Sends) -> AppEvent {
    let CountryPause { country, since, until, .. } = pause;
    let data = json!({
        "app_key": app_key.as_str(),
        "country": country,
        "since": moment(*since),
        "until": moment(*until),
        "sent": sends.sent,
        "verified": sends.verified,
    });
    let name = format!("{app_key}\n{country}\n{}", since.0);
    event(EventKind::GuardPaused, Some(app_key), &name, &Person::default(), &data, *since)
}

/// The countries of an app's first verified logins are known: codes to others are refused after a while.
pub(crate) fn countries_learned(app_key: AppKey, countries: &[String], now: UnixMillis) -> AppEvent {
    let data = json!({
        "app_key": app_key.as_str(),
        "countries": countries,
        "learned_at": moment(now),
        "others_refused_from": moment(now + limits::GUARD_LEARNED_GRACE),
    });
    // They are learned once.
    event(EventKind::GuardLearned, Some(app_key), app_key.as_str(), &Person::default(), &data, now)
}

/// The one-time code that an event is about.
pub(crate) struct AboutCode<'a> {
    pub(crate) app_key: AppKey,
    pub(crate) session_id: Uuid,
    /// As it was asked for; none once the person has left the session.
    pub(crate) phone: Option<&'a PhoneNumber>,
}

impl<'a> AboutCode<'a> {
    pub(crate) fn of(session: &'a OtpSession) -> Self {
        Self { app_key: session.app_key, session_id: session.session_id, phone: session.phone.as_ref() }
    }

    /// An event with a field of its own, where it has one.
    fn event(&self, kind: EventKind, field: Option<(&str, &str)>, now: UnixMillis) -> AppEvent {
        let person = Person { phone: self.phone.map(PhoneNumber::expose), user_id: None };
        let mut data = json!({
            "app_key": self.app_key.as_str(),
            "session_id": self.session_id.to_string(),
            "phone": person.phone,
        });
        let mut name = self.session_id.to_string();
        if let Some((field, value)) = field {
            data[field] = value.into();
            name = format!("{name}\n{value}");
        }
        event(kind, Some(self.app_key), &name, &person, &data, now)
    }
}

/// Why a one-time code is taken no longer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Blocked {
    /// The last try was wrong.
    MaxAttempts,
    /// Its recipient said that they had not asked for it.
    NotRequested,
}

/// WhatsApp took a code.
pub(crate) fn code_sent(about: &AboutCode<'_>, now: UnixMillis) -> AppEvent {
    about.event(EventKind::OtpSent, None, now)
}

/// The phone has a code.
pub(crate) fn code_delivered(about: &AboutCode<'_>, now: UnixMillis) -> AppEvent {
    about.event(EventKind::OtpDelivered, None, now)
}

/// A code does not arrive, for a reason that stands in the session's status too.
pub(crate) fn code_failed(about: &AboutCode<'_>, error: &str, now: UnixMillis) -> AppEvent {
    about.event(EventKind::OtpFailed, Some(("error", error)), now)
}

/// A code was typed.
pub(crate) fn code_verified(about: &AboutCode<'_>, now: UnixMillis) -> AppEvent {
    // It is once, so that its moment may be part of its name.
    about.event(EventKind::OtpVerified, Some(("verified_at", &moment(now))), now)
}

/// A code is taken no longer.
pub(crate) fn code_blocked(about: &AboutCode<'_>, why: Blocked, now: UnixMillis) -> AppEvent {
    let reason = match why {
        Blocked::MaxAttempts => "max_attempts",
        Blocked::NotRequested => "not_requested",
    };
    about.event(EventKind::OtpBlocked, Some(("reason", reason)), now)
}

/// Meta reports a problem with the number or the account, which concerns every app.
pub(crate) fn number_alarm(alarm: &OperatorEvent, now: UnixMillis) -> AppEvent {
    let data = json!({ "alarm": alarm.name(), "event": alarm.event, "detail": alarm.detail });
    let name = format!("{data}\n{}", now.0.div_euclid(ALARM_MILLIS));
    event(EventKind::NumberAlarm, None, &name, &Person::default(), &data, now)
}

/// Something for an endpoint to be tried with; `name` is another each time.
pub(crate) fn test(app_key: AppKey, name: &str, now: UnixMillis) -> AppEvent {
    let data = json!({ "app_key": app_key.as_str() });
    event(EventKind::Test, Some(app_key), name, &Person::default(), &data, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{store::tests::login, tests::PHONE};

    const NOW: UnixMillis = crate::tests::START;

    fn kind(before: Option<&Login>, after: &Login) -> Option<EventKind> {
        of_login(before, after, NOW).map(|event| event.kind)
    }

    fn with_result(state: State) -> Login {
        let phone = Some(PhoneNumber::parse(PHONE).unwrap());
        Login { phone, verified_at: Some(NOW), ..login(1, state) }
    }

    #[test]
    fn an_app_is_told_of_each_end_and_of_results_once() {
        use EventKind as Kind;
        let states = [
            (State::Pending, None),
            (State::MessageReceived, None),
            (State::AwaitingConfirmation, None),
            (State::Verified, Some(Kind::LoginVerified)),
            (State::Claimed, None),
            (State::Used, None),
            (State::Expired, Some(Kind::LoginExpired)),
            (State::Denied, Some(Kind::LoginDenied)),
            (State::PhoneHidden, Some(Kind::LoginDenied)),
            (State::Lapsed, Some(Kind::LoginExpired)),
        ];
        let pending = login(1, State::Pending);
        for (state, expected) in states {
            let after = with_result(state);
            assert_eq!(
                kind(Some(&pending), &after),
                expected.filter(|_| state != State::Pending),
                "{state:?}"
            );
            assert_eq!(kind(Some(&after), &after), None, "{state:?} again");
            let unknown = Login { waited_for: false, ..after };
            assert_eq!(kind(None, &unknown), None, "{state:?} of nobody's");
        }
        for state in [State::Verified, State::Claimed, State::Used] {
            let denied = login(1, State::Denied);
            assert_eq!(kind(Some(&with_result(state)), &denied), Some(Kind::LoginRevoked), "{state:?}");
        }
        let early = Login { waited_for: false, ..with_result(State::Verified) };
        assert_eq!(kind(Some(&early), &with_result(State::Verified)), Some(Kind::LoginVerified));
        assert_eq!(kind(Some(&early), &login(1, State::Denied)), Some(Kind::LoginDenied));
    }

    #[test]
    fn a_payload_tells_who_signed_in_and_no_code() {
        let after = with_result(State::Verified);
        let event = of_login(Some(&login(1, State::Pending)), &after, NOW).unwrap();
        let payload: Value = serde_json::from_str(&event.payload).unwrap();
        assert_eq!(payload["type"], "login.verified");
        assert_eq!(payload["timestamp"], "2026-09-26T10:00:00.000Z");
        let data = &payload["data"];
        assert_eq!((&data["phone"], &data["user_id"]), (&json!(PHONE), &Value::Null));
        assert_eq!(data["login_id"], after.code.login_id());
        assert!(!event.payload.contains(&after.code.expose()));
        assert_eq!(event.phone.as_deref(), Some(PHONE));
        assert!(!format!("{event:?}").contains(PHONE));
        let revoked = of_login(Some(&after), &login(1, State::Denied), NOW).unwrap();
        assert_eq!(revoked.phone.as_deref(), Some(PHONE));
        let typed = Login { attempts_left: 1, ..login(1, State::AwaitingConfirmation) };
        for (left, reason) in [(0, "max_attempts"), (1, "not_me")] {
            let denied = Login { attempts_left: left, ..login(1, State::Denied) };
            let event = of_login(Some(&typed), &denied, NOW).unwrap();
            let payload: Value = serde_json::from_str(&event.payload).unwrap();
            assert_eq!(payload["data"]["reason"], reason);
        }
    }

    #[test]
    fn an_app_is_told_which_country_is_paused_and_nobodys_number() {
        let app_key = AppKey::parse("8XKPQ2WN").unwrap();
        let until = NOW + std::time::Duration::from_secs(1_800);
        let pause = CountryPause { country: "IN".to_owned(), since: NOW, until, times: 1 };
        let event = country_paused(app_key, &pause, Sends { sent: 64, verified: 3 });
        let payload: Value = serde_json::from_str(&event.payload).unwrap();
        let expected = json!({
            "type": "guard.paused",
            "timestamp": "2026-09-26T10:00:00.000Z",
            "data": {
                "app_key": "8XKPQ2WN",
                "country": "IN",
                "since": "2026-09-26T10:00:00.000Z",
                "until": "2026-09-26T10:30:00.000Z",
                "sent": 64,
                "verified": 3,
            },
        });
        assert_eq!((payload, event.phone.as_ref(), event.user_id.as_ref()), (expected, None, None));
        let later = CountryPause { since: until, ..pause };
        assert_ne!(country_paused(app_key, &later, Sends::default()).id, event.id);
    }

    #[test]
    fn the_same_alarm_is_one_event_for_an_hour() {
        let alarm =
            OperatorEvent::read("phone_number_quality_update", &json!({ "event": "FLAGGED" })).unwrap();
        let at = |minutes: i64| number_alarm(&alarm, UnixMillis(NOW.0 + minutes * 60_000)).id;
        assert_eq!(at(0), at(59));
        assert_ne!(at(0), at(60));
    }
}
