//! What comes next in a visit, and the page for it.

use axum::{http::StatusCode, response::Response};
use loggin_protocol::{Assurance, ErrorCode};

use super::{
    attempt::Attempt,
    code,
    course::{self, Next, Silent, Wishes},
    error::HostedError,
    login::Look,
    pages::{ChoosePage, ConsentPage, EVENTS, Head, Link, SIGN_IN, SignInPage, page},
    target::Target,
    visit::Visit,
};
use crate::{
    http::{caller::Caller, issuer_session, routes::link},
    openid::{Method, OAuthError, OAuthErrorCode, Scope, SignedIn, sub_of},
    phones,
    store::KnownSession,
};

/// Seconds until a page that waits is loaded again where it has no script: often enough that nobody thinks that it hangs.
const REFRESH_SECONDS: u64 = 3;

impl Visit<'_> {
    /// Does what comes next; `wrong` is what was wrong with digits that were typed.
    pub(super) async fn go_on(mut self, wrong: Option<String>) -> Result<Response, HostedError> {
        let wishes = self.wishes();
        let mut look = None;
        if let Some(attempt) = self.attempt.clone().filter(Attempt::is_waiting) {
            match self.looker().look(&attempt).await? {
                Look::Verified(person) => {
                    let code = attempt.token(self.app.app_key).code();
                    self.remember(&person, Some(code)).await?;
                }
                looked => look = Some(looked),
            }
        }
        let known = match self.begun.take() {
            Some(begun) => Some(begun),
            None => issuer_session::of(self.server, self.headers, self.app.app_key).await?,
        };
        let session_id = known.as_ref().map(|known| known.session.session_id.to_string());
        let done =
            self.attempt.as_ref().map(|attempt| attempt.done(session_id.as_deref())).unwrap_or_default();
        let known = known.filter(|known| done.signed_in || self.is_expected(known));
        let agreed_before = match &known {
            Some(known) if wishes.asks_consent => {
                let (client, scope) = (self.target.client(), self.target.scope());
                self.server.openid.has_consent(client, known.session.subject, scope).await?
            }
            _ => false,
        };
        let next = course::next(&wishes, known.as_ref(), done, agreed_before, self.server.clock.now());
        match (next, known) {
            (Next::Approve, Some(known)) => self.approve(&known).await,
            (Next::Choose, Some(known)) => Ok(self.ask_who(&known)),
            (Next::Consent, Some(known)) => Ok(self.ask_consent(&known)),
            (Next::Refuse(why), _) => self.refuse(&silence(why)).await,
            _ if self.attempt.as_ref().is_some_and(|attempt| attempt.by_code) => {
                Ok(code::show(self, "", None))
            }
            _ => self.sign_in(look, wrong).await,
        }
    }

    /// Whether the client expects whoever is remembered, where it names somebody.
    fn is_expected(&self, known: &KnownSession) -> bool {
        let expected = self.target.asked().and_then(|asked| asked.expected_sub.as_ref());
        expected.is_none_or(|sub| *sub == sub_of(self.target.client(), known.session.subject))
    }

    fn wishes(&self) -> Wishes {
        match &self.target {
            Target::Client(request) => {
                let asked = &request.asked;
                Wishes {
                    silent: asked.prompt.none,
                    login: asked.prompt.login,
                    choose: asked.prompt.select_account,
                    consent: asked.prompt.consent,
                    max_age: asked.max_age,
                    least: self.least(),
                    hint: asked.login_hint.clone(),
                    asks_consent: request.needs_consent(),
                }
            }
            // Somebody else may have sent the code, so that people are asked each time.
            Target::Device { .. } => {
                Wishes { consent: true, asks_consent: true, least: self.least(), ..Wishes::default() }
            }
        }
    }

    async fn approve(self, known: &KnownSession) -> Result<Response, HostedError> {
        let session = &known.session;
        let signed_in = SignedIn {
            subject: session.subject,
            confirmation: session.confirmation,
            assurance: if session.is_changed { Assurance::Changed } else { Assurance::Normal },
            methods: vec![if session.code.is_some() { Method::Message } else { Method::Code }],
            auth_time: session.auth_time,
            session_id: Some(session.session_id.to_string()),
        };
        let openid = &self.server.openid;
        let request = match &self.target {
            Target::Client(request) => request,
            Target::Device { device, .. } => {
                let is_done = openid.approve_device(device, &signed_in).await?;
                let t = self.t();
                return if is_done {
                    Ok(self.say(t.device_title, t.device_done))
                } else {
                    Err(HostedError::Over)
                };
            }
        };
        let agreed = self.attempt.as_ref().is_some_and(|attempt| attempt.agreed);
        if agreed && request.needs_consent() {
            openid.remember_consent(&request.client, session.subject, request.asked.scope).await?;
        }
        let handed = openid.approve(request, &signed_in).await?;
        self.hand_over(handed)
    }

    fn ask_who(self, known: &KnownSession) -> Response {
        let t = self.t();
        let phone = known.phone.as_ref().map(phones::masked).unwrap_or_default();
        let choose = ChoosePage {
            head: self.head(),
            t,
            request: &self.name,
            continue_as: self.language.filled(t.continue_as, &[("phone", &phone)]),
        };
        let response = page(StatusCode::OK, &choose);
        self.with_cookies(response)
    }

    fn ask_consent(self, known: &KnownSession) -> Response {
        let t = self.t();
        let (scope, client) = (self.target.scope(), self.client_name());
        let device = match &self.target {
            Target::Client(_) => None,
            Target::Device { user_code, .. } => Some(user_code.as_str()),
        };
        let title = match device {
            None => self.language.filled(t.consent, &[("app", client)]),
            Some(code) => self.language.filled(t.device_ask, &[("app", client), ("code", code)]),
        };
        let shares = scope.iter().filter_map(|scope| match scope {
            Scope::OpenId => Some(t.shares_id),
            Scope::Phone => Some(t.shares_phone),
            Scope::OfflineAccess => Some(t.shares_later),
            // It is made up of the name that the client is told anyway.
            Scope::Email => None,
        });
        let consent = ConsentPage {
            head: Head::new(self.language, title, client),
            t,
            request: &self.name,
            shares: shares.collect(),
            hint: device.map(|_| t.device_hint),
            phone: known.phone.as_ref().filter(|_| scope.has(Scope::Phone)).map(phones::masked),
        };
        let response = page(StatusCode::OK, &consent);
        self.with_cookies(response)
    }

    /// Shows what the login of this attempt has come to; it begins where there is none.
    async fn sign_in(mut self, look: Option<Look>, wrong: Option<String>) -> Result<Response, HostedError> {
        let look = if let Some(look) = look {
            look
        } else {
            // The first look at a login makes a row of it.
            Caller::of(self.server, self.peer, self.headers).await?.count_waits(self.server, 1)?;
            // Who has signed in and is asked again begins anew.
            let attempt = Attempt { has_login: true, ..self.attempt().anew(self.server) };
            self.attempt = Some(attempt.clone());
            self.looker().look(&attempt).await?
        };
        let attempt = self.attempt();
        let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let link = (look == Look::Pending).then(|| self.link(&attempt)).flatten();
        let shown = self.sign_in_page(&look, link, wrong);
        let response = page(status, &shown);
        Ok(self.with_cookies(response))
    }

    fn link(&self, attempt: &Attempt) -> Option<Link> {
        let code = self.looker().code(attempt);
        let address = link::to_whatsapp(&self.server.settings, self.language, code)?;
        let picture = loggin_protocol::qr::svg(&address).ok()?;
        Some(Link { address, picture })
    }

    fn sign_in_page(&self, look: &Look, link: Option<Link>, wrong: Option<String>) -> SignInPage<'_> {
        let t = self.t();
        let (state, says, hint) = match look {
            Look::Pending | Look::Verified(_) => ("pending", t.pending, None),
            Look::Received => ("message_received", t.message_received, None),
            Look::AwaitingDigits => ("awaiting_confirmation", t.awaiting_confirmation, None),
            Look::AwaitingMatch(_) => ("awaiting_match", t.awaiting_match, None),
            Look::Ended(ErrorCode::Expired) => ("expired", t.expired, Some(t.expired_hint)),
            Look::Ended(ErrorCode::Denied) => ("denied", t.denied, Some(t.denied_hint)),
            Look::Ended(ErrorCode::PhoneHidden) => ("error", t.error, Some(t.phone_hidden_hint)),
            Look::Ended(_) => ("error", t.error, Some(t.error_hint)),
            Look::Blocked => ("denied", t.denied, Some(t.otp_max_attempts)),
        };
        let digits = match look {
            Look::AwaitingMatch(digits) => Some(digits.to_string()),
            _ => None,
        };
        let is_over = matches!(look, Look::Ended(_) | Look::Blocked);
        let asks_digits = *look == Look::AwaitingDigits;
        let address = format!("{SIGN_IN}?request={}", self.name);
        SignInPage {
            head: self.head(),
            t,
            request: &self.name,
            events: format!("{EVENTS}?request={}", self.name),
            address,
            pause: REFRESH_SECONDS,
            state,
            says,
            hint,
            link,
            digits,
            asks_digits,
            wrong,
            is_over,
            is_watched: !is_over,
            is_refreshed: !is_over && !asks_digits,
            can_use_code: *look == Look::Pending && self.can_use_code(),
        }
    }
}

/// What a client is told that wants nothing to be shown.
fn silence(why: Silent) -> OAuthError {
    match why {
        Silent::LoginRequired => {
            OAuthError::new(OAuthErrorCode::LoginRequired, "Nobody is signed in as the client asks.")
        }
        Silent::ConsentRequired => {
            OAuthError::new(OAuthErrorCode::ConsentRequired, "The person has not agreed to this.")
        }
    }
}
