//! What Meta tells of the account, the number and the templates: events as they come on the fields for it.
//!
//! They only tell. What follows from one, such as sends that are refused, is for a fault to bring about.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::act::Receipt;
use crate::delivery::BusyError;
use crate::simulator::Simulator;
use crate::webhook::payload::Update;

/// The template that events are about unless told otherwise.
pub(crate) const DEFAULT_TEMPLATE: &str = "verification_code";

/// Seconds until a restriction of the account ends: a day.
const RESTRICTION_SECONDS: u64 = 24 * 60 * 60;

/// An event that can be asked for by name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccountEvent {
    pub(crate) name: &'static str,
    /// For people.
    pub(crate) label: &'static str,
    /// The webhook field that it comes on.
    pub(crate) field: &'static str,
}

const fn event(name: &'static str, label: &'static str, field: &'static str) -> AccountEvent {
    AccountEvent { name, label, field }
}

/// Every event, those about one thing together.
pub(crate) const EVENTS: [AccountEvent; 20] = [
    event("template_approved", "Template approved", "message_template_status_update"),
    event("template_paused", "Template paused", "message_template_status_update"),
    event("template_disabled", "Template disabled", "message_template_status_update"),
    event("template_rejected", "Template rejected", "message_template_status_update"),
    event("template_quality_low", "Template quality low", "message_template_quality_update"),
    event("template_category_changed", "Template moved to marketing", "template_category_update"),
    event("number_quality_low", "Number quality down", "phone_number_quality_update"),
    event("number_quality_restored", "Number quality restored", "phone_number_quality_update"),
    event("number_name_declined", "Display name declined", "phone_number_name_update"),
    event("pin_changed", "Number's PIN changed", "security"),
    event("account_verified", "Account verified", "account_update"),
    event("account_restricted", "Account restricted", "account_update"),
    event("account_violation", "Policy violated", "account_update"),
    event("account_disabled", "Account to be disabled", "account_update"),
    event("account_reinstated", "Account reinstated", "account_update"),
    event("app_uninstalled", "App's subscription removed", "account_update"),
    event("price_abroad", "Price of codes abroad", "account_update"),
    event("alert", "Account alert", "account_alerts"),
    event("capability_lowered", "Daily limit lowered", "business_capability_update"),
    event("capability_raised", "Daily limit raised", "business_capability_update"),
];

/// The event of a name.
pub(crate) fn find(name: &str) -> Option<AccountEvent> {
    EVENTS.into_iter().find(|event| event.name == name)
}

impl Simulator {
    /// Tells the webhook of an event.
    pub(crate) async fn report_event(
        self: &Arc<Self>,
        event: AccountEvent,
        template: &str,
    ) -> Result<Receipt, BusyError> {
        let (update, now) = self.prepare_event(event, template);
        self.tell(update, now).await
    }

    /// Tells the webhook of anything on any field.
    pub(crate) async fn report_notice(
        self: &Arc<Self>,
        field: &str,
        value: Value,
    ) -> Result<Receipt, BusyError> {
        let now = self.now();
        self.tell(self.notice(field, value, Some(now)), now).await
    }

    /// The update of an event, without delivering it.
    pub(crate) fn prepare_event(&self, event: AccountEvent, template: &str) -> (Update, u64) {
        let now = self.now();
        (self.notice(event.field, self.event_value(event.name, template, now), Some(now)), now)
    }

    fn event_value(&self, name: &str, template: &str, now: u64) -> Value {
        let (number, account) = (self.config.number.as_str(), self.config.waba_id.as_str());
        match name {
            "template_approved" => template_status(template, "APPROVED", "NONE"),
            "template_paused" => {
                let mut value = template_status(template, "PAUSED", "NONE");
                value["other_info"] = json!({ "title": "FIRST_PAUSE", "description": "Paused for 3 hours because of its quality." });
                value
            }
            "template_disabled" => {
                let mut value = template_status(template, "DISABLED", "NONE");
                value["disable_info"] = json!({ "disable_date": now.to_string() });
                value
            }
            "template_rejected" => template_status(template, "REJECTED", "INCORRECT_CATEGORY"),
            "template_quality_low" => json!({ "previous_quality_score": "GREEN", "new_quality_score": "RED",
                "message_template_id": 1, "message_template_name": template, "message_template_language": "en_US" }),
            "template_category_changed" => {
                json!({ "message_template_id": 1, "message_template_name": template,
                "message_template_language": "en_US", "previous_category": "AUTHENTICATION",
                "new_category": "MARKETING" })
            }
            "number_quality_low" => json!({ "display_phone_number": number, "event": "FLAGGED",
                "current_limit": "TIER_2K" }),
            "number_quality_restored" => json!({ "display_phone_number": number, "event": "UNFLAGGED",
                "current_limit": "TIER_2K" }),
            "number_name_declined" => json!({ "display_phone_number": number, "decision": "DECLINED",
                "requested_verified_name": self.config.business_name, "rejection_reason": "NAME_EMPLOYEE_ISSUE" }),
            "pin_changed" => {
                json!({ "display_phone_number": number, "event": "PIN_CHANGED", "requester": account })
            }
            "account_verified" => json!({ "event": "VERIFIED_ACCOUNT" }),
            "account_restricted" => json!({ "event": "ACCOUNT_RESTRICTION", "restriction_info": [
                { "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": now + RESTRICTION_SECONDS }] }),
            "account_violation" => {
                json!({ "event": "ACCOUNT_VIOLATION", "violation_info": { "violation_type": "SCAM" } })
            }
            "account_disabled" => ban("SCHEDULE_FOR_DISABLE"),
            "account_reinstated" => ban("REINSTATE"),
            "app_uninstalled" => {
                json!({ "event": "PARTNER_APP_UNINSTALLED", "waba_info": { "waba_id": account } })
            }
            "price_abroad" => json!({ "event": "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE",
                "auth_international_rate_eligibility": { "start_time": now, "exception_countries": [
                    { "country_code": "BD", "start_time": now }] } }),
            "alert" => json!({ "entity_type": "BUSINESS", "entity_id": account, "alert_info": {
                "alert_severity": "CRITICAL", "alert_status": "ACTIVE",
                "alert_type": "INCREASED_CAPABILITIES_ELIGIBILITY_FAILED",
                "alert_description": "Your messaging limit was not raised." } }),
            "capability_lowered" => json!({ "max_daily_conversations_per_business": 250,
                "max_phone_numbers_per_business": 2 }),
            "capability_raised" => json!({ "max_daily_conversations_per_business": 10_000,
                "max_phone_numbers_per_business": 25 }),
            _ => Value::Null,
        }
    }
}

fn template_status(template: &str, event: &str, reason: &str) -> Value {
    json!({ "event": event, "message_template_id": 1, "message_template_name": template,
        "message_template_language": "en_US", "message_template_category": "AUTHENTICATION", "reason": reason })
}

fn ban(state: &str) -> Value {
    json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": state, "waba_ban_date": "December 1, 2026" } })
}
