//! Rows of PostgreSQL's tables, read into types.

use loggin_protocol::{AppKey, Code, PhoneNumber, Subject};
use tokio_postgres::{Row, types::FromSql};
use uuid::Uuid;

use super::failure::failed;
use crate::{
    clock::UnixMillis,
    languages::Language,
    store::{
        AccessKey, Admin, App, AppSecretKey, Asker, AuditRow, ClearName, Confirm, KeyId, KnownCall, LiveCode,
        Login, MessageKind, MessageState, OtpPhone, OtpSession, OutboxMessage, Person, PhoneHidden,
        Recognised, Role, SealedResponse, Sending, State, Steps, StoreError, TestNumber,
        admins::{parse_apps, parse_scopes, parse_subject},
        rows::Numbered,
    },
    whatsapp::DeliveryStatus,
};

/// What stands in `delivery` before WhatsApp has said anything.
pub(super) const NOTHING_SAID: i64 = 0;

/// A value of a row.
pub(super) fn value<'r, T: FromSql<'r>>(row: &'r Row, column: &str) -> Result<T, StoreError> {
    row.try_get(column).map_err(|error| failed(&error))
}

/// A number that its type holds.
pub(super) fn number<T: TryFrom<i64>>(row: &Row, column: &'static str) -> Result<T, StoreError> {
    T::try_from(value::<i64>(row, column)?).map_err(|_| StoreError::Unreadable("number"))
}

pub(super) fn optional_number(row: &Row, column: &'static str) -> Result<Option<u32>, StoreError> {
    let number = value::<Option<i64>>(row, column)?;
    number.map(|number| u32::try_from(number).map_err(|_| StoreError::Unreadable("number"))).transpose()
}

pub(super) fn moment(row: &Row, column: &'static str) -> Result<UnixMillis, StoreError> {
    value(row, column).map(UnixMillis)
}

pub(super) fn optional_moment(row: &Row, column: &'static str) -> Result<Option<UnixMillis>, StoreError> {
    Ok(value::<Option<i64>>(row, column)?.map(UnixMillis))
}

pub(super) fn numbered<T: Numbered>(row: &Row, column: &'static str) -> Result<T, StoreError> {
    T::of_number(value(row, column)?)
}

/// An optional hash, which must have its length.
pub(super) fn hash(row: &Row, column: &'static str) -> Result<Option<[u8; 32]>, StoreError> {
    let bytes: Option<&[u8]> = value(row, column)?;
    bytes.map(|bytes| bytes.try_into().map_err(|_| StoreError::Unreadable("hash"))).transpose()
}

pub(super) fn fixed(row: &Row, column: &'static str) -> Result<[u8; 32], StoreError> {
    hash(row, column)?.ok_or(StoreError::Unreadable("hash"))
}

pub(super) fn phone_number(row: &Row, column: &'static str) -> Result<Option<PhoneNumber>, StoreError> {
    let phone: Option<&str> = value(row, column)?;
    phone
        .map(|phone| PhoneNumber::parse(phone).map_err(|_| StoreError::Unreadable("phone number")))
        .transpose()
}

/// The key of an app.
pub(super) fn app_key(row: &Row) -> Result<AppKey, StoreError> {
    AppKey::parse(value(row, "app_key")?).map_err(|_| StoreError::Unreadable("app key"))
}

/// The code of a login.
pub(super) fn code(row: &Row) -> Result<Code, StoreError> {
    Code::parse(value(row, "code")?).map_err(|_| StoreError::Unreadable("code"))
}

pub(super) fn login(row: &Row) -> Result<Login, StoreError> {
    Ok(Login {
        code: code(row)?,
        state: numbered::<State>(row, "state")?,
        version: value(row, "version")?,
        deadline: moment(row, "deadline")?,
        waited_for: value(row, "waited_for")?,
        phone: phone_number(row, "phone")?,
        user_id: value(row, "user_id")?,
        person: recognised(row)?,
        verified_at: optional_moment(row, "verified_at")?,
        claimed_by: hash(row, "claimed_by")?,
        confirmation: hash(row, "confirmation")?,
        attempts_left: number(row, "attempts_left")?,
        reply_reference: value(row, "reply_reference")?,
        // A later version may have written one that this has no texts in.
        language: value::<Option<&str>>(row, "lang")?.and_then(Language::of_tag),
        confirm: numbered::<Confirm>(row, "confirm")?,
        asker: value::<Option<&str>>(row, "asker")?.and_then(Asker::of_text).map(Box::new),
        steps: Steps {
            started_at: optional_moment(row, "started_at")?,
            message_at: optional_moment(row, "message_at")?,
        },
    })
}

fn subject(row: &Row) -> Result<Option<Subject>, StoreError> {
    let subject: Option<&str> = value(row, "subject")?;
    subject.map(|text| Subject::parse(text).map_err(|_| StoreError::Unreadable("subject"))).transpose()
}

fn recognised(row: &Row) -> Result<Option<Recognised>, StoreError> {
    let changes = value(row, "changes")?;
    Ok(subject(row)?.map(|subject| Recognised { subject, changes }))
}

pub(super) fn person(row: &Row) -> Result<Person, StoreError> {
    Ok(Person {
        app_key: app_key(row)?,
        subject: subject(row)?.ok_or(StoreError::Unreadable("subject"))?,
        version: value(row, "version")?,
        phone: phone_number(row, "phone")?,
        phone_shown: value(row, "phone_shown")?,
        user_id: value(row, "user_id")?,
        parent_user_id: value(row, "parent_user_id")?,
        identity_key: hash(row, "identity_key")?,
        left_phone: hash(row, "left_phone")?,
        changes: value(row, "changes")?,
        told: value(row, "told")?,
    })
}

pub(super) fn app(row: &Row) -> Result<App, StoreError> {
    let origins: &str = value(row, "allowed_origins")?;
    Ok(App {
        app_key: app_key(row)?,
        name: value(row, "name")?,
        require_secret_key: value(row, "require_secret_key")?,
        hide_phone_from_browser: value(row, "hide_phone_from_browser")?,
        allowed_origins: origins.split_whitespace().map(str::to_owned).collect(),
        confirm: numbered::<Confirm>(row, "confirm")?,
        phone_hidden: numbered::<PhoneHidden>(row, "phone_hidden")?,
        calls_per_minute: number(row, "calls_per_minute")?,
        monthly_quota: optional_number(row, "monthly_quota")?,
        live_only: value(row, "live_only")?,
        messages_per_day: optional_number(row, "messages_per_day")?,
        history_days: optional_number(row, "history_days")?,
        created_at: moment(row, "created_at")?,
        disabled_at: optional_moment(row, "disabled_at")?,
    })
}

pub(super) fn secret_key(row: &Row) -> Result<AppSecretKey, StoreError> {
    Ok(AppSecretKey {
        app_key: app_key(row)?,
        id: KeyId::of_text(value(row, "key_id")?),
        hash: fixed(row, "key_hash")?,
        label: value(row, "label")?,
        created_at: moment(row, "created_at")?,
        last_used_at: optional_moment(row, "last_used_at")?,
        expires_at: optional_moment(row, "expires_at")?,
    })
}

pub(super) fn admin(row: &Row) -> Result<Admin, StoreError> {
    Ok(Admin {
        name: value(row, "name")?,
        role: numbered::<Role>(row, "role")?,
        phone: phone_number(row, "phone")?,
        subject: parse_subject(value(row, "subject")?)?,
        apps: parse_apps(value(row, "apps")?)?,
        generation: value(row, "generation")?,
        created_at: moment(row, "created_at")?,
        signed_in_at: optional_moment(row, "signed_in_at")?,
    })
}

pub(super) fn access_key(row: &Row) -> Result<AccessKey, StoreError> {
    Ok(AccessKey {
        id: KeyId::of_text(value(row, "key_id")?),
        hash: fixed(row, "key_hash")?,
        label: value(row, "label")?,
        scopes: parse_scopes(value(row, "scopes")?),
        apps: parse_apps(value(row, "apps")?)?,
        created_at: moment(row, "created_at")?,
        last_used_at: optional_moment(row, "last_used_at")?,
        expires_at: optional_moment(row, "expires_at")?,
    })
}

/// Somebody who stands in clear in a row.
pub(super) fn clear_name(row: &Row) -> Result<ClearName, StoreError> {
    let phones = [phone_number(row, "phone")?, phone_number(row, "wa_id")?];
    Ok(ClearName { phones: phones.into_iter().flatten().collect(), user_id: value(row, "user_id")? })
}

pub(super) fn sealed_response(row: &Row) -> Result<SealedResponse, StoreError> {
    Ok(SealedResponse { call: fixed(row, "call_hash")?, response: value(row, "answer")? })
}

pub(super) fn message(row: &Row) -> Result<OutboxMessage, StoreError> {
    Ok(OutboxMessage {
        code: code(row)?,
        serial: value(row, "serial")?,
        kind: numbered::<MessageKind>(row, "kind")?,
        state: numbered::<MessageState>(row, "state")?,
        recipient: fixed(row, "recipient")?,
        queued_at: moment(row, "queued_at")?,
        due_at: moment(row, "due_at")?,
        tries: number(row, "tries")?,
    })
}

/// The row of a phone; `subject` is the column that names it.
pub(super) fn phone(row: &Row, subject: &'static str) -> Result<OtpPhone, StoreError> {
    let (expires_at, until) = (moment(row, "expires_at")?, moment(row, "sending_until")?);
    let attempts_left = number(row, "attempts_left")?;
    let live: Option<Uuid> = value(row, "live_session")?;
    let sending: Option<Uuid> = value(row, "sending")?;
    Ok(OtpPhone {
        subject: fixed(row, subject)?,
        version: value(row, "version")?,
        live: live.map(|session_id| LiveCode { session_id, expires_at, attempts_left }),
        sending: sending.map(|session_id| Sending { session_id, until }),
        cooldown_until: moment(row, "cooldown_until")?,
        wrong_at: value::<Vec<i64>>(row, "wrong_at")?.into_iter().map(UnixMillis).collect(),
        wrong_in_row: number(row, "wrong_in_row")?,
        changed_at: moment(row, "changed_at")?,
    })
}

pub(super) fn session(row: &Row) -> Result<OtpSession, StoreError> {
    let delivery: i64 = value(row, "delivery")?;
    Ok(OtpSession {
        session_id: value(row, "session_id")?,
        app_key: app_key(row)?,
        subject: fixed(row, "subject")?,
        phone: phone_number(row, "phone")?,
        meta: value(row, "meta")?,
        code_mac: fixed(row, "code_mac")?,
        digits: number(row, "digits")?,
        is_test: value(row, "is_test")?,
        is_gateway: value(row, "gateway")?,
        used: value(row, "used")?,
        created_at: moment(row, "created_at")?,
        accepted: hash(row, "message_hash")?.is_some(),
        failure: optional_number(row, "failure")?,
        delivery: (delivery != NOTHING_SAID).then(|| DeliveryStatus::of_number(delivery)).transpose()?,
        wa_id: phone_number(row, "wa_id")?,
        user_id: value(row, "user_id")?,
    })
}

/// A session, and its phone where that has a row: the subject of that row is the column `account`.
pub(super) fn session_and_phone(row: &Row) -> Result<(OtpSession, Option<OtpPhone>), StoreError> {
    let has_phone = value::<Option<i64>>(row, "version")?.is_some();
    Ok((session(row)?, has_phone.then(|| phone(row, "account")).transpose()?))
}

pub(super) fn call(row: &Row) -> Result<KnownCall, StoreError> {
    Ok(KnownCall {
        body_mac: fixed(row, "body_mac")?,
        session_id: value(row, "session_id")?,
        response: value(row, "answer")?,
        created_at: moment(row, "created_at")?,
    })
}

pub(super) fn test_number(row: &Row) -> Result<(String, TestNumber), StoreError> {
    let test = TestNumber { code: value(row, "code")?, cooldown: value(row, "cooldown")? };
    Ok((value(row, "phone")?, test))
}

pub(super) fn audit(row: &Row) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        at: moment(row, "at")?,
        actor: value(row, "actor")?,
        act: value(row, "act")?,
        subject: value(row, "subject")?,
        fields: value(row, "fields")?,
    })
}

/// What was read of a row; `None` for a row that cannot be read, which is left out with a warning: it must not keep
/// the others back.
pub(super) fn tolerated<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Err(StoreError::Unreadable(what)) => {
            tracing::warn!(what, "a row of the database cannot be read and is left out");
            Ok(None)
        }
        other => other.map(Some),
    }
}
