//! Rows of SQLite's tables, read into types.

use loggin_protocol::{AppKey, Code, PhoneNumber, Subject};
use rusqlite::Row;

use crate::{
    clock::UnixMillis,
    languages::Language,
    store::{
        App, Asker, Confirm, Login, Person, PhoneHidden, Recognised, State, Steps, StoreError, rows::Numbered,
    },
};

/// An optional text, not copied out of its row.
pub(super) fn text<'r>(row: &'r Row<'_>, column: &'static str) -> Result<Option<&'r str>, StoreError> {
    row.get_ref(column)?.as_str_or_null().map_err(|_| StoreError::Unreadable("text"))
}

/// Optional bytes, not copied out of their row.
pub(super) fn bytes<'r>(row: &'r Row<'_>, column: &'static str) -> Result<Option<&'r [u8]>, StoreError> {
    row.get_ref(column)?.as_blob_or_null().map_err(|_| StoreError::Unreadable("bytes"))
}

/// An optional hash, which must have its length.
pub(super) fn hash(row: &Row<'_>, column: &'static str) -> Result<Option<[u8; 32]>, StoreError> {
    let bytes = bytes(row, column)?;
    bytes.map(|bytes| bytes.try_into().map_err(|_| StoreError::Unreadable("hash"))).transpose()
}

/// An optional phone number.
pub(super) fn phone_number(row: &Row<'_>, column: &'static str) -> Result<Option<PhoneNumber>, StoreError> {
    let phone = text(row, column)?;
    phone
        .map(|phone| PhoneNumber::parse(phone).map_err(|_| StoreError::Unreadable("phone number")))
        .transpose()
}

/// The key of an app.
pub(super) fn app_key(row: &Row<'_>) -> Result<AppKey, StoreError> {
    AppKey::parse(text(row, "app_key")?.unwrap_or_default()).map_err(|_| StoreError::Unreadable("app key"))
}

/// The code of a login.
pub(super) fn code(row: &Row<'_>) -> Result<Code, StoreError> {
    Code::parse(text(row, "code")?.unwrap_or_default()).map_err(|_| StoreError::Unreadable("code"))
}

pub(super) fn login(row: &Row<'_>) -> Result<Login, StoreError> {
    Ok(Login {
        code: code(row)?,
        state: State::of_number(row.get("state")?)?,
        version: row.get("version")?,
        deadline: UnixMillis(row.get("deadline")?),
        waited_for: row.get("waited_for")?,
        phone: phone_number(row, "phone")?,
        user_id: row.get("user_id")?,
        person: recognised(row)?,
        verified_at: row.get::<_, Option<i64>>("verified_at")?.map(UnixMillis),
        claimed_by: hash(row, "claimed_by")?,
        confirmation: hash(row, "confirmation")?,
        attempts_left: row.get("attempts_left")?,
        reply_reference: row.get("reply_reference")?,
        // A later version may have written one that this has no texts in.
        language: text(row, "lang")?.and_then(Language::of_tag),
        confirm: Confirm::of_number(row.get("confirm")?)?,
        asker: text(row, "asker")?.and_then(Asker::of_text).map(Box::new),
        steps: Steps {
            started_at: row.get::<_, Option<i64>>("started_at")?.map(UnixMillis),
            message_at: row.get::<_, Option<i64>>("message_at")?.map(UnixMillis),
        },
    })
}

fn subject(row: &Row<'_>) -> Result<Option<Subject>, StoreError> {
    let subject = text(row, "subject")?;
    subject.map(|text| Subject::parse(text).map_err(|_| StoreError::Unreadable("subject"))).transpose()
}

fn recognised(row: &Row<'_>) -> Result<Option<Recognised>, StoreError> {
    let changes = row.get("changes")?;
    Ok(subject(row)?.map(|subject| Recognised { subject, changes }))
}

pub(super) fn person(row: &Row<'_>) -> Result<Person, StoreError> {
    Ok(Person {
        app_key: app_key(row)?,
        subject: subject(row)?.ok_or(StoreError::Unreadable("subject"))?,
        version: row.get("version")?,
        phone: phone_number(row, "phone")?,
        phone_shown: row.get("phone_shown")?,
        user_id: row.get("user_id")?,
        parent_user_id: row.get("parent_user_id")?,
        identity_key: hash(row, "identity_key")?,
        left_phone: hash(row, "left_phone")?,
        changes: row.get("changes")?,
        told: row.get("told")?,
    })
}

pub(super) fn app(row: &Row<'_>) -> Result<App, StoreError> {
    let origins = text(row, "allowed_origins")?.unwrap_or_default();
    Ok(App {
        app_key: app_key(row)?,
        name: row.get("name")?,
        require_secret_key: row.get("require_secret_key")?,
        hide_phone_from_browser: row.get("hide_phone_from_browser")?,
        allowed_origins: origins.split_whitespace().map(str::to_owned).collect(),
        confirm: Confirm::of_number(row.get("confirm")?)?,
        phone_hidden: PhoneHidden::of_number(row.get("phone_hidden")?)?,
        calls_per_minute: row.get("calls_per_minute")?,
        monthly_quota: row.get("monthly_quota")?,
        live_only: row.get("live_only")?,
        messages_per_day: row.get("messages_per_day")?,
        history_days: row.get("history_days")?,
        created_at: UnixMillis(row.get("created_at")?),
        disabled_at: row.get::<_, Option<i64>>("disabled_at")?.map(UnixMillis),
    })
}
