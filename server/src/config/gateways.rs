//! What a command needs to add a gateway: under what its secret is kept, and where it is called.

use secrecy::SecretString;
use url::Url;

use super::{ConfigError, Settings, list, url, wrong};

/// Under what the secrets of gateways are kept.
const SECRET: &str = "LOGGIN_OTP_SECRET";

/// Where the server is reached.
const PUBLIC_URL: &str = "LOGGIN_PUBLIC_URL";

impl Settings {
    /// Under what the secrets of gateways are kept, that in use first, also where it stands in a file; the rest of the
    /// settings is not looked at.
    pub(crate) fn gateway_secrets(&self) -> Result<Vec<SecretString>, ConfigError> {
        let settings = self.with_secret(SECRET)?;
        let secrets = settings.optional(SECRET).ok_or_else(Self::gateway_secret_missing)?;
        Ok(list(secrets).map(SecretString::from).collect())
    }

    /// Where gateways are called.
    pub(crate) fn gateway_url(&self) -> Result<Url, ConfigError> {
        url(PUBLIC_URL, self.required(PUBLIC_URL)?)
    }

    /// What is wrong where a gateway is to be added and there is nothing to keep its secret under.
    pub(crate) fn gateway_secret_missing() -> ConfigError {
        wrong(
            SECRET,
            "is not set, and the secrets of gateways are kept under it: `openssl rand -hex 32` makes one",
        )
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(settings: &[(&str, &str)]) -> Settings {
        let environment = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Settings::read(None, environment).unwrap()
    }

    #[test]
    fn a_gateway_needs_a_secret_to_keep_its_own_under_and_a_place_where_it_is_called() {
        let (one, two) = ("0".repeat(32), "1".repeat(32));
        let settings = read(&[(SECRET, &format!("{one}, {two}")), (PUBLIC_URL, "https://login.example")]);
        let secrets = settings.gateway_secrets().unwrap();
        let exposed: Vec<&str> = secrets.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(exposed, [&*one, &*two]);
        assert_eq!(settings.gateway_url().unwrap().as_str(), "https://login.example/");
        assert_eq!(read(&[]).gateway_secrets().unwrap_err().setting(), SECRET);
        for wrong in [read(&[]), read(&[(PUBLIC_URL, "nowhere")])] {
            assert_eq!(wrong.gateway_url().unwrap_err().setting(), PUBLIC_URL);
        }
    }
}
