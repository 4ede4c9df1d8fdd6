//! How things are set up at Meta: token, number, webhook and templates, all as they should be until a test plants
//! something else.

use serde::{Deserialize, Serialize};

/// The Meta app that the access token is of: no real app has this id.
pub(crate) const APP_ID: &str = "100000000000003";

/// The business portfolio that the account is of: no real one has this id.
pub(crate) const BUSINESS_ID: &str = "100000000000004";

/// Texts that a setup may hold, and characters of each.
const TEXTS_MAX: usize = 100;

/// What Meta tells of the setup. A call replaces all of it: what it leaves out is as it should be.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "each says one thing that Meta tells")]
pub(crate) struct Setup {
    /// The access token is refused.
    pub(crate) token_refused: bool,
    /// When it ends, in Unix seconds; 0 for never.
    pub(crate) token_expires_at: i64,
    pub(crate) permissions: Vec<String>,
    /// The token is not for the number.
    pub(crate) number_foreign: bool,
    /// In place of the number's own digits.
    pub(crate) display_phone_number: Option<String>,
    pub(crate) number_status: String,
    pub(crate) name_status: String,
    pub(crate) quality_rating: String,
    pub(crate) platform_type: String,
    pub(crate) account_mode: String,
    pub(crate) messaging_limit: String,
    /// What keeps messages from being sent.
    pub(crate) blocked: Vec<Blocked>,
    /// The app's webhook is there.
    pub(crate) webhook_active: bool,
    /// In place of where webhooks are posted.
    pub(crate) callback_url: Option<String>,
    /// The account's own address for webhooks.
    pub(crate) override_callback_url: Option<String>,
    pub(crate) webhook_fields: Vec<String>,
    /// The app is subscribed to the account.
    pub(crate) app_subscribed: bool,
    /// Ids of other apps that are.
    pub(crate) other_apps: Vec<String>,
    pub(crate) template_status: String,
    pub(crate) template_quality: String,
    /// In place of what each template was registered as.
    pub(crate) template_category: Option<String>,
    /// The version that is served in place of the one that is asked for.
    pub(crate) served_version: Option<String>,
    /// The header `Date` of responses in place of the time of day.
    pub(crate) date: Option<String>,
}

/// Something that keeps messages from being sent, or some of them.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Blocked {
    /// `PHONE_NUMBER`, `WABA`, `BUSINESS` or `APP`.
    pub(crate) entity_type: String,
    /// `LIMITED` or `BLOCKED`.
    pub(crate) can_send_message: String,
    pub(crate) error_code: u64,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            token_refused: false,
            token_expires_at: 0,
            permissions: texts(&["whatsapp_business_management", "whatsapp_business_messaging"]),
            number_foreign: false,
            display_phone_number: None,
            number_status: "CONNECTED".to_owned(),
            name_status: "APPROVED".to_owned(),
            quality_rating: "GREEN".to_owned(),
            platform_type: "CLOUD_API".to_owned(),
            account_mode: "LIVE".to_owned(),
            messaging_limit: "TIER_2K".to_owned(),
            blocked: Vec::new(),
            webhook_active: true,
            callback_url: None,
            override_callback_url: None,
            webhook_fields: texts(&[
                "messages",
                "standby",
                "messaging_handovers",
                "account_update",
                "account_alerts",
                "account_review_update",
                "business_capability_update",
                "business_status_update",
                "phone_number_quality_update",
                "phone_number_name_update",
                "security",
                "message_template_status_update",
                "message_template_quality_update",
                "template_category_update",
            ]),
            app_subscribed: true,
            other_apps: Vec::new(),
            template_status: "APPROVED".to_owned(),
            template_quality: "GREEN".to_owned(),
            template_category: None,
            served_version: None,
            date: None,
        }
    }
}

impl Setup {
    /// Whether its lists have an end, and headers can hold what stands in them.
    pub(crate) fn is_valid(&self) -> bool {
        let lists = [&self.permissions, &self.webhook_fields, &self.other_apps];
        let headers = [&self.served_version, &self.date];
        let is_header = |text: &String| text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        lists.iter().all(|list| list.len() <= TEXTS_MAX)
            && self.blocked.len() <= TEXTS_MAX
            && headers.into_iter().flatten().all(is_header)
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
