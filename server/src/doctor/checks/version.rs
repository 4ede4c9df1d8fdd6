//! The version of the Graph API: Meta ends each about two years after its release.

use std::time::Duration;

use jiff::{
    Timestamp,
    civil::{Date, date},
    tz::TimeZone,
};
use url::Url;

use crate::{
    clock::UnixMillis,
    doctor::{
        codes,
        finding::Finding,
        subject::{GRAPH_URL, Subject},
    },
    limits,
};

pub(in crate::doctor) const NAME: &str = "graph_version";

/// The versions whose end is announced; older ones have ended.
const ENDS: [(u32, Date); 5] = [
    (21, date(2027, 1, 21)),
    (22, date(2027, 5, 20)),
    (23, date(2027, 10, 8)),
    (24, date(2028, 2, 18)),
    (25, date(2028, 7, 29)),
];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(in crate::doctor) async fn check(subject: &Subject) -> Vec<Finding> {
    if let Some(lacking) = subject.lacks(&[GRAPH_URL]) {
        return vec![Finding::skipped(NAME, lacking)];
    }
    let served = subject.greeting().await.0.as_ref().ok().and_then(|told| told.served_version.clone());
    vec![judge(&subject.config.whatsapp.graph_url, served.as_deref(), subject.clock.now())]
}

fn judge(url: &Url, served: Option<&str>, now: UnixMillis) -> Finding {
    let last = url.path_segments().and_then(|mut segments| segments.rfind(|part| !part.is_empty()));
    let Some((asked, major)) = last.and_then(|version| Some((version, major(version)?))) else {
        let message = "WHATSAPP_GRAPH_URL names no version, so Meta takes the oldest one, which ends next";
        return Finding::of(NAME, &codes::GRAPH_VERSION_UNNAMED, message);
    };
    if served.is_some_and(|served| served != asked) {
        let message = format!("Meta serves another version than {asked}, which has ended");
        return Finding::of(NAME, &codes::GRAPH_VERSION_ENDED, message);
    }
    let end = match ENDS.iter().find(|(version, _)| *version == major) {
        Some(&(_, end)) => end,
        None if major < ENDS[0].0 => {
            let message = format!("version {asked} of the Graph API has ended");
            return Finding::of(NAME, &codes::GRAPH_VERSION_ENDED, message);
        }
        None => return Finding::ok(NAME, format!("no end of version {asked} is announced")),
    };
    let end_of_it = moment(end);
    if end_of_it <= now {
        let message = format!("version {asked} of the Graph API ended on {end}");
        Finding::of(NAME, &codes::GRAPH_VERSION_ENDED, message)
    } else if end_of_it <= now + limits::ENDS_SOON {
        let days = end_of_it.since(now).as_secs() / DAY.as_secs();
        let message = format!("version {asked} of the Graph API ends on {end}, in {days} days");
        Finding::of(NAME, &codes::GRAPH_VERSION_ENDS, message)
    } else {
        Finding::ok(NAME, format!("version {asked} of the Graph API is served until {end}"))
    }
}

/// The first number of a version such as `v26.0`.
fn major(version: &str) -> Option<u32> {
    let (major, minor) = version.strip_prefix('v')?.split_once('.')?;
    minor.parse::<u32>().ok()?;
    major.parse().ok()
}

/// When this day begins in UTC.
fn moment(day: Date) -> UnixMillis {
    let timestamp = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0));
    UnixMillis(timestamp.map_or(0, Timestamp::as_millisecond))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(url: &str, served: Option<&str>, now: Date) -> &'static str {
        judge(&url.parse().unwrap(), served, moment(now)).code
    }

    #[test]
    fn a_version_is_judged_by_its_end() {
        let now = date(2026, 11, 27);
        for (version, expected) in [
            ("v26.0", "ok"),
            ("v31.0", "ok"),
            ("v22.0", "ok"),
            ("v21.0", "graph_version_ends"),
            ("v20.0", "graph_version_ended"),
            ("v9.1", "graph_version_ended"),
            ("", "graph_version_unnamed"),
            ("graph", "graph_version_unnamed"),
        ] {
            assert_eq!(
                code(&format!("https://graph.facebook.com/{version}"), None, now),
                expected,
                "{version}"
            );
        }
        let url = "https://gateway.example/whatsapp/v21.0/";
        assert_eq!(code(url, Some("v21.0"), date(2027, 1, 20)), "graph_version_ends");
        assert_eq!(code(url, None, date(2027, 1, 21)), "graph_version_ended");
        assert_eq!(code(url, Some("v22.0"), now), "graph_version_ended");
    }

    #[test]
    fn the_ends_are_in_their_order() {
        assert!(ENDS.is_sorted());
        assert!(ENDS.iter().all(|(_, end)| moment(*end) > UnixMillis(0)));
    }
}
