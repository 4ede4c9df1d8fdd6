//! Who uses the console: an administrator with a session.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};

use super::{error::ConsoleError, kept, session::Session, words::Fields};
use crate::{administration::Actor, state::Server, store::Role};

/// An administrator who is signed in.
#[derive(Debug)]
pub(super) struct Admin {
    actor: Actor,
    role: Role,
    session: Session,
    /// The page that they look at: forms are sent to the page that they stand on.
    page: String,
}

impl Admin {
    pub(super) fn actor(&self) -> &Actor {
        &self.actor
    }

    pub(super) fn role(&self) -> Role {
        self.role
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// An error where they signed in so long ago that somebody else may sit there: secrets and numbers are shown after
    /// another sign-in. The fields of the form wait for that in their browser.
    pub(super) fn check_recent(&self, server: &Server, fields: &Fields) -> Result<(), ConsoleError> {
        if self.session.is_recent(server) {
            return Ok(());
        }
        let kept = kept::keep(server, &self.session, &self.page, fields).map(Box::new);
        Err(ConsoleError::NotRecent { wanted: self.page.clone(), kept })
    }
}

impl FromRequestParts<Arc<Server>> for Admin {
    type Rejection = ConsoleError;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, ConsoleError> {
        let page = parts.uri.to_string();
        let Some(session) = Session::of(server, &parts.headers) else {
            return Err(ConsoleError::SignedOut(page));
        };
        let admin = server.administration.admin_in_session(&session.name, session.generation).await?;
        match admin {
            Some(admin) => Ok(Self { actor: Actor::of_admin(&admin), role: admin.role, session, page }),
            None => Err(ConsoleError::SignedOut(page)),
        }
    }
}
