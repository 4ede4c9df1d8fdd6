//! Who a message comes from: a phone number, a business-scoped user id, or both.
//!
//! WhatsApp leaves the phone number out where a person uses a user name. Either identifier may stand in the field that
//! was once the number's alone (`from`, `wa_id`, `recipient_id`), so each is told by its form, never by its field.

use std::{collections::HashMap, fmt};

use loggin_protocol::PhoneNumber;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::json;

/// Most characters after the country of a business-scoped user id.
const MAX_USER_ID_CHARS: usize = 128;

/// A person as WhatsApp names them.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Sender {
    /// The phone number, unless WhatsApp hides it.
    pub(crate) phone: Option<PhoneNumber>,
    /// The business-scoped user id, e.g. `US.13491208655302741918`.
    pub(crate) user_id: Option<String>,
    /// The user id that several portfolios of the business share.
    pub(crate) parent_user_id: Option<String>,
    /// Hash of what WhatsApp calls the key of their account, which is another once they register it anew.
    pub(crate) identity_key: Option<[u8; 32]>,
}

impl Sender {
    /// Takes the first phone number and the first user id among these texts, in whatever field they stood.
    pub(super) fn of(texts: [Option<&str>; 2]) -> Self {
        let texts = texts.into_iter().flatten();
        Self {
            phone: texts.clone().find_map(phone),
            user_id: texts.clone().find(|text| is_user_id(text)).map(str::to_owned),
            ..Self::default()
        }
    }

    /// Whether neither identifier is known.
    pub(super) fn is_unknown(&self) -> bool {
        self.phone.is_none() && self.user_id.is_none()
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sender")
            .field("has_phone", &self.phone.is_some())
            .field("has_user_id", &self.user_id.is_some())
            .finish_non_exhaustive()
    }
}

/// The people listed beside the messages and statuses of one change.
pub(super) struct Contacts<'a>(HashMap<&'a str, Sender>);

impl<'a> Contacts<'a> {
    /// Reads `contacts[]` of each, every contact under each name it has. A phone number never looks like a user id.
    pub(super) fn read(values: [&'a Value; 2]) -> Self {
        let mut contacts = HashMap::new();
        for contact in values.into_iter().filter_map(|value| json::elements(value, "contacts")).flatten() {
            let names = [json::text(contact, "wa_id"), json::text(contact, "user_id")];
            let sender = Sender {
                parent_user_id: user_id(contact, "parent_user_id"),
                identity_key: identity_key(contact, "identity_key_hash"),
                ..Sender::of(names)
            };
            for name in names.into_iter().flatten() {
                contacts.entry(digits(name)).or_insert_with(|| sender.clone());
            }
        }
        Self(contacts)
    }

    /// Adds what the list knows about the same person. It is found by name, never by position.
    pub(super) fn complete(&self, sender: Sender) -> Sender {
        let by_user_id = sender.user_id.as_deref().and_then(|id| self.0.get(id));
        let by_phone = sender.phone.as_ref().and_then(|phone| self.0.get(phone.expose()));
        let Some(contact) = by_user_id.or(by_phone) else {
            return sender;
        };
        Sender {
            phone: sender.phone.or_else(|| contact.phone.clone()),
            user_id: sender.user_id.or_else(|| contact.user_id.clone()),
            parent_user_id: sender.parent_user_id.or_else(|| contact.parent_user_id.clone()),
            identity_key: sender.identity_key.or(contact.identity_key),
        }
    }
}

/// A phone number of digits, with or without `+`.
pub(crate) fn phone(text: &str) -> Option<PhoneNumber> {
    PhoneNumber::parse(digits(text)).ok()
}

/// The text without the `+` of an international number.
fn digits(text: &str) -> &str {
    text.strip_prefix('+').unwrap_or(text)
}

/// The hash of what stands at a key as the key of somebody's account: it is compared, and nothing else.
pub(super) fn identity_key(value: &Value, key: &str) -> Option<[u8; 32]> {
    json::id(value, key).map(|text| Sha256::digest(text).into())
}

/// The business-scoped user id at a key.
pub(super) fn user_id(value: &Value, key: &str) -> Option<String> {
    json::text(value, key).filter(|text| is_user_id(text)).map(str::to_owned)
}

/// Whether this is a business-scoped user id: a country, `.ENT` where several portfolios share it, and letters and digits.
fn is_user_id(text: &str) -> bool {
    let Some((country, rest)) = text.split_once('.') else {
        return false;
    };
    let id = rest.strip_prefix("ENT.").unwrap_or(rest);
    country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && (1..=MAX_USER_ID_CHARS).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PHONE: &str = "15550002222";
    const USER_ID: &str = "US.13491208655302741918";

    fn sender(phone: Option<&str>, user_id: Option<&str>) -> Sender {
        Sender {
            phone: phone.map(|phone| PhoneNumber::parse(phone).unwrap()),
            user_id: user_id.map(str::to_owned),
            ..Sender::default()
        }
    }

    #[test]
    fn user_ids_are_told_from_everything_else() {
        let longest = format!("BR.{}", "a".repeat(MAX_USER_ID_CHARS));
        for id in [USER_ID, "US.ENT.11815799212886844830", "DE.aZ9", &longest] {
            assert!(is_user_id(id), "{id}");
        }
        let too_long = format!("{longest}a");
        for text in [
            "",
            PHONE,
            "US",
            "US.",
            "us.1",
            "USA.1",
            "U1.1",
            "US.1.2",
            "US.ENT.",
            "US.é",
            "US. 1",
            "US.ENT.1.2",
            &too_long,
        ] {
            assert!(!is_user_id(text), "{text}");
        }
    }

    #[test]
    fn identifiers_are_told_by_their_form() {
        assert_eq!(Sender::of([Some(PHONE), Some(USER_ID)]), sender(Some(PHONE), Some(USER_ID)));
        assert_eq!(Sender::of([Some(USER_ID), None]), sender(None, Some(USER_ID)));
        assert_eq!(Sender::of([Some("+15550002222"), None]), sender(Some(PHONE), None));
        for nobody in [[None, None], [Some(""), Some("Ana")], [Some("+"), Some("1555-000-2222")]] {
            assert!(Sender::of(nobody).is_unknown(), "{nobody:?}");
        }
    }

    #[test]
    fn contacts_are_found_by_name() {
        let value = json!({"contacts": [
            {"wa_id": "15550009999", "user_id": "US.9"},
            "no contact",
            {"profile": {"name": "Ana"}, "wa_id": PHONE, "user_id": USER_ID},
        ]});
        let contacts = Contacts::read([&value, &Value::Null]);
        let both = sender(Some(PHONE), Some(USER_ID));
        assert_eq!(contacts.complete(sender(Some(PHONE), None)), both);
        assert_eq!(contacts.complete(sender(None, Some(USER_ID))), both);
        let unknown = sender(Some("15550001234"), None);
        assert_eq!(contacts.complete(unknown.clone()), unknown);
    }

    #[test]
    fn what_the_message_says_stays() {
        let value = json!({"contacts": [{"wa_id": PHONE, "user_id": "US.9"}]});
        let said = sender(Some(PHONE), Some(USER_ID));
        assert_eq!(Contacts::read([&value, &Value::Null]).complete(said.clone()), said);
    }

    #[test]
    fn a_user_id_in_the_place_of_the_number_is_found_too() {
        let value = json!({"contacts": [{"wa_id": USER_ID}, {"wa_id": "+15550002222", "user_id": "US.2"}]});
        let contacts = Contacts::read([&value, &Value::Null]);
        assert_eq!(contacts.complete(sender(None, Some(USER_ID))), sender(None, Some(USER_ID)));
        assert_eq!(contacts.complete(sender(Some(PHONE), None)), sender(Some(PHONE), Some("US.2")));
    }

    #[test]
    fn a_person_is_not_shown() {
        let shown = format!("{:?}", sender(Some(PHONE), Some(USER_ID)));
        assert!(!shown.contains(PHONE) && !shown.contains(USER_ID), "{shown}");
    }
}
