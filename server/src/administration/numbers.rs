//! The whole number behind a row of the history, which has its last digits alone; and what is left of quotas.
//!
//! A number is looked for where it still is: in the session of a code, and among the people of the app. The row's MAC says
//! which of those with these digits it is. Each look is noted before it is made.

use loggin_protocol::{AppKey, PhoneNumber};
use uuid::Uuid;

use super::{Actor, Administration, AdministrationError, Right};
use crate::{
    limits, otp,
    phones::RecipientKeys,
    store::{HistoryFilter, HistoryKind, HistoryRow, HistoryStart, REVEAL_NUMBER, StoreError, Trail},
};

/// One-time codes of an app in this month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) app_key: AppKey,
    pub(crate) name: String,
    /// How many it may send.
    pub(crate) most: u32,
    pub(crate) sent: u32,
}

impl Administration {
    /// The number of a row that the actor sees, where something still has it.
    pub(crate) async fn reveal_number(
        &self,
        actor: &Actor,
        keys: &RecipientKeys,
        row: &HistoryRow,
    ) -> Result<Option<PhoneNumber>, AdministrationError> {
        let entry = &row.entry;
        actor.check_for(Right::ReadLogs, entry.app_key)?;
        actor.check_for(Right::UnmaskPhones, entry.app_key)?;
        let (name, at) = (actor.name.clone(), self.clock.now());
        self.store.note_reveal(Trail { actor: name, at, person: entry.name.clone() }).await?;
        tracing::info!(
            act = REVEAL_NUMBER,
            subject = entry.name,
            actor = actor.name,
            "an administrator acted"
        );
        let of_session = match entry.kind {
            HistoryKind::Login => None,
            HistoryKind::Code | HistoryKind::TestCode | HistoryKind::Gateway => {
                self.number_of_session(&entry.name).await?
            }
        };
        match of_session {
            Some(number) => Ok(Some(number)),
            None => Ok(self.number_of_person(keys, row).await?),
        }
    }

    async fn number_of_session(&self, name: &str) -> Result<Option<PhoneNumber>, StoreError> {
        let Ok(session_id) = Uuid::parse_str(name) else { return Ok(None) };
        Ok(self.store.otp_session(session_id).await?.and_then(|session| session.phone))
    }

    /// The number of a person of the app whose rows this one is among.
    async fn number_of_person(
        &self,
        keys: &RecipientKeys,
        row: &HistoryRow,
    ) -> Result<Option<PhoneNumber>, StoreError> {
        let Some(end) = row.entry.phone_end.clone() else { return Ok(None) };
        let app_key = row.entry.app_key;
        for number in self.store.numbers_ending(app_key, end, limits::NUMBERS_COMPARED).await? {
            let recipients = keys.all_of(std::slice::from_ref(&number), &[]);
            let filter = HistoryFilter {
                app_key: Some(app_key),
                recipients: Some(recipients),
                ..HistoryFilter::default()
            };
            let found = self.store.history(filter, HistoryStart::After(row.id - 1), 1).await?;
            if found.rows.first().is_some_and(|found| found.id == row.id) {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// What apps that have a quota sent of it in this month.
    pub(crate) async fn quotas(&self, actor: &Actor) -> Result<Vec<Quota>, AdministrationError> {
        actor.check(Right::ReadUsage)?;
        let (month, _) = otp::month(self.clock.now());
        let mut quotas = Vec::new();
        for app in self.apps(actor).await? {
            let Some(most) = app.monthly_quota else { continue };
            let sent = self.store.otp_sends(app.app_key, month).await?;
            quotas.push(Quota { app_key: app.app_key, name: app.name, most, sent });
        }
        Ok(quotas)
    }
}
