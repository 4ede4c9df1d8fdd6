//! What the messages to people say, in the language of what they sent.

use jiff::Timestamp;

use crate::{
    clock::UnixMillis,
    languages::Language,
    logins::{Choices, ConfirmationCodes, match_button},
    store::{Asker, Login, MessageKind},
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
    let reference = login.reply_reference.as_deref().unwrap_or_default();
    let not_me = format!("{NOT_ME}{reference}");
    let sent = match kind {
        MessageKind::SharePhone => {
            client.request_contact(&to, &told(language, language.share_phone(app), login)).await
        }
        MessageKind::ConfirmationCode => {
            let seed = login.confirmation.unwrap_or_default();
            let digits = confirmation.digits(login.code, &seed);
            let text = language.confirmation(digits.expose(), app);
            let page = login.asker.as_ref().and_then(|asker| asker.return_to.as_deref());
            let text = match page {
                Some(page) => {
                    let link = confirmation.return_code(login.code, &seed).link(page, login.code);
                    // On a line of its own: in some scripts marks around a value would count as the link's.
                    format!("{text}\n\n{}\n{link}", language.open_here())
                }
                None => text,
            };
            let text = told(language, text, login);
            client.send_buttons(&to, &text, &[(&not_me, language.not_me())]).await
        }
        MessageKind::MatchDigits => {
            // A login that awaits a choice has what it is derived from.
            let choices = Choices::of(login).ok_or(SendError::Misconfigured { code: 0 })?;
            let buttons = choices.rows.map(|row| (match_button(reference, row), row.to_string()));
            let buttons = buttons.each_ref().map(|(id, title)| (id.as_str(), title.as_str()));
            client.send_buttons(&to, &told(language, language.choose(app), login), &buttons).await
        }
        MessageKind::SignedIn => {
            let at = login.verified_at.map(minute).unwrap_or_default();
            let text = told(language, language.signed_in(app, &at), login);
            client.send_buttons(&to, &text, &[(&not_me, language.not_me())]).await
        }
    };
    sent.map(drop)
}

/// A text, and below it what page asks, as far as that is known.
fn told(language: Language, text: String, login: &Login) -> String {
    // Where it is says nothing of what it is.
    match login.asker.as_ref().filter(|asker| asker.browser.is_some()) {
        Some(asker) => format!("{text}\n\n{}", language.asked(&name(asker))),
        None => text,
    }
}

/// A page as people know it, such as `Firefox, Windows, IN, 2026-11-22 08:00 UTC`.
fn name(asker: &Asker) -> String {
    let at = minute(asker.asked_at());
    let parts = [asker.browser.as_deref(), asker.system.as_deref(), asker.region.as_deref(), Some(&at)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A moment for people, such as `2026-11-22 08:00 UTC`.
fn minute(at: UnixMillis) -> String {
    Timestamp::from(at).strftime("%Y-%m-%d %H:%M UTC").to_string()
}
