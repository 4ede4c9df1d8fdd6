//! One call of a page: the request that a browser came with, what has been done about it, and the way back.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar};
use loggin_protocol::{Code, wire::SessionBody};
use serde::Deserialize;

use super::{
    attempt::{self, Attempt},
    error::HostedError,
    login::Looker,
    pages::{Head, LeavePage, NoticePage, page},
    target::Target,
};
use crate::{
    http::{issuer_session, openid::respond, request::note_app, routes::link},
    languages::{Language, PageTexts},
    openid::{Answer, Handed, OAuthError, ResponseMode},
    state::Server,
    store::{App, Confirm, KnownSession},
};

/// What a page is shown for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Shown {
    #[serde(default)]
    pub(super) request: String,
}

/// What this browser came with.
pub(super) struct Visit<'a> {
    pub(super) server: &'a Arc<Server>,
    pub(super) peer: SocketAddr,
    pub(super) headers: &'a HeaderMap,
    pub(super) target: Target,
    /// Its name in addresses and forms.
    pub(super) name: String,
    pub(super) app: Arc<App>,
    pub(super) language: Language,
    pub(super) attempt: Option<Attempt>,
    /// Whether the answer goes to the client by a page of this server's: where a form or an earlier page led here.
    is_under_way: bool,
    /// The session that began with this call.
    pub(super) begun: Option<KnownSession>,
    cookies: Vec<Cookie<'static>>,
}

impl<'a> Visit<'a> {
    /// Finds the request; an error where it is over, or another browser's.
    pub(super) async fn begin(
        server: &'a Arc<Server>,
        peer: SocketAddr,
        headers: &'a HeaderMap,
        request: &str,
    ) -> Result<Self, HostedError> {
        let target = Target::find(server, peer, headers, request).await?.ok_or(HostedError::Over)?;
        let name = target.name();
        let app = server.apps.find(target.client().app_key).await?.ok_or(HostedError::Over)?;
        note_app(app.app_key);
        let locales = target.asked().map(|asked| asked.ui_locales.as_slice()).unwrap_or_default();
        let language = link::language(locales.iter().map(String::as_str), headers);
        let attempt = Attempt::of(server, headers, &name);
        let is_under_way = attempt.is_some();
        Ok(Self {
            server,
            peer,
            headers,
            target,
            name,
            app,
            language,
            attempt,
            is_under_way,
            begun: None,
            cookies: Vec::new(),
        })
    }

    pub(super) fn t(&self) -> &'static PageTexts {
        self.language.pages()
    }

    /// The least confirmation that counts: the client asks for more than the app, never for less.
    pub(super) fn least(&self) -> Confirm {
        let asked = self.target.asked().and_then(|asked| asked.confirm);
        asked.unwrap_or_default().max(self.app.confirm)
    }

    /// Whether people may sign in by a typed code, which is the most that is asked for as confirmation.
    pub(super) fn can_use_code(&self) -> bool {
        self.server.otp.is_some()
    }

    /// The attempt, which begins here where there is none.
    pub(super) fn attempt(&mut self) -> Attempt {
        let server = self.server;
        let attempt = self.attempt.get_or_insert_with(|| Attempt::begin(server));
        attempt.clone()
    }

    /// Who looks at the login of this visit.
    pub(super) fn looker(&self) -> Looker<'_> {
        Looker {
            server: self.server,
            peer: self.peer,
            headers: self.headers,
            app_key: self.app.app_key,
            least: self.least(),
        }
    }

    /// The same where a form led here.
    pub(super) fn after_form(self) -> Self {
        Self { is_under_way: true, ..self }
    }

    /// Remembers who has signed in by this attempt, by a login or by a typed code.
    pub(super) async fn remember(
        &mut self,
        person: &SessionBody,
        code: Option<Code>,
    ) -> Result<(), HostedError> {
        let (known, cookie) = issuer_session::begin(self.server, self.headers, person, code).await?;
        let session_id = Some(known.session.session_id.to_string());
        self.attempt = Some(Attempt { session_id, sent: None, by_code: false, ..self.attempt() });
        self.cookies.push(cookie);
        self.begun = Some(known);
        Ok(())
    }

    /// Tells the client why it is told nothing.
    pub(super) async fn refuse(self, error: &OAuthError) -> Result<Response, HostedError> {
        let openid = &self.server.openid;
        match &self.target {
            Target::Client(request) => {
                let handed = openid.refuse(request, error).await?;
                self.hand_over(handed)
            }
            Target::Device { device, .. } => {
                openid.refuse_device(device).await?;
                let t = self.t();
                Ok(self.say(t.device_title, t.device_refused))
            }
        }
    }

    /// Leads the browser back: by a page where a form led here, as a browser holds what follows a form to the policy of the
    /// page that the form is on, whatever redirects come between.
    pub(super) fn hand_over(mut self, handed: Handed) -> Result<Response, HostedError> {
        let Handed::Back(answer) = handed else { return Err(HostedError::Over) };
        let response = if self.is_under_way { self.leave(&answer)? } else { respond::lead_back(&answer) };
        self.attempt = None;
        self.cookies.push(attempt::no_cookie(self.server, &self.name));
        Ok(self.with_cookies(response))
    }

    fn leave(&self, answer: &Answer) -> Result<Response, HostedError> {
        // A form of its own has no such policy.
        if answer.mode == ResponseMode::FormPost {
            return Ok(respond::lead_back(answer));
        }
        let t = self.t();
        let client = self.client_name();
        let title = self.language.filled(t.returning, &[("app", client)]);
        let head = Head::new(self.language, title, client);
        let location = answer.location().ok_or(HostedError::Over)?;
        Ok(page(StatusCode::OK, &LeavePage { head, t, address: location.as_str() }))
    }

    /// Ends with a page that says something.
    pub(super) fn say(mut self, title: &str, text: &str) -> Response {
        let head = Head::new(self.language, title.to_owned(), self.client_name());
        let response = page(StatusCode::OK, &NoticePage { head, text: text.to_owned() });
        self.attempt = None;
        self.cookies.push(attempt::no_cookie(self.server, &self.name));
        self.with_cookies(response)
    }

    /// What people are told that they sign in to.
    pub(super) fn client_name(&self) -> &str {
        let name = match &self.target {
            Target::Client(request) => request.client_name(),
            Target::Device { device, .. } => device.client.settings.name.as_deref(),
        };
        name.unwrap_or(&self.app.name)
    }

    pub(super) fn head(&self) -> Head {
        let title = self.language.filled(self.t().title_for, &[("app", &self.app.name)]);
        Head::new(self.language, title, &self.app.name)
    }

    /// The response with what the browser is to keep.
    pub(super) fn with_cookies(self, response: Response) -> Response {
        let mut jar = CookieJar::new();
        let kept = self.attempt.as_ref().and_then(|attempt| attempt.cookie(self.server, &self.name));
        let gone = attempt::no_others(self.server, self.headers, &self.name);
        for cookie in self.cookies.into_iter().chain(kept).chain(gone) {
            jar = jar.add(cookie);
        }
        (jar, response).into_response()
    }
}
