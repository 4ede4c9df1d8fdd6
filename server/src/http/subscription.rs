//! One wait for any number of logins: what a stream and a long poll have in common.
//!
//! The order is the law here: register with the waiters, then read the store, then wait. What happens between the
//! first two is told twice at worst, and counts once.

use std::{collections::HashSet, sync::Arc};

use loggin_protocol::{
    AppKey, Code, ErrorCode, PhoneNeed, Token,
    wire::{ProgressEvent, RejectedEvent, TokenEvent, VerifiedEvent},
};

use crate::{
    apps::RoomError,
    clock::Random,
    http::{ApiError, caller::Caller},
    limits::{self, CountedStream},
    logins::{Asks, Slot, Takes, View, Viewer, is_claimable, reason, view},
    state::Server,
    store::{Asker, Login, State, StoreError},
};

/// A wait for logins.
#[derive(Debug)]
pub(crate) struct Subscription {
    server: Arc<Server>,
    slot: Arc<Slot>,
    viewer: Viewer,
    /// What the caller takes of a result.
    takes: Takes,
    /// Whether the caller showed a secret key.
    with_key: bool,
    codes: Box<[Code]>,
    /// How many of them have no result yet.
    open: usize,
    /// Its place among the streams of its address, where those are counted.
    _counted: Option<Box<CountedStream>>,
}

/// What a call asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) tokens: Vec<String>,
    /// The app whose tokens these are, where the call names it.
    pub(crate) app_key: Option<AppKey>,
    pub(crate) viewer: Viewer,
    /// The least that the caller accepts as confirmation, and the page that it is.
    pub(crate) asks: Asks,
    /// Whether it needs the phone number.
    pub(crate) phone: PhoneNeed,
    /// The address of that page, where it is one that may be returned to.
    pub(crate) return_to: Option<String>,
}

/// What ends a wait for something to tell.
#[derive(Debug)]
pub(crate) enum Woken {
    /// These logins changed.
    Changed(Vec<Arc<Login>>),
    /// Nothing did, but it is time for a sign of life.
    Heartbeat,
    /// The server stops.
    Stopping,
}

/// The tokens of a call, sorted.
struct Sorted {
    codes: Vec<Code>,
    rejected: Vec<TokenEvent>,
}

impl Subscription {
    /// Begins to wait; returns what is known already.
    pub(crate) async fn start(
        server: &Arc<Server>,
        caller: &Caller,
        asked: Asked,
        counted: Option<CountedStream>,
    ) -> Result<(Self, Vec<TokenEvent>), ApiError> {
        let (viewer, mut asks) = (asked.viewer, asked.asks.clone());
        let takes = Takes { confirm: asks.confirm, phone: asked.phone };
        let return_to = asked.return_to.clone();
        let Sorted { codes, rejected } = sort(server, caller, asked).await?;
        if let Some(given) = return_to {
            asks.asker = returning(server, caller, &codes, &given, asks.asker).await?;
        }
        server.apps.check_room(&codes, caller.app_key().is_some()).await?;
        let slot = server.waiters.register(&codes);
        let mut subscription = Self {
            server: Arc::clone(server),
            slot,
            viewer,
            takes,
            with_key: caller.app_key().is_some(),
            open: codes.len(),
            codes: codes.into(),
            _counted: counted.map(Box::new),
        };
        let mut events = rejected;
        // In parts, as rows are several times as large as what is kept of them here.
        for start in (0..subscription.codes.len()).step_by(limits::CODES_AT_ONCE) {
            let codes = subscription.codes.iter().skip(start).take(limits::CODES_AT_ONCE);
            let logins = server.logins.wait(&codes.copied().collect::<Vec<_>>(), &asks).await?;
            subscription.slot.forget_older(&logins);
            events.extend(subscription.tell(logins).await?);
        }
        Ok((subscription, events))
    }

    /// How many logins have no result yet.
    pub(crate) fn open(&self) -> usize {
        self.open
    }

    /// The server's source of randomness.
    pub(crate) fn random(&self) -> &dyn Random {
        &*self.server.random
    }

    /// Waits for something to tell. Nothing is lost where this is given up before it ends.
    pub(crate) async fn woken(&self) -> Woken {
        let mut stopping = self.server.stopping.clone();
        tokio::select! {
            news = self.slot.news() => match news.logins {
                logins if logins.is_empty() => Woken::Heartbeat,
                logins => Woken::Changed(logins),
            },
            // An error means that whoever would tell is gone, which is the end too.
            _ = stopping.wait_for(|stopping| *stopping) => Woken::Stopping,
        }
    }

    /// The events of logins that changed. This is not to be given up: what changed is told once.
    pub(crate) async fn events(&mut self, changed: &[Arc<Login>]) -> Result<Vec<TokenEvent>, StoreError> {
        let logins = changed.iter().map(|login| Login::clone(login)).collect();
        // Boxed, as it is large and rare: a waiting stream should be small.
        Box::pin(self.tell(logins)).await
    }

    /// The events of these logins, claimed where this wait redeems.
    async fn tell(&mut self, logins: Vec<Login>) -> Result<Vec<TokenEvent>, StoreError> {
        let logins = self.raised(logins).await?;
        let logins = match self.viewer {
            Viewer::Observer => logins,
            Viewer::Redeemer(redeemer) => {
                let (claimable, mut told): (Vec<_>, Vec<_>) = logins.into_iter().partition(is_claimable);
                told.extend(self.server.logins.claim(claimable, redeemer, self.takes).await?);
                told
            }
        };
        let mut events = Vec::new();
        for login in logins {
            let code = login.code;
            let event = match view(&login, self.viewer, self.takes) {
                // What is claimable was claimed above, or has changed since, which the waiter will be woken for.
                View::Pending | View::Claimable => continue,
                View::Progress(status) => {
                    if self.server.waiters.is_registered(&self.slot, code) {
                        events.push(TokenEvent::Progress(ProgressEvent { code, status }));
                    }
                    continue;
                }
                View::Verified(mut session) => {
                    if self.hides_person(code).await? {
                        // The user id is as good a name for the person as the number.
                        (session.phone, session.user_id) = (None, None);
                    }
                    TokenEvent::Verified(VerifiedEvent { code, session })
                }
                View::Rejected(error) => rejected(Some(code), None, error),
            };
            // A login has one end for each wait.
            if self.server.waiters.unregister(&self.slot, code) {
                self.open -= 1;
                events.push(event);
            }
        }
        Ok(events)
    }

    /// The ends of logins whose app was deleted or disabled since: nobody tells of it, so it is looked at with each sign
    /// of life. Where the store does not respond, the next one looks.
    pub(crate) async fn ends_with_app(&mut self) -> Vec<TokenEvent> {
        let app_keys: HashSet<AppKey> = self.codes.iter().map(Code::app_key).collect();
        let mut gone = HashSet::new();
        let looked = tokio::time::timeout(limits::READY_TIMEOUT, async {
            for app_key in app_keys {
                if matches!(self.server.apps.find(app_key).await, Ok(None)) {
                    gone.insert(app_key);
                }
            }
        });
        // What was found until then is true all the same.
        let _ = looked.await;
        let mut events = Vec::new();
        for code in self.codes.iter().filter(|code| gone.contains(&code.app_key())) {
            if self.server.waiters.unregister(&self.slot, *code) {
                self.open -= 1;
                events.push(rejected(Some(*code), None, ErrorCode::UnknownApp));
            }
        }
        events
    }

    /// These logins, where one was verified with less than is asked for here. It was forgotten and began anew then, since
    /// this wait began: what is asked for is a login's own.
    async fn raised(&self, logins: Vec<Login>) -> Result<Vec<Login>, StoreError> {
        let (less, mut told): (Vec<_>, Vec<_>) = logins
            .into_iter()
            .partition(|login| login.state == State::Verified && login.confirm < self.takes.confirm);
        if !less.is_empty() {
            let codes: Vec<Code> = less.iter().map(|login| login.code).collect();
            let asks = Asks { confirm: self.takes.confirm, asker: None };
            told.extend(self.server.logins.wait(&codes, &asks).await?);
        }
        Ok(told)
    }

    async fn hides_person(&self, code: Code) -> Result<bool, StoreError> {
        if self.with_key || self.viewer != Viewer::Observer {
            return Ok(false);
        }
        let app = self.server.apps.find(code.app_key()).await?;
        Ok(app.is_none_or(|app| app.hide_phone_from_browser))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if self.open > 0 {
            for code in &self.codes {
                self.server.waiters.unregister(&self.slot, *code);
            }
        }
    }
}

impl From<RoomError> for ApiError {
    fn from(error: RoomError) -> Self {
        match error {
            RoomError::Full => {
                Self::new(ErrorCode::RateLimited, "Too many sign-ins of this app are pending.")
                    .with_retry_after(limits::PENDING_COUNT_VALID)
            }
            RoomError::Store(error) => error.into(),
        }
    }
}

/// Tells tokens to wait for from those that are rejected at once.
async fn sort(server: &Server, caller: &Caller, asked: Asked) -> Result<Sorted, StoreError> {
    let Asked { tokens, app_key, viewer, .. } = asked;
    let mut codes = Vec::with_capacity(tokens.len());
    let mut seen = HashSet::with_capacity(tokens.len());
    let mut events = Vec::new();
    for (index, token) in tokens.into_iter().enumerate() {
        let Ok(token) = Token::parse(&token) else {
            events.push(rejected(None, Some(index), ErrorCode::InvalidToken));
            continue;
        };
        let code = token.code();
        if !seen.insert(code) {
            continue;
        }
        if app_key.is_some_and(|app_key| app_key != token.app_key()) {
            events.push(rejected(Some(code), None, ErrorCode::UnknownApp));
            continue;
        }
        if caller.app_key().is_some_and(|app_key| app_key != token.app_key()) {
            // Whether there is such an app is not looked up: ten thousand made-up keys cost nothing.
            events.push(rejected(Some(code), None, ErrorCode::Unauthorized));
            continue;
        }
        match caller.find_app(server, token.app_key()).await? {
            None => events.push(rejected(Some(code), None, ErrorCode::UnknownApp)),
            Some(app) if !caller.may(viewer != Viewer::Observer, &app) => {
                events.push(rejected(Some(code), None, ErrorCode::Unauthorized));
            }
            Some(_) => codes.push(code),
        }
    }
    Ok(Sorted { codes, rejected: events })
}

/// The page that asks, with its address where the app of all of these logins lets links in WhatsApp lead there.
async fn returning(
    server: &Server,
    caller: &Caller,
    codes: &[Code],
    given: &str,
    asker: Option<Asker>,
) -> Result<Option<Asker>, StoreError> {
    let app_keys: HashSet<AppKey> = codes.iter().map(Code::app_key).collect();
    let (Some(app_key), 1) = (app_keys.iter().next(), app_keys.len()) else { return Ok(asker) };
    let app = caller.find_app(server, *app_key).await?;
    let Some(address) = app.and_then(|app| app.return_address(given)) else { return Ok(asker) };
    let page = Asker::at_address(address, server.clock.now());
    Ok(Some(asker.and_then(|asker| asker.joined(&page)).unwrap_or(page)))
}

fn rejected(code: Option<Code>, token_index: Option<usize>, error: ErrorCode) -> TokenEvent {
    TokenEvent::Rejected(RejectedEvent {
        code,
        token_index,
        error: error.as_str().into(),
        message: reason(error).into(),
    })
}
