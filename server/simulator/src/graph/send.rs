//! Takes a message of the business to a phone, and tells the business how far it came.

use std::sync::Arc;

use serde_json::{Value, json};

use super::message::{Content, MessageRequest, Recipient, SendRequest};
use crate::chat::{Author, Button, ButtonKind, ChatMessage, Tick};
use crate::faults::{GraphFault, MessageStatus};
use crate::graph_error::GraphError;
use crate::limits::TYPING_SECONDS;
use crate::number::Number;
use crate::phones::{Handler, Phone, PhoneSpec};
use crate::simulator::Simulator;
use crate::templates::Category;
use crate::webhook::payload::{self, Channel, Item, StatusDetails, Update};
use crate::world::{ErrorReport, World};

/// A message that was taken, and what its statuses need.
struct Accepted {
    phone: Number,
    id: String,
    details: StatusDetails,
    /// Meta Business Agent handled the chat until then.
    takes_over: bool,
    /// It stands in the chat.
    is_shown: bool,
}

/// What a fault makes of a message that is taken.
struct Fate {
    kept_back: bool,
    fails: Option<GraphError>,
}

impl Simulator {
    /// Does what the business asks for and gives the body of the response.
    pub(crate) fn handle_message(
        self: &Arc<Self>,
        request: MessageRequest,
        fault: Option<&GraphFault>,
    ) -> Result<Value, GraphError> {
        match request {
            MessageRequest::Read { message_id, typing } => self.read_by_business(&message_id, typing),
            MessageRequest::Send(send) => self.send_from_business(send, fault),
        }
    }

    fn read_by_business(&self, message_id: &str, typing: bool) -> Result<Value, GraphError> {
        let now = self.now();
        let mut world = self.world();
        let unknown = || GraphError::new(100).details("message_id is not of a message to this number");
        let number = world.senders.get(message_id).cloned().ok_or_else(unknown)?;
        let phone = world.phones.get_mut(&number).ok_or_else(unknown)?;
        phone.chat.read(Author::Phone, Some(message_id));
        if typing {
            phone.typing_until = now + TYPING_SECONDS;
        }
        phone.touch();
        Ok(json!({ "success": true }))
    }

    fn send_from_business(
        self: &Arc<Self>,
        send: SendRequest,
        fault: Option<&GraphFault>,
    ) -> Result<Value, GraphError> {
        let is_template = matches!(send.content, Content::Template(_));
        let kept_back = fault.and_then(|fault| fault.message_status).filter(|_| is_template);
        let fate = Fate {
            kept_back: kept_back.is_some(),
            fails: fault.and_then(|fault| fault.failed_status).map(GraphError::new),
        };
        let (accepted, contact) = self.accept(send, fate)?;
        if accepted.is_shown {
            let (number, id) = (accepted.phone.clone(), accepted.id.clone());
            tokio::spawn(self.clone().preview(number, id));
        }
        let mut message = json!({ "id": accepted.id });
        if is_template {
            message["message_status"] = json!(kept_back.map_or("accepted", MessageStatus::as_str));
        }
        if kept_back.is_none() {
            tokio::spawn(self.clone().report_statuses(accepted));
        }
        Ok(json!({ "messaging_product": "whatsapp", "contacts": [contact], "messages": [message] }))
    }

    /// Puts a message into the chat, or refuses it.
    fn accept(&self, send: SendRequest, fate: Fate) -> Result<(Accepted, Value), GraphError> {
        let now = self.now();
        let mut world = self.world();
        let number = self.recipient(&mut world, &send.to)?;
        let rendered = Rendered::of(&world, &send.content)?;
        let sent_to_number = matches!(send.to, Recipient::Number(..));
        if !sent_to_number && rendered.category == Some(Category::Authentication) {
            return Err(GraphError::new(131_062));
        }
        let report = world.settings.report_errors;
        let seq = world.next_seq();
        let charge = world.ledger.quote(world.settings.tariff(), number.country(), rendered.category, now);
        let unpaid = (!charge.is_free() && !world.settings.payment_method).then(|| GraphError::new(131_042));
        let phone = world.phones.get_mut(&number).ok_or_else(|| GraphError::new(131_026))?;
        let refusal = refusal(phone, rendered.category, now).or(unpaid);
        if let (ErrorReport::Response, Some(error)) = (report, refusal.clone()) {
            return Err(error);
        }
        let failure = refusal.or(fate.fails);
        let owner = if phone.hides_number() { &phone.user_id } else { phone.number.as_str() };
        let id = self.identifiers.message(owner);
        let details = StatusDetails {
            sent_to_number,
            callback_data: send.callback_data.clone(),
            pricing: failure.is_none().then(|| charge.clone()),
            error: failure.as_ref().map(GraphError::in_status),
        };
        let contact = match send.to {
            Recipient::Number(input, _) => json!({ "input": input, "wa_id": phone.wa_id.as_str() }),
            Recipient::UserId(input) => json!({ "input": input, "user_id": input }),
        };
        let mut takes_over = false;
        let is_shown = failure.is_none() && !fate.kept_back;
        if is_shown {
            takes_over = std::mem::take(&mut phone.handler) == Handler::Agent;
            phone.number_known |= sent_to_number;
            phone.typing_until = 0;
            let message = rendered.message(seq, id.clone(), now);
            phone.chat.push(ChatMessage {
                in_reply_to: send.in_reply_to,
                callback_data: send.callback_data,
                pricing: Some(charge.clone()),
                ..message
            });
            // What is in the chat was delivered, and that is what is charged.
            phone.bill.add(&charge);
            phone.touch();
            world.ledger.add(&charge, now);
        }
        Ok((Accepted { phone: number, id, details, takes_over, is_shown }, contact))
    }

    /// The phone that a message is for. Any number may have WhatsApp, so one that is new here gets a phone.
    fn recipient(&self, world: &mut World, to: &Recipient) -> Result<Number, GraphError> {
        let number = match to {
            Recipient::UserId(user_id) => {
                let number = world.phones.number_of(user_id).cloned();
                return number.ok_or_else(|| GraphError::invalid("recipient is not a user of this business"));
            }
            Recipient::Number(_, number) => number,
        };
        if *number == self.config.number {
            return Err(GraphError::new(131_021));
        }
        if !world.settings.allows(number) {
            return Err(GraphError::new(131_030));
        }
        if let Some(phone) = world.phones.get(number) {
            return Ok(phone.number.clone());
        }
        let spec = PhoneSpec { number: number.as_str().to_owned(), ..PhoneSpec::default() };
        world.phones.put(&self.config.waba_id, &spec).map_err(|_| GraphError::new(131_026))
    }

    /// `sent`, `delivered` and, when the chat is open on the phone, `read`; or `failed`.
    async fn report_statuses(self: Arc<Self>, accepted: Accepted) {
        if accepted.details.error.is_some() {
            return self.report(&accepted, Tick::Failed).await;
        }
        if accepted.takes_over {
            self.report_handover(&accepted.phone).await;
        }
        self.advance(&accepted, Tick::Sent);
        self.report(&accepted, Tick::Sent).await;
        tokio::time::sleep(self.config.status_pause).await;
        if self.is_open(&accepted.phone) {
            // An open chat is read at once: `delivered` is skipped, as with Meta.
            return self.read_by_person(&accepted.phone).await;
        }
        if self.advance(&accepted, Tick::Delivered) {
            self.report(&accepted, Tick::Delivered).await;
        }
    }

    /// Marks the business's messages as read by the person who holds the phone, and reports each.
    pub(crate) async fn read_by_person(self: &Arc<Self>, number: &Number) {
        let updates: Vec<Update> = {
            let now = self.now();
            let mut world = self.world();
            let Some(phone) = world.phones.get_mut(number) else {
                return;
            };
            let ids = phone.chat.read(Author::Business, None);
            if !ids.is_empty() {
                phone.touch();
            }
            ids.into_iter()
                .map(|id| {
                    let callback_data =
                        phone.chat.find(&id).and_then(|message| message.callback_data.clone());
                    // A number that was written to is known since then, so it stands here without being asked for.
                    let details =
                        StatusDetails { sent_to_number: false, callback_data, pricing: None, error: None };
                    self.status_update(phone, id, now, Tick::Read, &details)
                })
                .collect()
        };
        for update in updates {
            self.deliver_status(update).await;
        }
    }

    async fn report(self: &Arc<Self>, accepted: &Accepted, tick: Tick) {
        let update = {
            let world = self.world();
            let Some(phone) = world.phones.get(&accepted.phone) else {
                return;
            };
            self.status_update(phone, accepted.id.clone(), self.now(), tick, &accepted.details)
        };
        self.deliver_status(update).await;
    }

    async fn deliver_status(self: &Arc<Self>, update: Update) {
        if self.deliver(update).await.is_err() {
            tracing::warn!("dropped a status: too many deliveries are waiting");
        }
    }

    fn status_update(
        &self,
        phone: &Phone,
        id: String,
        now: u64,
        tick: Tick,
        details: &StatusDetails,
    ) -> Update {
        Update {
            phone: Some(phone.number.clone()),
            phone_number_id: self.config.phone_number_id.clone(),
            contact: payload::status_contact(phone, tick, details.sent_to_number),
            channel: Channel::Messages,
            item: Item::Status(payload::status(phone, &id, now, tick, details)),
            message_id: id,
        }
    }

    fn advance(&self, accepted: &Accepted, tick: Tick) -> bool {
        let mut world = self.world();
        let Some(phone) = world.phones.get_mut(&accepted.phone) else {
            return false;
        };
        let advanced = phone.chat.advance(&accepted.id, tick);
        if advanced {
            phone.touch();
        }
        advanced
    }

    fn is_open(&self, number: &Number) -> bool {
        self.world().phones.get(number).is_some_and(|phone| phone.views > 0)
    }
}

/// Why a message is not delivered to this phone.
fn refusal(phone: &Phone, category: Option<Category>, now: u64) -> Option<GraphError> {
    if let Some(code) = phone.refuses_with {
        return Some(GraphError::new(code));
    }
    (category.is_none() && !phone.window_open(now)).then(|| {
        GraphError::new(131_047).details("More than 24 hours have passed since the recipient last replied")
    })
}

/// A message as the phone shows it.
struct Rendered {
    kind: String,
    text: String,
    footer: Option<String>,
    buttons: Vec<Button>,
    code: Option<String>,
    template: Option<String>,
    /// Of a template.
    category: Option<Category>,
}

impl Rendered {
    fn of(world: &World, content: &Content) -> Result<Self, GraphError> {
        let plain = |kind: &str, text: &str| Self {
            kind: kind.to_owned(),
            text: text.to_owned(),
            footer: None,
            buttons: Vec::new(),
            code: None,
            template: None,
            category: None,
        };
        Ok(match content {
            Content::Text(text) => plain("text", text),
            Content::Interactive { kind, body, footer, buttons } => {
                Self { footer: footer.clone(), buttons: buttons.clone(), ..plain(kind, body) }
            }
            Content::Template(used) => {
                let rendered = world.templates.render(used)?;
                Self {
                    buttons: if rendered.code.is_some() { code_buttons() } else { Vec::new() },
                    code: rendered.code,
                    template: Some(used.name.clone()),
                    category: Some(rendered.category),
                    ..plain("template", &rendered.text)
                }
            }
        })
    }

    fn message(self, seq: u64, id: String, timestamp: u64) -> ChatMessage {
        ChatMessage {
            kind: self.kind,
            footer: self.footer,
            buttons: self.buttons,
            code: self.code,
            template: self.template,
            ..ChatMessage::text(seq, id, Author::Business, timestamp, self.text)
        }
    }
}

fn code_buttons() -> Vec<Button> {
    [
        ("copy_code", "Copy code", ButtonKind::CopyCode),
        ("DID_NOT_REQUEST_CODE", "I didn't request a code", ButtonKind::DidNotRequestCode),
    ]
    .into_iter()
    .map(|(id, title, kind)| Button { id: id.to_owned(), title: title.to_owned(), kind })
    .collect()
}
