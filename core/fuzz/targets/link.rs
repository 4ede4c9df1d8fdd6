//! Links: a message that is accepted keeps the rules, and a link carries exactly it.
#![cfg_attr(fuzzing, no_main)]

use loggin_protocol::{
    Code,
    link::{self, MAX_TEXT_CHARS, WhatsAppNumber},
};
use url::Url;

const CODE: &str = "8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB";
const NUMBER: &str = "14155552671";

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|text: &str| check(text));

pub(crate) fn check(text: &str) {
    let (Ok(code), Ok(number)) = (Code::parse(CODE), WhatsAppNumber::parse(NUMBER)) else {
        panic!("both are well formed");
    };
    if let Ok(given) = WhatsAppNumber::parse(text) {
        assert!(WhatsAppNumber::parse(&given.digits()) == Ok(given));
    }
    carries(&link::wa_me_link(number, text), text);
    if let Ok(message) = link::message_text(Some(text), &code) {
        assert_eq!(message.matches(CODE).count(), text.matches(CODE).count() + 1);
        assert!(message.chars().count() <= MAX_TEXT_CHARS && !message.contains('+'));
        carries(&link::wa_me_link(number, &message), &message);
    }
    if let Ok(base_url) = Url::parse(text)
        && matches!(base_url.scheme(), "http" | "https")
    {
        let link = Url::parse(&link::server_link(&base_url, &code));
        assert!(link.is_ok_and(|link| {
            link.origin() == base_url.origin()
                && link.path().ends_with(&format!("/l/{CODE}"))
                && link.query().is_none()
        }));
    }
}

/// Asserts that the link is to WhatsApp, with this text and nothing else.
fn carries(link: &str, text: &str) {
    let Ok(link) = Url::parse(link) else { panic!("a link is a URL") };
    assert_eq!((link.host_str(), link.path()), (Some("wa.me"), "/14155552671"));
    assert!(link.query_pairs().eq([("text".into(), text.into())]) && link.fragment().is_none());
}
