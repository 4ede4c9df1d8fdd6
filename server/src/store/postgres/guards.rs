//! Guards against codes that are asked for to cost money, in PostgreSQL.

use async_trait::async_trait;
use loggin_protocol::AppKey;
use serde_json::{Value, json};
use tokio_postgres::{Row, types::Type};

use super::{
    PostgresStore,
    rows::{moment, number, numbered, optional_moment, optional_number, value},
};
use crate::{
    limits,
    store::{
        Countries, CountryPause, DaySends, GuardCount, GuardCounts, GuardPlace, GuardPurge, GuardSettings,
        GuardStore, Learned, MinuteSends, Sends, StoreError,
        guards::{countries_of, minute},
        rows::Numbered,
    },
};

/// A count, as `count_for_guards` of the migrations takes it.
pub(super) fn count(place: &GuardPlace, count: GuardCount) -> Value {
    let (sent, verified, most, most_of_country, by_minute) = match count {
        GuardCount::Sent { most, most_of_country, by_minute } => (1, 0, most, most_of_country, by_minute),
        GuardCount::Verified => (0, 1, None, None, true),
        GuardCount::NotSent { by_minute } => (-1, 0, None, None, by_minute),
    };
    json!({
        "write": "guard",
        "app_key": place.app_key.as_str(),
        "country": place.country,
        "range": place.range,
        "minute": by_minute.then(|| place.minute()),
        "day": place.day(),
        "sent": sent,
        "verified": verified,
        "most": most,
        "most_of_country": most_of_country,
    })
}

/// A row of what guards are set to, with what was learned.
pub(super) fn row(app_key: AppKey, guards: &GuardSettings, learned: Option<&Learned>) -> Value {
    json!({ "guards": {
        "app_key": app_key.as_str(),
        "mode": guards.mode.number(),
        "countries": guards.countries.to_text(),
        "learned": learned.map(|learned| learned.countries.join(" ")),
        "learned_at": learned.map(|learned| learned.at.0),
        "per_day": guards.per_day,
        "country_per_day": guards.country_per_day,
        "conversion": guards.conversion,
        "client_countries": guards.client_countries,
        "client_numbers": guards.client_numbers,
    } })
}

/// A row of a pause.
pub(super) fn pause_row(app_key: AppKey, pause: &CountryPause) -> Value {
    json!({ "pause": {
        "app_key": app_key.as_str(),
        "country": pause.country,
        "since": pause.since.0,
        "until": pause.until.0,
        "times": pause.times,
    } })
}

fn settings(row: &Row) -> Result<GuardSettings, StoreError> {
    let learned = value::<Option<&str>>(row, "learned")?.map(countries_of);
    let at = optional_moment(row, "learned_at")?;
    Ok(GuardSettings {
        mode: numbered(row, "mode")?,
        countries: Countries::of_text(value(row, "countries")?),
        learned: learned.zip(at).map(|(countries, at)| Learned { countries, at }),
        per_day: optional_number(row, "per_day")?,
        country_per_day: optional_number(row, "country_per_day")?,
        conversion: optional_number(row, "conversion")?,
        client_countries: optional_number(row, "client_countries")?,
        client_numbers: optional_number(row, "client_numbers")?,
    })
}

fn country_pause(row: &Row) -> Result<CountryPause, StoreError> {
    Ok(CountryPause {
        country: value(row, "country")?,
        since: moment(row, "since")?,
        until: moment(row, "until")?,
        times: number(row, "times")?,
    })
}

fn sends(row: &Row) -> Result<Sends, StoreError> {
    Ok(Sends { sent: number(row, "sent")?, verified: number(row, "verified")? })
}

// All that is known of a country in one call: the rows tell apart what they are of.
const COUNTS: &str = "SELECT 'app' AS of, slot, sent, verified FROM guard_counts
        WHERE app_key = $1 AND place = '' AND span = 1 AND slot = $3
    UNION ALL SELECT 'country', slot, sent, verified FROM guard_counts
        WHERE app_key = $1 AND place = $2 AND span = 1 AND slot = $3
    UNION ALL (SELECT 'minute', slot, sent, verified FROM guard_counts
        WHERE app_key = $1 AND place = $2 AND span = 0 AND slot > $4 AND slot <= $5 ORDER BY slot DESC LIMIT $6)";

#[async_trait]
impl GuardStore for PostgresStore {
    async fn guards(&self, app_key: AppKey) -> Result<Option<GuardSettings>, StoreError> {
        const SELECT: &str = "SELECT * FROM guards WHERE app_key = $1";
        let row = self.connections.first(SELECT, &[(&app_key.as_str(), Type::TEXT)]).await?;
        row.map(|row| settings(&row)).transpose()
    }

    async fn guard_counts(&self, place: &GuardPlace) -> Result<GuardCounts, StoreError> {
        const PAUSE: &str = "SELECT * FROM guard_pauses WHERE app_key = $1 AND country = $2";
        let app_key = place.app_key.as_str();
        let (day, from) = (place.day(), minute(place.asked_at - limits::GUARD_LOOKED_BACK));
        let (to, most) = (place.minute(), i64::from(limits::GUARD_MINUTES));
        let values: [_; 6] = [
            (&app_key as _, Type::TEXT),
            (&place.country as _, Type::TEXT),
            (&day as _, Type::INT8),
            (&from as _, Type::INT8),
            (&to as _, Type::INT8),
            (&most as _, Type::INT8),
        ];
        let pause = self.connections.first(PAUSE, &values[..2]).await?;
        let mut counts =
            GuardCounts { pause: pause.as_ref().map(country_pause).transpose()?, ..GuardCounts::default() };
        for row in &self.connections.rows(COUNTS, &values).await? {
            let sends = sends(row)?;
            match value::<&str>(row, "of")? {
                "app" => counts.today = sends.sent,
                "country" => counts.country_today = sends.sent,
                _ => counts.recent.push(MinuteSends { minute: value(row, "slot")?, sends }),
            }
        }
        counts.recent.sort_by_key(|one| std::cmp::Reverse(one.minute));
        Ok(counts)
    }

    async fn guard_range(&self, place: &GuardPlace) -> Result<Vec<DaySends>, StoreError> {
        const RANGE: &str = "SELECT slot, sent, verified FROM guard_counts
            WHERE app_key = $1 AND place = $2 AND span = 1 AND slot > $3 AND slot <= $4 ORDER BY slot DESC";
        let (day, from) = (place.day(), place.day() - i64::from(limits::GUARD_RANGE_DAYS));
        let app_key = place.app_key.as_str();
        let values: [_; 4] = [
            (&app_key as _, Type::TEXT),
            (&place.range as _, Type::TEXT),
            (&from as _, Type::INT8),
            (&day as _, Type::INT8),
        ];
        let rows = self.connections.rows(RANGE, &values).await?;
        rows.iter().map(|row| Ok(DaySends { day: value(row, "slot")?, sends: sends(row)? })).collect()
    }

    async fn guard_pauses(&self, app_key: AppKey) -> Result<Vec<CountryPause>, StoreError> {
        const SELECT: &str = "SELECT * FROM guard_pauses WHERE app_key = $1 ORDER BY country";
        let rows = self.connections.rows(SELECT, &[(&app_key.as_str(), Type::TEXT)]).await?;
        rows.iter().map(country_pause).collect()
    }

    async fn purge_guards(&self, purge: GuardPurge, limit: u32) -> Result<u64, StoreError> {
        let (minute, day, before) = purge.bounds();
        self.write_rows(json!({
            "write": "purge_guards",
            "minute": minute,
            "day": day,
            "before": before,
            "limit": limit,
        }))
        .await
    }
}
