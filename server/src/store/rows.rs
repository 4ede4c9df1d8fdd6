//! Rows of the tables, read into types, and the numbers that stand for enumerations.

use loggin::{AppKey, Code, PhoneNumber};
use sqlx::{Row, sqlite::SqliteRow};

use super::{App, Confirm, Login, PhoneHidden, State, StoreError};
use crate::{clock::UnixMillis, whatsapp::DeliveryStatus};

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

impl Numbered for DeliveryStatus {
    // The greater number is the later status: the store keeps the greatest. 0 is for none.
    const NUMBERS: &'static [(i64, Self)] =
        &[(1, Self::Sent), (2, Self::Delivered), (3, Self::Read), (4, Self::Played), (5, Self::Failed)];
    const WHAT: &'static str = "delivery of a message";
}

/// An optional hash, which must have its length.
fn hash(row: &SqliteRow, column: &'static str) -> Result<Option<[u8; 32]>, StoreError> {
    let bytes: Option<&[u8]> = row.try_get(column)?;
    bytes.map(|bytes| bytes.try_into().map_err(|_| StoreError::Unreadable("hash"))).transpose()
}

pub(super) fn login(row: &SqliteRow) -> Result<Login, StoreError> {
    let phone: Option<&str> = row.try_get("phone")?;
    Ok(Login {
        code: Code::parse(row.try_get("code")?).map_err(|_| StoreError::Unreadable("code"))?,
        state: State::of_number(row.try_get("state")?)?,
        version: row.try_get("version")?,
        deadline: UnixMillis(row.try_get("deadline")?),
        waited_for: row.try_get("waited_for")?,
        phone: phone
            .map(|phone| PhoneNumber::parse(phone).map_err(|_| StoreError::Unreadable("phone number")))
            .transpose()?,
        user_id: row.try_get("user_id")?,
        verified_at: row.try_get::<Option<i64>, _>("verified_at")?.map(UnixMillis),
        claimed_by: hash(row, "claimed_by")?,
        confirmation: hash(row, "confirmation")?,
        attempts_left: row.try_get("attempts_left")?,
        reply_reference: row.try_get("reply_reference")?,
    })
}

pub(super) fn app(row: &SqliteRow) -> Result<App, StoreError> {
    let origins: &str = row.try_get("allowed_origins")?;
    Ok(App {
        app_key: AppKey::parse(row.try_get("app_key")?).map_err(|_| StoreError::Unreadable("app key"))?,
        name: row.try_get("name")?,
        secret_key_hash: hash(row, "secret_key_hash")?,
        require_secret_key: row.try_get("require_secret_key")?,
        hide_phone_from_browser: row.try_get("hide_phone_from_browser")?,
        allowed_origins: origins.split_whitespace().map(str::to_owned).collect(),
        confirm: Confirm::of_number(row.try_get("confirm")?)?,
        phone_hidden: PhoneHidden::of_number(row.try_get("phone_hidden")?)?,
        calls_per_minute: row.try_get("calls_per_minute")?,
        monthly_quota: row.try_get("monthly_quota")?,
        live_only: row.try_get("live_only")?,
        created_at: UnixMillis(row.try_get("created_at")?),
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
        ]);
        check(&[Confirm::None, Confirm::Reply, Confirm::Code]);
        check(&[PhoneHidden::Ask, PhoneHidden::Fail]);
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
