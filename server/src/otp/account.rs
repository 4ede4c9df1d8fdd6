//! Which row counts for a phone at an app: one for each WhatsApp account, whatever its numbers are written like and
//! whichever key a row was found under.

use loggin_protocol::{AppKey, PhoneNumber};

use super::{Otp, life};
use crate::{
    clock::UnixMillis,
    crypto::MacKeys,
    phones,
    store::{OtpPhone, OtpWrite, StoreError},
};

/// Whose codes a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Those that this server makes for an app.
    App(AppKey),
    /// Those that other servers make, and that an app's gateways send: neither ends the pause or the code of the other.
    Gateways(AppKey),
}

impl Whose {
    /// Who names the rows.
    fn owner(self) -> Vec<u8> {
        match self {
            Self::App(app_key) => app_key.as_str().as_bytes().to_vec(),
            Self::Gateways(app_key) => format!("{app_key} gateways").into_bytes(),
        }
    }

    /// What a phone is called, under each key, the one in use first.
    pub(super) fn subjects(self, keys: &MacKeys, phone: &PhoneNumber) -> Vec<[u8; 32]> {
        keys.macs(&self.owner(), phones::account(phone).as_bytes())
    }
}

/// The row that counts for a phone.
pub(super) struct Account {
    /// As it is in the store, or one that is not there yet.
    pub(super) row: OtpPhone,
    /// Other rows of the same phone; they are to be joined with it when it is written next.
    others: Vec<OtpPhone>,
}

impl Account {
    /// The row as it is now, what other rows know included, and what makes them one when it is written.
    pub(super) fn whole(self, now: UnixMillis) -> (OtpPhone, Vec<OtpWrite>) {
        let version = self.row.version;
        let into = self.row.subject;
        let joins = self.others.iter().map(|other| join(other, into)).collect();
        let row = self.others.into_iter().fold(life::timely(self.row, now), |row, other| {
            life::joined(row, &life::timely(other, now), now)
        });
        // One write of the row is to come, however many were joined with it.
        (OtpPhone { version, ..row }, joins)
    }
}

impl Otp {
    /// The row that counts for this phone.
    ///
    /// Where the secret was changed a row may be found under an older key: it moves under the one in use.
    pub(super) async fn account(
        &self,
        whose: Whose,
        phone: &PhoneNumber,
        now: UnixMillis,
    ) -> Result<Account, StoreError> {
        let subjects = whose.subjects(&self.keys.subjects, phone);
        let mut rows: Vec<OtpPhone> = Vec::new();
        for subject in &subjects {
            let found = self.store.otp_phone(subject).await?;
            rows.extend(found.filter(|found| rows.iter().all(|known| known.subject != found.subject)));
        }
        let in_use = subjects.first().copied().unwrap_or_default();
        let is_old = |row: &OtpPhone| row.subject != in_use && subjects.contains(&row.subject);
        let row = match rows.iter().position(|row| !is_old(row)) {
            Some(position) => rows.remove(position),
            None => life::fresh(in_use, now),
        };
        Ok(Account { row, others: rows })
    }

    /// Has the account that WhatsApp named count in one row with the one that was asked for, in which `row` is written
    /// next.
    ///
    /// Returns the row to be written in its place, and what makes the two one.
    pub(super) async fn join_account(
        &self,
        whose: Whose,
        row: OtpPhone,
        named: &PhoneNumber,
        now: UnixMillis,
    ) -> Result<(OtpPhone, Vec<OtpWrite>), StoreError> {
        let named = self.account(whose, named, now).await?;
        if named.row.subject == row.subject {
            return Ok((row, Vec::new()));
        }
        if named.row.version == 0 && named.others.is_empty() {
            let write = OtpWrite::Join { from: named.row.subject, version: 0, into: row.subject };
            return Ok((row, vec![write]));
        }
        let (into, mut joins) = named.whole(now);
        let stored = row.version - 1;
        joins.push(OtpWrite::Join { from: row.subject, version: stored, into: into.subject });
        Ok((life::joined(into, &row, now), joins))
    }

    /// What a phone is called at an app, under each key, the one in use first. Every form of one account's number that
    /// is known without asking WhatsApp has the same name.
    #[cfg(test)]
    pub(super) fn subjects(&self, app_key: AppKey, phone: &PhoneNumber) -> Vec<[u8; 32]> {
        Whose::App(app_key).subjects(&self.keys.subjects, phone)
    }
}

fn join(from: &OtpPhone, into: [u8; 32]) -> OtpWrite {
    OtpWrite::Join { from: from.subject, version: from.version, into }
}
