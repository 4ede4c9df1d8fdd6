//! What administrators look at: what became of logins and codes, how many there were, and who did what.

use jiff::tz::TimeZone;
use loggin_protocol::AppKey;

use super::{Actor, Administration, AdministrationError, Right};
use crate::{
    clock::UnixMillis,
    history::usage::{self, Span, UsageBody},
    limits,
    store::{AuditRow, HOUR_MILLIS, HistoryFilter, HistoryPage, HistoryStart, UsageFilter},
};

/// Hours for which counts are read where nothing else is said: a week.
const DEFAULT_HOURS: i64 = 7 * 24;

/// The hours between these moments; up to the one that is under way, and for a week, where nothing is said.
pub(crate) fn usage_hours(
    since: Option<UnixMillis>,
    until: Option<UnixMillis>,
    now: UnixMillis,
) -> UsageFilter {
    let hour = |moment: UnixMillis| moment.0.div_euclid(HOUR_MILLIS);
    let to_hour = until.map_or(hour(now) + 1, hour);
    let from_hour = since.map_or(to_hour - DEFAULT_HOURS, hour);
    UsageFilter { from_hour, to_hour, ..UsageFilter::default() }
}

/// Some acts, the latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AuditPage {
    pub(crate) rows: Vec<AuditRow>,
    /// What to ask for to see earlier ones; `None` where there are none.
    pub(crate) next: Option<i64>,
}

impl Administration {
    /// Logins and codes as they ended, of the apps that the actor reaches. Of a number the last digits are told.
    pub(crate) async fn logs(
        &self,
        actor: &Actor,
        mut filter: HistoryFilter,
        start: HistoryStart,
        limit: u32,
    ) -> Result<HistoryPage, AdministrationError> {
        hold(actor, Right::ReadLogs, &mut filter.app_key, &mut filter.apps)?;
        Ok(self.store.history(filter, start, limit.min(limits::HISTORY_PAGE)).await?)
    }

    /// Where the latest login or code stands that has ended, whosever it is.
    pub(crate) async fn last_of_logs(&self, actor: &Actor) -> Result<i64, AdministrationError> {
        actor.check(Right::ReadLogs)?;
        Ok(self.store.last_of_history().await?)
    }

    /// How many logins and codes there were at the apps that the actor reaches, by days of UTC.
    pub(crate) async fn usage(
        &self,
        actor: &Actor,
        filter: UsageFilter,
        span: Span,
    ) -> Result<UsageBody, AdministrationError> {
        self.usage_in(actor, filter, span, &TimeZone::UTC).await
    }

    /// The same by days of a time zone.
    pub(crate) async fn usage_in(
        &self,
        actor: &Actor,
        mut filter: UsageFilter,
        span: Span,
        zone: &TimeZone,
    ) -> Result<UsageBody, AdministrationError> {
        hold(actor, Right::ReadUsage, &mut filter.app_key, &mut filter.apps)?;
        let hours = filter.to_hour.saturating_sub(filter.from_hour);
        if hours <= 0 || hours > i64::from(limits::USAGE_DAYS) * 24 {
            let message = format!("must be before `until`, and not more than {} days", limits::USAGE_DAYS);
            return Err(AdministrationError::invalid("since", message));
        }
        Ok(usage::read(&*self.store, filter, span, zone).await?)
    }

    /// What was done, the latest first; before this position where one is given. Whoever reaches some apps sees what was done
    /// to these.
    pub(crate) async fn audit(
        &self,
        actor: &Actor,
        before: Option<i64>,
        limit: u32,
    ) -> Result<AuditPage, AdministrationError> {
        actor.check(Right::ReadAudit)?;
        let limit = limit.clamp(1, limits::AUDIT_SHOWN);
        let mut found = self.store.audit_page(actor.apps.clone(), before, limit + 1).await?;
        let has_more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found.last().map(|(id, _)| *id).filter(|_| has_more);
        Ok(AuditPage { rows: found.into_iter().map(|(_, row)| row).collect(), next })
    }
}

/// Holds a filter to the apps that the actor reaches. An app that is asked for must be one of them.
fn hold(
    actor: &Actor,
    right: Right,
    app_key: &mut Option<AppKey>,
    apps: &mut Option<Vec<AppKey>>,
) -> Result<(), AdministrationError> {
    actor.check(right)?;
    if let Some(app_key) = *app_key {
        return actor.check_for(right, app_key);
    }
    let Some(reach) = &actor.apps else { return Ok(()) };
    if let [only] = **reach {
        // An index leads to the rows of one.
        *app_key = Some(only);
        return Ok(());
    }
    let mut held = apps.take().unwrap_or_else(|| reach.clone());
    held.retain(|app_key| actor.reaches(*app_key));
    *apps = Some(held);
    Ok(())
}
