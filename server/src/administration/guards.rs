//! Guards of an app's one-time codes: looked at and set, and pauses ended.

use loggin_protocol::AppKey;

use super::{Actor, Administration, AdministrationError, Right};
use crate::{
    limits, phones,
    store::{Act, Countries, CountryPause, GuardMode, GuardSettings},
};

/// Percents that may be set for the part of codes that is typed: with more, every bad day is an attack.
const CONVERSIONS: std::ops::RangeInclusive<u32> = 1..=90;

/// Changes of guards; what is not given stays. A bound is a number or none.
#[allow(clippy::option_option, reason = "what is not given stays, and no bound is a choice too")]
#[derive(Clone, Debug, Default)]
pub(crate) struct GuardChanges {
    pub(crate) mode: Option<GuardMode>,
    pub(crate) countries: CountryChange,
    pub(crate) per_day: Option<Option<u32>>,
    pub(crate) country_per_day: Option<Option<u32>>,
    pub(crate) conversion: Option<Option<u32>>,
    pub(crate) client_countries: Option<Option<u32>>,
    pub(crate) client_numbers: Option<Option<u32>>,
}

/// What becomes of the countries that codes go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CountryChange {
    /// These too, as people write them: those that are listed or were learned are a list with them from then on.
    Add(Vec<String>),
    /// `auto`, `any`, or a list.
    Set(String),
    /// These alone.
    These(Vec<String>),
}

impl Default for CountryChange {
    fn default() -> Self {
        Self::Add(Vec::new())
    }
}

/// What the guards of an app are set to, and the countries that are paused now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GuardView {
    pub(crate) settings: GuardSettings,
    pub(crate) paused: Vec<CountryPause>,
}

impl Administration {
    /// The guards of an app.
    pub(crate) async fn guards(
        &self,
        actor: &Actor,
        app_key: AppKey,
    ) -> Result<GuardView, AdministrationError> {
        self.reached(actor, Right::ReadApps, app_key).await?;
        let settings = self.store.guards(app_key).await?.unwrap_or_default();
        Ok(GuardView { settings, paused: self.paused(app_key).await? })
    }

    /// The countries that are paused now.
    async fn paused(&self, app_key: AppKey) -> Result<Vec<CountryPause>, AdministrationError> {
        let (mut paused, now) = (self.store.guard_pauses(app_key).await?, self.clock.now());
        paused.retain(|pause| now < pause.until);
        Ok(paused)
    }

    /// Sets the guards of an app.
    pub(crate) async fn set_guards(
        &self,
        actor: &Actor,
        app_key: AppKey,
        changes: &GuardChanges,
    ) -> Result<GuardView, AdministrationError> {
        self.reached(actor, Right::WriteApps, app_key).await?;
        let before = self.store.guards(app_key).await?.unwrap_or_default();
        let after = changed(&before, changes)?;
        let fields = differing(&before, &after);
        if fields.is_empty() {
            return Err(AdministrationError::Refused("nothing would change".to_owned()));
        }
        self.done_to(actor, app_key, Act::SetGuards(app_key, Box::new(after.clone()), fields)).await?;
        Ok(GuardView { settings: after, paused: self.paused(app_key).await? })
    }

    /// Ends the pause of a country.
    pub(crate) async fn resume_country(
        &self,
        actor: &Actor,
        app_key: AppKey,
        country: &str,
    ) -> Result<(), AdministrationError> {
        self.reached(actor, Right::WriteApps, app_key).await?;
        let country = parse_country(country)?;
        let act = Act::ResumeCountry(app_key, country.clone(), self.clock.now());
        if self.carry_out(actor, act).await? {
            return Ok(());
        }
        Err(AdministrationError::Refused(format!("{country} is not paused for {app_key}")))
    }
}

fn changed(before: &GuardSettings, changes: &GuardChanges) -> Result<GuardSettings, AdministrationError> {
    let countries = match &changes.countries {
        CountryChange::Set(text) => parse_countries(text)?,
        CountryChange::These(names) => these(names.iter().map(String::as_str))?,
        CountryChange::Add(more) if more.is_empty() => before.countries.clone(),
        CountryChange::Add(more) => wider(before, more)?,
    };
    let after = GuardSettings {
        mode: changes.mode.unwrap_or(before.mode),
        countries,
        learned: before.learned.clone(),
        per_day: changes.per_day.unwrap_or(before.per_day),
        country_per_day: changes.country_per_day.unwrap_or(before.country_per_day),
        conversion: changes.conversion.unwrap_or(before.conversion),
        client_countries: changes.client_countries.unwrap_or(before.client_countries),
        client_numbers: changes.client_numbers.unwrap_or(before.client_numbers),
    };
    let most = limits::GUARD_CLIENT_MOST;
    for (name, value, permitted) in [
        ("conversion", after.conversion, CONVERSIONS),
        ("client_countries", after.client_countries, 1..=most),
        ("client_numbers", after.client_numbers, 1..=most),
    ] {
        if value.is_some_and(|value| !permitted.contains(&value)) {
            let (from, to) = (permitted.start(), permitted.end());
            return Err(AdministrationError::invalid(name, format!("must be {from} to {to}, or none")));
        }
    }
    Ok(after)
}

/// The names of what differs.
fn differing(before: &GuardSettings, after: &GuardSettings) -> Vec<&'static str> {
    let fields = [
        ("mode", after.mode != before.mode),
        ("countries", after.countries != before.countries),
        ("per_day", after.per_day != before.per_day),
        ("country_per_day", after.country_per_day != before.country_per_day),
        ("conversion", after.conversion != before.conversion),
        ("client_countries", after.client_countries != before.client_countries),
        ("client_numbers", after.client_numbers != before.client_numbers),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

fn parse_countries(text: &str) -> Result<Countries, AdministrationError> {
    match text.trim() {
        "auto" => Ok(Countries::Auto),
        "any" => Ok(Countries::Any),
        list => these(list.split([',', ' ']).filter(|name| !name.is_empty())),
    }
}

fn these<'a>(names: impl Iterator<Item = &'a str>) -> Result<Countries, AdministrationError> {
    let countries = names.map(parse_country).collect::<Result<Vec<_>, _>>()?;
    if countries.is_empty() {
        let message = "must be `auto`, `any`, or countries such as IN,DE";
        return Err(AdministrationError::invalid("countries", message));
    }
    Ok(Countries::These(sorted(countries)))
}

/// The countries that are listed, or were learned, with some more.
fn wider(before: &GuardSettings, more: &[String]) -> Result<Countries, AdministrationError> {
    let known = match (&before.countries, &before.learned) {
        (Countries::These(countries), _) => countries,
        (Countries::Auto, Some(learned)) => &learned.countries,
        (Countries::Auto, None) | (Countries::Any, _) => {
            let message = "codes go to any country now: set the whole list";
            return Err(AdministrationError::invalid("countries", message));
        }
    };
    let more = more.iter().map(|name| parse_country(name)).collect::<Result<Vec<_>, _>>()?;
    Ok(Countries::These(sorted(known.iter().cloned().chain(more).collect())))
}

fn sorted(mut countries: Vec<String>) -> Vec<String> {
    countries.sort_unstable();
    countries.dedup();
    countries
}

fn parse_country(text: &str) -> Result<String, AdministrationError> {
    let country = text.trim().to_ascii_uppercase();
    if country.len() == 2 && phones::is_country(&country) {
        return Ok(country);
    }
    let message = format!("`{}` is no country: two letters of ISO 3166, such as IN", text.trim());
    Err(AdministrationError::invalid("countries", message))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        administration::Rights,
        events,
        store::{Learned, Sends},
        tests::{CountingRandom, ManualClock, START, demo_app, store},
    };

    fn set(countries: &str) -> GuardChanges {
        GuardChanges { countries: CountryChange::Set(countries.to_owned()), ..GuardChanges::default() }
    }

    fn add(countries: &[&str]) -> GuardChanges {
        let countries = countries.iter().map(|&name| name.to_owned()).collect();
        GuardChanges { countries: CountryChange::Add(countries), ..GuardChanges::default() }
    }

    fn listed(countries: &[&str]) -> Countries {
        Countries::These(countries.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn what_is_named_changes_and_nothing_else() {
        let before = GuardSettings::default();
        assert_eq!(changed(&before, &GuardChanges::default()).unwrap(), before);
        let changes = GuardChanges {
            mode: Some(GuardMode::DryRun),
            per_day: Some(None),
            client_numbers: Some(Some(20)),
            ..set("de, in,DE")
        };
        let after = changed(&before, &changes).unwrap();
        let expected = GuardSettings {
            mode: GuardMode::DryRun,
            countries: listed(&["DE", "IN"]),
            per_day: None,
            client_numbers: Some(20),
            ..before.clone()
        };
        assert_eq!(after, expected);
        assert_eq!(differing(&before, &after), ["mode", "countries", "per_day", "client_numbers"]);
    }

    #[test]
    fn a_country_is_added_to_what_is_listed_or_learned() {
        let learned = Some(Learned { countries: vec!["IN".to_owned()], at: START });
        let auto = GuardSettings { learned, ..GuardSettings::default() };
        let after = changed(&auto, &add(&["fr", "IN"])).unwrap();
        assert_eq!(after.countries, listed(&["FR", "IN"]));
        assert_eq!(after.learned, auto.learned, "it is kept, for `auto` again");
        assert_eq!(changed(&after, &add(&["BR"])).unwrap().countries, listed(&["BR", "FR", "IN"]));
        let any = GuardSettings { countries: Countries::Any, ..GuardSettings::default() };
        for before in [GuardSettings::default(), any] {
            assert!(changed(&before, &add(&["FR"])).is_err());
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let before = GuardSettings::default();
        for countries in ["", ",", "XX", "India", "IN;DE", "ZZ"] {
            assert!(changed(&before, &set(countries)).is_err(), "{countries}");
        }
        // A list has no words in it.
        for names in [&["auto"][..], &["IN,DE"], &[]] {
            let names = names.iter().map(|&name| name.to_owned()).collect();
            let changes = GuardChanges { countries: CountryChange::These(names), ..GuardChanges::default() };
            assert!(changed(&before, &changes).is_err(), "{changes:?}");
        }
        for (conversion, client_numbers) in
            [(Some(0), None), (Some(91), None), (None, Some(0)), (None, Some(51))]
        {
            let changes = GuardChanges {
                conversion: conversion.map(Some),
                client_numbers: client_numbers.map(Some),
                ..GuardChanges::default()
            };
            assert!(changed(&before, &changes).is_err(), "{conversion:?} {client_numbers:?}");
        }
    }

    #[tokio::test]
    async fn guards_are_of_an_app_and_need_its_rights() {
        let (store, _, _kept) = store().await;
        store.insert_app(&demo_app()).await.unwrap();
        let app_key = demo_app().app_key;
        let administration =
            Administration::new(Arc::clone(&store), ManualClock::new(), Arc::new(CountingRandom::default()));
        let owner = Actor::with_all_rights("olga".to_owned());
        let changes = GuardChanges { mode: Some(GuardMode::DryRun), ..GuardChanges::default() };
        let set = administration.set_guards(&owner, app_key, &changes).await.unwrap();
        let view = administration.guards(&owner, app_key).await.unwrap();
        assert_eq!(view, set);
        assert_eq!((view.settings.mode, view.paused.len()), (GuardMode::DryRun, 0));
        let again = administration.set_guards(&owner, app_key, &changes).await;
        assert!(matches!(again, Err(AdministrationError::Refused(_))));
        let told = store.audit(9).await.unwrap().pop().unwrap();
        assert_eq!(
            (told.actor.as_str(), told.act.as_str(), told.fields.as_str()),
            ("olga", "guard_set", "mode")
        );
        let until = START + limits::GUARD_LOOKED_BACK;
        let pause = CountryPause { country: "IN".to_owned(), since: START, until, times: 1 };
        let event = Box::new(events::country_paused(app_key, &pause, Sends::default()));
        assert!(administration.carry_out(&owner, Act::PauseCountry(app_key, pause, event)).await.unwrap());
        assert_eq!(administration.guards(&owner, app_key).await.unwrap().paused.len(), 1);
        administration.resume_country(&owner, app_key, "in").await.unwrap();
        assert!(administration.resume_country(&owner, app_key, "IN").await.is_err());
        let viewer = Actor { rights: Rights::of(&[Right::ReadApps]), ..owner.clone() };
        assert!(administration.guards(&viewer, app_key).await.is_ok());
        let refused = administration.set_guards(&viewer, app_key, &changes).await;
        assert!(matches!(refused, Err(AdministrationError::Forbidden(Right::WriteApps))));
        let elsewhere = Actor { apps: Some(Vec::new()), ..owner };
        let hidden = administration.guards(&elsewhere, app_key).await;
        assert!(matches!(hidden, Err(AdministrationError::NotFound(_))));
    }
}
