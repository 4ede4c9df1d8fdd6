//! What the templates show, taken from the world under its lock.

use askama::Template;

use super::phone_path;
use crate::account_events::{AccountEvent, EVENTS};
use crate::chat::{Author, Button, ButtonKind, ChatMessage, Tick};
use crate::number::Number;
use crate::phones::{Handler, Phone};
use crate::previews::{Piece, pieces};
use crate::pricing::{Charge, Total};
use crate::simulator::Simulator;

/// Webhook calls that the list of phones shows.
const ATTEMPTS_SHOWN: usize = 12;

/// Characters of a message that a list or a quotation shows.
const EXCERPT_CHARS: usize = 80;

/// Seconds of a day.
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// One phone in the list.
pub(super) struct PhoneEntry {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) initial: String,
    pub(super) label: String,
    pub(super) hidden: bool,
    /// Meta Business Agent answers the chat.
    pub(super) agent: bool,
    pub(super) excerpt: String,
    pub(super) unread: usize,
    pub(super) current: bool,
}

/// One webhook call in the list.
pub(super) struct AttemptEntry {
    pub(super) seq: u64,
    pub(super) result: String,
    pub(super) accepted: bool,
    pub(super) updates: usize,
    pub(super) attempt: u32,
    pub(super) ms: String,
}

/// One message on the phone.
pub(super) struct Bubble {
    pub(super) seq: u64,
    pub(super) id: String,
    pub(super) mine: bool,
    pub(super) pieces: Vec<Piece>,
    pub(super) footer: Option<String>,
    pub(super) code: Option<String>,
    pub(super) quoted: Option<String>,
    pub(super) buttons: Vec<ButtonEntry>,
    /// What a message of the business costs.
    pub(super) price: Option<String>,
    pub(super) clock: String,
    pub(super) timestamp: u64,
    pub(super) tick: &'static str,
    pub(super) tick_label: &'static str,
}

/// One button below a message.
pub(super) struct ButtonEntry {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) copies: bool,
}

/// `/`
#[derive(Template)]
#[template(path = "index.html")]
pub(super) struct IndexPage {
    pub(super) business: String,
    pub(super) business_number: String,
    pub(super) phone_number_id: String,
    pub(super) webhook: String,
    pub(super) phones: Vec<PhoneEntry>,
    pub(super) attempts: Vec<AttemptEntry>,
    pub(super) events: &'static [AccountEvent],
    pub(super) coexistence: bool,
    pub(super) bill: BillPage,
}

/// `/phone/<number>`
#[derive(Template)]
#[template(path = "phone.html")]
pub(super) struct PhonePage {
    pub(super) business: String,
    pub(super) business_number: String,
    pub(super) initial: String,
    pub(super) owner: String,
    pub(super) owner_label: String,
    pub(super) number: String,
    pub(super) text: String,
    pub(super) phones: Vec<PhoneEntry>,
    pub(super) chat: ChatPage,
    pub(super) bill: BillPage,
    /// The number also runs in the WhatsApp Business app.
    pub(super) coexistence: bool,
}

/// The messages alone, for a page that is open already.
#[derive(Template)]
#[template(path = "chat.html")]
pub(super) struct ChatPage {
    pub(super) number: String,
    pub(super) bubbles: Vec<Bubble>,
    pub(super) typing: bool,
    /// Meta Business Agent answers the chat.
    pub(super) agent: bool,
}

/// What the business has been charged, for a phone page that is open already and for the list of phones.
#[derive(Template)]
#[template(path = "bill.html")]
pub(super) struct BillPage {
    /// The messages to one phone, on its page.
    here: Option<String>,
    everywhere: String,
    free_left: u64,
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "notice.html")]
pub(super) struct NoticePage<'a> {
    pub(super) title: &'a str,
    pub(super) text: &'a str,
}

impl IndexPage {
    pub(super) fn of(simulator: &Simulator) -> Self {
        let attempts = simulator.journal.latest(ATTEMPTS_SHOWN);
        let coexistence = simulator.world().settings.coexistence;
        Self {
            events: &EVENTS,
            coexistence,
            bill: BillPage::of(simulator, None),
            business: simulator.config.business_name.clone(),
            business_number: simulator.config.number.spaced(),
            phone_number_id: simulator.config.phone_number_id.clone(),
            webhook: simulator.courier.url().into(),
            phones: entries(simulator, None, None),
            attempts: attempts
                .into_iter()
                .map(|attempt| AttemptEntry {
                    seq: attempt.seq,
                    accepted: attempt.accepted(),
                    result: match (attempt.status, attempt.error) {
                        (Some(status), _) => status.to_string(),
                        (None, error) => error.unwrap_or_default().replace('_', " "),
                    },
                    updates: attempt.updates,
                    attempt: attempt.ordinal,
                    ms: format!("{:.1}", attempt.ms),
                })
                .collect(),
        }
    }
}

impl PhonePage {
    pub(super) fn of(simulator: &Simulator, number: &Number, text: String) -> Option<Self> {
        let chat = ChatPage::of(simulator, number)?;
        let (owner, owner_label, coexistence) = {
            let world = simulator.world();
            let phone = world.phones.get(number)?;
            (phone.name.clone(), label(phone), world.settings.coexistence)
        };
        let kept = Some(text.as_str()).filter(|text| !text.is_empty());
        Some(Self {
            business: simulator.config.business_name.clone(),
            business_number: simulator.config.number.spaced(),
            initial: initial(&simulator.config.business_name),
            owner,
            owner_label,
            number: number.as_str().to_owned(),
            phones: entries(simulator, Some(number), kept),
            text,
            chat,
            bill: BillPage::of(simulator, Some(number)),
            coexistence,
        })
    }
}

impl ChatPage {
    pub(super) fn of(simulator: &Simulator, number: &Number) -> Option<Self> {
        let now = simulator.now();
        let world = simulator.world();
        let phone = world.phones.get(number)?;
        Some(Self {
            number: number.as_str().to_owned(),
            bubbles: phone.chat.iter().map(|message| bubble(phone, message)).collect(),
            typing: phone.typing_until > now,
            agent: phone.handler == Handler::Agent,
        })
    }
}

impl BillPage {
    pub(super) fn of(simulator: &Simulator, number: Option<&Number>) -> Self {
        let now = simulator.now();
        let world = simulator.world();
        let phone = number.and_then(|number| world.phones.get(number));
        Self {
            here: phone.map(|phone| in_words(phone.bill.total())),
            everywhere: in_words(world.ledger.bill.total()),
            free_left: world.ledger.free_left(world.settings.tariff(), now),
        }
    }
}

fn entries(simulator: &Simulator, current: Option<&Number>, text: Option<&str>) -> Vec<PhoneEntry> {
    let world = simulator.world();
    let entry = |phone: &Phone| PhoneEntry {
        path: phone_path(&phone.number, text),
        name: phone.name.clone(),
        initial: initial(&phone.name),
        label: label(phone),
        hidden: phone.hides_number(),
        agent: phone.handler == Handler::Agent,
        excerpt: phone.chat.iter().next_back().map(|message| excerpt(&message.text)).unwrap_or_default(),
        unread: phone.chat.unread(),
        current: current == Some(&phone.number),
    };
    world.phones.in_order().into_iter().map(entry).collect()
}

fn bubble(phone: &Phone, message: &ChatMessage) -> Bubble {
    let (tick, tick_label) = match message.status {
        Tick::Pending => ("pending", "Sending"),
        Tick::Sent => ("sent", "Sent"),
        Tick::Delivered => ("delivered", "Delivered"),
        Tick::Read => ("read", "Read"),
        Tick::Failed => ("failed", "Not delivered"),
    };
    let quoted = message.in_reply_to.as_deref().and_then(|id| phone.chat.find(id));
    Bubble {
        seq: message.seq,
        id: message.id.clone(),
        mine: message.from == Author::Phone,
        pieces: pieces(&message.text),
        footer: message.footer.clone(),
        code: message.code.clone(),
        quoted: quoted.map(|quoted| excerpt(&quoted.text)),
        buttons: message.buttons.iter().map(button).collect(),
        price: message.pricing.as_ref().map(price),
        clock: clock(message.timestamp),
        timestamp: message.timestamp,
        tick,
        tick_label,
    }
}

fn in_words(total: Total) -> String {
    let noun = if total.messages == 1 { "message" } else { "messages" };
    let words = format!("{} {noun}, {}", total.messages, total.amount.spelled());
    if total.unpriced == 0 { words } else { format!("{words} and {} without a known rate", total.unpriced) }
}

fn price(charge: &Charge) -> String {
    match charge.amount {
        _ if charge.is_free() => "free".to_owned(),
        Some(amount) => amount.spelled(),
        None => "no rate known".to_owned(),
    }
}

fn button(button: &Button) -> ButtonEntry {
    ButtonEntry {
        id: button.id.clone(),
        title: button.title.clone(),
        copies: button.kind == ButtonKind::CopyCode,
    }
}

fn label(phone: &Phone) -> String {
    match &phone.username {
        Some(username) if phone.hides_number() => format!("@{username}"),
        _ => phone.number.spaced(),
    }
}

fn initial(name: &str) -> String {
    name.chars().find(|symbol| symbol.is_alphanumeric()).unwrap_or('?').to_uppercase().collect()
}

fn excerpt(text: &str) -> String {
    let mut symbols = text.chars();
    let start: String = symbols.by_ref().take(EXCERPT_CHARS).collect();
    if symbols.next().is_some() { format!("{}…", start.trim_end()) } else { start }
}

/// Hours and minutes in UTC; the page's script shows them in the time of the place.
fn clock(timestamp: u64) -> String {
    let seconds = timestamp % DAY_SECONDS;
    format!("{:02}:{:02}", seconds / 3_600, seconds / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_characters() {
        assert_eq!(excerpt("short"), "short");
        let cut = excerpt(&"ä".repeat(EXCERPT_CHARS + 1));
        assert_eq!(cut.chars().count(), EXCERPT_CHARS + 1);
        assert!(cut.ends_with('…'));
    }

    #[test]
    fn initials_are_letters() {
        assert_eq!(initial("(ana)"), "A");
        assert_eq!(initial("…"), "?");
    }

    #[test]
    fn clocks_have_two_digits() {
        assert_eq!(clock(1_790_416_800), "10:00");
        assert_eq!(clock(61), "00:01");
    }
}
