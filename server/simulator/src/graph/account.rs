//! The rest of the Graph API that a login server may touch: its number, its webhook, its templates.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use url::Url;

use crate::graph_error::GraphError;
use crate::simulator::Simulator;

impl Simulator {
    /// `GET /<phone number id>`, all fields or those asked for.
    pub(crate) fn describe_number(&self, fields: Option<&str>) -> Value {
        let number = json!({
            "id": self.config.phone_number_id,
            "verified_name": self.config.business_name,
            "display_phone_number": self.config.number.spaced(),
            "code_verification_status": "VERIFIED",
            "quality_rating": "GREEN",
            "platform_type": "CLOUD_API",
            "throughput": { "level": "STANDARD" },
        });
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

    /// `GET /<account id>/message_templates`.
    pub(crate) fn list_templates(&self) -> Value {
        let world = self.world();
        let templates: Vec<Value> = world
            .templates
            .iter()
            .map(|template| {
                json!({
                    "name": template.name,
                    "language": template.language,
                    "status": "APPROVED",
                    "category": template.category.as_str().to_ascii_uppercase(),
                })
            })
            .collect();
        json!({ "data": templates, "paging": {} })
    }
}
