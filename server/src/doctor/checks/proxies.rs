//! Whether the proxy in front says whom it calls for, in the header that the server reads, and whether the server
//! believes that proxy and nobody else.
//!
//! The doctor writes an address of its own into both headers, as somebody would who wants to be somebody else. A proxy
//! that appends or overwrites leaves another one last.

use std::net::{IpAddr, Ipv4Addr};

use reqwest::{Method, header::CONTENT_TYPE};

use super::webhook;
use crate::doctor::{
    codes,
    finding::{Finding, Known},
    probe::{self, Seen},
    public::EVENTS,
    subject::Subject,
};

pub(in crate::doctor) const NAME: &str = "proxies";

/// The address that the doctor names: of a range that is set aside for documentation, so nobody has it.
const CLAIMED: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 77));

/// A call that names no login: it is answered at once, and leaves nothing behind.
const NOTHING: &str = r#"{"tokens":["none"]}"#;

pub(in crate::doctor) async fn check(subject: &Subject) -> Vec<Finding> {
    if subject.public.is_loopback() {
        return vec![Finding::skipped(NAME, "the public URL leads to this machine, past any proxy")];
    }
    if let Some(why) = webhook::unreached(subject).await {
        return vec![Finding::skipped(NAME, why)];
    }
    vec![match seen(subject).await {
        Some(seen) => judge(&seen),
        None => Finding::skipped(
            NAME,
            "the server does not tell what it saw: it is of an earlier version, or has another app secret or clock",
        ),
    }]
}

/// What the server saw of a call through the public URL.
async fn seen(subject: &Subject) -> Option<Seen> {
    let secret = webhook::secret(subject).ok()?;
    let request = subject.public.request(Method::POST, EVENTS, &[])?;
    let request = request
        .header(CONTENT_TYPE, "application/json")
        .header(probe::ASKED, probe::ask(&secret, subject.clock.now()))
        .header("x-forwarded-for", CLAIMED.to_string())
        .header("forwarded", format!("for={CLAIMED}"));
    let response = request.body(NOTHING).send().await.ok()?;
    Seen::parse(response.headers().get(probe::SEEN)?.to_str().ok()?)
}

fn judge(seen: &Seen) -> Finding {
    let header = seen.header.name();
    let finding = |known: &Known, message: String| Finding::of(NAME, known, message);
    let claims = seen.last == Some(CLAIMED);
    let writes_other = seen.others > 1;
    if !seen.is_trusted {
        return if writes_other || (seen.hops > 0 && !claims) {
            let message =
                "a proxy in front says whom it calls for, and is not trusted: all people count as one";
            finding(&codes::PROXY_NOT_TRUSTED, message.to_owned())
        } else {
            Finding::ok(NAME, "calls come from no trusted proxy, and nothing else names their callers")
        };
    }
    if (seen.hops == 0 || claims) && writes_other {
        let message = format!("the proxy says whom it calls for, but not in the header {header}");
        finding(&codes::PROXY_OTHER_HEADER, message)
    } else if seen.hops == 0 {
        let message = format!("the trusted proxy writes no {header}: all people count as one");
        finding(&codes::PROXY_SAYS_NOTHING, message)
    } else if claims {
        let message =
            format!("the trusted proxy passes on the {header} that a client wrote, and adds nothing");
        finding(&codes::PROXY_BELIEVES_CLIENTS, message)
    } else if seen.last.is_none() {
        finding(&codes::PROXY_UNREADABLE, format!("the trusted proxy writes no address into {header}"))
    } else {
        Finding::ok(NAME, format!("the proxy is trusted, and says in {header} whom it calls for"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ForwardedHeader;

    fn code(is_trusted: bool, hops: usize, last: &str, others: usize) -> &'static str {
        let header = ForwardedHeader::XForwardedFor;
        judge(&Seen { is_trusted, header, hops, last: last.parse().ok(), others }).code
    }

    #[test]
    fn a_proxy_is_judged_by_what_it_does_with_a_made_up_address() {
        let claimed = &CLAIMED.to_string();
        for (hops, last, others, expected) in [
            // It appends, it overwrites, and so it does where the doctor is on the same machine.
            (2, "198.51.100.7", 1, "ok"),
            (1, "198.51.100.7", 0, "ok"),
            (2, "127.0.0.1", 1, "ok"),
            (0, "", 0, "proxy_says_nothing"),
            (0, "", 1, "proxy_says_nothing"),
            (1, claimed, 1, "proxy_believes_clients"),
            (1, claimed, 2, "proxy_other_header"),
            (0, "", 2, "proxy_other_header"),
            (2, "unknown", 1, "proxy_unreadable"),
        ] {
            assert_eq!(code(true, hops, last, others), expected, "{hops} {last} {others}");
        }
        for (hops, last, others, expected) in [
            (1, claimed.as_str(), 1, "ok"),
            (0, "", 0, "ok"),
            (2, "198.51.100.7", 1, "proxy_not_trusted"),
            (1, "198.51.100.7", 1, "proxy_not_trusted"),
            (1, claimed, 2, "proxy_not_trusted"),
        ] {
            assert_eq!(code(false, hops, last, others), expected, "{hops} {last} {others}");
        }
    }
}
