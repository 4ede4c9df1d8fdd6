//! The login of an attempt: looked at, and redeemed by this server once it has a result.

use std::net::SocketAddr;

use axum::http::HeaderMap;
use loggin_protocol::{
    AppKey, Code, ErrorCode, MatchDigits, PhoneNeed,
    wire::{Progress, SessionBody},
};

use super::{attempt::Attempt, error::HostedError};
use crate::{
    http::{ApiError, asker},
    logins::{Asks, Takes, View, Viewer, view},
    state::Server,
    store::{Confirm, State},
};

/// What a login has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Its message has not come.
    Pending,
    /// Its message came, and its sender is asked for something in WhatsApp.
    Received,
    /// Its sender has digits to type where it began.
    AwaitingDigits,
    /// Its sender chooses these digits.
    AwaitingMatch(MatchDigits),
    /// Somebody signed in.
    Verified(SessionBody),
    /// It ended otherwise.
    Ended(ErrorCode),
    /// It ended as too many wrong digits were typed.
    Blocked,
}

/// Who looks at a login, from where.
pub(super) struct Looker<'a> {
    pub(super) server: &'a Server,
    pub(super) peer: SocketAddr,
    pub(super) headers: &'a HeaderMap,
    pub(super) app_key: AppKey,
    /// The least confirmation that counts.
    pub(super) least: Confirm,
}

impl Looker<'_> {
    /// Looks at the login of an attempt, which begins with the first look.
    pub(super) async fn look(&self, attempt: &Attempt) -> Result<Look, HostedError> {
        let Self { server, peer, headers, app_key, least } = self;
        let code = attempt.token(*app_key).code();
        server.apps.check_room(&[code], false).await.map_err(ApiError::from)?;
        let page = asker::of(&server.settings.trusted_proxies, peer.ip(), headers, server.clock.now());
        let asks = Asks { confirm: *least, asker: page };
        let mut logins = server.logins.wait(&[code], &asks).await?;
        let viewer = Viewer::redeemer(attempt.redeemer());
        let takes = Takes { confirm: *least, phone: PhoneNeed::Optional };
        if let Viewer::Redeemer(key) = viewer {
            logins = server.logins.claim(logins, key, takes).await?;
        }
        let Some(login) = logins.first() else { return Ok(Look::Ended(ErrorCode::Expired)) };
        let is_blocked = login.state == State::Denied
            && login.confirm == Confirm::Code
            && login.attempts_left == 0
            && login.verified_at.is_none();
        Ok(if is_blocked { Look::Blocked } else { look_of(view(login, viewer, takes)) })
    }

    /// The code of its login, which the link carries.
    pub(super) fn code(&self, attempt: &Attempt) -> Code {
        attempt.token(self.app_key).code()
    }
}

fn look_of(view: View) -> Look {
    match view {
        View::Pending | View::Claimable => Look::Pending,
        View::Progress(Progress::AwaitingConfirmation) => Look::AwaitingDigits,
        View::Progress(Progress::AwaitingMatch(digits)) => Look::AwaitingMatch(digits),
        // Whatever else there may be is told in WhatsApp.
        View::Progress(_) => Look::Received,
        View::Verified(session) => Look::Verified(session),
        View::Rejected(error) => Look::Ended(error),
    }
}
