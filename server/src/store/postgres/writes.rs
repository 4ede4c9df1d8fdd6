//! What is written, as the functions in the database take it: their names and columns stand in its migrations.

use std::{borrow::Cow, time::Duration};

use data_encoding::HEXLOWER;
use loggin_protocol::{AppKey, PhoneNumber};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    languages::Language,
    limits, phones,
    store::{
        AppEvent, Asker, Attempt, CallCount, Change, Ended, HistoryEntry, MessageState, OtpDelivery,
        OtpPhone, OtpPurge, OtpSession, OtpWrite, PeopleChange, Person, PersonQuery, State, Write,
        rows::Numbered,
    },
    whatsapp::DeliveryStatus,
};

use super::{guards, rows::NOTHING_SAID};

/// Bytes, as PostgreSQL reads them.
pub(super) fn hex(bytes: &[u8]) -> String {
    format!("\\x{}", HEXLOWER.encode(bytes))
}

/// A text without the one character that PostgreSQL's have not. It is replaced wherever it is written or asked for.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{FFFD}")) } else { Cow::Borrowed(text) }
}

/// Milliseconds, as far as numbers of the database reach.
pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn session_of(id: Option<Uuid>) -> Option<String> {
    id.map(|id| id.to_string())
}

/// Whether this only adds a login that somebody waits for: the one change that comes by the thousand.
pub(super) fn is_first_wait(change: &Change) -> bool {
    change.expected.is_none()
        && change.message.is_none()
        && change.owed.is_none()
        && change.event.is_none()
        && change.people.is_none()
        && change.write == Write::Put
        && change.login.state == State::Pending
}

/// A login that is waited for, with the number of its change in the group.
pub(super) fn waited(number: usize, change: &Change) -> Value {
    let login = &change.login;
    json!({
        "number": number,
        "code": login.code.expose(),
        "deadline": login.deadline.0,
        "confirm": login.confirm.number(),
        "asker": login.asker.as_deref().and_then(Asker::to_text),
        "started_at": login.steps.started_at.map(|at| at.0),
    })
}

/// Any other change, with its number in the group and that of the task that it belongs to.
pub(super) fn change(number: usize, task: usize, change: &Change) -> Value {
    let (login, message, owed) = (&change.login, change.message.as_ref(), change.owed.as_ref());
    json!({
        "number": number,
        "task": task,
        "expected": change.expected,
        "is_delete": change.write == Write::Delete,
        "code": login.code.expose(),
        "state": login.state.number(),
        "version": login.version,
        "deadline": login.deadline.0,
        "waited_for": login.waited_for,
        "phone": login.phone.as_ref().map(PhoneNumber::expose),
        "user_id": login.user_id.as_deref().map(text),
        "verified_at": login.verified_at.map(|moment| moment.0),
        "claimed_by": login.claimed_by.map(|hash| hex(&hash)),
        "confirmation": login.confirmation.map(|mac| hex(&mac)),
        "attempts_left": login.attempts_left,
        "reply_reference": login.reply_reference.as_deref().map(text),
        "lang": login.language.map(Language::tag),
        "confirm": login.confirm.number(),
        "asker": login.asker.as_deref().and_then(Asker::to_text),
        "subject": login.person.map(|person| person.subject.expose()),
        "changes": login.person.map_or(0, |person| person.changes),
        "people": change.people.as_deref().map(people_change),
        "started_at": login.steps.started_at.map(|at| at.0),
        "message_at": login.steps.message_at.map(|at| at.0),
        "phone_number_id": message.map(|message| text(&message.phone_number_id)),
        "message_hash": message.map(|message| hex(&message.hash)),
        "received_at": message.map(|message| message.received_at.0),
        "kind": owed.map(|owed| owed.kind.number()),
        "recipient": owed.map(|owed| hex(&owed.recipient)),
        "owed_at": owed.map(|owed| owed.now.0),
        "most_per_person": owed.map(|_| limits::MESSAGES_PER_PERSON),
        "most_per_app": owed.map(|owed| owed.most_per_day.unwrap_or(u32::MAX)),
        "latest": owed.map(|owed| (owed.now + limits::RECIPIENT_PAUSE).0),
    })
}

/// Whom is looked for, as `people_found` of the migrations takes it.
pub(super) fn person_query(query: &PersonQuery) -> Value {
    json!({
        "app_key": query.app_key.as_ref().map(AppKey::as_str),
        "phone_name": query.phone_name,
        "user_id": query.user_id.as_deref().map(text),
        "parent_user_id": query.parent_user_id.as_deref().map(text),
        "left_phone": query.left_phone.iter().map(|mac| hex(mac)).collect::<Vec<_>>(),
    })
}

fn person(person: &Person) -> Value {
    json!({
        "app_key": person.app_key.as_str(),
        "subject": person.subject.expose(),
        "version": person.version,
        "phone": person.phone.as_ref().map(PhoneNumber::expose),
        "phone_name": person.phone.as_ref().map(phones::name),
        "phone_shown": person.phone_shown,
        "user_id": person.user_id.as_deref().map(text),
        "parent_user_id": person.parent_user_id.as_deref().map(text),
        "identity_key": person.identity_key.map(|hash| hex(&hash)),
        "left_phone": person.left_phone.map(|mac| hex(&mac)),
        "changes": person.changes,
        "told": person.told,
    })
}

/// What becomes of people, as `write_people` of the migrations takes it.
pub(super) fn people_change(change: &PeopleChange) -> Value {
    let removed = change.removed.iter();
    let seen = change.seen.iter().map(|(wanted, found)| {
        let found = found.iter().map(|(subject, version)| (subject.expose(), Value::from(*version)));
        json!({ "query": person_query(wanted), "found": found.collect::<Map<_, _>>() })
    });
    let mut write = json!({
        "seen": seen.collect::<Vec<_>>(),
        "put": change.put.iter().map(person).collect::<Vec<_>>(),
        "removed": removed
            .map(|(app_key, subject)| json!({ "app_key": app_key.as_str(), "subject": subject.expose() }))
            .collect::<Vec<_>>(),
        "events": change.events.iter().map(app_event).collect::<Vec<_>>(),
    });
    if let Some((app_key, told)) = &change.told {
        write["told"] = json!({
            "app_key": app_key.as_str(),
            "subject": told.subject.expose(),
            "changes": told.changes,
        });
    }
    write
}

/// An event, as `queue_event` of the migrations takes it.
pub(super) fn app_event(event: &AppEvent) -> Value {
    json!({
        "event_id": event.id,
        "app_key": event.app_key.as_ref().map(AppKey::as_str),
        "kind": event.kind.as_str(),
        "payload": text(&event.payload),
        "phone": event.phone,
        "user_id": event.user_id.as_deref().map(text),
        "at": event.at.0,
        "until": event.until.0,
    })
}

/// The events of changes, each with the number of its change among these.
pub(super) fn events_of_changes<'c>(
    changes: impl Iterator<Item = &'c Change>,
) -> impl Iterator<Item = Value> {
    changes.enumerate().filter_map(|(number, change)| {
        let mut event = app_event(change.event.as_ref()?);
        event["of_change"] = number.into();
        Some(event)
    })
}

/// The events of a task of codes, with its number.
pub(super) fn events_of_codes(task: usize, writes: &[OtpWrite]) -> impl Iterator<Item = Value> {
    writes.iter().filter_map(move |write| {
        let OtpWrite::Event(event) = write else { return None };
        let mut event = app_event(event);
        event["of_codes"] = task.into();
        Some(event)
    })
}

/// A row, as `note_end` of the migrations takes it.
fn history_end(entry: &HistoryEntry) -> Value {
    json!({
        "history": "end",
        "app_key": entry.app_key.as_str(),
        "kind": entry.kind.number(),
        "ending": entry.ending.number(),
        "name": entry.name,
        "is_first": entry.is_first,
        "confirm": entry.confirm.number(),
        "started_at": entry.started_at.0,
        "message_at": entry.message_at.map(|at| at.0),
        "verified_at": entry.verified_at.map(|at| at.0),
        "ended_at": entry.ended_at.0,
        "pace": entry.pace(),
        "country": entry.country,
        "phone_end": entry.phone_end,
        "recipient": entry.recipient.map(|mac| hex(&mac)),
    })
}

/// The same of a session, which has one row.
pub(super) fn end_of_session(session_id: Uuid, entry: &HistoryEntry) -> Value {
    let mut end = history_end(entry);
    end["session_id"] = session_id.to_string().into();
    end
}

/// The rows of changes, each with the number of its change among these.
pub(super) fn ends_of_changes<'c>(changes: impl Iterator<Item = &'c Change>) -> impl Iterator<Item = Value> {
    changes.enumerate().filter_map(|(number, change)| {
        let mut end = history_end(change.end.as_ref()?);
        end["of_change"] = number.into();
        Some(end)
    })
}

/// The rows of a task of codes, with its number.
pub(super) fn ends_of_codes(task: usize, writes: &[OtpWrite]) -> impl Iterator<Item = Value> {
    writes.iter().filter_map(move |write| {
        let OtpWrite::End { session_id, entry } = write else { return None };
        let mut end = end_of_session(*session_id, entry);
        end["of_codes"] = task.into();
        Some(end)
    })
}

/// Counts a message of a login that WhatsApp took.
pub(super) fn history_message(code: &str, serial: i64) -> Value {
    json!({ "history": "sent", "code": code, "serial": serial })
}

/// Writes that are made all or not at all, and the call that they are counted for.
pub(super) fn codes(call: Option<&CallCount>, writes: &[OtpWrite]) -> Value {
    // Events and the history go after the writes of all tasks.
    let is_later = |write: &OtpWrite| matches!(write, OtpWrite::Event(_) | OtpWrite::End { .. });
    let writes = || writes.iter().filter(|write| !is_later(write));
    let (mut first, rest): (Vec<&OtpWrite>, Vec<&OtpWrite>) =
        writes().partition(|write| write.can_be_refused());
    // Where the one that can be refused comes first, there is nothing to take back.
    let is_simple = first.len() <= 1;
    let writes: Vec<Value> = if is_simple {
        first.extend(rest);
        first.into_iter().map(code).collect()
    } else {
        writes().map(code).collect()
    };
    let mut task = json!({ "is_simple": is_simple, "writes": writes });
    if let Some(call) = call {
        task["call"] = json!({
            "app_key": call.app_key.as_str(),
            "now": call.now.0,
            "since": call.since.0,
            "most": call.most,
        });
    }
    task
}

fn code(write: &OtpWrite) -> Value {
    match write {
        OtpWrite::Event(event) => app_event(event),
        OtpWrite::End { session_id, entry } => end_of_session(*session_id, entry),
        OtpWrite::Refused(entry) => {
            let mut write = history_end(entry);
            write["write"] = "refused".into();
            write
        }
        OtpWrite::Guard(place, count) => guards::count(place, *count),
        OtpWrite::Phone(row) => phone(row),
        OtpWrite::Join { from, version, into } => {
            json!({ "write": "join", "source": hex(from), "version": version, "target": hex(into) })
        }
        OtpWrite::Session(row) => session(row),
        OtpWrite::Used { session_id, used } => {
            json!({ "write": "used", "session_id": session_id.to_string(), "used": used })
        }
        OtpWrite::Sent { session_id, message_hash, wa_id, failure } => json!({
            "write": "sent",
            "session_id": session_id.to_string(),
            "message_hash": hex(message_hash),
            "wa_id": wa_id.as_ref().map(PhoneNumber::expose),
            "failure": failure,
        }),
        OtpWrite::Failed { session_id, failure } => json!({
            "write": "failed",
            "session_id": session_id.to_string(),
            "delivery": DeliveryStatus::Failed.number(),
            "failure": failure,
        }),
        OtpWrite::CountSend { app_key, month, most } => json!({
            "write": "count_send",
            "app_key": app_key.as_str(),
            "month": month,
            "most": most.unwrap_or(u32::MAX),
        }),
        OtpWrite::UncountSend { app_key, month } => {
            json!({ "write": "uncount_send", "app_key": app_key.as_str(), "month": month })
        }
        OtpWrite::CountNotRequested { app_key } => {
            json!({ "write": "count_not_requested", "app_key": app_key.as_str() })
        }
        OtpWrite::Turn { recipient, now, pause, until } => json!({
            "write": "turn",
            "recipient": hex(recipient),
            "now": now.0,
            "pause": millis(*pause),
            "until": until.0,
        }),
        OtpWrite::Begin { call, session_id, instead_of, now } => json!({
            "write": "begin",
            "call_hash": hex(&call.hash),
            "body_mac": hex(&call.body_mac),
            "session_id": session_id.to_string(),
            "instead_of": session_of(*instead_of),
            "created_at": now.0,
        }),
        OtpWrite::Response { call, session_id, response, now } => json!({
            "write": "response",
            "call_hash": hex(&call.hash),
            "body_mac": hex(&call.body_mac),
            "session_id": session_of(*session_id),
            "answer": hex(response),
            "created_at": now.0,
        }),
        OtpWrite::Forget { call, session_id } => json!({
            "write": "forget",
            "call_hash": hex(&call.hash),
            "session_id": session_id.to_string(),
        }),
    }
}

fn phone(phone: &OtpPhone) -> Value {
    let wrong_at: Vec<i64> = phone.wrong_at.iter().map(|moment| moment.0).collect();
    json!({
        "write": "phone",
        "subject": hex(&phone.subject),
        "version": phone.version,
        "live_session": session_of(phone.live.map(|live| live.session_id)),
        "expires_at": phone.live.map_or(0, |live| live.expires_at.0),
        "attempts_left": phone.live.map_or(0, |live| live.attempts_left),
        "sending": session_of(phone.sending.map(|sending| sending.session_id)),
        "sending_until": phone.sending.map_or(0, |sending| sending.until.0),
        "cooldown_until": phone.cooldown_until.0,
        "wrong_at": wrong_at,
        "wrong_in_row": phone.wrong_in_row,
        "changed_at": phone.changed_at.0,
    })
}

fn session(session: &OtpSession) -> Value {
    json!({
        "write": "session",
        "session_id": session.session_id.to_string(),
        "app_key": session.app_key.as_str(),
        "subject": hex(&session.subject),
        "phone": session.phone.as_ref().map(PhoneNumber::expose),
        "meta": session.meta.as_deref().map(text),
        "code_mac": hex(&session.code_mac),
        "digits": session.digits,
        "is_test": session.is_test,
        "gateway": session.is_gateway,
        "used": session.used,
        "created_at": session.created_at.0,
        "delivery": session.delivery.map_or(NOTHING_SAID, Numbered::number),
    })
}

/// How far a message of a code has come.
pub(super) fn delivery(delivery: &OtpDelivery) -> Value {
    json!({
        "write": "delivery",
        "session_id": delivery.session_id.to_string(),
        "delivery": delivery.delivery.number(),
        "wa_id": delivery.wa_id.as_ref().map(PhoneNumber::expose),
        "user_id": delivery.user_id.as_deref().map(text),
    })
}

/// The wish to send a message.
pub(super) fn begin_message(attempt: &Attempt) -> Value {
    json!({
        "write": "begin_message",
        "code": attempt.code.expose(),
        "serial": attempt.serial,
        "recipient": hex(&attempt.recipient),
        "now": attempt.now.0,
        "until": attempt.until.0,
        "pause": millis(attempt.pause),
        "burst": attempt.burst,
    })
}

/// How an attempt to send a message ended.
pub(super) fn end_message(code: &str, serial: i64, ended: Ended, recipient: &[u8; 32]) -> Value {
    let end = |state: MessageState, due_at: i64, free_at: Option<i64>| {
        json!({
            "write": "end_message",
            "code": code,
            "serial": serial,
            "state": state.number(),
            "due_at": due_at,
            "recipient": hex(recipient),
            "free_at": free_at,
        })
    };
    match ended {
        Ended::Finally { state, again } => end(state, again.0, None),
        Ended::Retry { due_at, recipient_pauses } => {
            let free_at = due_at + limits::RECIPIENT_PAUSE * limits::RECIPIENT_BURST.saturating_sub(1);
            end(MessageState::Waiting, due_at.0, recipient_pauses.then_some(free_at.0))
        }
        Ended::Obsolete => json!({ "write": "drop_message", "code": code, "serial": serial }),
    }
}

/// What time takes away of one-time codes.
pub(super) fn purge_codes(purge: &OtpPurge, limit: u32) -> Value {
    json!({
        "write": "purge_codes",
        "now": purge.now.0,
        "person_kept": millis(purge.person_kept),
        "kept": millis(purge.kept),
        "turns": millis(purge.turns),
        "limit": limit,
    })
}
