//! What WhatsApp tells the operator: about the account, its number and its templates, and who handles a chat.
//!
//! None of it is part of a login, but each can be why logins fail. What is kept of an update is a fixed vocabulary and
//! words of Meta's that have the form of a word: no free text, and nothing of a person.

use serde_json::Value;

use super::json;

/// Most characters of a word of Meta's; the longest known, `PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE`, has 42.
const MAX_WORD_CHARS: usize = 64;

/// Most digits in a row in a word, as in `TIER_100K`: a phone number has at least 7.
const MAX_WORD_DIGITS: usize = 6;

/// Most characters of a template's name, by Meta's rules.
const MAX_TEMPLATE_CHARS: usize = 512;

/// Conversations a day that an account must be permitted before Meta lets it send one-time codes.
const CODES_NEED_DAILY_LIMIT: u64 = 2_000;

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Logins go on as before.
    Info,
    /// Logins or one-time codes fail because of it, or may soon.
    Warning,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum OperatorKind {
    /// An alert about the account, the portfolio or the number.
    AccountAlert,
    /// The outcome of a review of the account.
    AccountReview,
    /// The account was verified, restricted, banned, deleted, joined to a partner and so on.
    AccountUpdate,
    /// What the account may do, above all how many conversations a day.
    BusinessCapability,
    /// The business portfolio itself.
    BusinessStatus,
    /// The number runs in the WhatsApp Business app, too: messages or contacts of that app.
    Coexistence,
    /// Who handles a chat changed: this server's app, Meta Business Agent or a person.
    Handover,
    /// Somebody else sent a message from the number.
    MessageEcho,
    /// The outcome of a review of the number's display name.
    PhoneNumberName,
    /// The number's quality, limit or throughput.
    PhoneNumberQuality,
    /// The number's two-step verification.
    Security,
    /// Meta moved a template to another category.
    TemplateCategory,
    /// How people take a template.
    TemplateQuality,
    /// A template was approved, rejected, paused, disabled and so on.
    TemplateStatus,
}

impl OperatorKind {
    /// Every kind.
    #[allow(dead_code, reason = "for tables of metrics, and tests")]
    pub(crate) const ALL: [Self; 14] = [
        Self::AccountAlert,
        Self::AccountReview,
        Self::AccountUpdate,
        Self::BusinessCapability,
        Self::BusinessStatus,
        Self::Coexistence,
        Self::Handover,
        Self::MessageEcho,
        Self::PhoneNumberName,
        Self::PhoneNumberQuality,
        Self::Security,
        Self::TemplateCategory,
        Self::TemplateQuality,
        Self::TemplateStatus,
    ];

    /// A name for logs and counters.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AccountAlert => "account_alert",
            Self::AccountReview => "account_review",
            Self::AccountUpdate => "account_update",
            Self::BusinessCapability => "business_capability",
            Self::BusinessStatus => "business_status",
            Self::Coexistence => "coexistence",
            Self::Handover => "handover",
            Self::MessageEcho => "message_echo",
            Self::PhoneNumberName => "phone_number_name",
            Self::PhoneNumberQuality => "phone_number_quality",
            Self::Security => "security",
            Self::TemplateCategory => "template_category",
            Self::TemplateQuality => "template_quality",
            Self::TemplateStatus => "template_status",
        }
    }

    /// The kind of what arrives on a webhook field; `None` for a field that is no operator's.
    fn of_field(field: &str) -> Option<Self> {
        Some(match field {
            "account_alerts" => Self::AccountAlert,
            "account_review_update" => Self::AccountReview,
            "account_update" => Self::AccountUpdate,
            "business_capability_update" => Self::BusinessCapability,
            "business_status_update" => Self::BusinessStatus,
            "history" | "smb_app_state_sync" | "smb_message_echoes" => Self::Coexistence,
            "messaging_handovers" => Self::Handover,
            "message_echoes" => Self::MessageEcho,
            "phone_number_name_update" => Self::PhoneNumberName,
            "phone_number_quality_update" => Self::PhoneNumberQuality,
            "security" => Self::Security,
            "template_category_update" => Self::TemplateCategory,
            "message_template_quality_update" => Self::TemplateQuality,
            "message_template_status_update" => Self::TemplateStatus,
            _ => return None,
        })
    }

    /// The words that mean no harm. Whatever else is told, a word that is new among them, is worth a warning.
    fn harmless_words(self) -> &'static [&'static str] {
        match self {
            Self::AccountReview | Self::PhoneNumberName => &["APPROVED", "PENDING"],
            Self::AccountUpdate => &[
                "ACCOUNT_RECONNECTED",
                "BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE",
                "MM_LITE_TERMS_SIGNED",
                "PARTNER_ADDED",
                "PARTNER_APP_INSTALLED",
                "PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE",
                "VERIFIED_ACCOUNT",
                "VOLUME_BASED_PRICING_TIER_UPDATE",
            ],
            Self::PhoneNumberQuality => &["ONBOARDING", "THROUGHPUT_UPGRADE", "UNFLAGGED", "UPGRADE"],
            Self::TemplateCategory => &["AUTHENTICATION"],
            Self::TemplateQuality => &["GREEN", "UNKNOWN"],
            Self::TemplateStatus => &["APPROVED", "PENDING", "REINSTATED", "UNARCHIVED", "UNLOCKED"],
            Self::AccountAlert
            | Self::BusinessCapability
            | Self::BusinessStatus
            | Self::Coexistence
            | Self::Handover
            | Self::MessageEcho
            | Self::Security => &[],
        }
    }
}

/// What the operator has to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LookAt {
    /// The account's state.
    Account,
    /// What a message costs.
    AuthenticationPrice,
    /// What answers chats beside this server.
    BusinessAgent,
    /// The business portfolio.
    BusinessPortfolio,
    /// How many people a day the account may write to.
    MessagingLimit,
    /// The number's display name.
    NumberName,
    /// The number's quality.
    NumberQuality,
    /// The template of one-time codes.
    OtpTemplate,
    /// A number that is not only this server's.
    SharedNumber,
    /// The number's PIN.
    TwoStepVerification,
    /// The app's subscription to the account.
    WebhookSubscription,
}

impl LookAt {
    /// The setting, or the place in Meta's pages.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Account => "the account's status and alerts in the WhatsApp Manager",
            Self::AuthenticationPrice => "Meta's price of authentication messages to other countries",
            Self::BusinessAgent => "the settings of Meta Business Agent for the number",
            Self::BusinessPortfolio => "the portfolio in Meta's business settings",
            Self::MessagingLimit => "the portfolio's messaging limit in the WhatsApp Manager",
            Self::NumberName => "the number's display name in the WhatsApp Manager",
            Self::NumberQuality => "the number's quality in the WhatsApp Manager",
            Self::OtpTemplate => "WHATSAPP_OTP_TEMPLATE, and the template in the WhatsApp Manager",
            Self::SharedNumber => "WHATSAPP_NUMBER: it also runs in the WhatsApp Business app",
            Self::TwoStepVerification => "the number's two-step verification in the WhatsApp Manager",
            Self::WebhookSubscription => "the app's subscription to the WhatsApp account",
        }
    }
}

/// Something that the operator may have to act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OperatorEvent {
    /// What it is about.
    pub(crate) kind: OperatorKind,
    /// How much it matters, as far as the event itself tells.
    severity: Severity,
    /// Meta's word for what happened, e.g. `PAUSED`, where it says one.
    pub(crate) event: Option<String>,
    /// Meta's word for what follows from it, e.g. `RESTRICTED_BIZ_INITIATED_MESSAGING`.
    pub(crate) detail: Option<String>,
    /// The name of the template that it is about.
    pub(crate) template: Option<String>,
    /// What to look at.
    pub(crate) look_at: LookAt,
}

impl OperatorEvent {
    /// Reads what arrived on a field; `None` where the field is no operator's.
    pub(crate) fn read(field: &str, value: &Value) -> Option<Self> {
        let kind = OperatorKind::of_field(field)?;
        let event = event_word(kind, value);
        let detail = if kind == OperatorKind::AccountUpdate { account_detail(value) } else { None };
        Some(Self {
            kind,
            severity: severity(kind, event.as_deref(), detail.as_deref(), value),
            look_at: look_at(kind, event.as_deref()),
            template: template_name(value),
            event,
            detail,
        })
    }

    /// Somebody else than this server wrote to a person.
    pub(super) fn message_echo() -> Self {
        Self {
            kind: OperatorKind::MessageEcho,
            severity: Severity::Info,
            event: None,
            detail: None,
            template: None,
            look_at: LookAt::BusinessAgent,
        }
    }

    /// A name for logs and counters.
    pub(crate) fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// How much the event matters to a server that sends its codes in this template, where that is known.
    pub(crate) fn severity(&self, otp_template: Option<&str>) -> Severity {
        match (self.template.as_deref(), otp_template) {
            (Some(template), Some(own)) if template != own => Severity::Info,
            _ => self.severity,
        }
    }

    /// Writes the event to the log. What comes with each message of a chat is for those who look for it.
    pub(crate) fn log(&self, otp_template: Option<&str>) {
        let (kind, event, detail) = (self.name(), self.event.as_deref(), self.detail.as_deref());
        let (template, look_at) = (self.template.as_deref(), self.look_at.as_str());
        match (self.severity(otp_template), self.kind) {
            (Severity::Warning, _) => {
                tracing::warn!(kind, event, detail, template, look_at, "Meta reports a problem");
            }
            (Severity::Info, OperatorKind::Handover | OperatorKind::MessageEcho) => {
                tracing::debug!(kind, event, look_at, "a chat has another handler");
            }
            (Severity::Info, _) => {
                tracing::info!(kind, event, detail, template, look_at, "Meta reports a change");
            }
        }
    }
}

/// Meta's word for what happened.
fn event_word(kind: OperatorKind, value: &Value) -> Option<String> {
    let keys: &[&str] = match kind {
        OperatorKind::AccountAlert => {
            // It stood beside the entity in older versions.
            let alert = value.get("alert_info").unwrap_or(value);
            return word(alert, "alert_type");
        }
        OperatorKind::AccountReview | OperatorKind::PhoneNumberName => &["decision"],
        OperatorKind::BusinessCapability => {
            &["max_daily_conversations_per_business", "max_daily_conversation_per_phone"]
        }
        OperatorKind::Handover => &["type"],
        // The category to come, where the change is only announced.
        OperatorKind::TemplateCategory => &["new_category", "correct_category"],
        OperatorKind::TemplateQuality => &["new_quality_score"],
        _ => &["event"],
    };
    keys.iter().find_map(|key| word(value, key))
}

/// What follows from a change of the account.
fn account_detail(value: &Value) -> Option<String> {
    let ban = value.get("ban_info").and_then(|ban| word(ban, "waba_ban_state"));
    let restriction = || {
        let first = json::elements(value, "restriction_info")?.first()?;
        word(first, "restriction_type")
    };
    let violation = || word(value.get("violation_info")?, "violation_type");
    ban.or_else(restriction).or_else(violation)
}

fn severity(kind: OperatorKind, event: Option<&str>, detail: Option<&str>, value: &Value) -> Severity {
    let is_harmless = match kind {
        OperatorKind::AccountAlert => {
            let alert = value.get("alert_info").unwrap_or(value);
            json::text(alert, "alert_severity") == Some("INFORMATIONAL")
        }
        OperatorKind::AccountUpdate if event == Some("DISABLED_UPDATE") => detail == Some("REINSTATE"),
        OperatorKind::BusinessCapability => daily_limit_permits_codes(value),
        OperatorKind::Coexistence | OperatorKind::Handover | OperatorKind::MessageEcho => true,
        _ => event.is_some_and(|event| kind.harmless_words().contains(&event)),
    };
    if is_harmless { Severity::Info } else { Severity::Warning }
}

/// Whether the new limit, where there is one, is high enough. It is a number, of which -1 means none, or a tier.
fn daily_limit_permits_codes(value: &Value) -> bool {
    ["max_daily_conversations_per_business", "max_daily_conversation_per_phone"]
        .into_iter()
        .filter_map(|key| json::present(value, key))
        .all(|limit| match limit {
            Value::Number(number) => {
                number.as_i64() == Some(-1)
                    || number.as_u64().is_some_and(|limit| limit >= CODES_NEED_DAILY_LIMIT)
            }
            Value::String(tier) => {
                matches!(tier.as_str(), "TIER_2K" | "TIER_10K" | "TIER_100K" | "TIER_UNLIMITED")
            }
            _ => false,
        })
}

fn look_at(kind: OperatorKind, event: Option<&str>) -> LookAt {
    match (kind, event) {
        (OperatorKind::AccountUpdate, Some("AUTH_INTL_PRICE_ELIGIBILITY_UPDATE")) => {
            LookAt::AuthenticationPrice
        }
        (
            OperatorKind::AccountUpdate,
            Some("ACCOUNT_OFFBOARDED" | "PARTNER_APP_UNINSTALLED" | "PARTNER_REMOVED"),
        ) => LookAt::WebhookSubscription,
        (OperatorKind::AccountAlert | OperatorKind::AccountReview | OperatorKind::AccountUpdate, _) => {
            LookAt::Account
        }
        (OperatorKind::BusinessCapability, _) => LookAt::MessagingLimit,
        (OperatorKind::BusinessStatus, _) => LookAt::BusinessPortfolio,
        (OperatorKind::Coexistence, _) => LookAt::SharedNumber,
        (OperatorKind::Handover | OperatorKind::MessageEcho, _) => LookAt::BusinessAgent,
        (OperatorKind::PhoneNumberName, _) => LookAt::NumberName,
        (OperatorKind::PhoneNumberQuality, _) => LookAt::NumberQuality,
        (OperatorKind::Security, _) => LookAt::TwoStepVerification,
        (
            OperatorKind::TemplateCategory | OperatorKind::TemplateQuality | OperatorKind::TemplateStatus,
            _,
        ) => LookAt::OtpTemplate,
    }
}

/// The word at a key; `None` for what does not have the form of one.
fn word(value: &Value, key: &str) -> Option<String> {
    json::text(value, key).filter(|text| is_word(text)).map(str::to_owned)
}

/// Whether a text is one word as Meta writes them: letters, digits and underscores, and no number of a person in it.
fn is_word(text: &str) -> bool {
    text.len() <= MAX_WORD_CHARS
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && text.split(|symbol: char| !symbol.is_ascii_digit()).all(|digits| digits.len() <= MAX_WORD_DIGITS)
}

/// The name of a template, by Meta's rules for one.
fn template_name(value: &Value) -> Option<String> {
    let is_name = |name: &&str| {
        (1..=MAX_TEMPLATE_CHARS).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    json::text(value, "message_template_name").filter(is_name).map(str::to_owned)
}

#[cfg(test)]
mod tests;
