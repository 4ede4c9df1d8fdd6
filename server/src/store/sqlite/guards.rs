//! Guards against codes that are asked for to cost money, in SQLite.

use async_trait::async_trait;
use loggin_protocol::AppKey;
use rusqlite::{Connection, Row, params};

use super::{
    connections::{all, execute, first},
    rows,
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{
        Countries, CountryPause, DaySends, GuardCount, GuardCounts, GuardMode, GuardPlace, GuardPurge,
        GuardSettings, GuardStore, Learned, MinuteSends, OtpRefusal, Sends, SqliteStore, StoreError,
        guards::{countries_of, minute},
        rows::Numbered,
    },
};

/// What `slot` is of.
const MINUTE: i64 = 0;
const DAY: i64 = 1;

/// The place that is anywhere.
const ANYWHERE: &str = "";

const ADD: &str = "INSERT INTO guard_counts (app_key, place, span, slot, sent, verified)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?7 IS NULL OR ?5 <= ?7 ON CONFLICT DO UPDATE
    SET sent = sent + excluded.sent, verified = verified + excluded.verified
    WHERE ?7 IS NULL OR sent + excluded.sent <= ?7";

/// Counts a code; why not, where that is one too many.
pub(super) fn count(
    db: &Connection,
    place: &GuardPlace,
    count: GuardCount,
) -> Result<Option<OtpRefusal>, StoreError> {
    let GuardPlace { app_key, country, range, .. } = place;
    let (day, minute) = (place.day(), place.minute());
    let (sent, verified, most, most_of_country, by_minute) = match count {
        GuardCount::Sent { most, most_of_country, by_minute } => (1, 0, most, most_of_country, by_minute),
        GuardCount::Verified => (0, 1, None, None, true),
        GuardCount::NotSent { by_minute } => return take_back(db, place, by_minute).map(|()| None),
    };
    let add = |name: &str, span: i64, slot: i64, most: Option<u32>| {
        let values = params![app_key.as_str(), name, span, slot, sent, verified, most];
        Ok::<_, StoreError>(execute(db, ADD, values)? == 1)
    };
    if !add(ANYWHERE, DAY, day, most)? {
        return Ok(Some(OtpRefusal::DayOfApp));
    }
    if !add(country, DAY, day, most_of_country)? {
        // Where nothing else can be refused, there is no savepoint that takes it back.
        execute(db, TAKE_BACK, params![app_key.as_str(), ANYWHERE, DAY, day])?;
        return Ok(Some(OtpRefusal::DayOfCountry));
    }
    if by_minute {
        add(country, MINUTE, minute, None)?;
    }
    add(range, DAY, day, None)?;
    Ok(None)
}

const TAKE_BACK: &str = "UPDATE guard_counts SET sent = max(sent - 1, 0)
    WHERE app_key = ?1 AND place = ?2 AND span = ?3 AND slot = ?4";

fn take_back(db: &Connection, place: &GuardPlace, by_minute: bool) -> Result<(), StoreError> {
    let GuardPlace { app_key, country, range, .. } = place;
    let (day, minute) = (place.day(), place.minute());
    let by_minute = by_minute.then_some((country.as_str(), MINUTE, minute));
    for (name, span, slot) in
        [(ANYWHERE, DAY, day), (country, DAY, day), (range, DAY, day)].into_iter().chain(by_minute)
    {
        execute(db, TAKE_BACK, params![app_key.as_str(), name, span, slot])?;
    }
    Ok(())
}

/// Sets an app's guards; `false` where there is no such app.
pub(super) fn set(db: &Connection, app_key: AppKey, guards: &GuardSettings) -> Result<bool, StoreError> {
    const SET: &str = "INSERT INTO guards
        (app_key, mode, countries, per_day, country_per_day, conversion, client_countries, client_numbers)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE EXISTS (SELECT 1 FROM apps WHERE app_key = ?1)
        ON CONFLICT DO UPDATE SET mode = excluded.mode, countries = excluded.countries, per_day = excluded.per_day,
        country_per_day = excluded.country_per_day, conversion = excluded.conversion,
        client_countries = excluded.client_countries, client_numbers = excluded.client_numbers";
    let values = params![
        app_key.as_str(),
        guards.mode.number(),
        guards.countries.to_text(),
        guards.per_day,
        guards.country_per_day,
        guards.conversion,
        guards.client_countries,
        guards.client_numbers,
    ];
    Ok(execute(db, SET, values)? == 1)
}

/// Keeps which countries an app's first logins came from; `false` where that is known, or there is no such app.
pub(super) fn learn(
    db: &Connection,
    app_key: AppKey,
    guards: &GuardSettings,
    Learned { countries, at }: &Learned,
) -> Result<bool, StoreError> {
    const LEARN: &str =
        "UPDATE guards SET learned = ?2, learned_at = ?3 WHERE app_key = ?1 AND learned_at IS NULL";
    const IS_SET: &str = "SELECT 1 FROM guards WHERE app_key = ?";
    if first(db, IS_SET, [app_key.as_str()], |_| Ok(()))?.is_none() && !set(db, app_key, guards)? {
        return Ok(false);
    }
    Ok(execute(db, LEARN, params![app_key.as_str(), countries.join(" "), at.0])? == 1)
}

/// Pauses a country; `false` where it is paused, or there is no such app.
pub(super) fn pause(db: &Connection, app_key: AppKey, pause: &CountryPause) -> Result<bool, StoreError> {
    const PAUSE: &str = "INSERT INTO guard_pauses (app_key, country, since, until, times)
        SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM apps WHERE app_key = ?1) ON CONFLICT DO UPDATE
        SET since = excluded.since, until = excluded.until, times = excluded.times WHERE until <= excluded.since";
    let CountryPause { country, since, until, times } = pause;
    Ok(execute(db, PAUSE, params![app_key.as_str(), country, since.0, until.0, times])? == 1)
}

/// Ends a pause; `false` where there is none.
pub(super) fn resume(
    db: &Connection,
    app_key: AppKey,
    country: &str,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    const RESUME: &str =
        "UPDATE guard_pauses SET until = ?3, times = 0 WHERE app_key = ?1 AND country = ?2 AND until > ?3";
    Ok(execute(db, RESUME, params![app_key.as_str(), country, now.0])? == 1)
}

fn settings(row: &Row<'_>) -> Result<GuardSettings, StoreError> {
    let learned = rows::text(row, "learned")?.map(countries_of);
    let at = row.get::<_, Option<i64>>("learned_at")?;
    Ok(GuardSettings {
        mode: GuardMode::of_number(row.get("mode")?)?,
        countries: Countries::of_text(rows::text(row, "countries")?.unwrap_or_default()),
        learned: learned.zip(at).map(|(countries, at)| Learned { countries, at: UnixMillis(at) }),
        per_day: row.get("per_day")?,
        country_per_day: row.get("country_per_day")?,
        conversion: row.get("conversion")?,
        client_countries: row.get("client_countries")?,
        client_numbers: row.get("client_numbers")?,
    })
}

fn country_pause(row: &Row<'_>) -> Result<CountryPause, StoreError> {
    Ok(CountryPause {
        country: row.get("country")?,
        since: UnixMillis(row.get("since")?),
        until: UnixMillis(row.get("until")?),
        times: row.get("times")?,
    })
}

const RECENT: &str = "SELECT slot, sent, verified FROM guard_counts
    WHERE app_key = ?1 AND place = ?2 AND span = 0 AND slot > ?3 AND slot <= ?4 ORDER BY slot DESC LIMIT ?5";

const RANGE: &str = "SELECT slot, sent, verified FROM guard_counts
    WHERE app_key = ?1 AND place = ?2 AND span = 1 AND slot > ?3 AND slot <= ?4 ORDER BY slot DESC";

const PAUSE: &str = "SELECT * FROM guard_pauses WHERE app_key = ? AND country = ?";

fn sends(row: &Row<'_>) -> Result<Sends, StoreError> {
    Ok(Sends { sent: row.get("sent")?, verified: row.get("verified")? })
}

fn counts(db: &Connection, place: &GuardPlace) -> Result<GuardCounts, StoreError> {
    const TODAY: &str =
        "SELECT sent FROM guard_counts WHERE app_key = ? AND place = ? AND span = 1 AND slot = ?";
    let GuardPlace { app_key, country, .. } = place;
    let app_key = app_key.as_str();
    let today = |name: &str| {
        let sent = first(db, TODAY, params![app_key, name, place.day()], |row| Ok(row.get("sent")?))?;
        Ok::<_, StoreError>(sent.unwrap_or(0))
    };
    let from = minute(place.asked_at - limits::GUARD_LOOKED_BACK);
    let recent = params![app_key, country, from, place.minute(), limits::GUARD_MINUTES];
    Ok(GuardCounts {
        today: today(ANYWHERE)?,
        country_today: today(country)?,
        range: Vec::new(),
        recent: all(db, RECENT, recent, |row| {
            Ok(MinuteSends { minute: row.get("slot")?, sends: sends(row)? })
        })?,
        pause: first(db, PAUSE, params![app_key, country], country_pause)?,
    })
}

#[async_trait]
impl GuardStore for SqliteStore {
    async fn guards(&self, app_key: AppKey) -> Result<Option<GuardSettings>, StoreError> {
        const SELECT: &str = "SELECT * FROM guards WHERE app_key = ?";
        self.readers.read_few(move |db| first(db, SELECT, [app_key.as_str()], settings)).await
    }

    async fn guard_counts(&self, place: &GuardPlace) -> Result<GuardCounts, StoreError> {
        let place = place.clone();
        self.readers.read_few(move |db| counts(db, &place)).await
    }

    async fn guard_range(&self, place: &GuardPlace) -> Result<Vec<DaySends>, StoreError> {
        let place = place.clone();
        let read = move |db: &Connection| {
            let from = place.day() - i64::from(limits::GUARD_RANGE_DAYS);
            let days = params![place.app_key.as_str(), place.range, from, place.day()];
            all(db, RANGE, days, |row| Ok(DaySends { day: row.get("slot")?, sends: sends(row)? }))
        };
        self.readers.read_few(read).await
    }

    async fn guard_pauses(&self, app_key: AppKey) -> Result<Vec<CountryPause>, StoreError> {
        const SELECT: &str = "SELECT * FROM guard_pauses WHERE app_key = ? ORDER BY country";
        self.readers.read_few(move |db| all(db, SELECT, [app_key.as_str()], country_pause)).await
    }

    async fn purge_guards(&self, purge: GuardPurge, limit: u32) -> Result<u64, StoreError> {
        const COUNTS: &str = "DELETE FROM guard_counts WHERE (app_key, place, span, slot) IN
            (SELECT app_key, place, span, slot FROM guard_counts WHERE span = ?1 AND slot < ?2 LIMIT ?3)";
        let (minute, day, before) = purge.bounds();
        let purge = move |db: &Connection| {
            let gone = execute(db, COUNTS, params![MINUTE, minute, limit])?
                + execute(db, COUNTS, params![DAY, day, limit])?
                + execute(db, "DELETE FROM guard_pauses WHERE until < ?", [before])?;
            Ok(gone as u64)
        };
        self.write_exclusive(move |db| purge(db)).await
    }
}
