//! Who a person is at an app, whatever becomes of their number: which names belong to one person, and what is told where
//! one of them changes hands.
//!
//! Names are a phone number, a business-scoped user id, and the user id that several portfolios share. They belong together
//! where WhatsApp itself shows them together: a message with both, a contact request that was answered, a notice, a message
//! of ours and whom it was delivered to. A contact that somebody picked and a profile's name prove nothing.
//!
//! Two people never become one. A number that comes with another user id than the one that it was known with, and without a
//! notice, has another owner: the former one loses it, and whoever has it now is somebody new. Each time a person loses a
//! name or gets another one their app is told, by an event and by the next login.

mod evidence;
mod gathered;
mod notice;
#[cfg(test)]
mod tests;

pub(crate) use evidence::Evidence;
pub(crate) use gathered::Gathered;
pub(crate) use notice::{Notice, People};

use loggin_protocol::{AppKey, PhoneNumber, Subject};

use crate::{
    clock::UnixMillis,
    events::{self, PersonChange},
    phones::{self, RecipientKeys},
    store::{PeopleChange, Person, PersonQuery, Recognised, Versions},
};

/// What the rules take from outside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules<'a> {
    /// Make the names of numbers that people had before.
    pub(crate) recipients: &'a RecipientKeys,
    pub(crate) now: UnixMillis,
}

/// A person as they were, and as they are to be.
struct Draft {
    before: Option<Person>,
    after: Person,
    /// What their app is told.
    change: Option<PersonChange>,
}

impl Draft {
    fn of(person: &Person) -> Self {
        Self { before: Some(person.clone()), after: person.clone(), change: None }
    }

    fn new(app_key: AppKey, subject: Subject, changes: i64) -> Self {
        let after = Person {
            app_key,
            subject,
            version: 0,
            phone: None,
            phone_shown: false,
            user_id: None,
            parent_user_id: None,
            identity_key: None,
            left_phone: None,
            changes,
            told: 0,
        };
        Self { before: None, after, change: None }
    }

    /// Notes that a name is another now. The first that is noted is what the app is told: a number that changes takes the
    /// user id with it.
    fn note(&mut self, change: PersonChange) {
        if self.before.is_some() && self.change.is_none() {
            self.change = Some(change);
            self.after.changes += 1;
        }
    }
}

impl Rules<'_> {
    /// Whom a person with these names is looked for as.
    pub(crate) fn query(&self, app_key: Option<AppKey>, evidence: &Evidence) -> PersonQuery {
        let phones = evidence.phone.as_slice();
        PersonQuery {
            app_key,
            phone_name: evidence.phone.as_ref().map(phones::name),
            user_id: evidence.user_id.clone(),
            parent_user_id: evidence.parent_user_id.clone(),
            left_phone: self.recipients.all_of(phones, &[]),
        }
    }

    /// Whom these names are of, and what becomes of people by it. `people` are those that [`Rules::query`] finds; `fresh`
    /// is the subject of whoever is not known yet.
    pub(crate) fn recognise(
        &self,
        app_key: AppKey,
        evidence: &Evidence,
        people: &[&Person],
        fresh: Subject,
    ) -> (Recognised, PeopleChange) {
        let by_user = by_user(people, evidence);
        let by_phone = by_phone(people, evidence.phone.as_ref());
        let may_be_owner = |person: &&Person| person.user_id.is_none() || evidence.user_id.is_none();
        let mut draft = match (by_user, by_phone.filter(may_be_owner)) {
            (Some(person), _) | (None, Some(person)) => Draft::of(person),
            (None, None) => {
                let was_anothers = by_phone.is_some() || self.was_left(people, evidence.phone.as_ref());
                Draft::new(app_key, fresh, was_anothers.into())
            }
        };
        self.learn(&mut draft, evidence);
        let recognised = Recognised { subject: draft.after.subject, changes: owed(&draft.after) };
        let taken_from = others(people, &draft.after);
        let seen = (self.query(Some(app_key), evidence), versions(people));
        (recognised, self.change(draft, &taken_from, vec![seen]))
    }

    /// Has a person have these names.
    fn learn(&self, draft: &mut Draft, evidence: &Evidence) {
        let after = &draft.after;
        let has_other = |known: Option<&String>, shown: Option<&String>| match (known, shown) {
            (Some(known), Some(shown)) => known != shown,
            _ => false,
        };
        let other_phone = match (&after.phone, &evidence.phone) {
            (Some(known), Some(shown)) => phones::name(known) != phones::name(shown),
            _ => false,
        };
        let other_user = has_other(after.user_id.as_ref(), evidence.user_id.as_ref());
        let other_key = matches!((after.identity_key, evidence.identity_key), (Some(a), Some(b)) if a != b);
        if other_phone {
            draft.after.left_phone = draft.after.phone.as_ref().map(|phone| self.recipients.of_phone(phone));
            draft.note(PersonChange::Number);
        }
        if other_user {
            // A user id changes with the number, so that the one that is known may be another's by now.
            draft.after.phone_shown = false;
            draft.note(PersonChange::UserId);
        }
        if other_key {
            draft.note(PersonChange::Identity);
        }
        let after = &mut draft.after;
        if let Some(phone) = &evidence.phone {
            after.phone_shown = evidence.user_id.is_some() || (after.phone_shown && !other_phone);
            after.phone = Some(phone.clone());
        }
        after.user_id = evidence.user_id.clone().or(after.user_id.take());
        after.parent_user_id = evidence.parent_user_id.clone().or(after.parent_user_id.take());
        after.identity_key = evidence.identity_key.or(after.identity_key);
    }

    /// Whether somebody else had this number before.
    fn was_left(&self, people: &[&Person], phone: Option<&PhoneNumber>) -> bool {
        let Some(phone) = phone else { return false };
        let names = self.recipients.all_of(std::slice::from_ref(phone), &[]);
        people.iter().any(|person| person.left_phone.is_some_and(|left| names.contains(&left)))
    }

    /// What is to be written: the person, and those who lose a name to them.
    fn change(
        &self,
        draft: Draft,
        taken_from: &[&Person],
        seen: Vec<(PersonQuery, Versions)>,
    ) -> PeopleChange {
        let mut change = PeopleChange { seen, ..PeopleChange::default() };
        for former in taken_from {
            let mut loser = Draft::of(former);
            if same_phone(former, &draft.after) {
                loser.after.phone = None;
                loser.after.phone_shown = false;
                loser.after.left_phone = former.phone.as_ref().map(|phone| self.recipients.of_phone(phone));
            }
            if former.user_id.is_some() && former.user_id == draft.after.user_id {
                loser.after.user_id = None;
                loser.after.parent_user_id = None;
            }
            loser.note(PersonChange::Recycled);
            self.add(&mut change, loser);
        }
        self.add(&mut change, draft);
        change
    }

    /// Adds a person who has changed to what is written.
    fn add(&self, change: &mut PeopleChange, draft: Draft) {
        let Draft { before, mut after, change: what } = draft;
        if before.as_ref() == Some(&after) {
            return;
        }
        after.version += 1;
        if let (Some(what), Some(before)) = (what, &before) {
            change.events.push(events::of_person(what, before, &after, self.now));
        }
        if after.phone.is_none() && after.user_id.is_none() && after.parent_user_id.is_none() {
            change.removed.push((after.app_key, after.subject));
        } else {
            change.put.push(after);
        }
    }
}

/// The number of a person whose message hides it, where WhatsApp has shown it beside their user id.
pub(crate) fn known_phone(people: &[&Person], evidence: &Evidence) -> Option<PhoneNumber> {
    by_user(people, evidence).filter(|person| person.phone_shown)?.phone.clone()
}

/// The person's changes that their app has not been told of; 0 where there are none.
fn owed(person: &Person) -> i64 {
    if person.changes > person.told { person.changes } else { 0 }
}

fn by_user<'p>(people: &[&'p Person], evidence: &Evidence) -> Option<&'p Person> {
    let has = |known: Option<&String>, shown: Option<&String>| shown.is_some() && known == shown;
    let by_id = people.iter().find(|person| has(person.user_id.as_ref(), evidence.user_id.as_ref()));
    let parent = evidence.parent_user_id.as_ref();
    by_id.or_else(|| people.iter().find(|person| has(person.parent_user_id.as_ref(), parent))).copied()
}

fn by_phone<'p>(people: &[&'p Person], phone: Option<&PhoneNumber>) -> Option<&'p Person> {
    let name = phones::name(phone?);
    people
        .iter()
        .find(|person| person.phone.as_ref().is_some_and(|known| phones::name(known) == name))
        .copied()
}

fn same_phone(one: &Person, other: &Person) -> bool {
    let name = |person: &Person| person.phone.as_ref().map(phones::name);
    name(one).is_some() && name(one) == name(other)
}

/// Those who have a name that this person has now.
fn others<'p>(people: &[&'p Person], person: &Person) -> Vec<&'p Person> {
    let has_name = |other: &&&Person| {
        other.subject != person.subject
            && other.app_key == person.app_key
            && (same_phone(other, person) || (other.user_id.is_some() && other.user_id == person.user_id))
    };
    people.iter().filter(has_name).copied().collect()
}

/// Who was found, as a store compares it.
fn versions(people: &[&Person]) -> Versions {
    let mut versions: Vec<_> = people.iter().map(|person| (person.subject, person.version)).collect();
    versions.sort_unstable();
    versions
}
