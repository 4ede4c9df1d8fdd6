//! The headers in which proxies pass on whom they call for: `X-Forwarded-For`, and `Forwarded` of RFC 7239.
//!
//! Read from the right, hop by hop: what a client wrote stands on the left of what proxies added. So the left may hold
//! anything, and hides nothing of the right; libraries that read such a header as a whole refuse or skip it then.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str,
};

use axum::http::HeaderMap;

use crate::config::ForwardedHeader;

/// The hops, the last one first; `None` for one that names no address.
pub(crate) fn hops(header: ForwardedHeader, headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    headers.get_all(header.name()).into_iter().rev().flat_map(move |value| {
        let hops = match header {
            ForwardedHeader::XForwardedFor => {
                value.as_bytes().split(|byte| *byte == b',').map(node).collect()
            }
            ForwardedHeader::Forwarded => {
                parts(value.as_bytes(), b',').0.into_iter().map(element).collect::<Vec<_>>()
            }
        };
        hops.into_iter().rev()
    })
}

/// The address of a `Forwarded` element: its one parameter `for`. One with a quote that is left open has none, as the
/// quote may be a client's, and hold what a proxy appended.
fn element(element: &[u8]) -> Option<IpAddr> {
    let (pairs, false) = parts(element, b';') else {
        return None;
    };
    let mut nodes = pairs.into_iter().filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = pair.split_at(equals);
        name.trim_ascii().eq_ignore_ascii_case(b"for").then(|| value.get(1..).unwrap_or_default())
    });
    match (nodes.next(), nodes.next()) {
        (Some(value), None) => node(value),
        _ => None,
    }
}

/// The address of a node: one with or without port, brackets or quotes. `unknown` and made-up names have none.
fn node(text: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(text).ok()?.trim_matches([' ', '\t']);
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let address: IpAddr = if let Some(rest) = text.strip_prefix('[') {
        let (address, after) = rest.split_once(']')?;
        if !after.is_empty() && !after.strip_prefix(':').is_some_and(is_port) {
            return None;
        }
        address.parse::<Ipv6Addr>().ok()?.into()
    } else if let Some((address, _)) = text.split_once(':').filter(|(_, port)| is_port(port)) {
        address.parse::<Ipv4Addr>().ok()?.into()
    } else {
        text.parse().ok()?
    };
    Some(address.to_canonical())
}

/// A port, or the made-up name of one.
fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok() || text.starts_with('_')
}

/// Splits at a separator that does not stand in a quoted string; tells too whether a quote is left open.
fn parts(text: &[u8], separator: u8) -> (Vec<&[u8]>, bool) {
    let (mut quoted, mut escaped) = (false, false);
    let split = |byte: &u8| {
        let is_end = *byte == separator && !quoted;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
        is_end
    };
    let parts = text.split(split).collect();
    (parts, quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hops(header: ForwardedHeader, values: &[&str]) -> Vec<Option<String>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header.name(), value.parse().unwrap());
        }
        super::hops(header, &headers).map(|hop| hop.map(|address| address.to_string())).collect()
    }

    fn read(texts: &[Option<&str>]) -> Vec<Option<String>> {
        texts.iter().map(|text| text.map(str::to_owned)).collect()
    }

    #[test]
    fn each_way_to_write_a_node_is_read() {
        for (written, address) in [
            ("203.0.113.9", Some("203.0.113.9")),
            ("\t 203.0.113.9 ", Some("203.0.113.9")),
            ("203.0.113.9:4711", Some("203.0.113.9")),
            ("203.0.113.9:_port", Some("203.0.113.9")),
            ("\"203.0.113.9:4711\"", Some("203.0.113.9")),
            ("2001:db8::8", Some("2001:db8::8")),
            ("[2001:DB8::8]", Some("2001:db8::8")),
            ("[2001:db8::8]:4711", Some("2001:db8::8")),
            ("\"[2001:db8::8]:4711\"", Some("2001:db8::8")),
            ("::ffff:203.0.113.9", Some("203.0.113.9")),
            ("[::ffff:203.0.113.9]:80", Some("203.0.113.9")),
            ("::1", Some("::1")),
            ("", None),
            ("unknown", None),
            ("_hidden", None),
            ("unix:", None),
            ("203.0.113.9:", None),
            ("203.0.113.9:65536", None),
            ("203.0.113", None),
            ("203.0.113.9.", None),
            ("[203.0.113.9]:80", None),
            ("[2001:db8::8", None),
            ("[2001:db8::8]x", None),
            ("fe80::1%eth0", None),
            ("\"203.0.113.9", None),
        ] {
            assert_eq!(hops(ForwardedHeader::XForwardedFor, &[written]), read(&[address]), "{written}");
            let written = format!("by=_x;For={written};proto=https");
            assert_eq!(hops(ForwardedHeader::Forwarded, &[&written]), read(&[address]), "{written}");
        }
    }

    #[test]
    fn the_last_hop_of_the_last_header_comes_first() {
        assert_eq!(
            hops(ForwardedHeader::XForwardedFor, &["6.6.6.6,192.0.2.1:1", "192.0.2.2,, 192.0.2.3"]),
            read(&[Some("192.0.2.3"), None, Some("192.0.2.2"), Some("192.0.2.1"), Some("6.6.6.6")])
        );
        assert_eq!(
            hops(ForwardedHeader::Forwarded, &["for=6.6.6.6", "for=192.0.2.2, by=192.0.2.9;for=\"[::2]\""]),
            read(&[Some("::2"), Some("192.0.2.2"), Some("6.6.6.6")])
        );
    }

    /// Whatever a client writes before it, what a proxy appends is read as it is, or not at all.
    #[test]
    fn a_quote_that_is_left_open_names_nobody() {
        for before in ["for=\"", "for=6.6.6.6;x=\"", "for=6.6.6.6, for=\"\\", "for=\"6.6.6.6\\\""] {
            for appended in
                ["for=203.0.113.9", "for=\"[2001:db8::8]:1\"", "for=\"203.0.113.9:1\";by=\"[::1]\""]
            {
                let value = format!("{before}, {appended}");
                assert_eq!(hops(ForwardedHeader::Forwarded, &[&value])[0], None, "{value}");
            }
        }
        let apart = hops(ForwardedHeader::Forwarded, &["for=\"", "for=203.0.113.9"]);
        assert_eq!(apart, read(&[Some("203.0.113.9"), None]));
    }

    #[test]
    fn an_element_has_one_address() {
        for element in ["", "by=192.0.2.1", "for", "for=192.0.2.1;for=6.6.6.6", "xfor=192.0.2.1"] {
            assert_eq!(hops(ForwardedHeader::Forwarded, &[element]), read(&[None]), "{element}");
        }
    }
}
