//! Administrators of tests, each in their own browser.

use loggin_protocol::AppKey;
use reqwest::{RequestBuilder, Response};
use url::form_urlencoded::Serializer;

use super::session::Session;
use crate::{
    store::{Act, Admin, Role},
    tests::{APP, EventReader, START, TestServer},
};

/// An administrator who is signed in.
pub(super) struct SignedIn {
    pub(super) cookie: String,
    origin: String,
}

/// Adds an administrator who sees these apps, or all, and signs them in.
pub(super) async fn sign_in(server: &TestServer, name: &str, role: Role, apps: Option<&[&str]>) -> SignedIn {
    let admin = put(server, name, role, apps).await;
    SignedIn { cookie: cookie(server, &admin), origin: server.server.settings.public_origin.clone() }
}

pub(super) async fn put(server: &TestServer, name: &str, role: Role, apps: Option<&[&str]>) -> Admin {
    let store = &server.server.store;
    let admin = |name: &str, role, apps| Admin {
        name: name.to_owned(),
        role,
        phone: None,
        subject: None,
        apps,
        generation: 0,
        created_at: START,
        signed_in_at: None,
    };
    // There is an owner as soon as there is anybody.
    let root = Act::PutAdmin(admin("root", Role::Owner, None));
    let _ = store.administer(root, "root".to_owned(), START).await.unwrap();
    let keys = |apps: &[&str]| apps.iter().map(|key| AppKey::parse(key).unwrap()).collect();
    let admin = admin(name, role, apps.map(keys));
    let _ = store.administer(Act::PutAdmin(admin.clone()), "root".to_owned(), START).await.unwrap();
    admin
}

fn cookie(server: &TestServer, admin: &Admin) -> String {
    let cookie = Session::begin(&server.server, admin).cookie(&server.server).unwrap();
    format!("{}={}", cookie.name(), cookie.value())
}

impl SignedIn {
    pub(super) fn get(&self, server: &TestServer, path: &str) -> RequestBuilder {
        server.get(path).header("Cookie", &self.cookie)
    }

    pub(super) fn post(&self, server: &TestServer, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        server
            .post(path)
            .header("Cookie", &self.cookie)
            .header("Origin", &self.origin)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
    }

    /// A page, for a browser that has another cookie too.
    pub(super) fn with_cookie(&self, server: &TestServer, path: &str, cookie: &str) -> RequestBuilder {
        server.get(path).header("Cookie", format!("{}; {cookie}", self.cookie))
    }

    pub(super) async fn page(&self, server: &TestServer, path: &str) -> String {
        let response = self.get(server, path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    }
}

pub(super) fn location(response: &Response) -> &str {
    response.headers()["location"].to_str().unwrap()
}

/// An administrator of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// May do everything.
    Owner,
    /// Sees everything but what is masked, and changes nothing.
    Viewer,
    /// May change what is of the demo app, and sees nothing else.
    OfDemoApp,
}

impl Who {
    const ALL: [Self; 3] = [Self::Owner, Self::Viewer, Self::OfDemoApp];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Owner => "olga",
            Self::Viewer => "vera",
            Self::OfDemoApp => "dora",
        }
    }

    fn may(self) -> (Role, Option<&'static [&'static str]>) {
        match self {
            Self::Owner => (Role::Owner, None),
            Self::Viewer => (Role::Viewer, None),
            Self::OfDemoApp => (Role::Editor, Some(&[APP])),
        }
    }
}

/// A server with administrators who have signed in.
pub(super) struct Console {
    pub(super) server: TestServer,
    /// Each of them, in their order.
    people: Vec<SignedIn>,
}

impl Console {
    pub(super) async fn start() -> Self {
        let server = TestServer::start().await;
        let mut people = Vec::new();
        for who in Who::ALL {
            let (role, apps) = who.may();
            people.push(sign_in(&server, who.name(), role, apps).await);
        }
        Self { server, people }
    }

    fn person(&self, who: Who) -> &SignedIn {
        &self.people[who as usize]
    }

    pub(super) async fn get(&self, who: Who, path: &str) -> Response {
        self.person(who).get(&self.server, path).send().await.unwrap()
    }

    /// Sends a form.
    pub(super) async fn post(&self, who: Who, path: &str, form: &[(&str, &str)]) -> Response {
        self.person(who).post(&self.server, path, form).send().await.unwrap()
    }

    /// An event stream, which goes on after the last event that the browser has.
    pub(super) async fn events(&self, who: Who, path: &str, last: Option<&str>) -> EventReader {
        let call = self.person(who).get(&self.server, path);
        let call = match last {
            Some(id) => call.header("Last-Event-ID", id),
            None => call,
        };
        let response = call.send().await.unwrap();
        assert_eq!(response.status(), 200);
        EventReader::new(response)
    }
}
