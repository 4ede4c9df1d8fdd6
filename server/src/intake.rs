//! What webhooks tell, brought to the logins that it is about.

use std::hash::BuildHasher;

use loggin::PhoneNumber;
use sha2::{Digest, Sha256};

use crate::{
    app::Server,
    limits,
    logins::{CodeReceived, Message, Progressed},
    otp::DID_NOT_REQUEST_CODE,
    outbox::{Answer, NOT_ME},
    store::{MessageId, StoreError},
    whatsapp::{Content, InboundMessage, Place, Sender, Update, UpdateKind, find_places},
};

/// Takes the updates of one webhook call. Once it returns, all they brought about is durable.
pub(crate) async fn take(server: &Server, updates: Vec<Update>) -> Result<(), StoreError> {
    let mut received = Vec::new();
    let mut shared = Vec::new();
    let mut tapped = Vec::new();
    let mut not_requested = Vec::new();
    let mut statuses = Vec::new();
    for update in updates {
        if !update.concerns(&server.settings.whatsapp.phone_number_id) {
            tracing::warn!("an update of an unknown phone number id was left out");
            continue;
        }
        match update.kind {
            UpdateKind::Message(message) => match message.content {
                Content::Text(ref text) => received.extend(codes(server, &message, text).await?),
                Content::SharedOwnNumber(phone) => shared.push((message.sender, phone)),
                Content::ButtonReply { id, context_message_id } if id == DID_NOT_REQUEST_CODE => {
                    not_requested.extend(context_message_id.map(|message_id| (message.sender, message_id)));
                }
                Content::ButtonReply { id, .. } => tapped.push((message.sender, id)),
            },
            UpdateKind::Ignored(reason) => reason.log(),
            UpdateKind::Status(status) => statuses.push(status),
            UpdateKind::Operator(event) => event.log(None),
            UpdateKind::IdentityChange(_) => tracing::debug!("a person's number or user id changed"),
        }
    }
    let progressed = server.logins.receive(received).await?;
    answer(server, progressed);
    for (sender, phone) in shared {
        let progressed = share_phone(server, sender, &phone).await?;
        answer(server, progressed);
    }
    for (sender, button) in tapped {
        tap(server, &sender, &button).await?;
    }
    if let Some(otp) = &server.otp {
        otp.note_statuses(&statuses).await?;
        for (sender, message_id) in not_requested {
            otp.not_requested(&message_id, &sender).await?;
        }
    }
    Ok(())
}

fn answer(server: &Server, progressed: Vec<Progressed>) {
    for answer in progressed.into_iter().filter_map(Answer::to) {
        server.outbox.put(answer);
    }
}

/// The codes of known apps in a text.
async fn codes(
    server: &Server,
    message: &InboundMessage,
    text: &str,
) -> Result<Vec<CodeReceived>, StoreError> {
    let mut received = Vec::new();
    for code in find_places(text).into_iter().flat_map(Place::into_readings) {
        let Some(app) = server.apps.find(code.app_key()).await? else {
            continue;
        };
        received.push(CodeReceived {
            code,
            app,
            id: message_id(server, message, &code.expose()),
            message: Message {
                phone: message.sender.phone.clone(),
                user_id: message.sender.user_id.clone(),
                sent_at: message.timestamp.into(),
            },
        });
        if received.len() == limits::CODES_PER_MESSAGE {
            break;
        }
    }
    if !received.is_empty() && !count(server, &message.sender) {
        tracing::warn!("a sender's messages are left out for a while: too many hold a code");
        return Ok(Vec::new());
    }
    Ok(received)
}

/// The hash of a message's id and one code in it: a message may hold several, and each counts once.
fn message_id(server: &Server, message: &InboundMessage, code: &str) -> MessageId {
    let mut hash = Sha256::new();
    hash.update(message.id.as_bytes());
    hash.update(b"\n");
    hash.update(code.as_bytes());
    MessageId {
        phone_number_id: server.settings.whatsapp.phone_number_id.clone(),
        hash: hash.finalize().into(),
        received_at: server.clock.now(),
    }
}

/// Finishes the sender's logins that wait for this number.
async fn share_phone(
    server: &Server,
    sender: Sender,
    phone: &PhoneNumber,
) -> Result<Vec<Progressed>, StoreError> {
    let Some(user_id) = sender.user_id else {
        return Ok(Vec::new());
    };
    let waiting = server.store.awaiting_phone(&user_id, limits::LOGINS_PER_SHARED_NUMBER).await?;
    let mut logins = Vec::new();
    for login in waiting {
        if let Some(app) = server.apps.find(login.code.app_key()).await? {
            logins.push((login, app));
        }
    }
    server.logins.share_phone(logins, phone).await
}

/// A button was tapped: "not me" is the only one there is.
async fn tap(server: &Server, sender: &Sender, button: &str) -> Result<(), StoreError> {
    let Some(reference) = button.strip_prefix(NOT_ME) else {
        return Ok(());
    };
    let Some(login) = server.store.by_reply(reference).await? else {
        return Ok(());
    };
    // A tombstone has no person in it any more; the reference, which only the sender was given, is enough then.
    let same_phone = login.phone.is_none() || login.phone == sender.phone;
    let same_user = login.user_id.is_none() || login.user_id == sender.user_id;
    if (same_phone || same_user) && server.logins.deny(login.code).await? {
        tracing::info!(app_key = %login.code.app_key(), "a sign-in was denied by its sender");
    }
    Ok(())
}

/// Counts one more message with a code; tells whether it is within what one sender may send.
fn count(server: &Server, sender: &Sender) -> bool {
    // The hash alone is kept: a count needs no phone number.
    let key = server.hasher.hash_one((sender.phone.as_ref(), sender.user_id.as_ref()));
    server.sender_counts.count(key, 1, server.clock.now())
}
