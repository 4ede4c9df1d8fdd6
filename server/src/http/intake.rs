//! What webhooks tell, brought to the logins and codes that it is about.
//!
//! Every update is judged here, by the same rules whatever its kind, and each that does nothing has a [`Reason`].

mod reason;

use std::{hash::BuildHasher, sync::Arc, time::Duration};

use loggin_protocol::Code;
use sha2::{Digest, Sha256};

pub(crate) use reason::Reason;

use crate::{
    clock::UnixMillis,
    events,
    identity::{Evidence, Notice},
    languages::Language,
    logins::{CodeReceived, Message, PhoneShared, Received, life, read_match_button},
    otp::DID_NOT_REQUEST_CODE,
    outbox::NOT_ME,
    state::Server,
    store::{App, AppEvent, MessageId, State, StoreError},
    telemetry::{Throttled, metrics},
    whatsapp::{Content, InboundMessage, Sender, Severity, StatusUpdate, Update, UpdateKind, find_places},
};

/// What counters call an update that brought something about; else they have a reason.
const TAKEN: &str = "taken";

/// The updates of one call, sorted by what is done with them.
#[derive(Default)]
struct Sorted {
    codes: Vec<CodeReceived>,
    shared: Vec<PhoneShared>,
    tapped: Vec<Tapped>,
    not_requested: Vec<(Sender, String)>,
    statuses: Vec<StatusUpdate>,
    /// Notices that people have another number or user id, each with what names it.
    notices: Vec<(Option<MessageId>, Notice)>,
    alarms: Vec<AppEvent>,
}

/// A button that somebody tapped.
struct Tapped {
    sender: Sender,
    button: String,
    /// Whether the tap is too old to sign anybody in.
    is_old: bool,
}

/// Takes the updates of one webhook call. Once it returns, all they brought about is durable.
pub(crate) async fn take(server: &Server, updates: Vec<Update>) -> Result<(), StoreError> {
    let mut sorted = Sorted::default();
    for update in updates {
        if let Err(reason) = sort(server, update, &mut sorted).await? {
            reason.note();
        }
    }
    let Sorted { codes, shared, tapped, not_requested, statuses, notices, alarms } = sorted;
    server.store.queue_events(alarms).await?;
    // Before the messages: a notice tells who it is that writes from a new number.
    for (id, notice) in notices {
        let concerned = server.people.take(&notice, id).await?;
        if concerned == 0 {
            Reason::NobodyConcerned.note();
        } else {
            metrics::inbound(TAKEN);
        }
    }
    server.people.learn(&statuses).await?;
    for received in server.logins.receive(codes).await? {
        note(received);
    }
    for shared in shared {
        let received = server.logins.share_phone(&shared).await?;
        if received.is_empty() {
            Reason::NoLoginWaits.note();
        }
        received.into_iter().for_each(note);
    }
    for tapped in tapped {
        tap(server, &tapped).await?;
    }
    if let Some(otp) = &server.otp {
        otp.note_statuses(&statuses).await?;
        for (sender, message_id) in not_requested {
            otp.not_requested(&message_id, &sender).await?;
        }
    }
    Ok(())
}

/// Says what a message did.
fn note(received: Received) {
    match received {
        Received::Changed(state) => {
            metrics::inbound(TAKEN);
            tracing::debug!(?state, "a message moved a sign-in on");
        }
        Received::ToldAgain => {
            metrics::inbound(TAKEN);
            tracing::debug!("a sender is told again");
        }
        Received::Redelivered => Reason::Redelivered.note(),
        Received::Unchanged(why) => Reason::from(why).note(),
    }
}

/// Judges an update and puts it where it belongs; the reason where nothing is done with it.
async fn sort(
    server: &Server,
    update: Update,
    sorted: &mut Sorted,
) -> Result<Result<(), Reason>, StoreError> {
    if !update.concerns(&server.settings.whatsapp.phone_number_id) {
        return Ok(Err(Reason::UnknownNumberId));
    }
    match update.kind {
        UpdateKind::Message(message) => return judge(server, message, sorted).await,
        UpdateKind::Ignored(reason) => return Ok(Err(reason.into())),
        UpdateKind::Operator(event) => {
            metrics::account_event(event.name());
            event.log(server.settings.otp_template.as_deref());
            if event.severity(server.settings.otp_template.as_deref()) == Severity::Warning {
                sorted.alarms.push(events::number_alarm(&event, server.clock.now()));
            }
        }
        UpdateKind::Status(status) => {
            metrics::inbound(TAKEN);
            sorted.statuses.push(status);
        }
        UpdateKind::IdentityChange(change) => {
            let id = change.message_id.as_deref().map(|id| message_id(server, id, ""));
            sorted.notices.push((id, Notice::from(change)));
        }
    }
    Ok(Ok(()))
}

/// Judges a person's message: its age, its sender, and what it says.
///
/// What denies or cancels is taken at any age: it takes something away, and nobody gains by it.
async fn judge(
    server: &Server,
    message: InboundMessage,
    sorted: &mut Sorted,
) -> Result<Result<(), Reason>, StoreError> {
    let sent_at = UnixMillis::from(message.timestamp);
    let lag = server.clock.now().since(sent_at);
    metrics::webhook_lag(lag);
    let is_old = lag > life::MESSAGE_AGE;
    match message.content {
        Content::ButtonReply { id, context_message_id } if id == DID_NOT_REQUEST_CODE => {
            let Some(message_id) = context_message_id else { return Ok(Err(Reason::UnknownButton)) };
            sorted.not_requested.push((message.sender, message_id));
        }
        Content::ButtonReply { id, .. } => {
            sorted.tapped.push(Tapped { sender: message.sender, button: id, is_old });
        }
        _ if is_old => {
            warn_of_clock(server, lag);
            return Ok(Err(Reason::TooOld));
        }
        Content::Text(ref text) => match find_code(server, &message, text).await? {
            Ok(code) => sorted.codes.push(code),
            Err(reason) => return Ok(Err(reason)),
        },
        Content::SharedOwnNumber(phone) => {
            let sender = Evidence::from(&message.sender);
            let Some(user_id) = message.sender.user_id else { return Ok(Err(Reason::NoLoginWaits)) };
            let id = message_id(server, &message.id, "");
            sorted.shared.push(PhoneShared { id, user_id, phone, sender, sent_at });
        }
    }
    Ok(Ok(()))
}

/// Says now and then that messages come late: where all do, it is this machine's clock that is ahead.
fn warn_of_clock(server: &Server, lag: Duration) {
    static WARNING: Throttled = Throttled::new();
    if let Some(suppressed) = WARNING.due(server.clock.now()) {
        let seconds = lag.as_secs();
        tracing::warn!(
            seconds,
            suppressed,
            "a message is too old to sign anybody in: if all are, look at the clock"
        );
    }
}

/// The code of a known app in a text.
///
/// Two places with different codes are none: nobody means to sign in twice with one message, and whoever wrote such a text
/// may want the second sign-in for themselves. Of one place that can be read in several ways, the reading counts that
/// somebody waits for.
async fn find_code(
    server: &Server,
    message: &InboundMessage,
    text: &str,
) -> Result<Result<CodeReceived, Reason>, StoreError> {
    let mut known: Vec<Vec<(Code, Arc<App>)>> = Vec::new();
    let mut reason = Reason::NoCode;
    for place in find_places(text) {
        let mut readings = Vec::new();
        for code in place.into_readings() {
            match server.apps.find(code.app_key()).await? {
                Some(app) => readings.push((code, app)),
                None => reason = Reason::UnknownApp,
            }
        }
        known.extend(Some(readings).filter(|readings| !readings.is_empty()));
    }
    let first = known.first().and_then(|readings| readings.first()).map(|(code, _)| *code);
    let is_one_code = known.iter().flatten().all(|(code, _)| Some(*code) == first);
    let (code, app) = match &known[..] {
        [] => return Ok(Err(reason)),
        [readings, ..] if is_one_code => readings[0].clone(),
        [readings] => match waited_for(server, readings).await? {
            Some(reading) => reading,
            None => return Ok(Err(Reason::SeveralCodes)),
        },
        _ => return Ok(Err(Reason::SeveralCodes)),
    };
    if !count(server, &message.sender) {
        return Ok(Err(Reason::SenderLimit));
    }
    Ok(Ok(CodeReceived {
        code,
        app,
        id: message_id(server, &message.id, &code.expose()),
        message: Message {
            sender: Evidence::from(&message.sender),
            sent_at: message.timestamp.into(),
            language: Language::of_message(text),
        },
    }))
}

/// The only one of these readings that is the code of a login.
async fn waited_for(
    server: &Server,
    readings: &[(Code, Arc<App>)],
) -> Result<Option<(Code, Arc<App>)>, StoreError> {
    let codes: Vec<Code> = readings.iter().map(|(code, _)| *code).collect();
    let logins = server.store.logins(&codes).await?;
    let [login] = &logins[..] else { return Ok(None) };
    Ok(readings.iter().find(|(code, _)| *code == login.code).cloned())
}

/// The hash of a message's id and the code in it; a shared number has none.
fn message_id(server: &Server, id: &str, code: &str) -> MessageId {
    let mut hash = Sha256::new();
    hash.update(id.as_bytes());
    hash.update(b"\n");
    hash.update(code.as_bytes());
    MessageId {
        phone_number_id: server.settings.whatsapp.phone_number_id.clone(),
        hash: hash.finalize().into(),
        received_at: server.clock.now(),
    }
}

/// A button was tapped: "not me", or one of the rows of digits that its sender chose from.
async fn tap(server: &Server, tapped: &Tapped) -> Result<(), StoreError> {
    let Tapped { sender, button, is_old } = tapped;
    let chosen = read_match_button(button);
    let reference = button.strip_prefix(NOT_ME).or(chosen.map(|(reference, _)| reference));
    let login = match reference {
        Some(reference) => server.store.by_reply(reference).await?,
        None => None,
    };
    let Some(login) = login else {
        Reason::UnknownButton.note();
        return Ok(());
    };
    // A tombstone has no person in it any more; the reference, which only the sender was given, is enough then.
    let is_tombstone = login.phone.is_none() && login.user_id.is_none();
    if !is_tombstone && !life::is_sender(&login, sender.phone.as_ref(), sender.user_id.as_deref()) {
        Reason::AnotherSender.note();
        return Ok(());
    }
    let received = match chosen {
        Some((_, digits)) => server.logins.choose(login.code, digits, *is_old).await?,
        None => server.logins.deny(login.code).await?,
    };
    if received == Received::Changed(State::Denied) {
        tracing::info!(app_key = %login.code.app_key(), "a sign-in was denied by its sender");
    }
    note(received);
    Ok(())
}

/// Counts one more message with a code; tells whether it is within what one sender may send.
fn count(server: &Server, sender: &Sender) -> bool {
    // The hash alone is kept: a count needs no phone number.
    let key = server.hasher.hash_one((sender.phone.as_ref(), sender.user_id.as_ref()));
    server.sender_counts.count(key, 1, server.clock.now())
}
