//! What the messages to people say, in the language of what they sent.

use jiff::Timestamp;

use crate::{
    clock::UnixMillis,
    logins::ConfirmationCodes,
    store::{Login, MessageKind},
    whatsapp::{GraphClient, Recipient, SendError},
};

/// What stands before a login's reference in the id of its "not me" button.
pub(crate) const NOT_ME: &str = "not-me:";

/// Sends a message of this kind to the sender of a login.
pub(super) async fn send(
    client: &GraphClient,
    kind: MessageKind,
    login: &Login,
    app: &str,
    confirmation: &ConfirmationCodes,
) -> Result<(), SendError> {
    // With the number where it is known: WhatsApp then goes on telling it.
    let to = match (&login.phone, &login.user_id) {
        (Some(phone), _) => Recipient::Phone(phone.clone()),
        (None, Some(user_id)) => Recipient::UserId(user_id.clone()),
        // A login that owes a message has a sender.
        (None, None) => return Err(SendError::Misconfigured { code: 0 }),
    };
    let language = login.language.unwrap_or_default();
    let sent = match kind {
        MessageKind::SharePhone => client.request_contact(&to, &language.share_phone(app)).await,
        MessageKind::ConfirmationCode => {
            let seed = login.confirmation.unwrap_or_default();
            let digits = confirmation.digits(login.code, &seed);
            let text = language.confirmation(digits.expose(), app);
            client.send_text(&to, &text, None).await
        }
        MessageKind::SignedIn => {
            let at = login.verified_at.map(minute).unwrap_or_default();
            let text = language.signed_in(app, &at);
            let button = format!("{NOT_ME}{}", login.reply_reference.as_deref().unwrap_or_default());
            client.send_buttons(&to, &text, &[(&button, language.not_me())]).await
        }
    };
    sent.map(drop)
}

/// A moment for people, such as `2026-11-22 08:00 UTC`.
fn minute(at: UnixMillis) -> String {
    Timestamp::from(at).strftime("%Y-%m-%d %H:%M UTC").to_string()
}
