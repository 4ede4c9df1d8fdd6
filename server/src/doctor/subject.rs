//! What the doctor looks at, and what several checks ask: each thing is asked once.

use std::sync::Arc;

use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::{public::Public, unreached::Unreached};
use crate::{
    clock::{Clock, Random, UnixMillis},
    config::{Config, ConfigError, Settings},
    store::Location,
    whatsapp::{GraphReader, GraphResponse},
};

pub(super) const GRAPH_URL: &str = "WHATSAPP_GRAPH_URL";
pub(super) const ACCESS_TOKEN: &str = "WHATSAPP_ACCESS_TOKEN";
pub(super) const NUMBER_ID: &str = "WHATSAPP_PHONE_NUMBER_ID";
pub(super) const APP_SECRET: &str = "WHATSAPP_APP_SECRET";
pub(super) const PUBLIC_URL: &str = "LOGGIN_PUBLIC_URL";

/// The field of the number that tells how many people a day the portfolio may write to; the one before it told a limit that
/// does not count any more.
pub(super) const LIMIT: &str = "whatsapp_business_manager_messaging_limit";

/// What is asked of a number, in a version of any age.
const NUMBER_FIELDS: &str = "id,display_phone_number,verified_name,name_status,quality_rating,status,platform_type,\
     account_mode,is_on_biz_app";

/// What the doctor looks at.
#[derive(Debug)]
pub(crate) struct Subject {
    /// Where they were read for this; a server that runs has shown that they make sense.
    pub(super) settings: Option<Settings>,
    pub(super) config: Config,
    /// Where the store is, if that makes sense.
    pub(super) location: Option<Location>,
    /// What is wrong with the settings; what `config` has in these places is not to be used.
    pub(super) errors: Vec<ConfigError>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) public: Public,
    reader: Option<GraphReader>,
    greeting: OnceCell<(Told, [UnixMillis; 2])>,
    token: OnceCell<Told>,
    number: OnceCell<Told>,
    health: OnceCell<Told>,
    limit: OnceCell<Told>,
}

/// What the Graph API said, whether it did as it was asked or not.
pub(super) type Told = Result<GraphResponse, Untold>;

/// Why the Graph API said nothing.
#[derive(Clone, Debug)]
pub(super) enum Untold {
    /// A setting is wrong.
    Unset(String),
    /// It was not reached.
    Unreached(Unreached),
}

impl Subject {
    pub(super) fn new(
        settings: Option<Settings>,
        config: Config,
        mut errors: Vec<ConfigError>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        let reader = GraphReader::new(&config.whatsapp.graph_url).ok();
        let public = Public::new(&config.public_url);
        let (greeting, token, number, health, limit) = <_>::default();
        let location = settings.as_ref().and_then(|settings| settings.database().ok());
        let location = location.map(|url| Location::parse(&url));
        let location = location.transpose().unwrap_or_else(|wrong| {
            errors.push(Settings::wrong_database(wrong.reason()));
            None
        });
        // Nothing is waited for here, and a pooler may not pass on what servers tell each other.
        let location = location.map(|location| location.with_notify(false));
        Self {
            settings,
            config,
            location,
            errors,
            clock,
            random,
            public,
            reader,
            greeting,
            token,
            number,
            health,
            limit,
        }
    }

    /// Says which of these settings is wrong, where one is.
    pub(super) fn lacks(&self, settings: &[&str]) -> Option<String> {
        let wrong = |name: &&&str| self.errors.iter().any(|error| error.setting() == **name);
        settings.iter().find(wrong).map(|name| format!("{name} is wrong or missing"))
    }

    /// Asks the API anything, with the access token, and the times of day before and after: what is told is told to
    /// anybody.
    pub(super) async fn greeting(&self) -> &(Told, [UnixMillis; 2]) {
        self.greeting
            .get_or_init(|| async {
                let sent = self.clock.now();
                let path = [self.config.whatsapp.phone_number_id.as_str()];
                let token = self.config.whatsapp.access_token.expose();
                let told = self.read(&path, &[("fields", "id")], token, &[GRAPH_URL]).await;
                (told, [sent, self.clock.now()])
            })
            .await
    }

    /// What the access token is.
    pub(super) async fn token(&self) -> &Told {
        let token = self.config.whatsapp.access_token.expose();
        // The API takes the token that is asked about in the query alone.
        let asked = async {
            let query = [("input_token", token)];
            self.read(&["debug_token"], &query, token, &[GRAPH_URL, ACCESS_TOKEN]).await
        };
        self.token.get_or_init(|| asked).await
    }

    /// The number.
    pub(super) async fn number(&self) -> &Told {
        self.number.get_or_init(|| self.number_field(NUMBER_FIELDS)).await
    }

    /// What keeps the number, its account or the app from sending.
    pub(super) async fn health(&self) -> &Told {
        self.health.get_or_init(|| self.number_field("health_status")).await
    }

    /// How many people a day the portfolio may write to.
    pub(super) async fn limit(&self) -> &Told {
        self.limit.get_or_init(|| self.number_field(LIMIT)).await
    }

    /// A field of the number that not every version has.
    pub(super) async fn number_field(&self, field: &str) -> Told {
        let path = [self.config.whatsapp.phone_number_id.as_str()];
        self.read_as_server(&path, &[("fields", field)]).await
    }

    /// Reads with the access token.
    pub(super) async fn read_as_server(&self, path: &[&str], query: &[(&str, &str)]) -> Told {
        let token = self.config.whatsapp.access_token.expose();
        self.read(path, query, token, &[GRAPH_URL, ACCESS_TOKEN, NUMBER_ID]).await
    }

    /// Reads as the app itself, once with each app secret until one is right.
    pub(super) async fn read_as_app(&self, app_id: &str, path: &[&str]) -> Told {
        let mut told = Err(Untold::Unset(format!("{APP_SECRET} is wrong or missing")));
        for secret in &self.config.whatsapp.app_secrets {
            let token = format!("{app_id}|{}", secret.expose_secret());
            told = self.read(path, &[], &token, &[GRAPH_URL, APP_SECRET]).await;
            if told.as_ref().is_ok_and(GraphResponse::is_success) {
                break;
            }
        }
        told
    }

    async fn read(&self, path: &[&str], query: &[(&str, &str)], token: &str, needs: &[&str]) -> Told {
        if let Some(lacking) = self.lacks(needs) {
            return Err(Untold::Unset(lacking));
        }
        let Some(reader) = &self.reader else {
            return Err(Untold::Unset(format!("{GRAPH_URL} cannot be called")));
        };
        let read = reader.read(path, query, token).await;
        read.map_err(|error| Untold::Unreached(Unreached::of(&error)))
    }

    /// The id of the Meta app that the access token is of.
    pub(super) async fn app_id(&self) -> Option<String> {
        let token = self.token().await.as_ref().ok().and_then(|token| text(&token.body["data"], "app_id"));
        match token {
            Some(id) => Some(id.to_owned()),
            None => self.entity("APP").await,
        }
    }

    /// The id of the WhatsApp Business account that the number is of: what the number's health names, or else the only
    /// account that the token is for.
    pub(super) async fn account_id(&self) -> Option<String> {
        if let Some(id) = self.entity("WABA").await {
            return Some(id);
        }
        let token = self.token().await.as_ref().ok()?;
        let mut accounts = token.body["data"]["granular_scopes"].as_array()?.iter().filter_map(|scope| {
            let is_management = text(scope, "scope") == Some("whatsapp_business_management");
            scope["target_ids"].as_array().filter(|_| is_management)
        });
        match accounts.next()?.as_slice() {
            [id] => id.as_str().map(str::to_owned),
            _ => None,
        }
    }

    async fn entity(&self, kind: &str) -> Option<String> {
        let health = self.health().await.as_ref().ok()?;
        let mut entities = health.body["health_status"]["entities"].as_array()?.iter();
        let entity = entities.find(|entity| text(entity, "entity_type") == Some(kind))?;
        text(entity, "id").map(str::to_owned)
    }
}

/// The text at a key.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value[key].as_str()
}

/// The code with which the API refused.
pub(super) fn refusal(told: &Told) -> Option<u64> {
    told.as_ref().ok().and_then(GraphResponse::error_code)
}

/// What the API told, or why it is not known, in words for a check that is skipped.
pub(super) fn told(told: &Told) -> Result<&Value, String> {
    match told {
        Ok(response) if response.is_success() => Ok(&response.body),
        Ok(response) => Err(match response.error_code() {
            Some(190) => "the access token is refused".to_owned(),
            Some(code) => format!("Meta refuses to tell, with its code {code}"),
            None => format!("the Graph API responds with status {}", response.status.as_u16()),
        }),
        Err(Untold::Unset(lacking)) => Err(lacking.clone()),
        Err(Untold::Unreached(_)) => Err("the Graph API is not reached".to_owned()),
    }
}
