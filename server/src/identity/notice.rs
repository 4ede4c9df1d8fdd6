//! What WhatsApp tells of people beside their messages: that they have another number or user id, and whom a message of
//! ours was delivered to.

use std::{collections::BTreeSet, sync::Arc};

use loggin_protocol::{AppKey, Subject};
use sha2::{Digest, Sha256};

use super::{Draft, Evidence, Gathered, Rules, by_phone, by_user, others, versions};
use crate::{
    clock::{Clock, Random, random_bytes},
    events::PersonChange,
    limits,
    phones::RecipientKeys,
    store::{ChangeOutcome, MessageId, PeopleChange, Person, Recognised, Store, StoreError},
    whatsapp::{DeliveryStatus, IdentityChange, StatusUpdate},
};

/// A person has other names now.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) previous: Evidence,
    pub(crate) current: Evidence,
}

impl From<IdentityChange> for Notice {
    fn from(change: IdentityChange) -> Self {
        Self {
            previous: Evidence {
                parent_user_id: change.previous_parent_user_id,
                identity_key: None,
                ..Evidence::from(&change.previous)
            },
            current: Evidence {
                parent_user_id: change.current_parent_user_id,
                ..Evidence::from(&change.current)
            },
        }
    }
}

/// The people of all apps, of whom WhatsApp tells.
#[derive(Debug)]
pub(crate) struct People {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) recipients: RecipientKeys,
}

impl People {
    /// Takes a notice, which counts once; returns how many apps know whom it is about.
    pub(crate) async fn take(&self, notice: &Notice, id: Option<MessageId>) -> Result<usize, StoreError> {
        let decide = |rules: &Rules<'_>, people: &[&Person]| rules.noticed(notice, people);
        self.change_in_each(&[&notice.previous, &notice.current], id, decide).await
    }

    /// Learns the numbers of people whose user id alone is known, from whom messages of ours were delivered to.
    pub(crate) async fn learn(&self, statuses: &[StatusUpdate]) -> Result<(), StoreError> {
        // A message has several statuses, each with the same names.
        for status in statuses.iter().filter(|status| status.status == DeliveryStatus::Sent) {
            let evidence = Evidence {
                phone: status.recipient_phone.clone(),
                user_id: status.recipient_user_id.clone(),
                ..Evidence::default()
            };
            if evidence.phone.is_none() || evidence.user_id.is_none() {
                continue;
            }
            let decide = |rules: &Rules<'_>, people: &[&Person]| rules.delivered(&evidence, people);
            self.change_in_each(&[&evidence], None, decide).await?;
        }
        Ok(())
    }

    /// Who has proven these names to an app in another way than by a login; somebody new where nobody has them.
    pub(crate) async fn recognise(
        &self,
        app_key: AppKey,
        evidence: &Evidence,
        random: &dyn Random,
    ) -> Result<Recognised, StoreError> {
        let fresh = Subject::from_random(random_bytes(random));
        for _ in 0..limits::CONFLICTS {
            let rules = Rules { recipients: &self.recipients, now: self.clock.now() };
            let people = self.store.people(&[rules.query(Some(app_key), evidence)]).await?;
            let people: Vec<&Person> = people.iter().collect();
            let (recognised, change) = rules.recognise(app_key, evidence, &people, fresh);
            let told = (recognised.changes > 0).then_some((app_key, recognised));
            let change = PeopleChange { told, ..change };
            if change.is_empty() || self.store.change_people(change, None).await? != ChangeOutcome::Conflict {
                return Ok(recognised);
            }
        }
        Err(StoreError::Busy)
    }

    /// Makes the change that `decide` finds in each app where somebody has one of these names.
    async fn change_in_each(
        &self,
        names: &[&Evidence],
        id: Option<MessageId>,
        decide: impl Fn(&Rules<'_>, &[&Person]) -> Option<PeopleChange>,
    ) -> Result<usize, StoreError> {
        let mut done = BTreeSet::new();
        let mut concerned = 0;
        for _ in 0..limits::CONFLICTS {
            let rules = Rules { recipients: &self.recipients, now: self.clock.now() };
            let queries: Vec<_> = names.iter().map(|names| rules.query(None, names)).collect();
            let people = self.store.people(&queries).await?;
            let apps: BTreeSet<AppKey> = people.iter().map(|person| person.app_key).collect();
            let people = Gathered::new(people);
            let open: Vec<AppKey> = apps.difference(&done).copied().collect();
            if open.is_empty() {
                return Ok(concerned);
            }
            for app_key in open {
                let queries = names.iter().map(|names| rules.query(Some(app_key), names));
                let found: Vec<_> = queries.map(|query| (people.find(&query), query)).collect();
                let mut here: Vec<&Person> = found.iter().flat_map(|(found, _)| found).copied().collect();
                here.sort_unstable_by_key(|person| person.subject);
                here.dedup_by_key(|person| person.subject);
                let Some(mut change) = decide(&rules, &here) else {
                    done.insert(app_key);
                    continue;
                };
                change.seen = found.into_iter().map(|(found, query)| (query, versions(&found))).collect();
                let id = id.as_ref().map(|id| of_app(id, app_key));
                if self.store.change_people(change, id).await? != ChangeOutcome::Conflict {
                    concerned += 1;
                    done.insert(app_key);
                }
            }
        }
        Err(StoreError::Busy)
    }
}

/// What names a notice at one app: it counts once at each.
fn of_app(id: &MessageId, app_key: AppKey) -> MessageId {
    let hash = Sha256::new().chain_update(id.hash).chain_update(app_key.as_str());
    MessageId { hash: hash.finalize().into(), ..id.clone() }
}

impl Rules<'_> {
    /// What a notice changes at an app.
    pub(super) fn noticed(&self, notice: &Notice, people: &[&Person]) -> Option<PeopleChange> {
        let Notice { previous, current } = notice;
        let by_user = by_user(people, previous);
        // Whoever has the number with another user id is not meant.
        let may_be_meant = |person: &&Person| person.user_id.is_none() || previous.user_id.is_none();
        let by_phone = || by_phone(people, previous.phone.as_ref()).filter(may_be_meant);
        let person = by_user.or_else(by_phone)?;
        let mut draft = Draft::of(person);
        // The user id tells the number's owner at the time from whoever has it since.
        let is_certain = by_user.is_some() || person.user_id.is_none();
        let is_taken = people.iter().any(|other| {
            other.subject != person.subject && current.user_id.is_some() && other.user_id == current.user_id
        });
        // WhatsApp says so, also where the key was not known before.
        if current.identity_key.is_some() && person.identity_key.is_none() {
            draft.note(PersonChange::Identity);
        }
        if is_certain && !is_taken {
            self.learn(&mut draft, current);
        } else {
            self.lose(&mut draft, previous, is_certain);
        }
        let taken_from = others(people, &draft.after);
        let change = self.change(draft, &taken_from, Vec::new());
        (!change.is_empty()).then_some(change)
    }

    /// Has a person lose the names that a notice says are theirs no longer: their new ones are another's already, or it is
    /// not certain that it is them.
    fn lose(&self, draft: &mut Draft, previous: &Evidence, is_certain: bool) {
        draft.note(if previous.phone.is_some() { PersonChange::Number } else { PersonChange::UserId });
        let left = draft.after.phone.take();
        draft.after.left_phone =
            left.map(|phone| self.recipients.of_phone(&phone)).or(draft.after.left_phone);
        draft.after.phone_shown = false;
        if is_certain {
            draft.after.user_id = None;
            draft.after.parent_user_id = None;
        }
    }

    /// What a message of ours that was delivered changes at an app: nothing but the number of somebody who has none yet, and
    /// where nobody else has it. More it does not prove, as nobody wrote anything.
    pub(super) fn delivered(&self, evidence: &Evidence, people: &[&Person]) -> Option<PeopleChange> {
        let person = by_user(people, evidence).filter(|person| person.phone.is_none())?;
        if by_phone(people, evidence.phone.as_ref()).is_some() {
            return None;
        }
        let mut draft = Draft::of(person);
        self.learn(&mut draft, evidence);
        Some(self.change(draft, &[], Vec::new()))
    }
}
