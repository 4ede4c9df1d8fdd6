//! Guards against codes that are asked for to cost money: whoever fills in an app's form with numbers of their own, or of
//! anybody, has its operator pay for each message.
//!
//! What is judged stands in [`rule`]; here what it is judged by is read, and remembered for a moment.

mod clients;
#[cfg(test)]
mod pumping;
mod rule;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use data_encoding::HEXLOWER;
use loggin_protocol::{AppKey, PhoneNumber};
use uuid::Uuid;

pub(crate) use clients::is_told_apart;
pub(crate) use rule::Reason;
pub(super) use rule::{Refused, Verdict};

use clients::{Client, Clients, Fate};
use rule::{Asked, Caller, Past};

use super::life;
use crate::{
    clock::{Clock, UnixMillis},
    crypto::MacKeys,
    events,
    limits::{self, Remembered},
    phones::{self, RecipientKeys},
    store::{
        Act, Countries, CountryPause, Ending, Facet, GuardCount, GuardCounts, GuardMode, GuardPlace,
        GuardPurge, GuardSettings, HOUR_MILLIS, HistoryFilter, HistoryKind, HistoryStart, Learned, Sends,
        Store, StoreError, UsageFilter,
    },
    telemetry::metrics::{self, GuardDecision, GuardKind},
};

/// What stands for the country of a number that belongs to none.
const NO_COUNTRY: &str = "ZZ";

/// What stands for the range of codes that other servers made.
const FOREIGN: &str = "gateway";

/// Last digits of a number that its range leaves out: ten thousand numbers.
const RANGE_DIGITS: usize = 4;

/// Bytes of a range's MAC that are kept: enough that no two of an app are the same.
const RANGE_BYTES: usize = 8;

/// Who the audit says has done what guards do.
const ACTOR: &str = "guards";

/// The guards of all apps.
#[derive(Debug)]
pub(super) struct Guards {
    store: Arc<dyn Store>,
    recipients: RecipientKeys,
    ranges: MacKeys,
    clients: Clients,
    settings: Remembered<AppKey, Arc<GuardSettings>>,
    countries: Remembered<(AppKey, String), Arc<GuardCounts>>,
    pasts: Remembered<AppKey, Arc<Vec<(String, Sends)>>>,
    told: Remembered<(AppKey, String, Reason), ()>,
    /// One moment by both clocks: what is remembered ages by the server's.
    began: (Instant, UnixMillis),
}

/// A code that is asked for, as guards see it.
pub(super) struct Wish<'a> {
    pub(super) place: GuardPlace,
    pub(super) phone: &'a PhoneNumber,
    /// Of the person, where the app tells it.
    pub(super) client_ip: Option<IpAddr>,
    /// Whether another server made it, so that nobody tells here whether it is typed.
    pub(super) is_foreign: bool,
}

/// What guards make of a code.
pub(super) struct Guarded {
    pub(super) verdict: Verdict,
    /// What is counted where it is sent; nothing where guards are off.
    pub(super) count: Option<GuardCount>,
}

impl Guards {
    pub(super) fn new(
        store: Arc<dyn Store>,
        clock: &dyn Clock,
        ranges: MacKeys,
        recipients: RecipientKeys,
    ) -> Self {
        let remembered = limits::GUARDS_REMEMBERED;
        Self {
            store,
            recipients,
            ranges,
            clients: Clients::default(),
            settings: Remembered::new(remembered, limits::GUARD_VALID),
            countries: Remembered::new(remembered, limits::GUARD_VALID),
            pasts: Remembered::new(remembered, limits::GUARD_PAST_VALID),
            told: Remembered::new(remembered, limits::GUARD_TOLD),
            began: (Instant::now(), clock.now()),
        }
    }

    /// Where a code of another server goes that is asked for at this moment: it counts for the day, the app's and the
    /// country's, and for nothing that is judged by what is typed.
    pub(super) fn place_of_foreign(
        &self,
        app_key: AppKey,
        phone: &PhoneNumber,
        asked_at: UnixMillis,
    ) -> GuardPlace {
        GuardPlace { range: FOREIGN.to_owned(), ..self.place(app_key, phone, asked_at) }
    }

    /// Where a code goes that is asked for at this moment.
    pub(super) fn place(&self, app_key: AppKey, phone: &PhoneNumber, asked_at: UnixMillis) -> GuardPlace {
        let digits = phone.expose();
        let range = &digits[..digits.len().saturating_sub(RANGE_DIGITS)];
        let mac = self.ranges.mac(app_key.as_str().as_bytes(), range.as_bytes());
        GuardPlace {
            app_key,
            country: phones::country(phone).unwrap_or_else(|| NO_COUNTRY.to_owned()),
            range: HEXLOWER.encode(&mac[..RANGE_BYTES]),
            asked_at,
        }
    }

    /// Whether codes of an app are counted.
    pub(super) async fn is_on(&self, app_key: AppKey, now: UnixMillis) -> Result<bool, StoreError> {
        Ok(self.settings(app_key, now).await?.mode != GuardMode::Off)
    }

    /// Judges a code, and tells what it comes to.
    pub(super) async fn judge(&self, wish: &Wish<'_>) -> Result<Guarded, StoreError> {
        let (place, now) = (&wish.place, wish.place.asked_at);
        let settings = self.settings(place.app_key, now).await?;
        if settings.mode == GuardMode::Off {
            return Ok(Guarded { verdict: Verdict::Allow, count: None });
        }
        // What part of them is typed is not known: they are held to the rest.
        let settings = if wish.is_foreign {
            Arc::new(GuardSettings { conversion: None, ..(*settings).clone() })
        } else {
            settings
        };
        let counts = self.counts(place).await?;
        let range = self.store.guard_range(place).await?;
        let counts = GuardCounts { range, ..(*counts).clone() };
        let past = self.past(place, now).await?;
        let client = self.client(place.app_key, wish.client_ip);
        let ask = |client| self.clients.ask(client, wish.phone, &place.country, now);
        let caller = client.map(ask).unwrap_or_default();
        let judge = |caller: &Caller| {
            rule::judge(&settings, &Asked { country: &place.country, counts: &counts, past, caller, now })
        };
        let mut judged = judge(&caller);
        // What other nodes were told may speak for the address.
        if judged.verdict.refused().is_some_and(|refused| refused.reason.heeds_address())
            && let Some(client) = client
            && self.settle(client, now).await?
        {
            judged = judge(&self.clients.caller(client, now));
        }
        if let Some(pause) = judged.pause {
            self.pause(place, &counts, pause, settings.mode).await?;
        }
        let verdict = match judged.verdict {
            Verdict::Refuse(refused) | Verdict::WouldRefuse(refused)
                if refused.reason.spares_known() && self.is_known(place.app_key, wish.phone).await? =>
            {
                Verdict::Allow
            }
            verdict => verdict,
        };
        self.tell(place, verdict);
        let enforced = |most: Option<u32>| most.filter(|_| settings.mode == GuardMode::Enforce);
        let count = GuardCount::Sent {
            most: enforced(settings.per_day),
            most_of_country: enforced(settings.country_per_day),
            by_minute: judged.by_minute && !wish.is_foreign,
        };
        Ok(Guarded { verdict, count: Some(count) })
    }

    /// Notes that a code is sent.
    pub(super) fn sent(&self, app_key: AppKey, client_ip: Option<IpAddr>, session_id: Uuid, now: UnixMillis) {
        if let Some(client) = self.client(app_key, client_ip) {
            self.clients.sent(client, session_id, now);
        }
    }

    /// Notes what became of a code.
    pub(super) fn recounted(&self, session_id: Uuid, count: GuardCount) {
        match count {
            GuardCount::Sent { .. } => {}
            GuardCount::Verified => self.clients.settle(session_id, Fate::Typed),
            GuardCount::NotSent { .. } => self.clients.settle(session_id, Fate::NotSent),
        }
    }

    /// Counts a verdict, and tells it now and then: an attack has thousands.
    pub(super) fn tell(&self, place: &GuardPlace, verdict: Verdict) {
        let (refused, decision) = match verdict {
            Verdict::Allow => return,
            Verdict::Refuse(refused) => (refused, GuardDecision::Refused),
            Verdict::WouldRefuse(refused) => (refused, GuardDecision::WouldRefuse),
        };
        metrics::guarded(kind(refused.reason), decision);
        let (key, moment) =
            ((place.app_key, place.country.clone(), refused.reason), self.instant(place.asked_at));
        if self.told.recall(&key, moment).is_some() {
            return;
        }
        self.told.keep(key, (), moment);
        let (app_key, country) = (place.app_key, &place.country);
        let (guard, decision) = (kind(refused.reason).as_str(), decision.as_str());
        tracing::warn!(%app_key, country, guard, decision, "a guard refuses codes, or would: `loggin-server guard show`");
    }

    /// Learns the countries of apps that have enough verified logins, and forgets what is old.
    pub(super) async fn look(&self, now: UnixMillis) -> Result<(), StoreError> {
        for app in self.store.apps().await? {
            self.learn(app.app_key, now).await?;
        }
        while self.store.purge_guards(GuardPurge { now }, limits::SWEEP).await? >= u64::from(limits::SWEEP) {}
        Ok(())
    }

    async fn learn(&self, app_key: AppKey, now: UnixMillis) -> Result<(), StoreError> {
        let settings = self.store.guards(app_key).await?.unwrap_or_default();
        if settings.learned.is_some() || settings.countries != Countries::Auto {
            return Ok(());
        }
        let mut verified: Vec<(String, u64)> = Vec::new();
        for (country, sends) in self.usage(app_key, limits::USAGE_DAYS.into(), now, false).await? {
            match verified.iter_mut().find(|(known, _)| *known == country) {
                Some((_, count)) => *count += u64::from(sends.verified),
                None => verified.push((country, sends.verified.into())),
            }
        }
        verified.retain(|(country, count)| *count > 0 && !country.is_empty());
        if verified.iter().map(|(_, count)| count).sum::<u64>() < limits::GUARD_LEARNED_FROM {
            return Ok(());
        }
        let mut countries: Vec<String> = verified.into_iter().map(|(country, _)| country).collect();
        countries.sort_unstable();
        let told = countries.join(" ");
        let event = Box::new(events::countries_learned(app_key, &countries, now));
        let learned = Learned { countries, at: now };
        let act = Act::LearnCountries(app_key, Box::new(settings), learned, event);
        if self.store.administer(act, ACTOR.to_owned(), now).await? {
            let hours = limits::GUARD_LEARNED_GRACE.as_secs() / 3_600;
            tracing::warn!(
                %app_key,
                countries = told,
                hours,
                "codes of this app go to the countries of its first verified logins, and to no others after these \
                 hours: `loggin-server guard set` changes that"
            );
        }
        Ok(())
    }

    async fn settings(&self, app_key: AppKey, now: UnixMillis) -> Result<Arc<GuardSettings>, StoreError> {
        let moment = self.instant(now);
        if let Some(settings) = self.settings.recall(&app_key, moment) {
            return Ok(settings);
        }
        let settings = Arc::new(self.store.guards(app_key).await?.unwrap_or_default());
        self.settings.keep(app_key, Arc::clone(&settings), moment);
        Ok(settings)
    }

    async fn counts(&self, place: &GuardPlace) -> Result<Arc<GuardCounts>, StoreError> {
        let (key, moment) = ((place.app_key, place.country.clone()), self.instant(place.asked_at));
        if let Some(counts) = self.countries.recall(&key, moment) {
            return Ok(counts);
        }
        let counts = Arc::new(self.store.guard_counts(place).await?);
        self.countries.keep(key, Arc::clone(&counts), moment);
        Ok(counts)
    }

    async fn past(&self, place: &GuardPlace, now: UnixMillis) -> Result<Past, StoreError> {
        let moment = self.instant(now);
        let known = if let Some(known) = self.pasts.recall(&place.app_key, moment) {
            known
        } else {
            let known = Arc::new(self.usage(place.app_key, limits::GUARD_PAST_DAYS, now, true).await?);
            self.pasts.keep(place.app_key, Arc::clone(&known), moment);
            known
        };
        let mut past = Past::default();
        for (country, sends) in known.iter() {
            let sum = if *country == place.country { &mut past.country } else { &mut past.others };
            sum.sent = sum.sent.saturating_add(sends.sent);
            sum.verified = sum.verified.saturating_add(sends.verified);
        }
        Ok(past)
    }

    /// What was sent and verified of an app by countries: of codes that began in the days before yesterday's hour, or of
    /// everything.
    async fn usage(
        &self,
        app_key: AppKey,
        days: i64,
        now: UnixMillis,
        is_past: bool,
    ) -> Result<Vec<(String, Sends)>, StoreError> {
        let hour = now.0.div_euclid(HOUR_MILLIS);
        // What goes on now is not what usually is.
        let to_hour = if is_past { hour - 24 } else { hour + 1 };
        let filter = UsageFilter { app_key: Some(app_key), apps: None, from_hour: hour - days * 24, to_hour };
        let found = self.store.usage_by(filter, Facet::Countries).await?;
        let wanted = found.into_iter().filter(|value| match value.kind {
            HistoryKind::Code => true,
            HistoryKind::Login => !is_past,
            // Nobody tells which of them were typed.
            HistoryKind::TestCode | HistoryKind::Gateway => false,
        });
        let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        Ok(wanted
            .map(|value| {
                let sends =
                    Sends { sent: number(value.counts.messages), verified: number(value.counts.verified) };
                (value.value, sends)
            })
            .collect())
    }

    fn client(&self, app_key: AppKey, client_ip: Option<IpAddr>) -> Option<Client> {
        client_ip
            .filter(|address| is_told_apart(*address))
            .map(|address| self.clients.client(app_key, address))
    }

    /// Finds out what became of the codes of an address; whether of any. Each is read until it can be typed no more.
    async fn settle(&self, client: Client, now: UnixMillis) -> Result<bool, StoreError> {
        let mut is_any = false;
        for session_id in self.clients.open(client) {
            let session = self.store.otp_session(session_id).await?;
            let fate = match session {
                Some(session) if session.used => Fate::Typed,
                Some(session) if now < session.created_at + life::LIFETIME => continue,
                _ => Fate::Lapsed,
            };
            self.clients.settle(session_id, fate);
            is_any |= fate == Fate::Typed;
        }
        Ok(is_any)
    }

    /// Whether this number has verified at the app before, as far as the history goes back.
    async fn is_known(&self, app_key: AppKey, phone: &PhoneNumber) -> Result<bool, StoreError> {
        let filter = HistoryFilter {
            app_key: Some(app_key),
            endings: Some(vec![Ending::Typed, Ending::Redeemed]),
            recipients: Some(self.recipients.all_of(std::slice::from_ref(phone), &[])),
            ..HistoryFilter::default()
        };
        Ok(!self.store.history(filter, HistoryStart::Latest, 1).await?.rows.is_empty())
    }

    /// Begins a pause, or tells that it would.
    async fn pause(
        &self,
        place: &GuardPlace,
        counts: &GuardCounts,
        pause: CountryPause,
        mode: GuardMode,
    ) -> Result<(), StoreError> {
        if mode != GuardMode::Enforce {
            return Ok(());
        }
        let (app_key, country, minutes) = (place.app_key, &pause.country, pause.until.since(pause.since));
        let event = Box::new(events::country_paused(app_key, &pause, counts.since_pause()));
        let act = Act::PauseCountry(app_key, pause.clone(), event);
        if self.store.administer(act, ACTOR.to_owned(), place.asked_at).await? {
            metrics::country_paused();
            tracing::error!(
                %app_key,
                country,
                minutes = minutes.as_secs() / 60,
                times = pause.times,
                "codes of this app are not sent to this country for these minutes: too few of them are typed"
            );
        }
        let counts = Arc::new(GuardCounts { pause: Some(pause), ..counts.clone() });
        let key = (app_key, place.country.clone());
        self.countries.keep(key, counts, self.instant(place.asked_at));
        Ok(())
    }

    fn instant(&self, now: UnixMillis) -> Instant {
        let (instant, began) = self.began;
        let after: Duration = now.since(began);
        instant.checked_add(after).unwrap_or(instant)
    }
}

/// What metrics call it.
fn kind(reason: Reason) -> GuardKind {
    match reason {
        Reason::DayOfApp => GuardKind::DayOfApp,
        Reason::DayOfCountry => GuardKind::DayOfCountry,
        Reason::Client => GuardKind::ClientSpread,
        Reason::Country => GuardKind::CountryNotAllowed,
        Reason::Pause => GuardKind::CountryPaused,
        Reason::Range => GuardKind::RangePaused,
    }
}
