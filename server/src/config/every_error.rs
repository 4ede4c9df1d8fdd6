//! Every setting that is missing or makes no sense, where the start names the first.

use secrecy::SecretString;

use super::{Config, ConfigError, SETTINGS, Settings, database::DATABASE_URL};

/// Values that make sense, for settings that have no default. Nothing is ever done with them: whoever asks for what is
/// wrong is told too which settings that is, and leaves out what needs these.
const STAND_INS: [(&str, &str); 8] = [
    ("LOGGIN_PUBLIC_URL", "https://login.example"),
    ("WHATSAPP_NUMBER", "15550001111"),
    ("WHATSAPP_PHONE_NUMBER_ID", "1"),
    ("WHATSAPP_ACCESS_TOKEN", "none"),
    ("WHATSAPP_APP_SECRET", "00000000000000000000000000000000"),
    ("WHATSAPP_VERIFY_TOKEN", "0000000000000000"),
    ("WHATSAPP_OTP_TEMPLATE", "none"),
    ("LOGGIN_OTP_SECRET", "00000000000000000000000000000000"),
];

/// Settings as far as they make sense.
#[derive(Debug)]
pub(crate) struct Examined {
    /// With stand-ins for what is wrong; `None` where even these do not help.
    pub(crate) config: Option<Config>,
    /// What is wrong, each setting once.
    pub(crate) errors: Vec<ConfigError>,
}

impl Settings {
    /// Looks at all settings.
    pub(crate) fn examine(&self) -> Examined {
        let others = [self.log_format().err(), self.database().err(), self.notify().err()];
        let mut errors: Vec<ConfigError> = others.into_iter().flatten().collect();
        let mut mended = Self { found: self.found.clone(), files: self.files.clone(), unknown: Vec::new() };
        // It is looked at already, and no part of the rest.
        mended.files.retain(|(known, _)| *known != DATABASE_URL);
        // A setting that is wrong with its stand-in too would come up for ever.
        for _ in SETTINGS {
            let error = match mended.config() {
                Ok(config) => return Examined { config: Some(config), errors },
                Err(error) => error,
            };
            let Some(&(setting, _)) = SETTINGS.iter().find(|(known, _)| *known == error.setting) else {
                errors.push(error);
                break;
            };
            errors.push(error);
            mended.found.retain(|(known, _)| *known != setting);
            mended.files.retain(|(known, _)| *known != setting);
            if let Some((_, value)) = STAND_INS.iter().find(|(known, _)| *known == setting) {
                mended.found.push((setting, SecretString::from(*value)));
            }
        }
        Examined { config: None, errors }
    }
}

impl ConfigError {
    /// The setting, or the file, that it is about.
    pub(crate) fn setting(&self) -> &str {
        &self.setting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATABASE: (&str, &str) = ("LOGGIN_DATABASE_URL", "sqlite:loggin.db");

    fn examined(environment: &[(&str, &str)]) -> Examined {
        let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Settings::read(None, environment).unwrap().examine()
    }

    fn names(examined: &Examined) -> Vec<&str> {
        examined.errors.iter().map(ConfigError::setting).collect()
    }

    #[test]
    fn all_that_is_missing_is_named_at_once() {
        let none = examined(&[]);
        let mut missing = names(&none);
        missing.sort_unstable();
        let needed = STAND_INS[..6].iter().chain([&DATABASE]);
        let mut expected: Vec<&str> = needed.map(|(name, _)| *name).collect();
        expected.sort_unstable();
        assert_eq!(missing, expected);
        assert!(none.config.is_some());
    }

    #[test]
    fn each_setting_that_makes_no_sense_is_named_once() {
        let mut environment = STAND_INS[..6].to_vec();
        environment.extend([
            DATABASE,
            ("LOGGIN_NOTIFY", "perhaps"),
            ("LOGGIN_LISTEN", "nowhere"),
            ("LOGGIN_METRICS_LISTEN", "nowhere"),
            ("LOGGIN_TRUSTED_PROXIES", "nobody"),
            ("LOGGIN_FORWARDED_HEADER", "x-real-ip"),
            ("LOGGIN_REGION_HEADER", "two words"),
            ("LOGGIN_LOG_FORMAT", "xml"),
            ("WHATSAPP_GRAPH_URL", "http://graph.example"),
            ("WHATSAPP_OTP_TEMPLATE", "a-b"),
            ("WHATSAPP_OTP_LANGUAGE", "en-US"),
        ]);
        let examined = examined(&environment);
        let mut wrong = names(&examined);
        wrong.sort_unstable();
        let mut expected: Vec<&str> = environment[7..].iter().map(|(name, _)| *name).collect();
        expected.push("LOGGIN_OTP_SECRET");
        expected.sort_unstable();
        assert_eq!(wrong, expected);
        assert!(examined.config.is_some());
    }

    #[test]
    fn a_secret_whose_file_is_missing_is_named_beside_the_others() {
        let mut environment = STAND_INS.to_vec();
        environment.retain(|(name, _)| !name.ends_with("SECRET"));
        environment.extend([
            DATABASE,
            ("LOGGIN_OTP_SECRET_FILE", "/nowhere/otp-secret"),
            ("LOGGIN_LISTEN", "nowhere"),
        ]);
        let examined = examined(&environment);
        let mut wrong = names(&examined);
        wrong.sort_unstable();
        assert_eq!(wrong, ["LOGGIN_LISTEN", "LOGGIN_OTP_SECRET", "WHATSAPP_APP_SECRET"]);
        assert!(examined.config.is_some());
    }

    #[test]
    fn the_stand_ins_make_sense() {
        let examined = examined(&[&STAND_INS[..], &[DATABASE]].concat());
        assert_eq!((names(&examined), examined.config.is_some()), (Vec::new(), true));
    }
}
