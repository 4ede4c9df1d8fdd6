//! Origins of web pages and web views that may call: read as an operator writes them, compared as browsers send them.
//!
//! An entry is `*`, one origin of any scheme, or a pattern such as `https://*.preview.example` for every host below a
//! domain. The case of letters means nothing in an origin, so entries are kept, and compared, in lower case.

use std::collections::HashSet;

use url::{Host, Url};

/// An entry that stands for any origin.
pub(crate) const ANY_ORIGIN: &str = "*";

/// What a pattern's host begins with.
const ANY_LABELS: &str = "*.";

/// Labels that a pattern's domain has at least: one that stood for a whole top-level domain would be a mistake.
const PATTERN_LABELS: usize = 2;

/// An entry as it is kept, or why it is none.
pub(crate) fn parse_entry(given: &str) -> Result<String, &'static str> {
    const FORM: &str = "must be such as https://example.com or capacitor://localhost, without a path";
    const PATTERN: &str =
        "a pattern must be such as https://*.example.com: all that is below a domain of two or more labels";
    if given == ANY_ORIGIN {
        return Ok(given.to_owned());
    }
    if !given.contains('*') {
        return serialized(given).ok_or(FORM);
    }
    let (scheme, host) = given.split_once("://").ok_or(FORM)?;
    let domain = host.strip_prefix(ANY_LABELS).filter(|domain| !domain.contains('*')).ok_or(PATTERN)?;
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Err(PATTERN);
    }
    let is_domain = |url: &Url| matches!(url.host(), Some(Host::Domain(name)) if name.split('.').filter(|label| !label.is_empty()).count() >= PATTERN_LABELS);
    let domain = format!("{scheme}://{domain}");
    if !Url::parse(&domain).is_ok_and(|url| is_domain(&url)) {
        return Err(PATTERN);
    }
    let origin = serialized(&domain).ok_or(FORM)?;
    Ok(origin.replacen("://", "://*.", 1))
}

/// The origin of a URL that is nothing else, as browsers write it.
fn serialized(given: &str) -> Option<String> {
    let url = Url::parse(given).ok()?;
    let is_origin = matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !is_origin {
        return None;
    }
    // A page without a host, such as a file, has no origin of its own: it sends `null`, as any page can.
    let host = url.host_str().filter(|host| !host.is_empty())?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{host}{port}", url.scheme()).to_ascii_lowercase())
}

/// A set of entries.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    any: bool,
    exact: HashSet<String>,
    patterns: HashSet<String>,
}

impl FromIterator<String> for Origins {
    fn from_iter<I: IntoIterator<Item = String>>(entries: I) -> Self {
        let mut origins = Self::default();
        for entry in entries {
            if entry == ANY_ORIGIN {
                origins.any = true;
            } else if entry.contains('*') {
                origins.patterns.insert(entry);
            } else {
                origins.exact.insert(entry);
            }
        }
        origins
    }
}

impl Origins {
    /// Whether an entry stands for this value of the `Origin` header.
    pub(crate) fn contain(&self, origin: &str) -> bool {
        if self.any {
            return true;
        }
        let origin = origin.to_ascii_lowercase();
        self.exact.contains(&origin) || self.patterns.iter().any(|pattern| matches(pattern, &origin))
    }
}

/// Whether one of these entries stands for this value of the `Origin` header.
pub(crate) fn allow(entries: &[String], origin: &str) -> bool {
    let origin = origin.to_ascii_lowercase();
    let stands_for = |entry: &String| {
        if entry.contains('*') { entry == ANY_ORIGIN || matches(entry, &origin) } else { *entry == origin }
    };
    entries.iter().any(stands_for)
}

/// Whether a pattern stands for this origin in lower case: its scheme, one or more labels, and its domain and port.
fn matches(pattern: &str, origin: &str) -> bool {
    let Some((scheme, domain)) = pattern.split_once(ANY_LABELS) else {
        return false;
    };
    let labels = origin.strip_prefix(scheme).and_then(|rest| rest.strip_suffix(domain));
    let labels = labels.and_then(|labels| labels.strip_suffix('.'));
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    labels.is_some_and(|labels| labels.split('.').all(is_label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_kept_as_browsers_write_them() {
        for (given, kept) in [
            ("*", "*"),
            ("https://Shop.example:443/", "https://shop.example"),
            ("http://shop.example:8080", "http://shop.example:8080"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("https://localhost", "https://localhost"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("Ionic://LocalHost", "ionic://localhost"),
            ("tauri://localhost/", "tauri://localhost"),
            ("app://-", "app://-"),
            (
                "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
                "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            ),
            ("HTTPS://*.Preview.example:443", "https://*.preview.example"),
            ("https://*.bücher.example:8443/", "https://*.xn--bcher-kva.example:8443"),
        ] {
            assert_eq!(parse_entry(given).as_deref(), Ok(kept), "{given}");
        }
    }

    #[test]
    fn what_no_browser_sends_or_nobody_means_is_refused() {
        for given in [
            "",
            "null",
            "shop.example",
            "https://",
            "https:///",
            "file:///index.html",
            "file://",
            "data:text/html,x",
            "https://shop.example/path",
            "https://shop.example?x",
            "https://shop.example#x",
            "https://user@shop.example",
            "https://user:word@shop.example",
            "capacitor://localhost/path",
            "https://*",
            "https://*.",
            "https://*.example",
            "https://*.example.",
            "https://*..example",
            "https://*.*.shop.example",
            "https://a.*.shop.example",
            "https://*shop.example",
            "https://pre*.shop.example",
            "https://*.shop.example/path",
            "https://*.192.0.2.1",
            "https://*.user@shop.example",
            "https://shop.example:*",
            "capacitor://*.shop.example",
            "*://shop.example",
            "**",
        ] {
            assert!(parse_entry(given).is_err(), "{given}");
        }
    }

    /// In either way to ask.
    fn allowed(entry: &str, origin: &str) -> bool {
        let entries = [parse_entry(entry).unwrap()];
        let allowed = allow(&entries, origin);
        assert_eq!(entries.into_iter().collect::<Origins>().contain(origin), allowed, "{entry} {origin}");
        allowed
    }

    #[test]
    fn an_entry_stands_for_its_origin_and_no_other() {
        for entry in
            ["https://shop.example", "capacitor://localhost", "tauri://localhost", "http://[::1]:3000"]
        {
            assert!(allowed(entry, entry) && allowed("*", entry) && allowed(entry, &entry.to_uppercase()));
            for other in
                ["https://shop.example:8443", "http://shop.example", "https://a.shop.example", "null", ""]
            {
                assert!(!allowed(entry, other), "{entry} {other}");
            }
        }
    }

    #[test]
    fn a_pattern_stands_for_all_below_its_domain() {
        let pattern = "https://*.preview.example:8443";
        for origin in ["https://a.preview.example:8443", "https://a-1.b_2.Preview.example:8443"] {
            assert!(allowed(pattern, origin), "{origin}");
        }
        for origin in [
            "https://preview.example:8443",
            "https://.preview.example:8443",
            "https://a..preview.example:8443",
            "https://a.preview.example",
            "https://a.preview.example:84430",
            "http://a.preview.example:8443",
            "https://apreview.example:8443",
            "https://evil.example/.preview.example:8443",
            "https://evil.example:1.preview.example:8443",
            "https://user@a.preview.example:8443",
            "https://*.preview.example:8443",
            "null",
        ] {
            assert!(!allowed(pattern, origin), "{origin}");
        }
        assert!(allowed("https://*.preview.example", "https://a.preview.example"));
        assert!(!allowed("https://*.preview.example", "https://a.preview.example:8443"));
        assert!(!allowed("https://*.preview.example", "https://a.preview.example.evil.example"));
    }
}
