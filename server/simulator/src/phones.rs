//! The phones of the simulated world and what the business knows of each.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::chat::Chat;
use crate::identifiers;
use crate::limits::{NAME_CHARS_MAX, PHONES_MAX, SERVICE_WINDOW_SECONDS};
use crate::number::Number;
use crate::pricing::{Bill, Total};

/// A phone to add, or to change.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhoneSpec {
    /// Its number, with the country code.
    pub number: String,
    /// The profile name.
    pub name: Option<String>,
    /// The user name; who has one hides the number.
    pub username: Option<String>,
    /// Whether webhooks leave the number out until the business learns it. Needs no `username`: one is made up.
    pub hidden: Option<bool>,
    /// What WhatsApp calls the number, where that differs (`52…` and `521…` in Mexico).
    pub wa_id: Option<String>,
    /// The business-scoped user id, where a test needs a certain one.
    pub user_id: Option<String>,
    /// The user id that several portfolios share, where the business belongs to some that do.
    pub parent_user_id: Option<String>,
    /// The key of the account (`identity_key_hash`), for a business that has WhatsApp check it.
    pub identity_key: Option<String>,
    /// False: messages to it are refused with 131026.
    pub on_whatsapp: Option<bool>,
    /// Messages to it are refused with this Graph API error code.
    pub refuses_with: Option<u32>,
}

impl PhoneSpec {
    /// The phones that exist unless told otherwise: an ordinary one, one of another country and one that hides its
    /// number.
    pub fn cast() -> Vec<Self> {
        [
            ("15550002222", "Ana Torres", None),
            ("919876543210", "Ravi Kumar", None),
            ("15550003333", "Sheena Nelson", Some("realsheena")),
        ]
        .into_iter()
        .map(|(number, name, username)| Self {
            number: number.to_owned(),
            name: Some(name.to_owned()),
            username: username.map(str::to_owned),
            ..Self::default()
        })
        .collect()
    }
}

/// The error code of a number that has no WhatsApp account.
const NOT_ON_WHATSAPP: u32 = 131_026;

/// Why a phone cannot be added or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// `number` or `wa_id` is no phone number.
    #[error("number and wa_id are 7 to 15 digits with the country code")]
    Number,
    /// `name` or `username` is empty or too long.
    #[error("name and username are 1 to 100 characters")]
    Name,
    /// `user_id` or `parent_user_id` is no business-scoped user id.
    #[error("user_id and parent_user_id are a country code, a dot and up to 128 letters and digits")]
    UserId,
    /// Another phone has this number, `wa_id` or user id.
    #[error("another phone has this number, wa_id or user_id")]
    Taken,
    /// There are too many phones.
    #[error("there are too many phones")]
    Full,
}

/// Who answers a chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Handler {
    /// The business, by the Cloud API.
    #[default]
    Business,
    /// Meta Business Agent; the business is told what happens.
    Agent,
}

/// One phone.
#[derive(Debug)]
pub(crate) struct Phone {
    pub(crate) number: Number,
    pub(crate) wa_id: Number,
    pub(crate) user_id: String,
    pub(crate) parent_user_id: Option<String>,
    pub(crate) name: String,
    pub(crate) username: Option<String>,
    /// What webhooks call the key of the account, where the business has WhatsApp check it.
    pub(crate) identity_key: Option<String>,
    /// Who answers the chat.
    pub(crate) handler: Handler,
    /// The business has written to the number, or the person has shared it.
    pub(crate) number_known: bool,
    pub(crate) refuses_with: Option<u32>,
    /// Unix seconds of the person's latest message.
    pub(crate) last_inbound: Option<u64>,
    /// Unix seconds until which the business shows as typing.
    pub(crate) typing_until: u64,
    pub(crate) chat: Chat,
    /// What the messages to this phone cost.
    pub(crate) bill: Bill,
    /// Pages that show the chat now.
    pub(crate) views: usize,
    added: u64,
    changed: watch::Sender<u64>,
}

/// What the control API tells of a phone.
#[derive(Debug, Serialize)]
pub(crate) struct PhoneView {
    number: String,
    wa_id: String,
    user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_user_id: Option<String>,
    name: String,
    username: Option<String>,
    handler: Handler,
    hidden: bool,
    refuses_with: Option<u32>,
    window_open: bool,
    unread: usize,
    charged: Total,
}

impl Phone {
    fn new(number: Number, added: u64) -> Self {
        Self {
            wa_id: number.clone(),
            number,
            user_id: String::new(),
            parent_user_id: None,
            identity_key: None,
            handler: Handler::Business,
            name: format!("Phone {added}"),
            username: None,
            number_known: false,
            refuses_with: None,
            last_inbound: None,
            typing_until: 0,
            chat: Chat::default(),
            bill: Bill::default(),
            views: 0,
            added,
            changed: watch::Sender::new(0),
        }
    }

    /// Whether webhooks leave the number out.
    pub(crate) fn hides_number(&self) -> bool {
        self.username.is_some() && !self.number_known
    }

    /// Whether the business may answer with anything but a template.
    pub(crate) fn window_open(&self, now: u64) -> bool {
        self.last_inbound.is_some_and(|at| now.saturating_sub(at) < SERVICE_WINDOW_SECONDS)
    }

    /// Tells everybody who watches that the chat has changed.
    pub(crate) fn touch(&self) {
        self.changed.send_modify(|version| *version += 1);
    }

    /// A watch on the chat's version.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(crate) fn view(&self, now: u64) -> PhoneView {
        PhoneView {
            number: self.number.as_str().to_owned(),
            wa_id: self.wa_id.as_str().to_owned(),
            user_id: self.user_id.clone(),
            parent_user_id: self.parent_user_id.clone(),
            handler: self.handler,
            name: self.name.clone(),
            username: self.username.clone(),
            hidden: self.hides_number(),
            refuses_with: self.refuses_with,
            window_open: self.window_open(now),
            unread: self.chat.unread(),
            charged: self.bill.total(),
        }
    }
}

/// All phones, found by number, by `wa_id` and by user id.
#[derive(Debug, Default)]
pub(crate) struct Phones {
    by_number: HashMap<Number, Phone>,
    by_wa_id: HashMap<Number, Number>,
    by_user_id: HashMap<String, Number>,
    /// How many people have given up a number: whoever has it next is somebody else.
    former_owners: HashMap<Number, u64>,
    added: u64,
}

impl Phones {
    /// Adds a phone, or changes what the spec names of one that exists. `scope` is the business portfolio.
    pub(crate) fn put(&mut self, scope: &str, spec: &PhoneSpec) -> Result<Number, PhoneError> {
        let number = Number::parse(&spec.number).map_err(|_| PhoneError::Number)?;
        let wa_id = spec.wa_id.as_deref().map(Number::parse).transpose().map_err(|_| PhoneError::Number)?;
        for name in [&spec.name, &spec.username].into_iter().flatten() {
            if name.trim().is_empty() || name.chars().count() > NAME_CHARS_MAX {
                return Err(PhoneError::Name);
            }
        }
        for user_id in [&spec.user_id, &spec.parent_user_id].into_iter().flatten() {
            if !identifiers::is_user_id(user_id) {
                return Err(PhoneError::UserId);
            }
        }
        let (old_wa_id, old_user_id) = match self.by_number.get(&number) {
            Some(phone) => (phone.wa_id.clone(), phone.user_id.clone()),
            None if self.by_number.len() >= PHONES_MAX => return Err(PhoneError::Full),
            None => (number.clone(), self.next_user_id(scope, &number)),
        };
        let wa_id = wa_id.unwrap_or_else(|| old_wa_id.clone());
        let user_id = spec.user_id.clone().unwrap_or_else(|| old_user_id.clone());
        if self.taken(&number, &wa_id, &user_id) {
            return Err(PhoneError::Taken);
        }
        self.by_wa_id.remove(&old_wa_id);
        self.by_user_id.remove(&old_user_id);
        self.by_wa_id.insert(wa_id.clone(), number.clone());
        self.by_user_id.insert(user_id.clone(), number.clone());
        let added = self.added + 1;
        let phone = self.by_number.entry(number.clone()).or_insert_with(|| Phone::new(number.clone(), added));
        self.added = self.added.max(phone.added);
        (phone.wa_id, phone.user_id) = (wa_id, user_id);
        apply(phone, spec);
        phone.touch();
        Ok(number)
    }

    pub(crate) fn get(&self, number: &Number) -> Option<&Phone> {
        self.by_number.get(number).or_else(|| self.by_number.get(self.by_wa_id.get(number)?))
    }

    pub(crate) fn get_mut(&mut self, number: &Number) -> Option<&mut Phone> {
        if self.by_number.contains_key(number) {
            return self.by_number.get_mut(number);
        }
        self.by_number.get_mut(self.by_wa_id.get(number)?)
    }

    /// The number of the phone with this business-scoped user id.
    pub(crate) fn number_of(&self, user_id: &str) -> Option<&Number> {
        self.by_user_id.get(user_id)
    }

    pub(crate) fn remove(&mut self, number: &Number) -> bool {
        let Some(phone) = self.by_number.remove(number) else {
            return false;
        };
        self.by_wa_id.remove(&phone.wa_id);
        self.by_user_id.remove(&phone.user_id);
        self.given_up(&phone.number);
        true
    }

    fn given_up(&mut self, number: &Number) {
        *self.former_owners.entry(number.clone()).or_default() += 1;
    }

    /// The user id of the next owner of a number.
    fn next_user_id(&self, scope: &str, number: &Number) -> String {
        match self.former_owners.get(number) {
            None => identifiers::user_id(scope, number),
            Some(owners) => identifiers::user_id(&format!("{scope}\n{owners} before"), number),
        }
    }

    /// Gives a phone another number or user id; its chat and everything else stays. A number that WhatsApp calls by
    /// another name is called by its own from then on.
    pub(crate) fn rename(&mut self, old: &Number, number: &Number, user_id: &str) -> Result<(), PhoneError> {
        if !identifiers::is_user_id(user_id) {
            return Err(PhoneError::UserId);
        }
        let taken = [self.by_wa_id.get(number), self.by_user_id.get(user_id)];
        if taken.into_iter().flatten().any(|owner| owner != old)
            || (number != old && self.by_number.contains_key(number))
        {
            return Err(PhoneError::Taken);
        }
        let Some(mut phone) = self.by_number.remove(old) else {
            return Ok(());
        };
        self.by_wa_id.remove(&phone.wa_id);
        self.by_user_id.remove(&phone.user_id);
        if number != old {
            phone.wa_id = number.clone();
            self.given_up(old);
        }
        phone.number = number.clone();
        user_id.clone_into(&mut phone.user_id);
        self.by_wa_id.insert(phone.wa_id.clone(), number.clone());
        self.by_user_id.insert(phone.user_id.clone(), number.clone());
        phone.touch();
        self.by_number.insert(number.clone(), phone);
        Ok(())
    }

    /// Forgets every phone; pages that show one learn it by the end of their event stream.
    pub(crate) fn reset(&mut self) {
        *self = Self { added: self.added, ..Self::default() };
    }

    /// In the order in which they were added.
    pub(crate) fn in_order(&self) -> Vec<&Phone> {
        let mut phones: Vec<_> = self.by_number.values().collect();
        phones.sort_by_key(|phone| phone.added);
        phones
    }

    /// Whether another phone goes by one of these names.
    fn taken(&self, number: &Number, wa_id: &Number, user_id: &str) -> bool {
        [self.by_wa_id.get(number), self.by_wa_id.get(wa_id), self.by_user_id.get(user_id)]
            .into_iter()
            .flatten()
            .any(|owner| owner != number)
            || (wa_id != number && self.by_number.contains_key(wa_id))
    }
}

fn apply(phone: &mut Phone, spec: &PhoneSpec) {
    if let Some(name) = &spec.name {
        name.trim().clone_into(&mut phone.name);
    }
    if let Some(parent) = &spec.parent_user_id {
        phone.parent_user_id = Some(parent.clone());
    }
    if let Some(key) = &spec.identity_key {
        phone.identity_key = Some(key.clone());
    }
    if let Some(username) = &spec.username {
        phone.username = Some(username.trim().to_owned());
        phone.number_known = false;
    }
    match spec.hidden {
        Some(true) => {
            phone.username.get_or_insert_with(|| format!("user{}", phone.added));
            phone.number_known = false;
        }
        Some(false) => phone.number_known = true,
        None => {}
    }
    if let Some(on_whatsapp) = spec.on_whatsapp {
        phone.refuses_with = (!on_whatsapp).then_some(NOT_ON_WHATSAPP);
    }
    if let Some(code) = spec.refuses_with {
        phone.refuses_with = Some(code).filter(|code| *code != 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(number: &str) -> PhoneSpec {
        PhoneSpec { number: number.to_owned(), ..PhoneSpec::default() }
    }

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn a_phone_is_found_by_each_of_its_names() {
        let mut phones = Phones::default();
        let added = phones
            .put("1", &PhoneSpec { wa_id: Some("5215512345678".to_owned()), ..spec("+525512345678") })
            .unwrap();
        let user_id = phones.get(&added).unwrap().user_id.clone();
        assert!(phones.get(&number("5215512345678")).is_some());
        assert_eq!(phones.number_of(&user_id), Some(&added));
        assert!(phones.remove(&added) && phones.get(&number("5215512345678")).is_none());
    }

    #[test]
    fn a_second_put_changes_only_what_it_names() {
        let mut phones = Phones::default();
        phones.put("1", &PhoneSpec { name: Some("Ana".to_owned()), ..spec("15550002222") }).unwrap();
        phones.put("1", &PhoneSpec { hidden: Some(true), ..spec("15550002222") }).unwrap();
        let phone = phones.get(&number("15550002222")).unwrap();
        assert_eq!((phone.name.as_str(), phone.hides_number()), ("Ana", true));
        phones.put("1", &PhoneSpec { hidden: Some(false), ..spec("15550002222") }).unwrap();
        assert!(!phones.get(&number("15550002222")).unwrap().hides_number());
    }

    #[test]
    fn two_phones_never_share_an_identity() {
        let mut phones = Phones::default();
        phones.put("1", &PhoneSpec { user_id: Some("US.1".to_owned()), ..spec("15550002222") }).unwrap();
        let thief = PhoneSpec { user_id: Some("US.1".to_owned()), ..spec("15550003333") };
        assert_eq!(phones.put("1", &thief), Err(PhoneError::Taken));
        assert!(phones.get(&number("15550003333")).is_none());
        phones.put("1", &spec("15550004444")).unwrap();
        let changed = PhoneSpec { wa_id: Some("15550002222".to_owned()), ..spec("15550004444") };
        assert_eq!(phones.put("1", &changed), Err(PhoneError::Taken));
        assert_eq!(phones.get(&number("15550004444")).unwrap().wa_id, number("15550004444"));
    }

    #[test]
    fn a_phone_with_another_number_is_the_same_phone() {
        let mut phones = Phones::default();
        phones.put("1", &PhoneSpec { user_id: Some("US.1".to_owned()), ..spec("15550002222") }).unwrap();
        phones.put("1", &spec("15550003333")).unwrap();
        let (old, new) = (number("15550002222"), number("15550004444"));
        assert_eq!(phones.rename(&old, &number("15550003333"), "US.2"), Err(PhoneError::Taken));
        assert_eq!(phones.rename(&old, &new, "2"), Err(PhoneError::UserId));
        phones.rename(&old, &new, "US.2").unwrap();
        assert!(phones.get(&old).is_none() && phones.number_of("US.1").is_none());
        assert_eq!(
            (phones.number_of("US.2"), phones.get(&new).unwrap().wa_id.as_str()),
            (Some(&new), "15550004444")
        );
        phones.rename(&new, &new, "US.3").unwrap();
        assert_eq!((phones.number_of("US.3"), phones.number_of("US.2")), (Some(&new), None));
    }

    #[test]
    fn a_number_that_was_given_up_goes_to_somebody_else() {
        let mut phones = Phones::default();
        let (first, moved) = (number("15550002222"), number("15550004444"));
        let mut user_ids = Vec::new();
        for _ in 0..3 {
            phones.put("1", &spec("15550002222")).unwrap();
            user_ids.push(phones.get(&first).unwrap().user_id.clone());
            assert!(phones.remove(&first));
        }
        phones.put("1", &spec("15550002222")).unwrap();
        phones.rename(&first, &moved, "US.2").unwrap();
        phones.put("1", &spec("15550002222")).unwrap();
        user_ids.push(phones.get(&first).unwrap().user_id.clone());
        user_ids.sort_unstable();
        user_ids.dedup();
        assert_eq!(user_ids.len(), 4);
    }

    #[test]
    fn refuses_malformed_specs() {
        let mut phones = Phones::default();
        assert_eq!(phones.put("1", &spec("12")), Err(PhoneError::Number));
        let nameless = PhoneSpec { name: Some(" ".to_owned()), ..spec("15550002222") };
        assert_eq!(phones.put("1", &nameless), Err(PhoneError::Name));
        let odd = PhoneSpec { user_id: Some("15550002222".to_owned()), ..spec("15550002222") };
        assert_eq!(phones.put("1", &odd), Err(PhoneError::UserId));
    }

    #[test]
    fn the_window_closes_after_a_day() {
        let mut phones = Phones::default();
        let added = phones.put("1", &spec("15550002222")).unwrap();
        let phone = phones.get_mut(&added).unwrap();
        assert!(!phone.window_open(1_000_000));
        phone.last_inbound = Some(1_000_000);
        assert!(phone.window_open(1_000_000 + SERVICE_WINDOW_SECONDS - 1));
        assert!(!phone.window_open(1_000_000 + SERVICE_WINDOW_SECONDS));
    }
}
