//! The doctor of a server that runs: the checks that need no way from outside, made when somebody looks at them, and not
//! again for a minute. What it asks Meta it also tells as it is: the number's standing, its limit and the template's.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt, join_all, ready};
use serde_json::Value;
use tokio::{sync::watch, time::timeout};

use super::{
    Check, Finding, Report, checks, late,
    subject::{LIMIT, Subject, text, told},
    templates,
};
use crate::{
    clock::{Clock, Random, UnixMillis},
    config::Config,
    limits,
    store::Store,
};

/// The checks but for those of the way from the Internet to this server, and of the store, which is open here.
const CHECKS: [Check; 10] = [
    (checks::settings::NAME, |subject| ready(checks::settings::check(subject)).boxed()),
    (checks::clock::NAME, |subject| checks::clock::check(subject).boxed()),
    (checks::version::NAME, |subject| checks::version::check(subject).boxed()),
    (checks::token::NAME, |subject| checks::token::check(subject).boxed()),
    (checks::number::NAME, |subject| checks::number::check(subject).boxed()),
    (checks::health::NAME, |subject| checks::health::check(subject).boxed()),
    (checks::limit::NAME, |subject| checks::limit::check(subject).boxed()),
    (checks::subscription::NAME, |subject| checks::subscription::check(subject).boxed()),
    (checks::account::NAME, |subject| checks::account::check(subject).boxed()),
    (checks::template::NAME, |subject| checks::template::check(subject).boxed()),
];

/// Something that Meta tells of the number or the template, in its own word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) name: &'static str,
    pub(crate) value: String,
}

/// What was found at a moment.
#[derive(Clone, Debug)]
pub(crate) struct Examined {
    pub(crate) at: UnixMillis,
    pub(crate) report: Report,
    pub(crate) number: Vec<Fact>,
    /// Empty where no one-time codes are sent.
    pub(crate) template: Vec<Fact>,
}

/// The doctor, and what it found last.
#[derive(Debug)]
pub(crate) struct Resident {
    config: Config,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    found: watch::Sender<Option<Arc<Examined>>>,
    is_examining: AtomicBool,
}

impl Resident {
    pub(crate) fn new(
        config: Config,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Arc<Self> {
        let (found, is_examining) = (watch::channel(None).0, AtomicBool::new(false));
        Arc::new(Self { config, store, clock, random, found, is_examining })
    }

    /// What was found within the last minute, waited for so long; else what was found before, if anything was.
    pub(crate) async fn found(self: &Arc<Self>, patience: Duration) -> Option<Arc<Examined>> {
        let now = self.clock.now();
        let is_fresh = |found: &Option<Arc<Examined>>| {
            found.as_ref().is_some_and(|found| now.since(found.at) < limits::DOCTOR_KEPT)
        };
        let mut looking = self.found.subscribe();
        if !is_fresh(&looking.borrow()) && !self.is_examining.swap(true, Ordering::AcqRel) {
            let doctor = Arc::clone(self);
            tokio::spawn(async move {
                let found = doctor.examine().await;
                doctor.found.send_replace(Some(Arc::new(found)));
                doctor.is_examining.store(false, Ordering::Release);
            });
        }
        match timeout(patience, looking.wait_for(is_fresh)).await {
            Ok(Ok(found)) => found.clone(),
            _ => self.found.borrow().clone(),
        }
    }

    async fn examine(&self) -> Examined {
        let (clock, random) = (Arc::clone(&self.clock), Arc::clone(&self.random));
        let subject = Subject::new(None, self.config.clone(), Vec::new(), clock, random);
        let checks = CHECKS.iter().map(|&(name, check)| bounded(name, check(&subject)));
        let own: [(&str, BoxFuture<'_, Vec<Finding>>); 2] = [
            (checks::store::NAME, self.look_at_store().boxed()),
            (checks::app_webhooks::NAME, self.look_at_webhooks(&subject).boxed()),
        ];
        let own = own.into_iter().map(|(name, check)| bounded(name, check));
        let findings = join_all(own.chain(checks)).await.concat();
        // What was asked once is not asked again.
        let facts = async { (number(&subject).await, template(&subject).await) };
        let (number, template) = timeout(limits::DOCTOR_CHECK, facts).await.unwrap_or_default();
        Examined { at: self.clock.now(), report: Report::new(findings), number, template }
    }

    async fn look_at_store(&self) -> Vec<Finding> {
        match checks::store::look(&*self.store).await {
            Ok(found) if found.is_empty() => {
                vec![Finding::ok(checks::store::NAME, "the store writes and finds again")]
            }
            Ok(found) => found,
            Err(error) => vec![checks::store::fails(&error)],
        }
    }

    async fn look_at_webhooks(&self, subject: &Subject) -> Vec<Finding> {
        let looked = checks::app_webhooks::look(&*self.store, subject).await;
        looked.unwrap_or_else(|_| vec![Finding::skipped(checks::app_webhooks::NAME, checks::store::UNREAD)])
    }
}

fn bounded<'a>(
    name: &'static str,
    check: impl Future<Output = Vec<Finding>> + Send + 'a,
) -> BoxFuture<'a, Vec<Finding>> {
    timeout(limits::DOCTOR_CHECK, check).map(move |found| found.unwrap_or_else(|_| vec![late(name)])).boxed()
}

/// The values of these keys that are there, each under the name that people are shown.
fn facts(of: &Value, names: &[(&str, &'static str)]) -> Vec<Fact> {
    let fact = |(key, name): &(&str, &'static str)| Some(Fact { name, value: text(of, key)?.to_owned() });
    names.iter().filter_map(fact).collect()
}

async fn number(subject: &Subject) -> Vec<Fact> {
    let mut found = told(subject.number().await).map_or_else(
        |_| Vec::new(),
        |number| {
            facts(
                number,
                &[
                    ("display_phone_number", "Number"),
                    ("verified_name", "Display name"),
                    ("name_status", "Review of the name"),
                    ("status", "Status"),
                    ("quality_rating", "Quality"),
                    ("account_mode", "Mode"),
                ],
            )
        },
    );
    if let Ok(limit) = told(subject.limit().await) {
        found.extend(facts(limit, &[(LIMIT, "Limit of people a day")]));
    }
    found
}

async fn template(subject: &Subject) -> Vec<Fact> {
    let Some(otp) = &subject.config.otp else { return Vec::new() };
    let named = |name, value: &str| Fact { name, value: value.to_owned() };
    let mut found = vec![named("Template", &otp.template), named("Language", &otp.language)];
    let Some(account) = subject.account_id().await else { return found };
    let listed = templates::list(subject, &account, Some(&otp.template)).await.unwrap_or_default();
    if let Some(template) =
        listed.iter().find(|template| text(template, "language") == Some(otp.language.as_str()))
    {
        found.extend(facts(template, &[("status", "Status"), ("category", "Category")]));
        found.extend(facts(&template["quality_score"], &[("score", "Quality")]));
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{
        config::Settings,
        doctor::Severity,
        tests::{self, CountingRandom, ManualClock},
    };

    /// The configuration of a server whose Graph API is nowhere.
    fn config() -> Config {
        let settings = [
            ("LOGGIN_PUBLIC_URL", "https://login.example"),
            ("WHATSAPP_NUMBER", "15550001111"),
            ("WHATSAPP_PHONE_NUMBER_ID", "106540352242922"),
            ("WHATSAPP_ACCESS_TOKEN", "access"),
            ("WHATSAPP_APP_SECRET", "0123456789abcdef0123456789abcdef"),
            ("WHATSAPP_VERIFY_TOKEN", "a verify token of some length"),
            ("WHATSAPP_GRAPH_URL", "http://127.0.0.1:9/v26.0"),
        ];
        let settings = settings.into_iter().map(|(name, value)| (name.into(), value.into()));
        Settings::read(None, settings).unwrap().config().unwrap()
    }

    #[tokio::test]
    async fn what_was_found_is_kept_for_a_minute() {
        let (store, _, _folder) = tests::store().await;
        let clock = ManualClock::new();
        let random = Arc::new(CountingRandom::default());
        let doctor = Resident::new(config(), store, Arc::clone(&clock) as Arc<dyn Clock>, random);
        let found = doctor.found(limits::DOCTOR_CHECK).await.unwrap();
        let names: HashSet<&str> = found.report.findings.iter().map(|finding| finding.check).collect();
        assert!(names.contains(checks::store::NAME) && names.contains(checks::clock::NAME), "{names:?}");
        // Nobody serves a Graph API here.
        assert_eq!((found.report.status, found.number.len()), (Severity::Problem, 0));
        let almost = limits::DOCTOR_KEPT.saturating_sub(Duration::from_secs(1));
        clock.advance(almost);
        let again = doctor.found(limits::DOCTOR_CHECK).await.unwrap();
        assert_eq!(again.at, found.at);
        clock.advance(Duration::from_secs(1));
        let later = doctor.found(limits::DOCTOR_CHECK).await.unwrap();
        assert_eq!(later.at.since(found.at), limits::DOCTOR_KEPT);
    }

    #[test]
    fn facts_are_those_that_are_told() {
        let told = serde_json::json!({ "status": "CONNECTED", "quality_rating": null });
        let found = facts(&told, &[("status", "Status"), ("quality_rating", "Quality"), ("mode", "Mode")]);
        assert_eq!(found, [Fact { name: "Status", value: "CONNECTED".to_owned() }]);
    }
}
