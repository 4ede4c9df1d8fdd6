//! What the server is told from outside: a file and the environment, read into types.
//!
//! The environment goes before the file. Whatever is missing or makes no sense stops the start with a message that
//! names the setting, and never shows its value.

mod database;
mod demo;
mod every_error;
mod gateways;
mod history;
mod issuer;
mod person;
mod proxies;
mod secret_files;
mod tls;
mod webhooks;

use std::{
    ffi::OsString,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use axum::http::HeaderName;
use loggin_protocol::link::WhatsAppNumber;
use secrecy::{ExposeSecret, SecretString};
use toml::Value;
use url::{Host, Url};

pub(crate) use database::DatabaseUrl;
pub(crate) use demo::DemoConfig;
pub(crate) use issuer::DEFAULT_ISSUER_SESSION;
pub(crate) use proxies::{ForwardedHeader, TrustedProxies};
use secret_files::SecretFileError;
pub(crate) use tls::TlsFiles;
pub(crate) use webhooks::WebhookConfig;

/// Where the server listens unless told otherwise: on this machine only, behind a proxy that speaks TLS.
pub(crate) const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8787);

/// WhatsApp's Graph API, in the version that this server was written for.
const DEFAULT_GRAPH_URL: &str = "https://graph.facebook.com/v26.0";

/// Where the links of logins lead.
const WA_ME: &str = "https://wa.me";

/// The language of the template for one-time codes, as WhatsApp names it.
pub(crate) const DEFAULT_OTP_LANGUAGE: &str = "en_US";

/// Characters of a secret for one-time codes: 128 bits in hexadecimal. Codes are so few that only this keeps who has
/// the database from trying them all.
const OTP_SECRET_CHARS: usize = 32;

/// From the server's port to that of its metrics, where nothing else is said: so several servers on one machine have
/// several.
const METRICS_PORT_AFTER: u16 = 1_000;

/// What stands in place of an address where something is not to listen.
const OFF: &str = "off";

/// Characters below which no app secret can be Meta's, which have 32: whoever guesses it signs in as anybody.
const APP_SECRET_CHARS: usize = 16;

/// Characters below which a verify token is refused, and below which it is called short: who knows it can only ask
/// whether this is the server.
const VERIFY_TOKEN_CHARS: usize = 8;
/// See [`VERIFY_TOKEN_CHARS`].
const VERIFY_TOKEN_SENSIBLE: usize = 16;

/// What settings begin with. Others of these names are taken for misspelt.
const PREFIXES: [&str; 2] = ["LOGGIN_", "WHATSAPP_"];

/// Settings of the SDKs, which may stand in the same environment.
const CLIENT_SETTINGS: [&str; 3] = ["LOGGIN_BASE_URL", "LOGGIN_SECRET_KEY", "LOGGIN_WHATSAPP_NUMBER"];

/// Each setting: its name in the environment, and its key in the file.
const SETTINGS: &[(&str, &str)] = &[
    ("LOGGIN_LISTEN", "listen"),
    ("LOGGIN_DATABASE_URL", "database_url"),
    ("LOGGIN_NOTIFY", "notify"),
    ("LOGGIN_PUBLIC_URL", "public_url"),
    ("LOGGIN_TRUSTED_PROXIES", "trusted_proxies"),
    ("LOGGIN_FORWARDED_HEADER", "forwarded_header"),
    ("LOGGIN_REGION_HEADER", "region_header"),
    ("LOGGIN_LOG", "log"),
    ("LOGGIN_LOG_FORMAT", "log_format"),
    ("LOGGIN_METRICS_LISTEN", "metrics_listen"),
    ("LOGGIN_TLS_CERT", "tls_cert"),
    ("LOGGIN_TLS_KEY", "tls_key"),
    ("LOGGIN_RETENTION_DAYS", "retention_days"),
    ("LOGGIN_HISTORY_DAYS", "history_days"),
    ("LOGGIN_OPENID_SESSION_HOURS", "openid_session_hours"),
    ("LOGGIN_DEMO_APP", "demo_app"),
    ("LOGGIN_DEMO_CODES", "demo_codes"),
    ("LOGGIN_WEBHOOK_NETWORKS", "webhook_networks"),
    ("LOGGIN_WEBHOOK_KEPT_DAYS", "webhook_kept_days"),
    ("WHATSAPP_NUMBER", "whatsapp.number"),
    ("WHATSAPP_PHONE_NUMBER_ID", "whatsapp.phone_number_id"),
    ("WHATSAPP_ACCESS_TOKEN", "whatsapp.access_token"),
    ("WHATSAPP_APP_SECRET", "whatsapp.app_secret"),
    ("WHATSAPP_VERIFY_TOKEN", "whatsapp.verify_token"),
    ("WHATSAPP_GRAPH_URL", "whatsapp.graph_url"),
    ("WHATSAPP_OTP_TEMPLATE", "whatsapp.otp_template"),
    ("WHATSAPP_OTP_LANGUAGE", "whatsapp.otp_language"),
    ("LOGGIN_OTP_SECRET", "otp_secret"),
    ("LOGGIN_WEBHOOK_SECRET", "webhook_secret"),
];

/// A setting that is missing or makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: {reason}")]
pub(crate) struct ConfigError {
    setting: String,
    reason: String,
}

/// The token that stands for the business at the Graph API; it is never shown.
#[derive(Clone, Debug)]
pub(crate) struct AccessToken(SecretString);

impl AccessToken {
    /// Takes a token; white space around it is cut off. `None` where it is empty or has characters that no token has.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_token = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_token.then(|| Self(text.into()))
    }

    /// What stands in the `Authorization` header.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The WhatsApp account that people write to.
#[derive(Clone, Debug)]
pub(crate) struct WhatsAppConfig {
    pub(crate) number: WhatsAppNumber,
    pub(crate) phone_number_id: String,
    pub(crate) access_token: AccessToken,
    /// The secret in use first, then those being replaced.
    pub(crate) app_secrets: Vec<SecretString>,
    pub(crate) verify_token: SecretString,
    pub(crate) graph_url: Url,
}

/// How one-time codes are sent and kept.
#[derive(Clone, Debug)]
pub(crate) struct OtpConfig {
    pub(crate) template: String,
    pub(crate) language: String,
    /// The secret in use first, then those being replaced.
    pub(crate) secrets: Vec<SecretString>,
}

/// Everything that `serve` is told.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    /// Where the metrics are; `None`: nowhere.
    pub(crate) metrics: Option<SocketAddr>,
    /// `None`: a proxy speaks TLS.
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) public_url: Url,
    pub(crate) link_base: Url,
    pub(crate) trusted_proxies: TrustedProxies,
    /// Whether calls without a secret key are counted by address.
    pub(crate) counts_addresses: bool,
    /// How long acts of administrators are kept; `None`: for ever.
    pub(crate) retention: Option<Duration>,
    /// How long the history of logins and codes is kept.
    pub(crate) history: Duration,
    /// How long the issuer remembers a browser.
    pub(crate) issuer_session: Duration,
    pub(crate) whatsapp: WhatsAppConfig,
    /// `None`: no one-time codes are sent.
    pub(crate) otp: Option<OtpConfig>,
    /// `None`: nobody may try it.
    pub(crate) demo: Option<DemoConfig>,
    pub(crate) webhooks: WebhookConfig,
}

/// A setting whose text may be shown.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PublicSetting {
    /// What is logged.
    Log,
    /// Which proxies are believed.
    TrustedProxies,
}

/// How the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    #[default]
    Pretty,
}

/// The settings as they were found, each a text.
#[derive(Debug)]
pub(crate) struct Settings {
    found: Vec<(&'static str, SecretString)>,
    /// Secrets that stand in files of their own, none of which is found as a text too.
    files: Vec<(&'static str, PathBuf)>,
    /// Names in the environment that look like settings and are none.
    unknown: Vec<String>,
}

impl Settings {
    /// Reads the file, where there is one, and the environment over it.
    pub(crate) fn read(
        file: Option<&Path>,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let (mut found, mut files) = (Vec::new(), Vec::new());
        if let Some(path) = file {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .map_err(|error| wrong(&name, format!("the file cannot be read: {}", error.kind())))?;
            (found, files) = read_file(&name, &text)?;
        }
        let (mut unknown, mut named, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        let mut credentials = None;
        for (name, value) in environment {
            let Ok(name) = name.into_string() else { continue };
            if let Some(secret) = secret_files::of_variable(&name) {
                named.extend((!value.is_empty()).then(|| (secret, PathBuf::from(value))));
                continue;
            }
            if name == secret_files::CREDENTIALS {
                credentials = Some(PathBuf::from(value));
                continue;
            }
            let Some(&(setting, _)) = SETTINGS.iter().find(|(known, _)| *known == name) else {
                unknown.extend(looks_like_setting(&name).then_some(name));
                continue;
            };
            let value = value.into_string().map_err(|_| wrong(setting, "is not UTF-8"))?;
            found.retain(|(known, _)| *known != setting);
            files.retain(|(known, _)| *known != setting);
            texts.extend((!value.trim().is_empty()).then_some(setting));
            found.push((setting, SecretString::from(value)));
        }
        for secret in secret_files::SECRETS {
            let credential =
                credentials.as_deref().and_then(|folder| secret_files::credential(folder, secret));
            named.extend(credential.map(|path| (secret, path)));
        }
        for (position, (secret, path)) in named.iter().enumerate() {
            if texts.contains(secret) || named[..position].iter().any(|(known, _)| known == secret) {
                return Err(wrong(secret, SecretFileError::SetTwice.to_string()));
            }
            found.retain(|(known, _)| known != secret);
            files.retain(|(known, _)| known != secret);
            files.push((secret, path.clone()));
        }
        unknown.sort_unstable();
        Ok(Self { found, files, unknown })
    }

    /// The same with the secrets that stand in files.
    fn with_secrets(&self) -> Result<Self, ConfigError> {
        let mut found = self.found.clone();
        for (secret, path) in &self.files {
            let text = secret_files::read(path).map_err(|error| wrong(secret, error.to_string()))?;
            found.push((secret, text));
        }
        Ok(Self { found, files: Vec::new(), unknown: self.unknown.clone() })
    }

    /// The same with this one secret, where it stands in a file.
    fn with_secret(&self, name: &str) -> Result<Self, ConfigError> {
        let files = self.files.iter().filter(|(secret, _)| *secret == name).cloned().collect();
        Self { found: self.found.clone(), files, unknown: Vec::new() }.with_secrets()
    }

    /// Names in the environment that look like settings and are none, each with the setting whose name is nearest.
    pub(crate) fn misspelt(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.unknown.iter().map(|name| {
            let distance = |known: &str| strsim::damerau_levenshtein(known, &name.to_ascii_uppercase());
            let nearest = SETTINGS.iter().map(|(known, _)| *known).min_by_key(|known| distance(known));
            (name.as_str(), nearest.unwrap_or_default())
        })
    }

    /// The value of a setting that is no secret, as it was written.
    pub(crate) fn shown(&self, name: PublicSetting) -> Option<&str> {
        self.optional(match name {
            PublicSetting::Log => "LOGGIN_LOG",
            PublicSetting::TrustedProxies => "LOGGIN_TRUSTED_PROXIES",
        })
    }

    /// What is wrong with the directives of the log.
    pub(crate) fn wrong_log() -> ConfigError {
        wrong("LOGGIN_LOG", "must be a level, such as info, or a list of directives")
    }

    fn optional(&self, name: &str) -> Option<&str> {
        let value = self.found.iter().find(|(known, _)| *known == name);
        value.map(|(_, value)| value.expose_secret().trim()).filter(|value| !value.is_empty())
    }

    fn required(&self, name: &str) -> Result<&str, ConfigError> {
        self.optional(name).ok_or_else(|| wrong(name, "is not set"))
    }

    /// The directives that say what is logged.
    pub(crate) fn log(&self) -> &str {
        self.optional("LOGGIN_LOG").unwrap_or("info")
    }

    /// How the log looks.
    pub(crate) fn log_format(&self) -> Result<LogFormat, ConfigError> {
        match self.optional("LOGGIN_LOG_FORMAT") {
            None | Some("pretty") => Ok(LogFormat::Pretty),
            Some("json") => Ok(LogFormat::Json),
            Some(_) => Err(wrong("LOGGIN_LOG_FORMAT", "must be `json` or `pretty`")),
        }
    }

    /// Everything that `serve` needs.
    pub(crate) fn config(&self) -> Result<Config, ConfigError> {
        self.with_secrets()?.config_of_texts()
    }

    fn config_of_texts(&self) -> Result<Config, ConfigError> {
        let listen = self.listen()?;
        let otp = self.otp()?;
        Ok(Config {
            listen,
            metrics: self.metrics(listen)?,
            tls: self.tls()?,
            public_url: url("LOGGIN_PUBLIC_URL", self.required("LOGGIN_PUBLIC_URL")?)?,
            link_base: url("link base", WA_ME)?,
            trusted_proxies: self.trusted_proxies()?.with_region_header(self.region_header()?),
            counts_addresses: true,
            retention: self.retention()?,
            history: self.history()?,
            issuer_session: self.issuer_session()?,
            whatsapp: self.whatsapp()?,
            demo: self.demo(otp.as_ref())?,
            otp,
            webhooks: self.webhooks_of_texts()?,
        })
    }

    fn otp(&self) -> Result<Option<OtpConfig>, ConfigError> {
        const TEMPLATE: &str = "WHATSAPP_OTP_TEMPLATE";
        const LANGUAGE: &str = "WHATSAPP_OTP_LANGUAGE";
        const SECRET: &str = "LOGGIN_OTP_SECRET";
        if [TEMPLATE, SECRET].iter().all(|name| self.optional(name).is_none()) {
            return Ok(None);
        }
        let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let template = self.required(TEMPLATE)?;
        if !is_name(template) {
            return Err(wrong(TEMPLATE, "must be the template's name: letters, digits and `_`"));
        }
        let language = self.optional(LANGUAGE).unwrap_or(DEFAULT_OTP_LANGUAGE);
        if !is_name(language) {
            return Err(wrong(LANGUAGE, "must be a language as WhatsApp names it, such as en_US"));
        }
        let secrets: Vec<&str> = list(self.required(SECRET)?).collect();
        if secrets.is_empty() || secrets.iter().any(|secret| secret.len() < OTP_SECRET_CHARS) {
            return Err(wrong(SECRET, "must have at least 32 characters: `openssl rand -hex 32` makes one"));
        }
        Ok(Some(OtpConfig {
            template: template.to_owned(),
            language: language.to_owned(),
            secrets: secrets.into_iter().map(SecretString::from).collect(),
        }))
    }

    fn listen(&self) -> Result<SocketAddr, ConfigError> {
        const NAME: &str = "LOGGIN_LISTEN";
        let Some(value) = self.optional(NAME) else {
            return Ok(DEFAULT_LISTEN);
        };
        value.parse().map_err(|_| wrong(NAME, "must be an address and a port, such as 127.0.0.1:8787"))
    }

    /// Where the metrics are: on this machine, as far as nothing else is said.
    fn metrics(&self, listen: SocketAddr) -> Result<Option<SocketAddr>, ConfigError> {
        let after = match listen.port() {
            0 => 0,
            port => port.checked_add(METRICS_PORT_AFTER).unwrap_or_else(|| port - METRICS_PORT_AFTER),
        };
        let default = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), after);
        self.metrics_or(Some(default))
    }

    /// Where the metrics are to be, if that is said, or else `default`.
    pub(crate) fn metrics_or(&self, default: Option<SocketAddr>) -> Result<Option<SocketAddr>, ConfigError> {
        const NAME: &str = "LOGGIN_METRICS_LISTEN";
        match self.optional(NAME) {
            None => Ok(default),
            Some(OFF) => Ok(None),
            Some(value) => {
                let address = value.parse().map_err(|_| {
                    wrong(NAME, "must be an address and a port, such as 127.0.0.1:9787, or `off`")
                })?;
                Ok(Some(address))
            }
        }
    }

    fn trusted_proxies(&self) -> Result<TrustedProxies, ConfigError> {
        const NAME: &str = "LOGGIN_TRUSTED_PROXIES";
        let header = self.forwarded_header()?;
        let Some(value) = self.optional(NAME) else {
            return Ok(TrustedProxies::loopback(header));
        };
        TrustedProxies::parse(list(value), header).ok_or_else(|| {
            wrong(NAME, "must be addresses or networks such as 10.0.0.0/8, with commas between, or `none`")
        })
    }

    fn region_header(&self) -> Result<Option<HeaderName>, ConfigError> {
        const NAME: &str = "LOGGIN_REGION_HEADER";
        let header = self.optional(NAME).map(str::parse).transpose();
        header.map_err(|_| wrong(NAME, "must be the name of a header, such as CF-IPCountry"))
    }

    fn forwarded_header(&self) -> Result<ForwardedHeader, ConfigError> {
        const NAME: &str = "LOGGIN_FORWARDED_HEADER";
        let header = self.optional(NAME).map_or(Some(ForwardedHeader::default()), ForwardedHeader::parse);
        header.ok_or_else(|| wrong(NAME, "must be `x-forwarded-for` or `forwarded`"))
    }

    fn whatsapp(&self) -> Result<WhatsAppConfig, ConfigError> {
        let number = WhatsAppNumber::parse(self.required("WHATSAPP_NUMBER")?)
            .map_err(|error| wrong("WHATSAPP_NUMBER", error.message()))?;
        let phone_number_id = self.required("WHATSAPP_PHONE_NUMBER_ID")?;
        if !phone_number_id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong("WHATSAPP_PHONE_NUMBER_ID", "must be the number's id, which is digits only"));
        }
        let app_secrets: Vec<SecretString> =
            list(self.required("WHATSAPP_APP_SECRET")?).map(SecretString::from).collect();
        if app_secrets.is_empty() {
            return Err(wrong("WHATSAPP_APP_SECRET", "is not set"));
        }
        if app_secrets.iter().any(|secret| secret.expose_secret().len() < APP_SECRET_CHARS) {
            return Err(wrong(
                "WHATSAPP_APP_SECRET",
                "is too short to be one of Meta's, which have 32 characters",
            ));
        }
        let verify_token = self.required("WHATSAPP_VERIFY_TOKEN")?;
        if verify_token.len() < VERIFY_TOKEN_CHARS {
            return Err(wrong(
                "WHATSAPP_VERIFY_TOKEN",
                "must have at least 8 characters: `openssl rand -hex 16` makes one",
            ));
        }
        let graph_url = self.optional("WHATSAPP_GRAPH_URL").unwrap_or(DEFAULT_GRAPH_URL);
        let graph_url = url("WHATSAPP_GRAPH_URL", graph_url)?;
        if graph_url.scheme() != "https" && !is_loopback(&graph_url) {
            return Err(wrong(
                "WHATSAPP_GRAPH_URL",
                "must begin with https://, as the access token is sent there",
            ));
        }
        Ok(WhatsAppConfig {
            number,
            phone_number_id: phone_number_id.to_owned(),
            access_token: AccessToken::new(self.required("WHATSAPP_ACCESS_TOKEN")?)
                .ok_or_else(|| wrong("WHATSAPP_ACCESS_TOKEN", "has characters that no token has"))?,
            app_secrets,
            verify_token: SecretString::from(verify_token),
            graph_url,
        })
    }
}

impl Config {
    /// Whether tokens and results go over a network in the clear.
    pub(crate) fn is_insecure(&self) -> bool {
        self.public_url.scheme() != "https" && !is_loopback(&self.public_url)
    }

    /// Settings whose secrets can be guessed, or do not look like what they should be.
    pub(crate) fn doubtful_secrets(&self) -> impl Iterator<Item = &'static str> {
        let whatsapp = &self.whatsapp;
        let is_metas = |secret: &SecretString| {
            let text = secret.expose_secret();
            text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        let app_secret = whatsapp.app_secrets.iter().all(is_metas);
        let verify_token = whatsapp.verify_token.expose_secret().len() >= VERIFY_TOKEN_SENSIBLE;
        let doubtful = [("WHATSAPP_APP_SECRET", app_secret), ("WHATSAPP_VERIFY_TOKEN", verify_token)];
        doubtful.into_iter().filter(|(_, sensible)| !sensible).map(|(name, _)| name)
    }
}

/// Whether a name in the environment is meant for this server, though no setting has it.
fn looks_like_setting(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    PREFIXES.iter().any(|prefix| upper.starts_with(prefix)) && !CLIENT_SETTINGS.contains(&name)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn url(name: &str, value: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(value).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    url.ok_or_else(|| wrong(name, "must be a URL that begins with https:// and has no query"))
}

fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn wrong(setting: &str, reason: impl Into<String>) -> ConfigError {
    ConfigError { setting: setting.to_owned(), reason: reason.into() }
}

/// What a configuration file holds: texts, and secrets with the files that they stand in.
type FromFile = (Vec<(&'static str, SecretString)>, Vec<(&'static str, PathBuf)>);

/// The settings of a file. What its parser says of errors is not passed on: it shows the line, which may be a secret.
fn read_file(name: &str, text: &str) -> Result<FromFile, ConfigError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        wrong(name, format!("line {line} is not TOML"))
    })?;
    let (mut found, mut files) = (Vec::new(), Vec::new());
    let setting_of =
        |key: &str| SETTINGS.iter().find(|(_, known)| *known == key).map(|(setting, _)| *setting);
    for (key, value) in flat(table) {
        let named = secret_files::of_key(&key).and_then(setting_of);
        let named = named.filter(|setting| secret_files::SECRETS.contains(setting));
        let value = text_of(&value).ok_or_else(|| wrong(name, format!("`{key}` must be a text")));
        match (named, setting_of(&key)) {
            (Some(secret), _) => files.push((secret, PathBuf::from(value?))),
            (None, Some(setting)) => found.push((setting, SecretString::from(value?))),
            (None, None) => return Err(wrong(name, format!("there is no setting `{key}`"))),
        }
    }
    let twice = files.iter().find(|(secret, _)| found.iter().any(|(setting, _)| setting == secret));
    match twice {
        Some((secret, _)) => Err(wrong(secret, SecretFileError::SetTwice.to_string())),
        None => Ok((found, files)),
    }
}

/// Keys with the name of their table before them.
fn flat(table: toml::Table) -> Vec<(String, Value)> {
    let mut flat = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => {
                flat.extend(inner.into_iter().map(|(name, value)| (format!("{key}.{name}"), value)));
            }
            value => flat.push((key, value)),
        }
    }
    flat
}

/// A text, or a list of them joined by commas.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(values) => {
            let texts: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
            Some(texts?.join(","))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
