//! The page that asks for a login, as far as its call says: what the person is told of it in the chat.
//!
//! What a call says of itself can be made up, so the names stand here, and nothing else of a header reaches a chat. Programs
//! that read `User-Agent` tell versions and models, which nobody is helped by and everybody would have to trust.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};

use crate::{clock::UnixMillis, config::TrustedProxies, store::Asker};

/// What a browser's `User-Agent` begins with.
const BROWSER: &str = "Mozilla/5.0 (";

/// Marks of browsers, those before others that name them too.
const BROWSERS: [(&str, &str); 10] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Marks of systems, those before others that name them too.
const SYSTEMS: [(&str, &str); 7] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// What proxies write where they do not know: no region (`XX`), the Tor network (`T1`).
const NO_REGION: &str = "XX";

/// The page of this call, where a browser makes it.
pub(super) fn of(
    proxies: &TrustedProxies,
    peer: IpAddr,
    headers: &HeaderMap,
    now: UnixMillis,
) -> Option<Asker> {
    let agent = headers.get(header::USER_AGENT)?.to_str().ok()?.strip_prefix(BROWSER)?;
    let browser = name_in(agent, &BROWSERS)?;
    let system = name_in(agent, &SYSTEMS);
    Some(Asker {
        browser: Some(browser.to_owned()),
        system: system.map(str::to_owned),
        region: region(proxies, peer, headers),
        return_to: None,
        at: now.0,
    })
}

fn name_in(agent: &str, marks: &[(&str, &'static str)]) -> Option<&'static str> {
    marks.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
}

/// The region that a trusted proxy names. One that it passes on from somewhere else it must overwrite.
fn region(proxies: &TrustedProxies, peer: IpAddr, headers: &HeaderMap) -> Option<String> {
    let name = proxies.region_header().filter(|_| proxies.trust(peer))?;
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let region = value.to_str().ok()?.trim().to_ascii_uppercase();
    let is_one = region.len() == NO_REGION.len()
        && region.bytes().all(|letter| letter.is_ascii_uppercase())
        && region != NO_REGION;
    is_one.then_some(region)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::{config::ForwardedHeader, tests::START};

    const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn proxies(region_header: Option<&str>) -> TrustedProxies {
        let proxies = TrustedProxies::loopback(ForwardedHeader::default());
        proxies.with_region_header(region_header.map(|name| name.parse().unwrap()))
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn browsers_and_systems_are_known_by_their_names() {
        for (agent, browser, system) in [
            (
                "(Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
                "Chrome",
                Some("Windows"),
            ),
            (
                "(Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                "Edge",
                Some("Windows"),
            ),
            ("(X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox", Some("Linux")),
            (
                "(Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
                "Chrome",
                Some("Android"),
            ),
            (
                "(Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
                "Samsung Internet",
                Some("Android"),
            ),
            (
                "(iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
                "Safari",
                Some("iPhone"),
            ),
            (
                "(iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/143.0 Mobile/15E148 Safari/605.1.15",
                "Firefox",
                Some("iPhone"),
            ),
            (
                "(Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
                "Safari",
                Some("macOS"),
            ),
            ("(Unheard of) Firefox/1.0", "Firefox", None),
        ] {
            let headers = headers(&[("user-agent", &format!("Mozilla/5.0 {agent}"))]);
            let asker = of(&proxies(None), PROXY, &headers, START).unwrap();
            assert_eq!(
                (asker.browser.as_deref(), asker.system.as_deref()),
                (Some(browser), system),
                "{agent}"
            );
            assert_eq!((asker.region, asker.at), (None, START.0));
        }
    }

    #[test]
    fn what_is_no_browser_has_no_page() {
        for agent in
            ["loggin-node/1.0.0", "curl/8.5.0", "Firefox/143.0", "Mozilla/5.0 (compatible; Bot/1.0)", ""]
        {
            assert_eq!(of(&proxies(None), PROXY, &headers(&[("user-agent", agent)]), START), None, "{agent}");
        }
        assert_eq!(of(&proxies(None), PROXY, &HeaderMap::new(), START), None);
    }

    #[test]
    fn a_region_is_believed_of_a_trusted_proxy_that_names_one() {
        let stranger = IpAddr::from([203, 0, 113, 9]);
        let of = |values: &[&str], peer| {
            let pairs: Vec<_> = values.iter().map(|value| ("cf-ipcountry", *value)).collect();
            region(&proxies(Some("CF-IPCountry")), peer, &headers(&pairs))
        };
        assert_eq!(of(&["in"], PROXY).as_deref(), Some("IN"));
        assert_eq!(of(&["IN"], stranger), None);
        for wrong in [&["XX"][..], &["T1"], &["IND"], &["I"], &[""], &["IN", "DE"], &["I-"]] {
            assert_eq!(of(wrong, PROXY), None, "{wrong:?}");
        }
        let headers = headers(&[("cf-ipcountry", "IN")]);
        assert_eq!(region(&proxies(None), PROXY, &headers), None);
    }
}
