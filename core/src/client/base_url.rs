//! The address of a server: one that tokens may be sent to.

use url::Url;

use super::invalid_config;
use loggin_protocol::Error;

use crate::driver::is_loopback;

/// A base URL that tokens may be sent to, with a slash at its end so that paths go below it.
pub(super) fn parse_base_url(text: &str, allow_insecure_http: bool) -> Result<Url, Error> {
    let mut url = Url::parse(text.trim()).map_err(|_| invalid_config("The base URL is no URL."))?;
    if url.host().is_none() {
        return Err(invalid_config("The base URL names no host."));
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) || allow_insecure_http => {}
        "http" => {
            return Err(invalid_config(
                "The base URL must be https: tokens would cross the network readable.",
            ));
        }
        _ => return Err(invalid_config("The base URL must begin with https://.")),
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(invalid_config("The base URL has a user, a query or a fragment, which it cannot have."));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Option<String> {
        parse_base_url(text, false).ok().map(Into::into)
    }

    #[test]
    fn base_urls_are_https_or_on_this_machine() {
        assert_eq!(url("https://login.example"), Some("https://login.example/".into()));
        assert_eq!(url(" https://example.com/loggin "), Some("https://example.com/loggin/".into()));
        for local in ["http://127.0.0.1:8787", "http://localhost", "http://[::1]:9", "http://app.localhost"] {
            assert!(url(local).is_some(), "{local}");
        }
        let refused = [
            "",
            "login.example",
            "http://login.example",
            "http://127.0.0.1.example",
            "ftp://localhost",
            "https://user@login.example",
            "https://login.example/?a=b",
            "https://login.example/#a",
            "data:text/plain,x",
        ];
        for text in refused {
            assert_eq!(url(text), None, "{text}");
        }
        assert!(parse_base_url("http://login.example", true).is_ok());
    }
}
