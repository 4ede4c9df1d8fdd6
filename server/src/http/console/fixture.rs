//! Administrators of tests, each in their own browser.

use loggin_protocol::AppKey;
use reqwest::{RequestBuilder, Response};
use url::form_urlencoded::Serializer;

use super::session::Session;
use crate::{
    store::{Act, Admin, Role},
    tests::{APP, EventReader, START, TestServer},
};

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

    fn admin(self) -> Admin {
        let (role, apps) = match self {
            Self::Owner => (Role::Owner, None),
            Self::Viewer => (Role::Viewer, None),
            Self::OfDemoApp => (Role::Editor, Some(vec![AppKey::parse(APP).unwrap()])),
        };
        Admin {
            name: self.name().to_owned(),
            role,
            created_at: START,
            phone: None,
            subject: None,
            apps,
            generation: 0,
            signed_in_at: None,
        }
    }
}

/// A server with administrators who have signed in.
pub(super) struct Console {
    pub(super) server: TestServer,
    /// The cookie of each, in their order.
    cookies: [String; Who::ALL.len()],
}

impl Console {
    pub(super) async fn start() -> Self {
        let server = TestServer::start().await;
        for who in Who::ALL {
            let act = Act::PutAdmin(who.admin());
            assert!(server.server.store.administer(act, "a test".to_owned(), START).await.unwrap());
        }
        let cookies = Who::ALL.map(|who| {
            let cookie = Session::begin(&server.server, &who.admin()).cookie(&server.server).unwrap();
            format!("{}={}", cookie.name(), cookie.value())
        });
        Self { server, cookies }
    }

    /// A call in this administrator's browser, from the console's own pages.
    fn call(&self, who: Who, call: RequestBuilder) -> RequestBuilder {
        call.header("Cookie", &self.cookies[who as usize]).header("Sec-Fetch-Site", "same-origin")
    }

    pub(super) async fn get(&self, who: Who, path: &str) -> Response {
        self.call(who, self.server.get(path)).send().await.unwrap()
    }

    /// Sends a form.
    pub(super) async fn post(&self, who: Who, path: &str, form: &[(&str, &str)]) -> Response {
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        let call = self.call(who, self.server.post(path));
        call.header("Content-Type", "application/x-www-form-urlencoded").body(body).send().await.unwrap()
    }

    /// An event stream, which goes on after the last event that the browser has.
    pub(super) async fn events(&self, who: Who, path: &str, last: Option<&str>) -> EventReader {
        let call = self.call(who, self.server.get(path));
        let call = match last {
            Some(id) => call.header("Last-Event-ID", id),
            None => call,
        };
        let response = call.send().await.unwrap();
        assert_eq!(response.status(), 200);
        EventReader::new(response)
    }
}
