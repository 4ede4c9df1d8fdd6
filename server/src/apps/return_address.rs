//! Pages that a link in WhatsApp may lead back to: where a login began, of an origin that its app lists.
//!
//! What the link brings stands in its fragment, which browsers hand on where a page redirects. So an address has neither
//! query nor anything in its path that is read in two ways: what sends people to other sites mostly goes by those.

use url::{Host, Url};

use super::origin;
use crate::store::App;

/// Longest address, in characters: with the rest of the message it stays within what WhatsApp takes.
const MAX_CHARACTERS: usize = 200;

/// The address as the message shows it; `None` where the app does not let links lead there.
///
/// An app that allows any origin names none that it trusts: such a link may lead to this machine alone, where nobody else
/// reads it.
pub(crate) fn allowed(app: &App, given: &str) -> Option<String> {
    if given.len() > MAX_CHARACTERS || !has_plain_path(given) {
        return None;
    }
    let url = Url::parse(given).ok()?;
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let named = app.allowed_origins.iter().filter(|entry| *entry != origin::ANY_ORIGIN);
    let named: Vec<String> = named.cloned().collect();
    let has_any = named.len() < app.allowed_origins.len();
    let is_allowed =
        origin::allow(&named, &url.origin().ascii_serialization()) || (has_any && is_loopback(&url));
    (is_plain && is_allowed).then(|| url.into())
}

/// Whether the path is of letters, digits and `-`, `_`, `.`, `~` between single slashes.
fn has_plain_path(given: &str) -> bool {
    let Some((_, rest)) = given.split_once("://") else { return false };
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    let is_plain = |symbol: u8| symbol.is_ascii_alphanumeric() || b"-_.~/".contains(&symbol);
    let mut segments = path.split('/').rev();
    // A slash at the end leaves nothing behind it.
    segments.next();
    path.bytes().all(is_plain)
        && segments.all(|segment| !segment.is_empty())
        && path.split('/').all(|segment| !matches!(segment, "." | ".."))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::demo_app;

    fn of(origins: &[&str], given: &str) -> Option<String> {
        let allowed_origins = origins.iter().map(|entry| origin::parse_entry(entry).unwrap()).collect();
        allowed(&App { allowed_origins, ..demo_app() }, given)
    }

    #[test]
    fn a_page_of_an_origin_that_the_app_lists_is_returned_to() {
        let origins = ["https://shop.example", "https://*.preview.example", "http://localhost:3000"];
        for (given, shown) in [
            ("https://shop.example", "https://shop.example/"),
            ("https://shop.example/", "https://shop.example/"),
            ("HTTPS://Shop.Example:443/Sign-in/a_b.html", "https://shop.example/Sign-in/a_b.html"),
            ("https://shop.example/de/login/", "https://shop.example/de/login/"),
            ("https://a.preview.example/~me", "https://a.preview.example/~me"),
            ("http://localhost:3000/login", "http://localhost:3000/login"),
        ] {
            assert_eq!(of(&origins, given).as_deref(), Some(shown), "{given}");
        }
    }

    #[test]
    fn other_origins_and_addresses_that_could_lead_on_are_passed_over() {
        let origins = ["https://shop.example", "capacitor://localhost"];
        let long = format!("https://shop.example/{}", "a".repeat(MAX_CHARACTERS));
        for given in [
            "",
            "/login",
            "shop.example/login",
            "//shop.example/login",
            "https://evil.example/login",
            "https://shop.example.evil.example/",
            "https://evil.example@shop.example/",
            "https://evil.example:word@shop.example/",
            "https://shop.example:8443/login",
            "http://shop.example/login",
            "http://localhost/login",
            "capacitor://localhost/login",
            "javascript://shop.example/%0aalert(1)",
            "https://shop.example/login?next=https://evil.example",
            "https://shop.example/login?",
            "https://shop.example/login#x",
            "https://shop.example//evil.example",
            "https://shop.example/a//evil.example",
            "https://shop.example/..//evil.example",
            "https://shop.example/a/../b",
            "https://shop.example/./b",
            "https://shop.example/%2fevil.example",
            "https://shop.example/\\evil.example",
            "https://shop.example/a;b",
            "https://shop.example/@evil.example",
            "https://shop.example/a b",
            "https://shop.example/\u{202e}",
            "https://shop.example/a\nb",
            &long,
        ] {
            assert_eq!(of(&origins, given), None, "{given}");
        }
    }

    #[test]
    fn an_app_that_allows_any_origin_lets_links_lead_to_this_machine_alone() {
        for given in [
            "http://localhost:3000/",
            "http://app.localhost/",
            "http://127.0.0.1:8787/demo",
            "http://[::1]:3000/",
        ] {
            assert_eq!(of(&["*"], given).as_deref(), Some(given));
        }
        for given in ["https://shop.example/", "http://192.168.0.1/", "http://localhost.evil.example/"] {
            assert_eq!(of(&["*"], given), None, "{given}");
            assert_eq!(of(&[], given), None, "{given}");
        }
        assert_eq!(of(&[], "http://localhost:3000/"), None);
        assert!(of(&["*", "https://shop.example"], "https://shop.example/").is_some());
    }
}
