//! Clients of the OpenID issuer: programs that sign people in by an app. A secret is given out once, when it is made.

use std::time::Duration;

use loggin_protocol::AppKey;

use super::{Actor, Administration, AdministrationError, Missing, Right, apps::name};
use crate::{
    clock::{UnixMillis, random_bytes},
    limits,
    openid::{draw_secret, new_client_id, redirect_uri, secret_hash},
    store::{Act, OpenIdClient, OpenIdSettings, SigningAlgorithm, SubjectType},
};

/// What the domain of addresses ends in that stand for people: nobody can have mail there (RFC 6761).
const RESERVED: &str = ".invalid";

/// Symbols of a domain.
const DOMAIN_SYMBOLS: usize = 100;

/// A new client.
#[allow(clippy::struct_excessive_bools)] // one for each thing that it is or is not
#[derive(Clone, Debug)]
pub(crate) struct NewClient {
    pub(crate) app_key: AppKey,
    /// What people are told that they sign in to; the app's name where nothing is said.
    pub(crate) name: Option<String>,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) post_logout_redirect_uris: Vec<String>,
    /// Whether it can keep no secret: a program in a browser or on a phone.
    pub(crate) public: bool,
    pub(crate) pairwise: bool,
    /// Whether people are asked what it may be told.
    pub(crate) consent: bool,
    pub(crate) email_domain: Option<String>,
    /// Whether it may go without PKCE, as some old clients do.
    pub(crate) without_pkce: bool,
    pub(crate) algorithm: SigningAlgorithm,
}

impl Administration {
    /// The clients of an app, or of all that the actor reaches, oldest first.
    pub(crate) async fn clients(
        &self,
        actor: &Actor,
        app_key: Option<AppKey>,
    ) -> Result<Vec<OpenIdClient>, AdministrationError> {
        match app_key {
            Some(app_key) => drop(self.reached(actor, Right::ReadApps, app_key).await?),
            None => actor.check(Right::ReadApps)?,
        }
        let mut clients = self.store.openid_clients(app_key).await?;
        clients.retain(|client| actor.reaches(client.app_key));
        Ok(clients)
    }

    /// One client.
    pub(crate) async fn client(&self, actor: &Actor, id: &str) -> Result<OpenIdClient, AdministrationError> {
        self.client_for(actor, Right::ReadApps, id).await
    }

    /// Adds a client, and tells its secret where it has one.
    pub(crate) async fn create_client(
        &self,
        actor: &Actor,
        new: NewClient,
    ) -> Result<(OpenIdClient, Option<String>), AdministrationError> {
        let app = self.reached(actor, Right::WriteApps, new.app_key).await?;
        let settings = settings(&new)?;
        let secret = (!new.public).then(|| draw_secret(&*self.random));
        let client = OpenIdClient {
            id: new_client_id(&*self.random, app.app_key),
            app_key: app.app_key,
            secret: secret.as_deref().map(secret_hash),
            old_secret: None,
            settings,
            salt: random_bytes(&*self.random),
            created_at: self.clock.now(),
        };
        if self.carry_out(actor, Act::CreateClient(Box::new(client.clone()))).await? {
            return Ok((client, secret));
        }
        let most = limits::OPENID_CLIENTS_PER_APP;
        Err(AdministrationError::Refused(format!("nothing was added: the app has {most} clients")))
    }

    /// Gives a client another secret, and tells it; the one before is taken for a while.
    pub(crate) async fn rotate_client(
        &self,
        actor: &Actor,
        id: &str,
        overlap: Duration,
    ) -> Result<(OpenIdClient, String, UnixMillis), AdministrationError> {
        let client = self.client_for(actor, Right::WriteKeys, id).await?;
        let secret = draw_secret(&*self.random);
        let until = self.clock.now() + overlap;
        let act = Act::RotateClient(client.id.clone(), secret_hash(&secret), until);
        if self.carry_out(actor, act).await? {
            return Ok((client, secret, until));
        }
        Err(AdministrationError::Refused("nothing was changed: the client has no secret".to_owned()))
    }

    /// Deletes a client: its codes and tokens end.
    pub(crate) async fn delete_client(&self, actor: &Actor, id: &str) -> Result<(), AdministrationError> {
        let client = self.client_for(actor, Right::WriteApps, id).await?;
        if self.carry_out(actor, Act::DeleteClient(client.id)).await? {
            return Ok(());
        }
        Err(AdministrationError::NotFound(Missing::Client))
    }

    /// The client with this id, where the actor has this right on its app.
    async fn client_for(
        &self,
        actor: &Actor,
        right: Right,
        id: &str,
    ) -> Result<OpenIdClient, AdministrationError> {
        actor.check(right)?;
        let client = self.store.openid_client(id.trim()).await?;
        client
            .filter(|client| actor.reaches(client.app_key))
            .ok_or(AdministrationError::NotFound(Missing::Client))
    }
}

fn settings(new: &NewClient) -> Result<OpenIdSettings, AdministrationError> {
    if new.redirect_uris.is_empty() {
        return Err(AdministrationError::invalid("redirect_uri", "must be given at least once"));
    }
    let redirect_uris = uris("redirect_uri", &new.redirect_uris)?;
    let hosts: Vec<String> = redirect_uris
        .iter()
        .filter_map(|uri| redirect_uri::check(uri).ok()?.host_str().map(str::to_owned))
        .collect();
    let sector = hosts.first().cloned().unwrap_or_default();
    if new.pairwise && hosts.iter().any(|host| *host != sector) {
        let message = "must have one host: what a pairwise client is told of a person hangs on it";
        return Err(AdministrationError::invalid("redirect_uri", message));
    }
    if new.without_pkce && new.public {
        return Err(AdministrationError::invalid("without_pkce", "is for clients that have a secret"));
    }
    Ok(OpenIdSettings {
        name: new.name.as_deref().map(name).transpose()?,
        redirect_uris,
        post_logout_redirect_uris: uris("post_logout_redirect_uri", &new.post_logout_redirect_uris)?,
        subject_type: if new.pairwise { SubjectType::Pairwise } else { SubjectType::Public },
        sector,
        consent: new.consent,
        email_domain: new.email_domain.as_deref().map(email_domain).transpose()?,
        pkce: !new.without_pkce,
        algorithm: new.algorithm,
    })
}

/// Addresses that browsers may be led to, each once.
fn uris(field: &'static str, given: &[String]) -> Result<Vec<String>, AdministrationError> {
    if given.len() > limits::OPENID_URIS {
        let message = format!("may be given {} times", limits::OPENID_URIS);
        return Err(AdministrationError::invalid(field, message));
    }
    let mut uris: Vec<String> = Vec::new();
    for uri in given.iter().map(|uri| uri.trim()) {
        redirect_uri::check(uri).map_err(|reason| AdministrationError::invalid(field, reason))?;
        if !uris.iter().any(|known| known == uri) {
            uris.push(uri.to_owned());
        }
    }
    Ok(uris)
}

/// A domain that nobody can have mail at.
fn email_domain(given: &str) -> Result<String, AdministrationError> {
    let domain = given.trim().to_ascii_lowercase();
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|symbol| symbol.is_ascii_alphanumeric() || symbol == b'-')
    };
    let is_domain = domain.len() <= DOMAIN_SYMBOLS && domain.split('.').all(is_label);
    if is_domain && domain.ends_with(RESERVED) {
        return Ok(domain);
    }
    let message =
        "must be a domain that ends in .invalid, such as whatsapp.invalid: nobody can have mail there";
    Err(AdministrationError::invalid("email_domain", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> NewClient {
        NewClient {
            app_key: AppKey::parse("8XKPQ2WN").unwrap(),
            name: None,
            redirect_uris: vec!["https://client.example/cb".to_owned()],
            post_logout_redirect_uris: Vec::new(),
            public: false,
            pairwise: false,
            consent: false,
            email_domain: None,
            without_pkce: false,
            algorithm: SigningAlgorithm::default(),
        }
    }

    fn field(new: &NewClient) -> &'static str {
        match settings(new) {
            Err(AdministrationError::Invalid { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_its_name() {
        assert!(settings(&new()).unwrap().pkce);
        assert_eq!(field(&NewClient { redirect_uris: Vec::new(), ..new() }), "redirect_uri");
        for uri in ["http://client.example/cb", "https://*.client.example/", "https://client.example/#x"] {
            assert_eq!(field(&NewClient { redirect_uris: vec![uri.to_owned()], ..new() }), "redirect_uri");
            let post_logout_redirect_uris = vec![uri.to_owned()];
            let wrong = NewClient { post_logout_redirect_uris, ..new() };
            assert_eq!(field(&wrong), "post_logout_redirect_uri");
        }
        assert_eq!(field(&NewClient { public: true, without_pkce: true, ..new() }), "without_pkce");
        assert_eq!(field(&NewClient { name: Some(String::new()), ..new() }), "name");
        let two = vec!["https://one.example/cb".to_owned(), "https://two.example/cb".to_owned()];
        assert!(settings(&NewClient { redirect_uris: two.clone(), ..new() }).is_ok());
        assert_eq!(field(&NewClient { redirect_uris: two, pairwise: true, ..new() }), "redirect_uri");
    }

    #[test]
    fn an_address_stands_at_a_domain_that_has_no_mail() {
        assert_eq!(email_domain(" WhatsApp.invalid ").unwrap(), "whatsapp.invalid");
        for domain in
            ["invalid", ".invalid", "example.com", "a..invalid", "a b.invalid", "-a.invalid", "a@b.invalid"]
        {
            assert!(email_domain(domain).is_err(), "{domain}");
        }
    }
}
