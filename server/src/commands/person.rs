//! `loggin-server export PHONE` and `loggin-server forget PHONE`: one person, in every table.

use std::{collections::BTreeMap, sync::Arc};

use loggin_protocol::PhoneNumber;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::{
    output::{moment, print_line},
    run::{self, RunError},
};
use crate::{
    administration,
    clock::{Clock, SystemClock},
    config::Settings,
    otp::PersonKeys,
    phones::{self, RecipientKeys},
    store::{ClearName, PersonNames, PersonQuery, Store, StoreError, Trail},
    telemetry::process,
};

/// What is done with a person.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wish {
    Export,
    Forget,
}

/// Carries out a wish, and prints what came of it as JSON.
pub(super) async fn run(settings: &Settings, phone: &str, wish: Wish) -> Result<(), RunError> {
    let phone = administration::parse_number(phone)?;
    let keys = Keys::of(settings)?;
    let store = run::open_store(&run::location(settings)?, Arc::new(())).await?;
    let done = carry_out(&*store, &keys, &phone, wish).await;
    store.close().await;
    print_line(&done?.to_string())
}

/// What names are made with.
struct Keys {
    recipients: RecipientKeys,
    codes: Option<PersonKeys>,
    app_secrets: Vec<SecretString>,
}

impl Keys {
    fn of(settings: &Settings) -> Result<Self, RunError> {
        let secrets = settings.name_secrets()?;
        let codes = (!secrets.otp.is_empty()).then(|| PersonKeys::derive(bytes(&secrets.otp)));
        Ok(Self { recipients: RecipientKeys::derive(bytes(&secrets.app)), codes, app_secrets: secrets.app })
    }
}

fn bytes(secrets: &[SecretString]) -> impl Iterator<Item = &[u8]> + Clone {
    secrets.iter().map(|secret| secret.expose_secret().as_bytes())
}

async fn carry_out(
    store: &dyn Store,
    keys: &Keys,
    phone: &PhoneNumber,
    wish: Wish,
) -> Result<Value, RunError> {
    if keys.codes.is_none() && store.has_names_of_codes().await? {
        return Err(Settings::otp_secret_missing().into());
    }
    let names = names(store, keys, phone).await?;
    let (actor, at) = (process::user(), SystemClock.now());
    let person = phones::trail_name(bytes(&keys.app_secrets), phone);
    let trail = Trail { actor: actor.clone(), at, person: person.clone() };
    let (act, result) = match wish {
        Wish::Export => ("person_export", exported(store, names, trail, phone).await?),
        Wish::Forget => {
            let counts = store.forget_person(names, trail).await?;
            ("person_forget", json!({ "person": person, "at": moment(at), "deleted_rows": counts }))
        }
    };
    tracing::info!(act, subject = person, actor, "an administrator acted");
    Ok(result)
}

async fn exported(
    store: &dyn Store,
    names: PersonNames,
    trail: Trail,
    phone: &PhoneNumber,
) -> Result<Value, RunError> {
    let (person, at) = (trail.person.clone(), moment(trail.at));
    let mut tables: BTreeMap<&str, Vec<Map<String, Value>>> = BTreeMap::new();
    for row in store.export_person(names, trail).await? {
        tables.entry(row.table).or_default().push(row.columns);
    }
    Ok(json!({ "phone": format!("+{}", phone.expose()), "person": person, "at": at, "tables": tables }))
}

/// All that a person is called.
async fn names(store: &dyn Store, keys: &Keys, phone: &PhoneNumber) -> Result<PersonNames, StoreError> {
    let (phones, user_ids) = known_to(store, phone).await?;
    let mut names = PersonNames {
        phones: phones.iter().map(|phone| phone.expose().to_owned()).collect(),
        recipients: keys.recipients.all_of(&phones, &user_ids),
        user_ids,
        ..PersonNames::default()
    };
    let Some(codes) = &keys.codes else {
        return Ok(names);
    };
    for app in store.apps().await? {
        names.subjects.extend(phones.iter().flat_map(|phone| codes.subjects(app.app_key, phone)));
    }
    for sealed in store.sealed_responses().await? {
        let is_of_person =
            |named: &PhoneNumber| phones.iter().any(|phone| phones::same_account(phone, named));
        if codes.phone_of(&sealed).as_ref().is_some_and(is_of_person) {
            names.calls.push(sealed.call);
        }
    }
    Ok(names)
}

/// The numbers and user ids of a person, by what stands in any row. Of the people that apps know there are too many to be
/// looked through: they are asked for by each name that is found.
async fn known_to(
    store: &dyn Store,
    phone: &PhoneNumber,
) -> Result<(Vec<PhoneNumber>, Vec<String>), StoreError> {
    let mut rows = store.clear_names().await?;
    let mut known = known_as(phone, &rows);
    loop {
        let by_phone = known
            .0
            .iter()
            .flat_map(phones::forms)
            .map(|name| PersonQuery { phone_name: Some(name), ..PersonQuery::default() });
        let by_user =
            known.1.iter().map(|id| PersonQuery { user_id: Some(id.clone()), ..PersonQuery::default() });
        let people = store.people(&by_phone.chain(by_user).collect::<Vec<_>>()).await?;
        rows.extend(
            people.into_iter().map(|person| ClearName {
                phones: person.phone.into_iter().collect(),
                user_id: person.user_id,
            }),
        );
        let more = known_as(phone, &rows);
        if more == known {
            return Ok(known);
        }
        known = more;
    }
}

/// The numbers and user ids of a person: what stands beside one of them in some row is theirs too.
fn known_as(phone: &PhoneNumber, rows: &[ClearName]) -> (Vec<PhoneNumber>, Vec<String>) {
    let (mut phones, mut user_ids) = (vec![phone.clone()], Vec::new());
    loop {
        let before = (phones.len(), user_ids.len());
        for row in rows {
            let by_phone = row.phones.iter().any(|named| is_known(&phones, named));
            if !by_phone && !row.user_id.as_ref().is_some_and(|id| user_ids.contains(id)) {
                continue;
            }
            for named in &row.phones {
                if !phones.contains(named) {
                    phones.push(named.clone());
                }
            }
            user_ids.extend(row.user_id.clone().filter(|id| !user_ids.contains(id)));
        }
        if before == (phones.len(), user_ids.len()) {
            return (phones, user_ids);
        }
    }
}

fn is_known(phones: &[PhoneNumber], named: &PhoneNumber) -> bool {
    phones.iter().any(|phone| phones::same_account(phone, named))
}

#[cfg(test)]
mod tests;
