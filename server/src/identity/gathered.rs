//! People who were read for several changes at once, found by their names.

use std::collections::{BTreeSet, HashMap};

use loggin_protocol::{AppKey, Subject};

use crate::{
    phones,
    store::{PeopleChange, Person, PersonQuery},
};

/// What somebody is found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    Phone(String),
    User(String),
    Parent(String),
    LeftPhone([u8; 32]),
}

/// A person, by what never changes.
type Key = (AppKey, Subject);

/// People as they were read, and as changes that are planned will leave them: of two changes for one person in one call the
/// second goes on from the first.
#[derive(Default)]
pub(crate) struct Gathered {
    people: HashMap<Key, Person>,
    named: HashMap<Name, BTreeSet<Key>>,
}

impl Gathered {
    pub(crate) fn new(people: impl IntoIterator<Item = Person>) -> Self {
        let mut gathered = Self::default();
        people.into_iter().for_each(|person| gathered.put(person));
        gathered
    }

    /// Whoever is looked for, in the order of their subjects.
    pub(crate) fn find(&self, query: &PersonQuery) -> Vec<&Person> {
        let named = query_names(query).into_iter().filter_map(|name| self.named.get(&name)).flatten();
        let keys: BTreeSet<&Key> =
            named.filter(|(app_key, _)| query.app_key.is_none_or(|wanted| wanted == *app_key)).collect();
        keys.into_iter().filter_map(|key| self.people.get(key)).collect()
    }

    #[cfg(test)]
    pub(super) fn of_subject(&self, app_key: AppKey, subject: Subject) -> Option<&Person> {
        self.people.get(&(app_key, subject))
    }

    /// Goes on from what a change will leave.
    pub(crate) fn take(&mut self, change: &PeopleChange) {
        change.removed.iter().for_each(|key| self.remove(key));
        change.put.iter().for_each(|person| self.put(person.clone()));
    }

    fn put(&mut self, person: Person) {
        let key = (person.app_key, person.subject);
        self.remove(&key);
        for name in person_names(&person) {
            self.named.entry(name).or_default().insert(key);
        }
        self.people.insert(key, person);
    }

    fn remove(&mut self, key: &Key) {
        let Some(person) = self.people.remove(key) else { return };
        for name in person_names(&person) {
            if let Some(keys) = self.named.get_mut(&name) {
                keys.remove(key);
            }
        }
    }
}

fn person_names(person: &Person) -> impl Iterator<Item = Name> {
    let phone = person.phone.as_ref().map(|phone| Name::Phone(phones::name(phone)));
    let left = person.left_phone.map(Name::LeftPhone);
    let user = person.user_id.clone().map(Name::User);
    let parent = person.parent_user_id.clone().map(Name::Parent);
    [phone, left, user, parent].into_iter().flatten()
}

fn query_names(query: &PersonQuery) -> Vec<Name> {
    let phone = query.phone_name.clone().map(Name::Phone);
    let user = query.user_id.clone().map(Name::User);
    let parent = query.parent_user_id.clone().map(Name::Parent);
    let left = query.left_phone.iter().copied().map(Name::LeftPhone);
    [phone, user, parent].into_iter().flatten().chain(left).collect()
}
