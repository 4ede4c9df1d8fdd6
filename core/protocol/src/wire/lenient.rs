//! Values that only inform: one of another form is none, and the rest is read all the same.
//!
//! A server of another version, or another server that speaks this API, writes them as it likes.

use std::borrow::Cow;

use serde::{Deserialize, de::DeserializeOwned};

use crate::confirm::Confirm;

/// Reads a value that only informs: one of another form is none.
pub(super) fn lenient<'de, D: serde::Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    serde_json::Value::deserialize(deserializer).map(|value| serde_json::from_value(value).ok())
}

/// Reads a text that only informs: what is none is empty.
pub(super) fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Cow<'static, str>, D::Error> {
    lenient::<D, String>(deserializer).map(|text| text.unwrap_or_default().into())
}

/// Reads what confirmed a login: what is none, or of a later version, is worth nothing here.
pub(super) fn confirmation<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Confirm, D::Error> {
    lenient::<D, Confirm>(deserializer).map(Option::unwrap_or_default)
}

/// Reads a whole number that is not below zero.
pub(super) fn whole_number<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    serde_json::Value::deserialize(deserializer).map(|value| value.as_u64())
}
