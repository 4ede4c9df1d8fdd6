//! How a code gets to the phone: in a template of the category authentication, as WhatsApp permits no other way.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use loggin_protocol::PhoneNumber;
use uuid::Uuid;

use crate::{
    crypto::CodeText,
    whatsapp::{AuthTemplate, GraphClient, SendError, SentMessage},
};

/// Time for sending, a second try included: shorter than the 10 s that a client waits for the whole call.
pub(super) const SEND_TIME: Duration = Duration::from_secs(9);

/// The same for the code of another server: Supabase and ZITADEL wait 5 s for the whole call.
pub(super) const FOREIGN_SEND_TIME: Duration = Duration::from_secs(4);

/// The longest pause before the second try; who asks for a longer one is told so instead.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Sends codes.
#[async_trait]
pub(crate) trait CodeSender: fmt::Debug + Send + Sync {
    /// Sends a code once. `session_id` comes back with the statuses of the message.
    async fn send(
        &self,
        phone: &PhoneNumber,
        code: &CodeText,
        session_id: Uuid,
    ) -> Result<SentMessage, SendError>;
}

/// Sends codes through WhatsApp.
#[derive(Debug)]
pub(crate) struct TemplateSender {
    pub(crate) client: GraphClient,
    /// The template's name.
    pub(crate) template: String,
    /// The language it was approved in.
    pub(crate) language: String,
}

#[async_trait]
impl CodeSender for TemplateSender {
    async fn send(
        &self,
        phone: &PhoneNumber,
        code: &CodeText,
        session_id: Uuid,
    ) -> Result<SentMessage, SendError> {
        let template = AuthTemplate {
            name: &self.template,
            language: &self.language,
            code: code.expose(),
            callback_data: Some(&session_id.to_string()),
        };
        self.client.send_auth_template(phone, &template).await
    }
}

/// Sends a code within this time, and once more where it certainly was not sent and need not wait for long.
pub(super) async fn send(
    sender: &dyn CodeSender,
    phone: &PhoneNumber,
    code: &CodeText,
    session_id: Uuid,
    time: Duration,
) -> Result<SentMessage, SendError> {
    let tries = async {
        match sender.send(phone, code, session_id).await {
            Err(SendError::Retryable { after }) if after.unwrap_or_default() <= LONGEST_PAUSE => {
                tokio::time::sleep(after.unwrap_or_default()).await;
                sender.send(phone, code, session_id).await
            }
            other => other,
        }
    };
    // Whatever was under way then may have reached WhatsApp.
    tokio::time::timeout(time, tries).await.unwrap_or(Err(SendError::Ambiguous))
}
