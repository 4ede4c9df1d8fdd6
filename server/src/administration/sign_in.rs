//! Administrators who sign in to the console, and what their roles let them do there.

use loggin_protocol::wire::SessionBody;

use super::{Actor, Administration, Right, Rights, carry_out};
use crate::{
    phones,
    store::{Act, Admin, Role, StoreError},
};

impl Rights {
    /// What somebody with this role may do.
    pub(crate) fn of_role(role: Role) -> Self {
        const VIEWER: [Right; 6] = [
            Right::ReadApps,
            Right::ReadLogs,
            Right::ReadUsage,
            Right::ReadWebhooks,
            Right::ReadGateways,
            Right::ReadAudit,
        ];
        match role {
            Role::Viewer => Self::of(&VIEWER),
            Role::Editor => Right::ALL.into_iter().filter(|right| *right != Right::WriteAdmins).collect(),
            Role::Owner => Self::all(),
        }
    }
}

impl Actor {
    /// An administrator, as somebody who acts.
    pub(crate) fn of_admin(admin: &Admin) -> Self {
        let Admin { name, role, apps, .. } = admin;
        Self { name: name.clone(), rights: Rights::of_role(*role), apps: apps.clone() }
    }
}

impl Administration {
    /// The administrator whom a login lets in; none where it is nobody's who may use the console.
    ///
    /// Whoever is the first to sign in with the number of an administrator is that one from then on: somebody who is given
    /// the number later is another person to WhatsApp, and is not let in.
    pub(crate) async fn sign_in_admin(&self, session: &SessionBody) -> Result<Option<Admin>, StoreError> {
        let admins = self.store.admins().await?;
        let Some(admin) = admins.into_iter().find(|admin| is_of(admin, session)) else {
            return Ok(None);
        };
        let (subject, now) = (session.subject, self.clock.now());
        let act = Act::SignInAdmin(admin.name.clone(), subject, now);
        let done = carry_out(&*self.store, &admin.name, act, now).await?;
        Ok(done.then_some(Admin { subject: Some(subject), signed_in_at: Some(now), ..admin }))
    }

    /// The administrator of this name, where their sessions are of this generation.
    pub(crate) async fn admin_in_session(
        &self,
        name: &str,
        generation: i64,
    ) -> Result<Option<Admin>, StoreError> {
        let admins = self.store.admins().await?;
        Ok(admins.into_iter().find(|admin| admin.name == name && admin.generation == generation))
    }

    /// Whether anybody may use the console.
    pub(crate) async fn has_admins(&self) -> Result<bool, StoreError> {
        Ok(self.store.admins().await?.iter().any(|admin| admin.phone.is_some()))
    }

    /// Ends all sessions of an administrator who asks for it.
    pub(crate) async fn sign_out(&self, actor: &Actor) -> Result<(), StoreError> {
        self.carry_out(actor, Act::SignOutAdmin(actor.name.clone())).await.map(drop)
    }
}

/// Whether a login is of this administrator: the person who has signed in before, or the first with their number.
fn is_of(admin: &Admin, session: &SessionBody) -> bool {
    match (&admin.subject, &admin.phone, &session.phone) {
        (Some(subject), Some(_), _) => *subject == session.subject,
        (None, Some(own), Some(shown)) => phones::same_account(own, shown),
        _ => false,
    }
}
