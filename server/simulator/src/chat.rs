//! One chat between a phone and the business, as the phone shows it.

use std::collections::VecDeque;

use serde::Serialize;

use crate::limits::CHAT_MESSAGES_MAX;
use crate::pricing::Charge;

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Author {
    Business,
    Phone,
}

/// How far a message has come. The order is that of the ticks: a later one never goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tick {
    Pending,
    Sent,
    Delivered,
    Read,
    Failed,
}

/// What a button does when it is tapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ButtonKind {
    /// Answers with its id and title.
    Reply,
    /// Shares the phone's own number.
    RequestContact,
    /// Copies the one-time code; the business learns nothing of it.
    CopyCode,
    /// Says that nobody asked for the one-time code.
    DidNotRequestCode,
}

/// A button below a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Button {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) kind: ButtonKind,
}

/// What WhatsApp's robot asked for, for a preview of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Preview {
    /// The address as it was asked for: without the fragment, which is never sent.
    pub(crate) url: String,
    /// The status of the response; none where there was none.
    pub(crate) status: Option<u16>,
}

/// One message of a chat.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ChatMessage {
    /// Counts up over all chats, from 1.
    pub(crate) seq: u64,
    pub(crate) id: String,
    pub(crate) from: Author,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) footer: Option<String>,
    /// The one-time code of an authentication template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) template: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) buttons: Vec<Button>,
    /// The message that this one answers, edits or reacts to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) in_reply_to: Option<String>,
    /// What WhatsApp's robot asked for, where the text has a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) preview: Option<Preview>,
    /// What the business wants to find again in every status.
    #[serde(rename = "biz_opaque_callback_data", skip_serializing_if = "Option::is_none")]
    pub(crate) callback_data: Option<String>,
    /// What a message that the business has sent by the Cloud API costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pricing: Option<Charge>,
    /// Unix seconds.
    pub(crate) timestamp: u64,
    pub(crate) status: Tick,
}

impl ChatMessage {
    /// A message with a text and nothing else.
    pub(crate) fn text(seq: u64, id: String, from: Author, timestamp: u64, text: impl Into<String>) -> Self {
        Self {
            seq,
            id,
            from,
            kind: "text".to_owned(),
            text: text.into(),
            footer: None,
            code: None,
            template: None,
            buttons: Vec::new(),
            in_reply_to: None,
            preview: None,
            callback_data: None,
            pricing: None,
            timestamp,
            status: Tick::Pending,
        }
    }
}

/// The latest messages of a chat, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Chat(VecDeque<ChatMessage>);

impl Chat {
    pub(crate) fn push(&mut self, message: ChatMessage) {
        if self.0.len() == CHAT_MESSAGES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(message);
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &ChatMessage> {
        self.0.iter()
    }

    pub(crate) fn find(&self, id: &str) -> Option<&ChatMessage> {
        self.0.iter().rev().find(|message| message.id == id)
    }

    pub(crate) fn find_mut(&mut self, id: &str) -> Option<&mut ChatMessage> {
        self.0.iter_mut().rev().find(|message| message.id == id)
    }

    /// Moves a message's tick forward; false when it was that far already, or is gone.
    pub(crate) fn advance(&mut self, id: &str, tick: Tick) -> bool {
        // What has arrived once does not fail any more, even if it is delivered again in vain.
        let furthest = if tick == Tick::Failed { Tick::Delivered } else { tick };
        let Some(message) = self.find_mut(id).filter(|message| message.status < furthest) else {
            return false;
        };
        message.status = tick;
        true
    }

    /// Marks as read what `author` has written up to and including the message `until`, or everything; says which.
    pub(crate) fn read(&mut self, author: Author, until: Option<&str>) -> Vec<String> {
        let count = match until {
            // A message that has scrolled out of the chat was before all that is left.
            Some(id) => self.0.iter().position(|message| message.id == id).map_or(0, |position| position + 1),
            None => self.0.len(),
        };
        self.0
            .iter_mut()
            .take(count)
            .filter(|message| message.from == author && message.status < Tick::Read)
            .map(|message| {
                message.status = Tick::Read;
                message.id.clone()
            })
            .collect()
    }

    /// How many of the business's messages nobody has looked at.
    pub(crate) fn unread(&self) -> usize {
        self.0
            .iter()
            .filter(|message| message.from == Author::Business && message.status < Tick::Read)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(count: u64) -> Chat {
        let mut chat = Chat::default();
        for seq in 1..=count {
            let from = if seq % 2 == 0 { Author::Business } else { Author::Phone };
            chat.push(ChatMessage::text(seq, format!("m{seq}"), from, seq, "hello"));
        }
        chat
    }

    #[test]
    fn keeps_the_latest_messages() {
        let chat = chat(CHAT_MESSAGES_MAX as u64 + 3);
        assert_eq!(chat.iter().count(), CHAT_MESSAGES_MAX);
        assert!(chat.find("m3").is_none() && chat.find("m4").is_some());
    }

    #[test]
    fn a_tick_never_goes_back() {
        let mut chat = chat(1);
        assert!(chat.advance("m1", Tick::Read));
        assert!(!chat.advance("m1", Tick::Delivered));
        assert!(!chat.advance("m1", Tick::Failed));
        assert_eq!(chat.find("m1").map(|message| message.status), Some(Tick::Read));
        assert!(!chat.advance("gone", Tick::Read));
    }

    #[test]
    fn reading_covers_earlier_messages_of_that_author_only() {
        let mut chat = chat(6);
        assert_eq!(chat.read(Author::Business, Some("m4")), ["m2", "m4"]);
        assert_eq!(chat.read(Author::Business, Some("gone")), Vec::<String>::new());
        assert_eq!(chat.unread(), 1);
        assert_eq!(chat.read(Author::Business, None), ["m6"]);
        assert_eq!(chat.read(Author::Business, None), Vec::<String>::new());
        assert_eq!(chat.find("m1").map(|message| message.status), Some(Tick::Pending));
    }
}
