//! A secret that was just made: shown once, and never again.

use askama::Template;

use super::Head;

#[derive(Template)]
#[template(path = "console/secret.html")]
pub(super) struct SecretPage {
    pub(super) head: Head,
    pub(super) title: String,
    /// What kind of secret it is.
    pub(super) what: &'static str,
    pub(super) secret: String,
    /// What is shown beside it and is none.
    pub(super) public: Option<(&'static str, String)>,
    /// Where it goes on.
    pub(super) back: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_text_and_no_markup() {
        let shown = SecretPage {
            head: Head::of_nobody(),
            title: "<b>".to_owned(),
            what: "secret key",
            secret: "lgsk_<>&\"".to_owned(),
            public: None,
            back: "/console".to_owned(),
        };
        let text = shown.render().unwrap();
        assert!(text.contains("lgsk_&#60;&#62;&#38;&#34;") && !text.contains("<b>"), "{text}");
    }
}
