//! Parameters of a request, as a query or a form has them.

use std::collections::{BTreeMap, BTreeSet};

use url::form_urlencoded;

use super::OAuthError;
use crate::limits;

/// Names and values, each name once; a value that is empty counts as none (RFC 6749, section 3.1).
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Parameters {
    values: BTreeMap<String, String>,
    /// Names that came more than once, of which none counts.
    repeated: BTreeSet<String>,
}

impl std::fmt::Debug for Parameters {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Parameters").finish_non_exhaustive()
    }
}

impl Parameters {
    /// Reads a query or a form.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, OAuthError> {
        let mut parameters = Self::default();
        for (number, (name, value)) in form_urlencoded::parse(text).enumerate() {
            if number >= limits::OPENID_PARAMETERS {
                return Err(OAuthError::invalid_request("There are too many parameters."));
            }
            if value.len() > limits::OPENID_PARAMETER_BYTES {
                return Err(OAuthError::invalid_request("A parameter is too long."));
            }
            if value.is_empty() {
                continue;
            }
            if parameters.values.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                parameters.repeated.insert(name.into_owned());
            }
        }
        Ok(parameters)
    }

    /// The value of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        if self.repeated.contains(name) { None } else { self.values.get(name).map(String::as_str) }
    }

    /// Whether one of these came more than once.
    pub(crate) fn repeats(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.repeated.contains(*name))
    }

    /// The same, to be kept.
    pub(super) fn to_text(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.values).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_comes_twice_counts_as_none() {
        let parameters = Parameters::parse(b"a=1&b=2&a=1&c=&d=x%20y+z&e").unwrap();
        assert_eq!(parameters.get("b"), Some("2"));
        assert_eq!(parameters.get("d"), Some("x y z"));
        for none in ["a", "c", "e", "f"] {
            assert_eq!(parameters.get(none), None, "{none}");
        }
        assert!(parameters.repeats(&["b", "a"]) && !parameters.repeats(&["b", "c"]));
        let kept = Parameters::parse(b"d=x%20y+z&b=2").unwrap();
        assert_eq!(Parameters::parse(kept.to_text().as_bytes()).unwrap(), kept);
    }

    #[test]
    fn parameters_are_bounded() {
        let long = format!("a={}", "x".repeat(limits::OPENID_PARAMETER_BYTES + 1));
        assert!(Parameters::parse(long.as_bytes()).is_err());
        assert!(Parameters::parse("a=1&".repeat(limits::OPENID_PARAMETERS + 1).as_bytes()).is_err());
        assert!(Parameters::parse(&[b'%', 0xFF, b'=', 0xFF]).is_ok());
    }
}
