//! The pages: a list of phones, and a phone that shows its chat with the business.

mod live;
mod operator;
mod view;

use std::sync::Arc;

use askama::Template;
use axum::extract::{DefaultBodyLimit, Form, Path, Query, RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use serde::Deserialize;

use self::view::{BillPage, ChatPage, IndexPage, NoticePage, PhonePage};
use crate::act::{Act, Envelope, Origin};
use crate::limits::BODY_BYTES_MAX;
use crate::link::{LinkError, OpenedLink, read_digits, read_query};
use crate::number::Number;
use crate::phones::PhoneSpec;
use crate::simulator::Simulator;

type Shared = State<Arc<Simulator>>;

/// Files of the pages: path, type, content.
const ASSETS: [(&str, &str, &str); 4] = [
    ("/assets/page.css", "text/css; charset=utf-8", include_str!("../../assets/page.css")),
    ("/assets/phone.css", "text/css; charset=utf-8", include_str!("../../assets/phone.css")),
    ("/assets/phone.js", "text/javascript; charset=utf-8", include_str!("../../assets/phone.js")),
    ("/assets/icon.svg", "image/svg+xml", include_str!("../../assets/icon.svg")),
];

/// The routes of the pages.
pub(crate) fn routes() -> Router<Arc<Simulator>> {
    let pages = Router::new()
        .route("/", get(index))
        .route("/phones", post(add_phone))
        .route("/open", get(open))
        .route("/send", get(send_link))
        .route("/{number}", get(number_link))
        .route("/phone/{number}", get(phone))
        .route("/phone/{number}/chat", get(chat))
        .route("/phone/{number}/bill", get(bill))
        .route("/phone/{number}/events", get(live::events))
        .route("/phone/{number}/messages", post(send))
        .route("/phone/{number}/tap", post(tap))
        .route("/phone/{number}/contact", post(share_contact))
        .merge(operator::routes())
        .layer(middleware::map_response(no_store))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    ASSETS.iter().fold(pages, |router, (path, kind, content)| {
        let headers: [(HeaderName, &str); 2] = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")];
        router.route(path, get(move || async move { (headers, *content) }))
    })
}

/// Chats and links hold codes: no cache may keep them.
async fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, axum::http::HeaderValue::from_static("no-store"));
    response
}

/// The address of a phone's page, with a text in its box.
pub(crate) fn phone_path(number: &Number, text: Option<&str>) -> String {
    let path = format!("/phone/{}", number.as_str());
    match text {
        // A space is written %20, since a `+` would stay a plus.
        Some(text) => {
            let query =
                url::form_urlencoded::Serializer::new(String::new()).append_pair("text", text).finish();
            format!("{path}?{}", query.replace('+', "%20"))
        }
        None => path,
    }
}

/// Why a page cannot be shown.
enum PageError {
    NoPhone,
    Invalid(String),
    Link(LinkError),
    Render,
}

impl From<askama::Error> for PageError {
    fn from(_: askama::Error) -> Self {
        Self::Render
    }
}

impl From<LinkError> for PageError {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, title, text) = match self {
            Self::NoPhone => (
                StatusCode::NOT_FOUND,
                "No such phone",
                "There is no phone with this number here.".to_owned(),
            ),
            Self::Invalid(text) => (StatusCode::BAD_REQUEST, "That did not work", text),
            Self::Link(error @ (LinkError::Unknown | LinkError::Number)) => {
                (StatusCode::BAD_REQUEST, "This link opens no chat", sentence(error))
            }
            Self::Link(error) => (StatusCode::BAD_GATEWAY, "This link leads nowhere", sentence(error)),
            Self::Render => (StatusCode::INTERNAL_SERVER_ERROR, "This page cannot be shown", String::new()),
        };
        let page = NoticePage { title, text: &text }.render().unwrap_or_else(|_| title.to_owned());
        (status, Html(page)).into_response()
    }
}

fn sentence(error: LinkError) -> String {
    let text = error.to_string();
    let mut symbols = text.chars();
    symbols.next().map(|first| format!("{}{}.", first.to_uppercase(), symbols.as_str())).unwrap_or_default()
}

async fn index(State(simulator): Shared) -> Result<Html<String>, PageError> {
    Ok(Html(IndexPage::of(&simulator).render()?))
}

#[derive(Deserialize)]
struct PhoneForm {
    number: String,
    name: String,
    #[serde(default)]
    username: String,
}

async fn add_phone(State(simulator): Shared, Form(form): Form<PhoneForm>) -> Result<Redirect, PageError> {
    let given = |text: String| Some(text).filter(|text| !text.trim().is_empty());
    let spec = PhoneSpec {
        number: form.number,
        name: given(form.name),
        username: given(form.username),
        ..PhoneSpec::default()
    };
    let number = simulator.world().phones.put(&simulator.config.waba_id, &spec);
    let number = number.map_err(|error| PageError::Invalid(format!("The phone was not added: {error}.")))?;
    Ok(Redirect::to(&phone_path(&number, None)))
}

#[derive(Deserialize)]
struct OpenQuery {
    link: String,
    phone: Option<String>,
}

/// What a tap on a login link does.
async fn open(State(simulator): Shared, Query(query): Query<OpenQuery>) -> Result<Response, PageError> {
    let opened = simulator.open_link(&query.link).await?;
    simulator.show_link(&opened, query.phone.as_deref())
}

/// As `api.whatsapp.com/send`.
async fn send_link(State(simulator): Shared, RawQuery(query): RawQuery) -> Result<Response, PageError> {
    let query = query.unwrap_or_default();
    let to = read_digits(&read_query(&query, "phone").unwrap_or_default())?;
    let opened = OpenedLink { to, text: read_query(&query, "text").unwrap_or_default() };
    simulator.show_link(&opened, read_query(&query, "from").as_deref())
}

/// As `wa.me/<digits>`.
async fn number_link(
    State(simulator): Shared,
    Path(digits): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let query = query.unwrap_or_default();
    let opened =
        OpenedLink { to: read_digits(&digits)?, text: read_query(&query, "text").unwrap_or_default() };
    simulator.show_link(&opened, read_query(&query, "from").as_deref())
}

impl Simulator {
    /// The phone with this number, or the first one when none is named.
    pub(crate) fn chosen_phone(&self, number: Option<&str>) -> Option<Number> {
        let world = self.world();
        match number {
            Some(text) => Number::parse(text).ok().and_then(|number| world.phones.get(&number)),
            None => world.phones.in_order().first().copied(),
        }
        .map(|phone| phone.number.clone())
    }

    fn show_link(&self, opened: &OpenedLink, phone: Option<&str>) -> Result<Response, PageError> {
        if opened.to != self.config.number {
            let text =
                format!("{} is not the number of the business that is simulated here.", opened.to.spaced());
            return Err(PageError::Invalid(text));
        }
        let phone = self.chosen_phone(phone).ok_or(PageError::NoPhone)?;
        Ok(Redirect::to(&phone_path(&phone, Some(&opened.text))).into_response())
    }
}

async fn phone(
    State(simulator): Shared,
    Path(number): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Html<String>, PageError> {
    let number = simulator.chosen_phone(Some(&number)).ok_or(PageError::NoPhone)?;
    let text = query.and_then(|query| read_query(&query, "text")).unwrap_or_default();
    let page = PhonePage::of(&simulator, &number, text).ok_or(PageError::NoPhone)?.render()?;
    // Who loads the page sees the chat; the statuses go out behind, so that a slow webhook does not hold the page up.
    tokio::spawn(async move { simulator.read_by_person(&number).await });
    Ok(Html(page))
}

async fn chat(State(simulator): Shared, Path(number): Path<String>) -> Result<Html<String>, PageError> {
    let number = simulator.chosen_phone(Some(&number)).ok_or(PageError::NoPhone)?;
    Ok(Html(ChatPage::of(&simulator, &number).ok_or(PageError::NoPhone)?.render()?))
}

async fn bill(State(simulator): Shared, Path(number): Path<String>) -> Result<Html<String>, PageError> {
    let number = simulator.chosen_phone(Some(&number)).ok_or(PageError::NoPhone)?;
    Ok(Html(BillPage::of(&simulator, Some(&number)).render()?))
}

#[derive(Deserialize)]
struct SendForm {
    text: String,
}

async fn send(
    State(simulator): Shared,
    Path(number): Path<String>,
    Form(form): Form<SendForm>,
) -> Result<Redirect, PageError> {
    // A form writes a line break as CR LF; a phone has only LF.
    let act = Act::text(form.text.replace("\r\n", "\n"));
    simulator.act_from_page(&number, &act)
}

#[derive(Deserialize)]
struct TapForm {
    message_id: String,
    button_id: String,
}

async fn tap(
    State(simulator): Shared,
    Path(number): Path<String>,
    Form(form): Form<TapForm>,
) -> Result<Redirect, PageError> {
    let act = Act::Tap { message_id: Some(form.message_id), button_id: Some(form.button_id) };
    simulator.act_from_page(&number, &act)
}

#[derive(Deserialize)]
struct ContactForm {
    contact: String,
}

/// Shares somebody of the address book, whoever that is: of the phone's own number it proves nothing either.
async fn share_contact(
    State(simulator): Shared,
    Path(number): Path<String>,
    Form(form): Form<ContactForm>,
) -> Result<Redirect, PageError> {
    let contact = Number::parse(&form.contact)
        .map_err(|error| PageError::Invalid(format!("Nothing was sent: {error}.")))?;
    let act = Act::ShareContact { origin: Origin::Other, number: Some(contact), name: None };
    simulator.act_from_page(&number, &act)
}

impl Simulator {
    /// Does it and goes back to the chat, while the webhook is told behind: the ticks show how that goes.
    fn act_from_page(self: &Arc<Self>, number: &str, act: &Act) -> Result<Redirect, PageError> {
        let number = self.chosen_phone(Some(number)).ok_or(PageError::NoPhone)?;
        let (update, _) = self
            .prepare(&number, act, Envelope::default())
            .map_err(|error| PageError::Invalid(format!("Nothing was sent: {error}.")))?;
        self.tell_behind(update);
        Ok(Redirect::to(&phone_path(&number, None)))
    }
}
