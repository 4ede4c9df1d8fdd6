//! How a change of logins is made: read, decide by the rule, compare and swap; again where something else came first.

use std::collections::{HashMap, HashSet};

use loggin_protocol::{Code, Subject};

use super::{
    Logins, Received,
    life::{self, Next, Seen, Unchanged},
};
use crate::{
    clock::{UnixMillis, random_bytes},
    events, history,
    identity::{Evidence, Gathered, Rules, known_phone},
    limits,
    store::{
        Change, ChangeOutcome, Login, MessageId, MessageKind, Owed, PeopleChange, Person, PersonQuery, State,
        StoreError, Write,
    },
    telemetry::Arrival,
};

/// One change to be made.
pub(super) struct Transition<T> {
    pub(super) code: Code,
    message: Option<MessageId>,
    begun: Option<Arrival>,
    /// What WhatsApp shows of the person who brings it about.
    evidence: Option<Evidence>,
    pub(super) input: T,
}

impl<T> Transition<T> {
    pub(super) fn new(code: Code, input: T) -> Self {
        Self { code, message: None, begun: None, evidence: None, input }
    }

    /// One that a message brings about, which does so once.
    pub(super) fn of_message(code: Code, message: MessageId, evidence: Evidence, input: T) -> Self {
        let (message, begun) = (Some(message), Some(Arrival::now(code)));
        Self { code, message, begun, evidence: Some(evidence), input }
    }
}

/// What became of a transition.
pub(super) struct TransitionOutcome {
    /// The login as it is now; `None` where there is none.
    pub(super) login: Option<Login>,
    became: Became,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Became {
    Changed { is_news: bool },
    Duplicate,
    Unchanged(Unchanged),
}

impl TransitionOutcome {
    /// What a message did, told to whoever brought it.
    pub(super) fn received(&self) -> Received {
        match (self.became, &self.login) {
            (Became::Changed { is_news: true }, Some(login)) => Received::Changed(login.state),
            (Became::Changed { .. }, _) => Received::ToldAgain,
            (Became::Duplicate, _) => Received::Redelivered,
            (Became::Unchanged(why), _) => Received::Unchanged(why),
        }
    }
}

/// What a rule found for a transition, on its way to the store.
struct Planned {
    position: usize,
    change: Change,
    owed: Option<MessageKind>,
}

/// What is read for a transition.
struct Known<'a> {
    login: Option<&'a Login>,
    /// Those who may be its person, among others.
    people: &'a Gathered,
}

/// What is to be done for a transition.
#[allow(clippy::large_enum_variant)] // as many are kept as there are changes
enum Plan {
    Change(Box<Planned>),
    /// Nothing: it is done.
    Keep(TransitionOutcome),
}

impl Logins {
    /// Makes the change that `rule` finds for each transition, if any; it is given the login as it is now.
    ///
    /// `known` are rows as they were a moment ago. Where the rule changes one that is stale, it is read and tried again.
    /// Dropped at any moment, each change has either not happened, or happened with all that follows it.
    pub(super) async fn transition<T>(
        &self,
        transitions: &[Transition<T>],
        known: HashMap<Code, Login>,
        rule: impl Fn(&Transition<T>, Option<Login>, Seen) -> Next,
    ) -> Result<Vec<TransitionOutcome>, StoreError> {
        let of_now = |transition: &Transition<T>, row: Option<Login>, seen: Seen| {
            rule(transition, row.and_then(|login| life::aged(login, seen.now)), seen)
        };
        self.transition_rows(transitions, known, of_now).await
    }

    /// The same for a rule that is given the login as it is stored.
    pub(super) async fn transition_rows<T>(
        &self,
        transitions: &[Transition<T>],
        mut known: HashMap<Code, Login>,
        rule: impl Fn(&Transition<T>, Option<Login>, Seen) -> Next,
    ) -> Result<Vec<TransitionOutcome>, StoreError> {
        let mut outcomes: Vec<Option<TransitionOutcome>> = transitions.iter().map(|_| None).collect();
        // Messages that brought something about in this call: what is tried again belongs to them all the same.
        let mut taken: HashSet<MessageId> = HashSet::new();
        for _ in 0..limits::CONFLICTS {
            let open = || transitions.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_none());
            let unknown: Vec<Code> = open()
                .map(|(transition, _)| transition.code)
                .filter(|code| !known.contains_key(code))
                .collect();
            let shown: Vec<PersonQuery> =
                open().filter_map(|(transition, _)| self.query(transition, None)).collect();
            let (read, people) = tokio::join!(self.store.logins(&unknown), self.store.people(&shown));
            known.extend(read?.into_iter().map(|login| (login.code, login)));
            // Those whom a node of an earlier version let in, of whom no message tells here.
            let unrecognised: Vec<PersonQuery> = open()
                .filter(|(transition, _)| transition.evidence.is_none())
                .filter_map(|(transition, _)| self.query(transition, known.get(&transition.code)))
                .collect();
            let unrecognised = self.store.people(&unrecognised).await?;
            let mut people = Gathered::new(people?.into_iter().chain(unrecognised));

            let mut planned = Vec::new();
            for (position, transition) in transitions.iter().enumerate() {
                if outcomes[position].is_none() {
                    let read = Known { login: known.get(&transition.code), people: &people };
                    match self.plan(position, transition, &read, &taken, &rule) {
                        Plan::Change(plan) => {
                            plan.change.people.iter().for_each(|change| people.take(change));
                            planned.push(*plan);
                        }
                        Plan::Keep(unchanged) => outcomes[position] = Some(unchanged),
                    }
                }
            }
            if planned.is_empty() {
                return Ok(outcomes.into_iter().flatten().collect());
            }
            let changes = self.changes(&planned).await?;
            let applied = self.store.apply(changes).await?;
            for (plan, outcome) in planned.into_iter().zip(applied) {
                if outcome == ChangeOutcome::Applied {
                    taken.extend(plan.change.message.clone());
                }
                let position = plan.position;
                outcomes[position] = plan.outcome(outcome, &known);
            }
            known.clear();
        }
        if outcomes.iter().any(Option::is_none) {
            return Err(StoreError::Busy);
        }
        Ok(outcomes.into_iter().flatten().collect())
    }

    /// What the rule makes of a transition; what it leaves as it is, is done.
    fn plan<T>(
        &self,
        position: usize,
        transition: &Transition<T>,
        known: &Known<'_>,
        taken: &HashSet<MessageId>,
        rule: impl Fn(&Transition<T>, Option<Login>, Seen) -> Next,
    ) -> Plan {
        let (now, row) = (self.clock.now(), known.login);
        let query = self.query(transition, row);
        let people: Vec<&Person> = match &query {
            Some(query) => known.people.find(query),
            None => Vec::new(),
        };
        let known_phone = transition.evidence.as_ref().and_then(|evidence| known_phone(&people, evidence));
        let seen = Seen { now, known_phone };
        let unchanged = |why| {
            let login = row.cloned().and_then(|login| life::aged(login, now));
            Plan::Keep(TransitionOutcome { login, became: Became::Unchanged(why) })
        };
        let (write, next, owed) = match (rule(transition, row.cloned(), seen), row) {
            (Next::Keep(_), Some(row)) if is_unrecognised(row) && row.deadline > now => {
                (Write::Put, row.clone(), None)
            }
            (Next::Keep(why), _) => return unchanged(why),
            (Next::Replace(next, owed), _) => (Write::Put, next, owed),
            (Next::Delete, Some(row)) => (Write::Delete, row.clone(), None),
            (Next::Delete, None) => return unchanged(Unchanged::Unconcerned),
        };
        let expected = row.map(|login| login.version);
        // What a page has to show of a login that waits for its person is news, too.
        let told = |login: &Login| {
            let asked = Some(login.confirm).filter(|_| login.state == State::AwaitingConfirmation);
            (login.state, asked, login.person.is_some())
        };
        let (next, people) = if write == Write::Put {
            self.recognise(transition, row, next, &people, now)
        } else {
            (next, PeopleChange::default())
        };
        let is_news = write == Write::Put && row.map(told) != Some(told(&next));
        let login = Login { version: expected.unwrap_or_default() + 1, ..next };
        let event = (write == Write::Put).then(|| events::of_login(row, &login, now)).flatten();
        let end =
            (write == Write::Put).then(|| history::of_login(row, &login, &self.recipients, now)).flatten();
        let begun = transition.begun.clone();
        let message = transition.message.clone().filter(|message| !taken.contains(message));
        let people = Some(people).filter(|people| !people.is_empty()).map(Box::new);
        let change =
            Change { expected, login, write, message, owed: None, people, event, end, is_news, begun };
        Plan::Change(Box::new(Planned { position, change, owed }))
    }

    /// The login with whom it is of, once that is known, and what becomes of people by it.
    fn recognise<T>(
        &self,
        transition: &Transition<T>,
        row: Option<&Login>,
        mut login: Login,
        people: &[&Person],
        now: UnixMillis,
    ) -> (Login, PeopleChange) {
        let app_key = login.code.app_key();
        let mut change = PeopleChange::default();
        if is_unrecognised(&login) {
            let evidence = transition.evidence.clone().unwrap_or_else(|| Evidence::of_login(&login));
            let fresh = Subject::from_random(random_bytes(&*self.random));
            let (person, people) = self.rules(now).recognise(app_key, &evidence, people, fresh);
            (login.person, change) = (Some(person), people);
        }
        let is_claimed = login.state == State::Claimed && row.map(|row| row.state) != Some(State::Claimed);
        if is_claimed {
            change.told = login.person.filter(|person| person.changes > 0).map(|person| (app_key, person));
        }
        (login, change)
    }

    /// Whom the person of a transition is looked for as, where it shows one, or the login has one who is not known yet.
    fn query<T>(&self, transition: &Transition<T>, row: Option<&Login>) -> Option<PersonQuery> {
        let unrecognised = || row.filter(|row| is_unrecognised(row)).map(Evidence::of_login);
        let evidence = transition.evidence.clone().or_else(unrecognised)?;
        Some(self.rules(self.clock.now()).query(Some(transition.code.app_key()), &evidence))
    }

    fn rules(&self, now: UnixMillis) -> Rules<'_> {
        Rules { recipients: &self.recipients, now }
    }

    /// The changes as the store takes them, each with what it owes.
    async fn changes(&self, planned: &[Planned]) -> Result<Vec<Change>, StoreError> {
        let mut changes = Vec::with_capacity(planned.len());
        for plan in planned {
            let owed = match plan.owed {
                Some(kind) => self.owed(kind, &plan.change.login).await?,
                None => None,
            };
            changes.push(Change { owed, ..plan.change.clone() });
        }
        Ok(changes)
    }

    async fn owed(&self, kind: MessageKind, login: &Login) -> Result<Option<Owed>, StoreError> {
        let recipient = match (&login.phone, &login.user_id) {
            (Some(phone), _) => self.recipients.of_phone(phone),
            (None, Some(user_id)) => self.recipients.of_user_id(user_id),
            (None, None) => return Ok(None),
        };
        let Some(app) = self.apps.find(login.code.app_key()).await? else {
            return Ok(None);
        };
        let most_per_day = app.messages_per_day;
        Ok(Some(Owed { kind, recipient, now: self.clock.now(), most_per_day }))
    }
}

/// Whether it is known who sent this login's message, and a node of an earlier version did not make out which of the app's
/// people that is.
fn is_unrecognised(login: &Login) -> bool {
    is_of_somebody(login) && login.person.is_none()
}

/// Whether it is known who sent this login's message: there is a result, or only its confirmation is missing.
fn is_of_somebody(login: &Login) -> bool {
    matches!(login.state, State::AwaitingConfirmation | State::Verified | State::Claimed)
}

/// Whether a claim may do anything to this login.
pub(crate) fn is_claimable(login: &Login) -> bool {
    login.state == State::Verified || is_unrecognised(login)
}

impl Planned {
    /// What became of it; `None` where it is to be tried again.
    fn outcome(self, outcome: ChangeOutcome, known: &HashMap<Code, Login>) -> Option<TransitionOutcome> {
        let Change { login, is_news, write, .. } = self.change;
        match outcome {
            ChangeOutcome::Applied => {
                let login = Some(login).filter(|_| write == Write::Put);
                Some(TransitionOutcome { login, became: Became::Changed { is_news } })
            }
            ChangeOutcome::Duplicate => {
                Some(TransitionOutcome { login: known.get(&login.code).cloned(), became: Became::Duplicate })
            }
            ChangeOutcome::Conflict => None,
        }
    }
}
