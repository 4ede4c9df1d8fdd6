//! Keys made from the configuration's secrets, and codes of a few characters.

mod code_text;
pub(crate) mod digits;
mod mac_keys;
mod seal_keys;

pub(crate) use code_text::CodeText;
pub(crate) use digits::Digits;
pub(crate) use mac_keys::MacKeys;
pub(crate) use seal_keys::SealKeys;
