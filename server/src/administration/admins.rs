//! Who may use the console: added, listed, changed, removed and signed out.

use loggin_protocol::AppKey;

use super::{Actor, Administration, AdministrationError, Missing, Right, parse_number};
use crate::store::{Act, Admin, Role};

/// Longest name of an administrator, in characters: an address of e-mail has no more.
const NAME_CHARS: usize = 254;

/// An administrator, as they are to be; what is not given stays.
#[derive(Clone, Debug)]
pub(crate) struct AdminChanges {
    /// As the audit tells them.
    pub(crate) name: String,
    /// Their number with its country code, as people write it.
    pub(crate) phone: Option<String>,
    /// A new one needs one.
    pub(crate) role: Option<Role>,
    /// The apps that they see, or all.
    #[allow(clippy::option_option)] // what is not given stays, and all are all
    pub(crate) apps: Option<Option<Vec<AppKey>>>,
}

impl Administration {
    /// All administrators, by their names.
    pub(crate) async fn admins(&self, actor: &Actor) -> Result<Vec<Admin>, AdministrationError> {
        actor.check_everywhere(Right::WriteAdmins)?;
        Ok(self.store.admins().await?)
    }

    /// Adds an administrator, or changes one. The first is an owner, and one owner stays.
    pub(crate) async fn put_admin(
        &self,
        actor: &Actor,
        changes: AdminChanges,
    ) -> Result<Admin, AdministrationError> {
        actor.check_everywhere(Right::WriteAdmins)?;
        let name = admin_name(&changes.name)?;
        let before = self.store.admins().await?.into_iter().find(|admin| admin.name == name);
        let role = changes.role.or(before.as_ref().map(|admin| admin.role));
        let role = role.ok_or_else(|| {
            AdministrationError::invalid("role", "a new administrator needs one: owner, editor or viewer")
        })?;
        let phone = changes.phone.as_deref().map(parse_number).transpose()?;
        let apps = match changes.apps {
            Some(Some(apps)) => Some(self.known_apps(apps).await?),
            Some(None) => None,
            None if role == Role::Owner => None,
            None => before.as_ref().and_then(|admin| admin.apps.clone()),
        };
        if role == Role::Owner && apps.is_some() {
            return Err(AdministrationError::invalid("apps", "an owner sees all apps"));
        }
        let admin = Admin {
            name,
            role,
            phone: phone.or(before.and_then(|admin| admin.phone)),
            subject: None,
            apps,
            generation: 0,
            created_at: self.clock.now(),
            signed_in_at: None,
        };
        if self.carry_out(actor, Act::PutAdmin(admin.clone())).await? {
            return Ok(admin);
        }
        Err(AdministrationError::Refused(
            "nothing was changed: all is so already, another administrator has the number, or no owner would be left"
                .to_owned(),
        ))
    }

    /// Removes an administrator, whose sessions are over.
    pub(crate) async fn remove_admin(&self, actor: &Actor, name: &str) -> Result<(), AdministrationError> {
        actor.check_everywhere(Right::WriteAdmins)?;
        if self.carry_out(actor, Act::RemoveAdmin(admin_name(name)?)).await? {
            return Ok(());
        }
        Err(AdministrationError::Refused(
            "nobody was removed: there is no administrator of this name, or they are the last owner"
                .to_owned(),
        ))
    }

    /// Ends all sessions of an administrator.
    pub(crate) async fn sign_out_admin(&self, actor: &Actor, name: &str) -> Result<(), AdministrationError> {
        actor.check_everywhere(Right::WriteAdmins)?;
        if self.carry_out(actor, Act::SignOutAdmin(admin_name(name)?)).await? {
            return Ok(());
        }
        Err(AdministrationError::NotFound(Missing::Admin))
    }

    /// These apps, each once; an error where there is none with such a key.
    pub(super) async fn known_apps(&self, given: Vec<AppKey>) -> Result<Vec<AppKey>, AdministrationError> {
        let mut apps = Vec::new();
        for app_key in given {
            if self.store.app(app_key).await?.is_none() {
                return Err(AdministrationError::NotFound(Missing::App(app_key)));
            }
            if !apps.contains(&app_key) {
                apps.push(app_key);
            }
        }
        Ok(apps)
    }
}

/// A name without what cannot be seen, in lower case.
fn admin_name(given: &str) -> Result<String, AdministrationError> {
    let name = given.trim().to_lowercase();
    let is_seen = |symbol: char| !symbol.is_control() && !symbol.is_whitespace();
    if name.is_empty() || name.chars().count() > NAME_CHARS || !name.chars().all(is_seen) {
        let message = format!("must have 1 to {NAME_CHARS} characters, and no white space");
        return Err(AdministrationError::invalid("admin", message));
    }
    Ok(name)
}
