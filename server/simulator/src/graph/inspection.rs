//! What tells an operator how things are set up: the token, the number, the app's webhook and who shares the account.

use serde_json::{Value, json};

use crate::graph_error::GraphError;
use crate::setup::{APP_ID, BUSINESS_ID};
use crate::simulator::Simulator;

/// The version of webhook fields.
const FIELDS_VERSION: &str = "v26.0";

impl Simulator {
    /// `GET /debug_token`: what a token is.
    pub(crate) fn inspect_token(&self, input: Option<&str>) -> Result<Value, GraphError> {
        let input = input.ok_or_else(|| GraphError::required("input_token"))?;
        if !self.is_access_token(input) {
            let error = json!({ "code": 190, "message": "Invalid OAuth access token." });
            return Ok(json!({ "data": { "error": error, "is_valid": false, "scopes": [] } }));
        }
        let now = i64::try_from(self.now()).unwrap_or(i64::MAX);
        let setup = &self.world().setup;
        let granular: Vec<Value> = setup
            .permissions
            .iter()
            .map(|permission| json!({ "scope": permission, "target_ids": [self.config.waba_id] }))
            .collect();
        Ok(json!({ "data": {
            "app_id": APP_ID,
            "type": "SYSTEM_USER",
            "application": self.config.business_name,
            "data_access_expires_at": 0,
            "expires_at": setup.token_expires_at,
            "is_valid": setup.token_expires_at == 0 || setup.token_expires_at > now,
            "issued_at": 0,
            "scopes": setup.permissions,
            "granular_scopes": granular,
            "user_id": "100000000000005",
        } }))
    }

    /// `GET /<app id>/subscriptions`: where the app's webhooks go, and what they tell.
    pub(crate) fn list_subscriptions(&self, app_id: &str) -> Result<Value, GraphError> {
        if app_id != APP_ID {
            return Err(GraphError::no_object("get"));
        }
        let setup = &self.world().setup;
        let fields: Vec<Value> = setup
            .webhook_fields
            .iter()
            .map(|name| json!({ "name": name, "version": FIELDS_VERSION }))
            .collect();
        let subscription = json!({
            "object": "whatsapp_business_account",
            "callback_url": setup.callback_url.clone().unwrap_or_else(|| self.courier.url().to_string()),
            "active": setup.webhook_active,
            "fields": fields,
        });
        Ok(json!({ "data": [subscription] }))
    }

    /// `GET /<account id>/subscribed_apps`.
    pub(crate) fn list_subscribed_apps(&self) -> Value {
        let setup = &self.world().setup;
        let app = |id: &str, name: &str| {
            let data = json!({ "id": id, "name": name, "link": format!("https://www.facebook.com/games/?app_id={id}") });
            json!({ "whatsapp_business_api_data": data })
        };
        let mut apps: Vec<Value> = setup.other_apps.iter().map(|id| app(id, "Another app")).collect();
        if setup.app_subscribed {
            let mut own = app(APP_ID, &self.config.business_name);
            if let Some(url) = &setup.override_callback_url {
                own["override_callback_uri"] = json!(url);
            }
            apps.push(own);
        }
        json!({ "data": apps })
    }

    /// `POST /<account id>/subscribed_apps`.
    pub(crate) fn subscribe_app(&self) -> Value {
        self.world().setup.app_subscribed = true;
        json!({ "success": true })
    }

    /// The field `health_status` of the number.
    pub(crate) fn health_status(&self) -> Value {
        let setup = &self.world().setup;
        let entities: Vec<Value> = [
            ("PHONE_NUMBER", self.config.phone_number_id.as_str()),
            ("WABA", &self.config.waba_id),
            ("BUSINESS", BUSINESS_ID),
            ("APP", APP_ID),
        ]
        .into_iter()
        .map(|(kind, id)| {
            let mut entity = json!({ "entity_type": kind, "id": id, "can_send_message": "AVAILABLE" });
            if let Some(blocked) = setup.blocked.iter().find(|blocked| blocked.entity_type == kind) {
                entity["can_send_message"] = json!(blocked.can_send_message);
                entity["errors"] = json!([{ "error_code": blocked.error_code,
                    "error_description": "Planted.", "possible_solution": "Take it away." }]);
            }
            entity
        })
        .collect();
        let is = |status: &str| setup.blocked.iter().any(|blocked| blocked.can_send_message == status);
        let overall = ["BLOCKED", "LIMITED"].into_iter().find(|status| is(status)).unwrap_or("AVAILABLE");
        json!({ "can_send_message": overall, "entities": entities })
    }
}
