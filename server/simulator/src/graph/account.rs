//! The rest of the Graph API that a login server may touch: its number, its webhook, its templates.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use url::Url;

use crate::graph_error::GraphError;
use crate::simulator::Simulator;
use crate::templates::{Category, DEFAULT_LANGUAGE};

impl Simulator {
    /// `GET /<phone number id>`, all fields or those asked for.
    pub(crate) fn describe_number(&self, fields: Option<&str>) -> Value {
        let health_status = self.health_status();
        let number = {
            let world = self.world();
            let setup = &world.setup;
            let mut webhooks = json!({ "application": self.courier.url().to_string() });
            if let Some(url) = &setup.override_callback_url {
                webhooks["whatsapp_business_account"] = json!(url);
            }
            json!({
                "id": self.config.phone_number_id,
                "verified_name": self.config.business_name,
                "display_phone_number":
                    setup.display_phone_number.clone().unwrap_or_else(|| self.config.number.spaced()),
                "code_verification_status": "VERIFIED",
                "quality_rating": setup.quality_rating,
                "platform_type": setup.platform_type,
                "throughput": { "level": "STANDARD" },
                "status": setup.number_status,
                "name_status": setup.name_status,
                "account_mode": setup.account_mode,
                "is_on_biz_app": world.settings.coexistence,
                "whatsapp_business_manager_messaging_limit": setup.messaging_limit,
                "health_status": health_status,
                "webhook_configuration": webhooks,
            })
        };
        let (Some(fields), Value::Object(all)) = (fields, &number) else {
            return number;
        };
        let wanted = |key: &str| key == "id" || fields.split(',').any(|field| field.trim() == key);
        Value::Object(
            all.iter()
                .filter(|(key, _)| wanted(key))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        )
    }

    /// `POST /<app id>/subscriptions`: webhooks go to another address once it has answered the challenge.
    pub(crate) async fn subscribe(self: &Arc<Self>, form: &Map<String, Value>) -> Result<Value, GraphError> {
        let text = |key: &str| form.get(key).and_then(Value::as_str).ok_or_else(|| GraphError::required(key));
        if text("object")? != "whatsapp_business_account" {
            return Err(GraphError::new(100).details("object must be whatsapp_business_account"));
        }
        let url = Url::parse(text("callback_url")?)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| GraphError::new(100).details("callback_url must be an http or https URL"))?;
        let handshake = self.verify_webhook(&url, text("verify_token")?).await;
        if !handshake.verified {
            let status = handshake.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
            return Err(GraphError::new(2_200).details(format!("HTTP Status Code = {status}")));
        }
        self.courier.set_url(url);
        Ok(json!({ "success": true }))
    }

    /// `POST /<account id>/message_templates`: approved at once.
    pub(crate) fn create_template(&self, body: &Value) -> Result<Value, GraphError> {
        let mut world = self.world();
        let category = world.templates.register(body)?.category;
        Ok(json!({
            "id": world.next_seq().to_string(),
            "status": "APPROVED",
            "category": category.as_str().to_ascii_uppercase(),
        }))
    }

    /// `GET /<account id>/message_templates`, all or those whose name contains a text. While none is registered every name
    /// is taken for an approved one, so one is listed under the name that is asked for.
    pub(crate) fn list_templates(&self, name: Option<&str>) -> Value {
        let world = self.world();
        let setup = &world.setup;
        let describe = |name: &str, language: &str, category: &str| {
            json!({
                "name": name,
                "language": language,
                "status": setup.template_status,
                "category": setup.template_category.clone().unwrap_or_else(|| category.to_ascii_uppercase()),
                "quality_score": { "score": setup.template_quality },
            })
        };
        let mut templates: Vec<Value> = world
            .templates
            .iter()
            .filter(|template| name.is_none_or(|name| template.name.contains(name)))
            .map(|template| describe(&template.name, &template.language, template.category.as_str()))
            .collect();
        if let Some(name) = name.filter(|_| world.templates.iter().next().is_none()) {
            templates.push(describe(name, DEFAULT_LANGUAGE, Category::Authentication.as_str()));
        }
        json!({ "data": templates, "paging": {} })
    }
}
