//! The secrets under which the database names people: what is needed to find one again.

use secrecy::SecretString;

use super::{ConfigError, Settings, list};

/// Secrets that people's names are made from, those in use first.
#[derive(Debug)]
pub(crate) struct NameSecrets {
    pub(crate) app: Vec<SecretString>,
    /// None where no one-time codes are sent.
    pub(crate) otp: Vec<SecretString>,
}

impl Settings {
    /// The secrets of people's names; that of one-time codes may be missing.
    pub(crate) fn name_secrets(&self) -> Result<NameSecrets, ConfigError> {
        let settings = self.with_secrets()?;
        let secrets = |text: &str| list(text).map(SecretString::from).collect();
        Ok(NameSecrets {
            app: secrets(settings.required("WHATSAPP_APP_SECRET")?),
            otp: settings.optional("LOGGIN_OTP_SECRET").map(secrets).unwrap_or_default(),
        })
    }

    /// What is wrong where names cannot be found without the secret of one-time codes.
    pub(crate) fn otp_secret_missing() -> ConfigError {
        super::wrong(
            "LOGGIN_OTP_SECRET",
            "is not set, and the database names people by it: without it they are not found",
        )
    }
}
