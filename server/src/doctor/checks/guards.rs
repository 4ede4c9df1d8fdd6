//! Guards of one-time codes: what they have learned and are about to refuse, and which countries they have paused.

use super::store::{UNREAD, opened};
use crate::{
    clock::UnixMillis,
    doctor::{codes, finding::Finding, subject::Subject},
    limits,
    store::{App, Countries, GuardMode, Store, StoreError},
};

pub(in crate::doctor) const NAME: &str = "guards";

pub(in crate::doctor) async fn check(subject: &Subject) -> Vec<Finding> {
    let store = match opened(subject).await {
        Ok(store) => store,
        Err(why) => return vec![Finding::skipped(NAME, why)],
    };
    let looked = look(&*store, subject.clock.now()).await;
    store.close().await;
    looked.unwrap_or_else(|_| vec![Finding::skipped(NAME, UNREAD)])
}

async fn look(store: &dyn Store, now: UnixMillis) -> Result<Vec<Finding>, StoreError> {
    let mut found = Vec::new();
    for app in store.apps().await?.iter().filter(|app| app.disabled_at.is_none()) {
        found.extend(judge(store, app, now).await?);
    }
    if found.is_empty() {
        found.push(Finding::ok(NAME, "no country is paused, and none is about to be refused"));
    }
    Ok(found)
}

async fn judge(store: &dyn Store, app: &App, now: UnixMillis) -> Result<Vec<Finding>, StoreError> {
    let settings = store.guards(app.app_key).await?.unwrap_or_default();
    let mut found = Vec::new();
    let refused_from = settings.learned.as_ref().map(|learned| learned.at + limits::GUARD_LEARNED_GRACE);
    if let (Some(learned), Some(from)) = (&settings.learned, refused_from)
        && settings.countries == Countries::Auto
        && settings.mode == GuardMode::Enforce
        && now < from
    {
        let hours = from.since(now).as_secs() / 3_600 + 1;
        let message = format!(
            "codes of the app {} go to {} alone in {hours} hours: the countries of its first verified logins",
            app.app_key,
            learned.countries.join(" ")
        );
        found.push(Finding::of(NAME, &codes::COUNTRIES_LEARNED, message));
    }
    let pauses = store.guard_pauses(app.app_key).await?;
    let countries: Vec<&str> =
        pauses.iter().filter(|pause| now < pause.until).map(|pause| pause.country.as_str()).collect();
    if !countries.is_empty() && settings.mode == GuardMode::Enforce {
        let message = format!("codes of the app {} are not sent to {}", app.app_key, countries.join(" "));
        found.push(Finding::of(NAME, &codes::COUNTRY_PAUSED, message));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use crate::{
        doctor::finding::Severity,
        events,
        store::{Act, CountryPause, Learned, Sends},
        tests::{START, demo_app, store},
    };

    use super::*;

    #[tokio::test]
    async fn what_is_about_to_be_refused_and_what_is_paused_is_told() {
        let (store, _, _kept) = store().await;
        store.insert_app(&demo_app()).await.unwrap();
        let app_key = demo_app().app_key;
        let codes = async |now| {
            let found = look(&*store, now).await.unwrap();
            found.iter().map(|finding| finding.code).collect::<Vec<_>>()
        };
        let well = look(&*store, START).await.unwrap();
        assert!(well.iter().all(|finding| finding.severity == Severity::Ok));
        let act = |act| store.administer(act, "guards".to_owned(), START);
        let learned = Learned { countries: vec!["IN".to_owned()], at: START };
        let event = Box::new(events::countries_learned(app_key, &learned.countries, START));
        assert!(act(Act::LearnCountries(app_key, Box::default(), learned, event)).await.unwrap());
        let until = START + limits::GUARD_LEARNED_GRACE * 2;
        let pause = CountryPause { country: "IN".to_owned(), since: START, until, times: 1 };
        let event = Box::new(events::country_paused(app_key, &pause, Sends::default()));
        assert!(act(Act::PauseCountry(app_key, pause, event)).await.unwrap());
        assert_eq!(codes(START).await, ["countries_learned", "country_paused"]);
        assert_eq!(codes(START + limits::GUARD_LEARNED_GRACE).await, ["country_paused"]);
        assert_eq!(codes(until).await.len(), 1);
    }
}
