//! Rows of the tables, read into types, and the numbers that stand for enumerations.

use loggin_protocol::{AppKey, Code, PhoneNumber};
use rusqlite::Row;

use super::{App, Confirm, Login, MessageKind, MessageState, PhoneHidden, Role, State, StoreError};
use crate::{clock::UnixMillis, languages::Language, whatsapp::DeliveryStatus};

/// An enumeration that the tables keep as a number, which must never change its meaning.
pub(super) trait Numbered: Copy + PartialEq + Sized + 'static {
    const NUMBERS: &'static [(i64, Self)];
    const WHAT: &'static str;

    fn number(self) -> i64 {
        let found = Self::NUMBERS.iter().find(|(_, value)| *value == self);
        // Each list below has every variant: a test walks them.
        found.map_or(-1, |(number, _)| *number)
    }

    fn of_number(number: i64) -> Result<Self, StoreError> {
        let found = Self::NUMBERS.iter().find(|(known, _)| *known == number);
        found.map(|(_, value)| *value).ok_or(StoreError::Unreadable(Self::WHAT))
    }
}

impl Numbered for State {
    const NUMBERS: &'static [(i64, Self)] = &[
        (0, Self::Pending),
        (1, Self::MessageReceived),
        (2, Self::AwaitingConfirmation),
        (3, Self::Verified),
        (4, Self::Claimed),
        (5, Self::Used),
        (6, Self::Expired),
        (7, Self::Denied),
        (8, Self::PhoneHidden),
        (9, Self::Lapsed),
    ];
    const WHAT: &'static str = "state of a login";
}

impl Numbered for Confirm {
    const NUMBERS: &'static [(i64, Self)] = &[(0, Self::None), (1, Self::Reply), (2, Self::Code)];
    const WHAT: &'static str = "confirmation policy";
}

impl Numbered for PhoneHidden {
    const NUMBERS: &'static [(i64, Self)] = &[(0, Self::Ask), (1, Self::Fail)];
    const WHAT: &'static str = "policy for hidden numbers";
}

impl Numbered for Role {
    // The greater number may do more.
    const NUMBERS: &'static [(i64, Self)] = &[(1, Self::Viewer), (2, Self::Operator), (3, Self::Owner)];
    const WHAT: &'static str = "role";
}

impl Numbered for MessageKind {
    const NUMBERS: &'static [(i64, Self)] =
        &[(1, Self::SharePhone), (2, Self::ConfirmationCode), (3, Self::SignedIn)];
    const WHAT: &'static str = "kind of a message";
}

impl Numbered for MessageState {
    // Up to 1 there is something left to be done: the statements and an index say so.
    const NUMBERS: &'static [(i64, Self)] =
        &[(0, Self::Waiting), (1, Self::Sending), (2, Self::Sent), (3, Self::Ambiguous), (4, Self::Refused)];
    const WHAT: &'static str = "state of a message";
}

impl Numbered for DeliveryStatus {
    // The greater number is the later status: the store keeps the greatest. 0 is for none.
    const NUMBERS: &'static [(i64, Self)] =
        &[(1, Self::Sent), (2, Self::Delivered), (3, Self::Read), (4, Self::Played), (5, Self::Failed)];
    const WHAT: &'static str = "delivery of a message";
}

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
        verified_at: row.get::<_, Option<i64>>("verified_at")?.map(UnixMillis),
        claimed_by: hash(row, "claimed_by")?,
        confirmation: hash(row, "confirmation")?,
        attempts_left: row.get("attempts_left")?,
        reply_reference: row.get("reply_reference")?,
        // A later version may have written one that this has no texts in.
        language: text(row, "lang")?.and_then(Language::of_tag),
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
        created_at: UnixMillis(row.get("created_at")?),
        disabled_at: row.get::<_, Option<i64>>("disabled_at")?.map(UnixMillis),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails for a variant that its list lacks: the match in `number` has no arm to forget.
    #[test]
    fn every_variant_has_a_number_of_its_own() {
        fn check<T: Numbered + std::fmt::Debug>(variants: &[T]) {
            assert_eq!(variants.len(), T::NUMBERS.len());
            for variant in variants {
                assert_eq!(T::of_number(variant.number()).unwrap(), *variant);
            }
            assert!(matches!(T::of_number(99), Err(StoreError::Unreadable(_))));
        }
        check(&[
            State::Pending,
            State::MessageReceived,
            State::AwaitingConfirmation,
            State::Verified,
            State::Claimed,
            State::Used,
            State::Expired,
            State::Denied,
            State::PhoneHidden,
            State::Lapsed,
        ]);
        check(&[Confirm::None, Confirm::Reply, Confirm::Code]);
        check(&[PhoneHidden::Ask, PhoneHidden::Fail]);
        check(&[Role::Viewer, Role::Operator, Role::Owner]);
        check(&[MessageKind::SharePhone, MessageKind::ConfirmationCode, MessageKind::SignedIn]);
        check(&[
            MessageState::Waiting,
            MessageState::Sending,
            MessageState::Sent,
            MessageState::Ambiguous,
            MessageState::Refused,
        ]);
        check(&[
            DeliveryStatus::Sent,
            DeliveryStatus::Delivered,
            DeliveryStatus::Read,
            DeliveryStatus::Played,
            DeliveryStatus::Failed,
        ]);
        assert!(
            DeliveryStatus::NUMBERS.is_sorted()
                && DeliveryStatus::NUMBERS.is_sorted_by_key(|(_, status)| *status)
        );
    }
}
