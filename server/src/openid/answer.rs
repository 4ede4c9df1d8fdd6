//! What leads a browser back to the client.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

/// How the client is told: in the address, or in a form that the browser sends.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResponseMode {
    #[default]
    Query,
    FormPost,
}

impl ResponseMode {
    pub(crate) const ALL: [Self; 2] = [Self::Query, Self::FormPost];

    /// Its word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::FormPost => "form_post",
        }
    }

    /// The mode of this word.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word)
    }
}

/// Where a browser is led, and with what. The address was compared with those of the client.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The client's redirect URI.
    pub(crate) redirect_uri: String,
    pub(crate) mode: ResponseMode,
    /// Names and values, in their order.
    pub(crate) parameters: Vec<(&'static str, String)>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Answer").field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl Answer {
    /// The whole address where the mode is [`ResponseMode::Query`]; what stood in its query stays before the rest.
    pub(crate) fn location(&self) -> Option<Url> {
        let mut url = Url::parse(&self.redirect_uri).ok()?;
        url.query_pairs_mut().extend_pairs(&self.parameters);
        Some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_stands_behind_the_query_of_the_client() {
        let answer = Answer {
            redirect_uri: "https://client.example/cb?tenant=1".to_owned(),
            mode: ResponseMode::Query,
            parameters: vec![("code", "abc".to_owned()), ("state", "a b&c=d#e".to_owned())],
        };
        let location = answer.location().unwrap();
        assert_eq!(location.as_str(), "https://client.example/cb?tenant=1&code=abc&state=a+b%26c%3Dd%23e");
        assert!(!format!("{answer:?}").contains("abc"));
    }
}
