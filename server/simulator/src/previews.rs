//! Links in the business's messages: as a phone shows them, and as WhatsApp's robot looks at them.
//!
//! WhatsApp fetches the page of a link in a message for its preview, before anybody taps it. A link that did something when
//! it is fetched would do it then: who tests a link finds here what the robot asked for, and what it was told.

use std::sync::Arc;

use url::Url;

use crate::chat::Preview;
use crate::limits::LINK_TIMEOUT;
use crate::number::Number;
use crate::simulator::Simulator;

/// As whom WhatsApp fetches pages.
const USER_AGENT: &str = "WhatsApp/2.25.33.75 A";

/// A piece of a text, which is a link or is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) is_link: bool,
}

/// A text in pieces. A link reaches to the next white space.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let link = word.trim_end();
        let is_link = is_link(link);
        let (link, rest) = if is_link { (link, &word[link.len()..]) } else { ("", word) };
        if is_link {
            pieces.push(Piece { text: link.to_owned(), is_link: true });
        }
        match pieces.last_mut() {
            Some(last) if !last.is_link => last.text.push_str(rest),
            _ if rest.is_empty() => {}
            _ => pieces.push(Piece { text: rest.to_owned(), is_link: false }),
        }
    }
    pieces
}

fn is_link(word: &str) -> bool {
    (word.starts_with("https://") || word.starts_with("http://")) && Url::parse(word).is_ok()
}

impl Simulator {
    /// Fetches the page of the first link in a message, where it is on this machine, and notes it at the message.
    pub(crate) async fn preview(self: Arc<Self>, number: Number, message_id: String) {
        let text = {
            let world = self.world();
            let message = world.phones.get(&number).and_then(|phone| phone.chat.find(&message_id));
            message.map(|message| message.text.clone()).unwrap_or_default()
        };
        let link = pieces(&text).into_iter().find(|piece| piece.is_link);
        let url = link.and_then(|link| Url::parse(&link.text).ok()).filter(|url| self.is_near(url));
        let Some(mut url) = url else { return };
        url.set_fragment(None);
        let request = self.courier.client().get(url.clone()).header("user-agent", USER_AGENT);
        let response = request.timeout(LINK_TIMEOUT).send().await;
        let status = response.ok().map(|response| response.status().as_u16());
        let mut world = self.world();
        let Some(phone) = world.phones.get_mut(&number) else { return };
        if let Some(message) = phone.chat.find_mut(&message_id) {
            message.preview = Some(Preview { url: url.into(), status });
            phone.touch();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(String, bool)> {
        pieces(text).into_iter().map(|piece| (piece.text, piece.is_link)).collect()
    }

    #[test]
    fn links_are_told_from_the_text_around_them() {
        let link = "https://shop.example/login#loggin=0123";
        let owned = |pieces: &[(&str, bool)]| -> Vec<(String, bool)> {
            pieces.iter().map(|(text, is_link)| ((*text).to_owned(), *is_link)).collect()
        };
        let text = format!("Open this:\n{link}\n\nSend it to nobody.");
        let expected = [("Open this:\n", false), (link, true), ("\n\nSend it to nobody.", false)];
        assert_eq!(of(&text), owned(&expected));
        assert_eq!(of(link), owned(&[(link, true)]));
        assert_eq!(of(&format!("{link} {link}")), owned(&[(link, true), (" ", false), (link, true)]));
        for text in
            ["", "no link", "javascript:alert(1)", "http://", "www.shop.example", "xhttps://a.example"]
        {
            assert!(of(text).iter().all(|(_, is_link)| !is_link), "{text}");
        }
    }
}
