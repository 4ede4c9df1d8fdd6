//! What a tap on a login link does: finds the number and the pre-filled text.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::header::LOCATION;
use url::{Host, Url};

use crate::limits::{LINK_CHARS_MAX, LINK_TIMEOUT};
use crate::number::Number;
use crate::simulator::Simulator;

/// A chat to open with a text in its box.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct OpenedLink {
    pub(crate) to: Number,
    pub(crate) text: String,
}

/// Why a link opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("this is no link that opens a chat")]
    Unknown,
    #[error("the link has no phone number in digits, with the country code and without a +")]
    Number,
    #[error("the server behind the link could not be reached")]
    Unreachable,
    #[error("the server behind the link did not redirect to a chat")]
    NoRedirect,
}

/// Where a link leads.
#[derive(PartialEq, Eq)]
enum Target {
    Chat(OpenedLink),
    /// A server that answers with a redirect to a chat.
    Server(Url),
}

/// Reads the query of a chat link. A `+` stays a `+`, as on those phones that show it to the person.
pub(crate) fn read_query(query: &str, wanted: &str) -> Option<String> {
    let query = query.replace('+', "%2B");
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == wanted)
        .map(|(_, value)| value.into_owned())
}

/// Reads the number of a chat link: digits only.
pub(crate) fn read_digits(text: &str) -> Result<Number, LinkError> {
    let digits_only = text.bytes().all(|byte| byte.is_ascii_digit());
    Number::parse(text).ok().filter(|_| digits_only).ok_or(LinkError::Number)
}

impl Simulator {
    /// Follows a link as a phone would, but stays on this machine: chat links are read, and only a server on a loopback
    /// address, or the one behind the webhook, is asked where it redirects to.
    pub(crate) async fn open_link(self: &Arc<Self>, link: &str) -> Result<OpenedLink, LinkError> {
        match self.target(link)? {
            Target::Chat(opened) => Ok(opened),
            Target::Server(url) => {
                let request = self.courier.client().get(url.clone()).timeout(LINK_TIMEOUT);
                let response = request.send().await.map_err(|_| LinkError::Unreachable)?;
                let location = response
                    .headers()
                    .get(LOCATION)
                    .filter(|_| response.status().is_redirection())
                    .and_then(|location| url.join(location.to_str().ok()?).ok())
                    .ok_or(LinkError::NoRedirect)?;
                match self.target(location.as_str()) {
                    Ok(Target::Chat(opened)) => Ok(opened),
                    _ => Err(LinkError::NoRedirect),
                }
            }
        }
    }

    fn target(&self, link: &str) -> Result<Target, LinkError> {
        let link = link.trim();
        if link.len() > LINK_CHARS_MAX {
            return Err(LinkError::Unknown);
        }
        let url = Url::parse(link).map_err(|_| LinkError::Unknown)?;
        let query = url.query().unwrap_or_default();
        let chat = |digits: &str| {
            let to = read_digits(digits)?;
            Ok(Target::Chat(OpenedLink { to, text: read_query(query, "text").unwrap_or_default() }))
        };
        let from_query = || chat(&read_query(query, "phone").unwrap_or_default());
        let path = url.path().trim_matches('/');
        match (url.scheme(), url.host_str()) {
            ("whatsapp", Some("send")) => from_query(),
            ("https", Some("api.whatsapp.com" | "web.whatsapp.com")) if path == "send" => from_query(),
            ("https", Some("wa.me")) => chat(path),
            ("http" | "https", Some(_)) if self.is_near(&url) => match path {
                "send" => from_query(),
                digits if read_digits(digits).is_ok() => chat(digits),
                _ => Ok(Target::Server(url)),
            },
            _ => Err(LinkError::Unknown),
        }
    }

    /// Whether an address is on this machine, or that of the server behind the webhook.
    pub(crate) fn is_near(&self, url: &Url) -> bool {
        url.origin() == self.courier.url().origin() || url.host().is_some_and(|host| is_loopback(&host))
    }
}

/// Whether a host is this machine under a name that no other can take.
pub(crate) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).to_canonical().is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::config::{Config, Secrets};

    fn open(link: &str) -> Result<(String, String), LinkError> {
        let secrets = Secrets {
            app_secret: SecretString::from("a"),
            verify_token: SecretString::from("b"),
            access_token: SecretString::from("c"),
        };
        let webhook = Url::parse("http://login.test:8787/webhooks/whatsapp").unwrap();
        let simulator =
            Simulator::new(Config::new(webhook, Number::parse("15550001111").unwrap(), "2", secrets))
                .unwrap();
        simulator.target(link).map(|target| match target {
            Target::Chat(opened) => (opened.to.as_str().to_owned(), opened.text),
            Target::Server(url) => (String::new(), url.into()),
        })
    }

    #[test]
    fn every_form_of_chat_link_opens_the_same() {
        crate::use_tls();
        for link in [
            "https://wa.me/15550001111?text=Code%3A%20A-1",
            "https://wa.me/15550001111/?text=Code%3A%20A-1",
            "https://api.whatsapp.com/send?phone=15550001111&text=Code%3A%20A-1",
            "https://web.whatsapp.com/send/?phone=15550001111&text=Code%3A%20A-1",
            "whatsapp://send?phone=15550001111&text=Code%3A%20A-1",
            "http://127.0.0.1:8788/15550001111?text=Code%3A%20A-1",
            "http://localhost:8788/send?phone=15550001111&text=Code%3A%20A-1",
        ] {
            assert_eq!(open(link), Ok(("15550001111".to_owned(), "Code: A-1".to_owned())), "{link}");
        }
    }

    #[test]
    fn a_plus_is_not_a_space() {
        crate::use_tls();
        assert_eq!(open("https://wa.me/15550001111?text=a+b%2Bc").unwrap().1, "a+b+c");
    }

    #[test]
    fn only_near_servers_are_asked() {
        crate::use_tls();
        for link in ["http://127.0.0.1:8787/l/ABC", "http://[::1]:8787/l/ABC", "http://login.test:8787/l/ABC"]
        {
            assert_eq!(open(link).unwrap().1, link);
        }
        for link in [
            "http://10.0.0.1/l/ABC",
            "https://example.com/l/ABC",
            "http://login.test:80/l/ABC",
            "file:///l/ABC",
            "x",
        ] {
            assert_eq!(open(link), Err(LinkError::Unknown), "{link}");
        }
    }

    #[test]
    fn numbers_are_digits_only() {
        crate::use_tls();
        for link in [
            "https://wa.me/+15550001111",
            "https://wa.me/",
            "https://wa.me/015550001111",
            "https://wa.me/ana",
        ] {
            assert_eq!(open(link), Err(LinkError::Number), "{link}");
        }
    }
}
