//! Moments on the wire.

use std::{borrow::Cow, fmt, time::SystemTime};

use serde::{Deserialize, Serialize};

/// A moment, RFC 3339 in UTC on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub SystemTime);

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_millis(self.0).fmt(formatter)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        // RFC 3339 has two ways to write UTC.
        let text = text.strip_suffix("+00:00").map_or(text.clone(), |local| format!("{local}Z").into());
        humantime::parse_rfc3339(&text)
            .map(Self)
            .map_err(|_| serde::de::Error::custom("not an RFC 3339 time in UTC"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_is_written_in_two_ways() {
        let read = |text| serde_json::from_value::<Timestamp>(serde_json::json!(text)).ok();
        let time = read("2026-11-22T08:00:00.5Z");
        assert!(time.is_some());
        assert_eq!(read("2026-11-22T08:00:00.500+00:00"), time);
        for other in ["2026-11-22T08:00:00", "2026-11-22T08:00:00+01:00", "2026-11-22", "+00:00", ""] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
