//! The JSON shapes of webhooks: chats on the fields `messages` and `standby`, and notices on fields of their own.

use serde_json::{Map, Value, json};

use crate::chat::Tick;
use crate::number::Number;
use crate::phones::Phone;
use crate::pricing::Charge;

/// Messages that share one `value` when many updates are sent in one call.
const UPDATES_PER_VALUE: usize = 10;

/// Values that share one `entry`.
const CHANGES_PER_ENTRY: usize = 10;

/// The field that a chat comes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Channel {
    /// The business handles the chat.
    #[default]
    Messages,
    /// Meta Business Agent does, and the business looks on.
    Standby,
}

impl Channel {
    fn field(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Standby => "standby",
        }
    }
}

/// One thing the business is told about.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    /// Whose chat it stands in.
    pub(crate) phone: Option<Number>,
    /// The message that it is about; of a notice, a name that is made up for it.
    pub(crate) message_id: String,
    /// The number it is addressed to: the business's own unless a test says otherwise.
    pub(crate) phone_number_id: String,
    /// The person, unless WhatsApp leaves that out.
    pub(crate) contact: Option<Value>,
    /// Where messages and statuses come; a notice has a field of its own.
    pub(crate) channel: Channel,
    pub(crate) item: Item,
}

/// The update itself.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// A person did something.
    Message(Value),
    /// A message of the business has come further.
    Status(Value),
    /// Anything else, as the whole value of its field.
    Notice(Notice),
}

/// What comes on a field of its own.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) field: String,
    pub(crate) value: Value,
    /// Unix seconds in `entry[].time`, which only what is about the account has.
    pub(crate) time: Option<u64>,
}

/// The account and number that stand in every webhook about a chat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account<'a> {
    pub(crate) waba_id: &'a str,
    pub(crate) number: &'a Number,
}

/// `contacts[]` of a phone: without its number when it hides it.
pub(crate) fn contact(phone: &Phone) -> Value {
    let mut profile = json!({ "name": phone.name });
    if let Some(username) = &phone.username {
        profile["username"] = json!(username);
    }
    let mut contact = json!({ "profile": profile, "user_id": phone.user_id });
    if let Some(parent) = &phone.parent_user_id {
        contact["parent_user_id"] = json!(parent);
    }
    if let Some(key) = &phone.identity_key {
        contact["identity_key_hash"] = json!(key);
    }
    if !phone.hides_number() {
        contact["wa_id"] = json!(phone.wa_id.as_str());
    }
    contact
}

/// A message of a phone. `content` holds the key of the type and whatever else the type brings.
pub(crate) fn message(phone: &Phone, id: &str, timestamp: u64, kind: &str, content: Value) -> Value {
    let mut message = Map::new();
    if !phone.hides_number() {
        message.insert("from".to_owned(), json!(phone.wa_id.as_str()));
    }
    message.insert("from_user_id".to_owned(), json!(phone.user_id));
    if let Some(parent) = &phone.parent_user_id {
        message.insert("from_parent_user_id".to_owned(), json!(parent));
    }
    message.insert("id".to_owned(), json!(id));
    message.insert("timestamp".to_owned(), json!(timestamp.to_string()));
    message.insert("type".to_owned(), json!(kind));
    if let Value::Object(content) = content {
        message.extend(content);
    }
    Value::Object(message)
}

/// What a status says beside how far the message has come.
#[derive(Clone, Debug)]
pub(crate) struct StatusDetails {
    /// The message was sent to the number, not to the user id.
    pub(crate) sent_to_number: bool,
    pub(crate) callback_data: Option<String>,
    /// What the message costs, unless it fails.
    pub(crate) pricing: Option<Charge>,
    /// Why it failed: an entry of `errors[]`.
    pub(crate) error: Option<Value>,
}

/// A status of a message to a phone.
pub(crate) fn status(phone: &Phone, id: &str, timestamp: u64, tick: Tick, details: &StatusDetails) -> Value {
    let mut status = json!({ "id": id, "status": tick, "timestamp": timestamp.to_string() });
    if details.sent_to_number || !phone.hides_number() {
        status["recipient_id"] = json!(phone.wa_id.as_str());
    }
    if tick != Tick::Failed || !details.sent_to_number {
        status["recipient_user_id"] = json!(phone.user_id);
    }
    if let Some(data) = &details.callback_data {
        status["biz_opaque_callback_data"] = json!(data);
    }
    // Of `sent` and `delivered` one has it.
    if let (Tick::Sent, Some(charge)) = (tick, &details.pricing) {
        status["pricing"] = json!({
            "billable": !charge.is_free(),
            "pricing_model": "PMP",
            "type": charge.kind,
            "category": charge.category,
        });
    }
    if let Some(error) = &details.error {
        status["errors"] = json!([error]);
    }
    status
}

/// `contacts[]` of a status: none when the message failed.
pub(crate) fn status_contact(phone: &Phone, tick: Tick, sent_to_number: bool) -> Option<Value> {
    if tick == Tick::Failed {
        return None;
    }
    let mut contact = contact(phone);
    if sent_to_number {
        contact["wa_id"] = json!(phone.wa_id.as_str());
    }
    Some(contact)
}

/// The body of one webhook call. Many updates are spread over `messages[]` or `statuses[]`, `changes[]` and `entry[]`,
/// as Meta does: a server that reads the first of each only loses most of them here.
pub(crate) fn envelope(account: Account<'_>, updates: &[Update]) -> Value {
    let changes: Vec<(Option<u64>, Value)> =
        runs(updates).into_iter().map(|run| change(account, run)).collect();
    let entries: Vec<Value> = changes
        .chunk_by(|(one, _), (next, _)| one == next)
        .flat_map(|changes| changes.chunks(CHANGES_PER_ENTRY))
        .map(|changes| entry(account, changes))
        .collect();
    json!({ "object": "whatsapp_business_account", "entry": entries })
}

/// One of `entry[]`, of changes at the same time.
fn entry(account: Account<'_>, changes: &[(Option<u64>, Value)]) -> Value {
    let values: Vec<&Value> = changes.iter().map(|(_, change)| change).collect();
    let mut entry = json!({ "id": account.waba_id, "changes": values });
    if let Some((Some(time), _)) = changes.first() {
        entry["time"] = json!(time);
    }
    entry
}

/// Neighbours of one kind, one channel and one number share a `value`; a notice has its own.
fn runs(updates: &[Update]) -> Vec<&[Update]> {
    updates
        .chunk_by(|one, next| {
            !matches!(one.item, Item::Notice(_))
                && one.phone_number_id == next.phone_number_id
                && one.channel == next.channel
                && std::mem::discriminant(&one.item) == std::mem::discriminant(&next.item)
        })
        .flat_map(|run| run.chunks(UPDATES_PER_VALUE))
        .collect()
}

/// One of `changes[]`, and the time that its entry has.
fn change(account: Account<'_>, updates: &[Update]) -> (Option<u64>, Value) {
    if let [Update { item: Item::Notice(notice), .. }] = updates {
        return (notice.time, json!({ "field": notice.field, "value": notice.value }));
    }
    let channel = updates.first().map(|update| update.channel).unwrap_or_default();
    (None, json!({ "field": channel.field(), "value": value(account, updates, channel) }))
}

/// `metadata` of what is about the number.
pub(crate) fn metadata(number: &Number, phone_number_id: &str) -> Value {
    json!({ "display_phone_number": number.as_str(), "phone_number_id": phone_number_id })
}

fn value(account: Account<'_>, updates: &[Update], channel: Channel) -> Value {
    let (mut contacts, mut messages, mut statuses) = (Vec::new(), Vec::new(), Vec::new());
    for update in updates {
        // A person stands here once however many messages follow, so that a match by position goes wrong.
        contacts.extend(update.contact.clone().filter(|contact| !contacts.contains(contact)));
        match &update.item {
            Item::Message(message) => messages.push(message.clone()),
            Item::Status(status) => statuses.push(status.clone()),
            Item::Notice(_) => {}
        }
    }
    let phone_number_id = updates.first().map(|update| update.phone_number_id.as_str()).unwrap_or_default();
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": metadata(account.number, phone_number_id),
    });
    let lists: Map<String, Value> = [("contacts", contacts), ("messages", messages), ("statuses", statuses)]
        .into_iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(key, list)| (key.to_owned(), Value::Array(list)))
        .collect();
    match (channel, &mut value) {
        // On this field everything but the number stands one level deeper.
        (Channel::Standby, value) => value["standby"] = Value::Object(lists),
        (Channel::Messages, Value::Object(value)) => value.extend(lists),
        (Channel::Messages, _) => {}
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phones::{PhoneSpec, Phones};
    use crate::pricing::Ledger;
    use crate::templates::Category;
    use crate::world::Settings;

    fn with_phone(username: Option<&str>, test: impl FnOnce(&Phone)) {
        let mut phones = Phones::default();
        let spec = PhoneSpec {
            number: "15550002222".to_owned(),
            name: Some("Ana".to_owned()),
            username: username.map(str::to_owned),
            user_id: Some("US.1000".to_owned()),
            ..PhoneSpec::default()
        };
        let number = phones.put("1", &spec).unwrap();
        test(phones.get(&number).unwrap());
    }

    fn text(phone: &Phone, id: &str) -> Update {
        Update {
            phone: Some(phone.number.clone()),
            message_id: id.to_owned(),
            phone_number_id: "2".to_owned(),
            contact: Some(contact(phone)),
            channel: Channel::Messages,
            item: Item::Message(message(
                phone,
                id,
                1_790_416_800,
                "text",
                json!({ "text": { "body": "hi" } }),
            )),
        }
    }

    fn envelope_of(updates: &[Update]) -> Value {
        let number = Number::parse("15550001111").unwrap();
        envelope(Account { waba_id: "1", number: &number }, updates)
    }

    #[test]
    fn a_text_has_the_documented_shape() {
        with_phone(None, |phone| {
            let expected = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{
                "field": "messages", "value": {
                    "messaging_product": "whatsapp",
                    "metadata": {"display_phone_number": "15550001111", "phone_number_id": "2"},
                    "contacts": [{"profile": {"name": "Ana"}, "wa_id": "15550002222", "user_id": "US.1000"}],
                    "messages": [{"from": "15550002222", "from_user_id": "US.1000", "id": "wamid.1",
                        "timestamp": "1790416800", "type": "text", "text": {"body": "hi"}}],
                },
            }]}]});
            assert_eq!(envelope_of(&[text(phone, "wamid.1")]), expected);
        });
    }

    #[test]
    fn a_hidden_number_is_absent_not_empty() {
        with_phone(Some("ana"), |phone| {
            let body = envelope_of(&[text(phone, "wamid.1")]);
            let value = &body["entry"][0]["changes"][0]["value"];
            assert_eq!(
                value["contacts"][0],
                json!({"profile": {"name": "Ana", "username": "ana"}, "user_id": "US.1000"})
            );
            assert!(value["messages"][0].get("from").is_none());
            assert!(!body.to_string().contains("15550002222"));
        });
    }

    #[test]
    fn a_batch_is_spread_over_every_level() {
        with_phone(None, |phone| {
            let updates: Vec<_> = (0..250).map(|index| text(phone, &format!("wamid.{index}"))).collect();
            let body = envelope_of(&updates);
            let entries = body["entry"].as_array().unwrap();
            assert_eq!(entries.len(), 3);
            let mut ids = Vec::new();
            for change in entries.iter().flat_map(|entry| entry["changes"].as_array().unwrap()) {
                assert_eq!(change["value"]["contacts"].as_array().unwrap().len(), 1);
                ids.extend(
                    change["value"]["messages"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|message| message["id"].clone()),
                );
            }
            assert_eq!(ids, (0..250).map(|index| json!(format!("wamid.{index}"))).collect::<Vec<_>>());
        });
    }

    #[test]
    fn a_failed_status_names_no_contact_and_no_user_id_for_a_number() {
        with_phone(None, |phone| {
            let settings = Settings::default();
            let charge = Ledger::default().quote(settings.tariff(), "US", Some(Category::Authentication), 5);
            let details = StatusDetails {
                sent_to_number: true,
                callback_data: Some("chal_1".to_owned()),
                pricing: Some(charge),
                error: Some(json!({"code": 131_049})),
            };
            let failed = status(phone, "wamid.1", 5, Tick::Failed, &details);
            assert_eq!(failed["status"], "failed");
            assert_eq!(failed["recipient_id"], "15550002222");
            assert!(failed.get("recipient_user_id").is_none() && failed.get("pricing").is_none());
            assert!(status_contact(phone, Tick::Failed, true).is_none());
            let sent = status(phone, "wamid.1", 5, Tick::Sent, &StatusDetails { error: None, ..details });
            assert_eq!(sent["pricing"]["category"], "authentication");
            assert_eq!(sent["recipient_user_id"], "US.1000");
            assert_eq!(sent["biz_opaque_callback_data"], "chal_1");
        });
    }

    #[test]
    fn a_chat_that_the_business_does_not_handle_stands_one_level_deeper() {
        with_phone(None, |phone| {
            let standby = Update { channel: Channel::Standby, ..text(phone, "wamid.1") };
            let body = envelope_of(&[standby, text(phone, "wamid.2")]);
            let changes = &body["entry"][0]["changes"];
            assert_eq!((&changes[0]["field"], &changes[1]["field"]), (&json!("standby"), &json!("messages")));
            let (inner, outer) = (&changes[0]["value"]["standby"], &changes[1]["value"]);
            assert_eq!(inner["messages"][0]["id"], "wamid.1");
            assert_eq!(inner["contacts"], outer["contacts"]);
            assert_eq!(changes[0]["value"]["metadata"], outer["metadata"]);
            assert!(changes[0]["value"].get("messages").is_none());
        });
    }

    #[test]
    fn a_notice_about_the_account_has_its_time_and_no_number() {
        with_phone(None, |phone| {
            let notice = Notice { field: "security".to_owned(), value: json!({"event": "X"}), time: Some(5) };
            let update = Update { item: Item::Notice(notice), ..text(phone, "notice.1") };
            let body = envelope_of(&[text(phone, "wamid.1"), update.clone(), update]);
            assert_eq!(body["entry"][0].get("time"), None);
            let expected = json!({"id": "1", "time": 5, "changes": [
                {"field": "security", "value": {"event": "X"}}, {"field": "security", "value": {"event": "X"}}]});
            assert_eq!(body["entry"][1], expected);
        });
    }
}
