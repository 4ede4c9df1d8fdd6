//! What the issuer's pages are made of.

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use crate::languages::{Language, PageTexts};

/// The address of the page that signs people in.
pub(super) const SIGN_IN: &str = "/openid/sign-in";

/// The address of the stream that tells it of its login.
pub(super) const EVENTS: &str = "/openid/sign-in/events";

/// The address of the page where the code of a device is typed.
pub(super) const DEVICE: &str = "/openid/device";

/// What a page may do: load what this server has, ask this server, and send forms to it. The last also holds for where a
/// browser is led after a form, so that a page of its own leads back to a client.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types 'none'",
);

/// What every page begins with.
pub(super) struct Head {
    pub(super) lang: &'static str,
    pub(super) dir: &'static str,
    pub(super) title: String,
    /// What stands for the app's picture: the first letter of its name.
    pub(super) mark: String,
}

impl Head {
    pub(super) fn new(language: Language, title: String, app: &str) -> Self {
        let first = app.chars().find(|symbol| symbol.is_alphanumeric());
        let mark = first.map(|first| first.to_uppercase().to_string()).unwrap_or_default();
        Self { lang: language.tag(), dir: language.direction(), title, mark }
    }
}

/// The link of a login, and its picture for another phone's camera.
pub(super) struct Link {
    pub(super) address: String,
    /// An SVG of this server's own making.
    pub(super) picture: String,
}

/// Somebody signs in.
#[allow(clippy::struct_excessive_bools)] // each is a part of the page
#[derive(Template)]
#[template(path = "hosted/sign-in.html")]
pub(super) struct SignInPage<'a> {
    pub(super) head: Head,
    pub(super) t: &'static PageTexts,
    pub(super) request: &'a str,
    /// Of this page.
    pub(super) address: String,
    /// Of the stream that tells of the login.
    pub(super) events: String,
    /// Seconds until the page is loaded again.
    pub(super) pause: u64,
    /// What the login has come to, as streams tell it.
    pub(super) state: &'static str,
    pub(super) says: &'static str,
    pub(super) hint: Option<&'static str>,
    pub(super) link: Option<Link>,
    /// The digits to choose in WhatsApp.
    pub(super) digits: Option<String>,
    /// Whether the digits that WhatsApp shows are typed here.
    pub(super) asks_digits: bool,
    /// What was wrong with those that were typed.
    pub(super) wrong: Option<String>,
    pub(super) is_over: bool,
    /// Whether the login can move on by itself.
    pub(super) is_watched: bool,
    /// Whether the page is loaded again without a script: not where something is being typed.
    pub(super) is_refreshed: bool,
    pub(super) can_use_code: bool,
}

/// Somebody signs in by a code.
#[derive(Template)]
#[template(path = "hosted/code.html")]
pub(super) struct CodePage<'a> {
    pub(super) head: Head,
    pub(super) t: &'static PageTexts,
    pub(super) request: &'a str,
    /// Where the code went; none before it was sent.
    pub(super) sent_to: Option<String>,
    /// What stands in the field for the number.
    pub(super) phone: &'a str,
    /// What was wrong with what was typed.
    pub(super) wrong: Option<&'a str>,
}

/// Somebody says whether they are who is remembered.
#[derive(Template)]
#[template(path = "hosted/choose.html")]
pub(super) struct ChoosePage<'a> {
    pub(super) head: Head,
    pub(super) t: &'static PageTexts,
    pub(super) request: &'a str,
    pub(super) continue_as: String,
}

/// Somebody says what a client may know.
#[derive(Template)]
#[template(path = "hosted/consent.html")]
pub(super) struct ConsentPage<'a> {
    pub(super) head: Head,
    pub(super) t: &'static PageTexts,
    pub(super) request: &'a str,
    pub(super) shares: Vec<&'static str>,
    pub(super) hint: Option<&'static str>,
    /// The end of the number that is told.
    pub(super) phone: Option<String>,
}

/// Somebody types the code that a device shows.
#[derive(Template)]
#[template(path = "hosted/device.html")]
pub(super) struct DevicePage<'a> {
    pub(super) head: Head,
    pub(super) t: &'static PageTexts,
    pub(super) user_code: &'a str,
    pub(super) is_wrong: bool,
}

/// The browser goes back to the client.
#[derive(Template)]
#[template(path = "hosted/leave.html")]
pub(super) struct LeavePage<'a> {
    pub(super) head: Head,
    pub(super) t: &'static PageTexts,
    pub(super) address: &'a str,
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "hosted/notice.html")]
pub(super) struct NoticePage {
    pub(super) head: Head,
    pub(super) text: String,
}

/// A page.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, [(header::CONTENT_SECURITY_POLICY, POLICY)], Html(text)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
