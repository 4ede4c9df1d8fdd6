//! The demo that anybody may try: which app's it is, and whether it sends one-time codes.

use loggin_protocol::AppKey;

use super::{ConfigError, OtpConfig, Settings, wrong};

/// The setting that names the app, and the one that has codes sent.
const APP: &str = "LOGGIN_DEMO_APP";
/// See [`APP`].
const CODES: &str = "LOGGIN_DEMO_CODES";

/// A demo for everybody who opens its page.
#[derive(Clone, Debug)]
pub(crate) struct DemoConfig {
    /// The app that people sign in to.
    pub(crate) app_key: AppKey,
    /// Whether it sends one-time codes, each of which is paid for.
    pub(crate) codes: bool,
}

impl Settings {
    /// The demo; `None`: there is none. Codes are sent only where that is said, and the server sends any.
    pub(super) fn demo(&self, otp: Option<&OtpConfig>) -> Result<Option<DemoConfig>, ConfigError> {
        let codes = match self.optional(CODES) {
            None | Some("off") => false,
            Some("on") => true,
            Some(_) => return Err(wrong(CODES, "must be `on` or `off`")),
        };
        let Some(app_key) = self.optional(APP) else {
            return if codes {
                Err(wrong(CODES, "is on, and LOGGIN_DEMO_APP names no app"))
            } else {
                Ok(None)
            };
        };
        if codes && otp.is_none() {
            return Err(wrong(CODES, "is on, and WHATSAPP_OTP_TEMPLATE and LOGGIN_OTP_SECRET are not set"));
        }
        let app_key = AppKey::parse(app_key);
        let app_key = app_key.map_err(|_| wrong(APP, "must be an app key, such as 8XKPQ2WN"))?;
        Ok(Some(DemoConfig { app_key, codes }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demo(environment: &[(&str, &str)], sends: bool) -> Result<Option<(String, bool)>, String> {
        let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let otp = OtpConfig { template: "code".into(), language: "en".into(), secrets: Vec::new() };
        let demo = Settings::read(None, environment).unwrap().demo(sends.then_some(&otp));
        let demo = demo.map_err(|error| error.setting().to_owned())?;
        Ok(demo.map(|demo| (demo.app_key.as_str().to_owned(), demo.codes)))
    }

    #[test]
    fn there_is_no_demo_and_no_code_unless_that_is_said() {
        assert_eq!(demo(&[], true), Ok(None));
        assert_eq!(demo(&[(APP, "8xkpq2wn")], true), Ok(Some(("8XKPQ2WN".to_owned(), false))));
        let both = [(APP, "8XKPQ2WN"), (CODES, "on")];
        assert_eq!(demo(&both, true), Ok(Some(("8XKPQ2WN".to_owned(), true))));
    }

    #[test]
    fn what_makes_no_sense_names_its_setting() {
        assert_eq!(demo(&[(APP, "demo")], true), Err(APP.to_owned()));
        assert_eq!(demo(&[(APP, "8XKPQ2WN"), (CODES, "yes")], true), Err(CODES.to_owned()));
        assert_eq!(demo(&[(CODES, "on")], true), Err(CODES.to_owned()));
        assert_eq!(demo(&[(APP, "8XKPQ2WN"), (CODES, "on")], false), Err(CODES.to_owned()));
    }
}
