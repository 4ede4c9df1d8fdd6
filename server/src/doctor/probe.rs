//! How the doctor asks a running server what it saw of a call: by a header that only who knows the app secret can write,
//! which the server answers with another.
//!
//! The server tells nothing but what is true of this one call: whether its proxy is trusted, and what stands in the
//! headers that say whom proxies call for. So neither a route nor a listener is there for others to find.

use std::{fmt, net::IpAddr, time::Duration};

use crate::{
    clock::UnixMillis,
    config::ForwardedHeader,
    whatsapp::{self, AppSecret},
};

/// The request's header: seconds since 1970, and their signature.
pub(crate) const ASKED: &str = "loggin-doctor";

/// The response's header.
pub(crate) const SEEN: &str = "loggin-seen";

/// What is signed begins with this, so that it is no webhook.
const PURPOSE: &str = "loggin-doctor:";

/// How far the two clocks may be apart: a server is not asked with a header from last week's log.
const VALID: Duration = Duration::from_secs(300);

/// What stands for the address of a proxy that names none.
const UNREADABLE: &str = "unreadable";

/// What a server saw of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Whether the connection is of a trusted proxy.
    pub(crate) is_trusted: bool,
    /// The header that proxies are to write.
    pub(crate) header: ForwardedHeader,
    /// Hops in it.
    pub(crate) hops: usize,
    /// The last of them; `None` where there is none, or it names no address.
    pub(crate) last: Option<IpAddr>,
    /// Hops in the header that is not looked at.
    pub(crate) others: usize,
}

/// The value of [`ASKED`].
pub(crate) fn ask(secret: &AppSecret, now: UnixMillis) -> String {
    let seconds = now.0 / 1_000;
    format!("{seconds} {}", whatsapp::sign(secret, format!("{PURPOSE}{seconds}").as_bytes()))
}

/// Whether this value of [`ASKED`] was written by somebody who knows one of the secrets, and lately.
pub(crate) fn is_asked(secrets: &[AppSecret], value: &str, now: UnixMillis) -> bool {
    let Some((seconds, signature)) = value.split_once(' ') else { return false };
    let Some(at) = seconds.parse::<i64>().ok().and_then(|seconds| seconds.checked_mul(1_000)) else {
        return false;
    };
    let at = UnixMillis(at);
    now.since(at) <= VALID
        && at.since(now) <= VALID
        && whatsapp::verify_signature(secrets, Some(signature), format!("{PURPOSE}{seconds}").as_bytes())
}

impl Seen {
    /// Reads the value of [`SEEN`].
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split(' ');
        let mut part = |name: &str| parts.next()?.strip_prefix(name)?.strip_prefix('=');
        let (peer, header) = (part("peer")?, part("header")?);
        let (hops, last, others) = (part("hops")?, part("last")?, part("others")?);
        Some(Self {
            is_trusted: peer == "trusted",
            header: ForwardedHeader::parse(header)?,
            hops: hops.parse().ok()?,
            last: last.parse().ok(),
            others: others.parse().ok()?,
        })
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peer = if self.is_trusted { "trusted" } else { "untrusted" };
        let last = self.last.map_or_else(|| UNREADABLE.to_owned(), |last| last.to_string());
        let Self { hops, others, .. } = self;
        write!(formatter, "peer={peer} header={} hops={hops} last={last} others={others}", self.header.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_790_416_800_000);

    #[test]
    fn only_who_knows_a_secret_asks_and_not_for_long() {
        let secret = |text| AppSecret::new(text).unwrap();
        let asked = ask(&secret("new secret"), NOW);
        let known = [secret("old secret"), secret("new secret")];
        assert!(is_asked(&known, &asked, NOW));
        assert!(is_asked(&known, &asked, NOW + VALID) && is_asked(&known, &asked, NOW - VALID));
        let second = Duration::from_secs(1);
        assert!(!is_asked(&known, &asked, NOW + VALID + second));
        assert!(!is_asked(&known, &asked, NOW - VALID - second));
        assert!(!is_asked(&known[..1], &asked, NOW));
        let (seconds, signature) = asked.split_once(' ').unwrap();
        let later = format!("{} {signature}", seconds.parse::<i64>().unwrap() + 1);
        for wrong in ["", "1", " ", "x y", &later, &format!("{} {signature}", i64::MAX), signature] {
            assert!(!is_asked(&known, wrong, NOW), "{wrong}");
        }
    }

    #[test]
    fn what_was_seen_is_read_as_it_was_written() {
        for last in [None, Some("203.0.113.9".parse().unwrap()), Some("2001:db8::8".parse().unwrap())] {
            for header in [ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded] {
                let seen = Seen { is_trusted: last.is_some(), header, hops: 2, last, others: 1 };
                assert_eq!(Seen::parse(&seen.to_string()), Some(seen));
            }
        }
        for wrong in ["", "peer=trusted", "peer=trusted header=x hops=1 last=x others=1"] {
            assert_eq!(Seen::parse(wrong), None, "{wrong}");
        }
    }
}
