//! Gateways for codes of other authentication servers: added, listed, deleted, and given other secrets.
//!
//! A secret is given out once, when it is made.

use std::time::Duration;

use loggin_protocol::AppKey;

use super::{Actor, Administration, AdministrationError, Missing, Right};
use crate::{
    clock::{UnixMillis, random_bytes},
    gateway::{GatewayKeys, GatewaySecret},
    limits,
    store::{Act, Gateway, GatewayKind},
};

/// Random bytes of a gateway's id.
const ID_BYTES: usize = 8;

/// A new gateway.
#[derive(Clone, Debug)]
pub(crate) struct NewGateway {
    pub(crate) app_key: AppKey,
    pub(crate) kind: GatewayKind,
    /// The secret that the other server made; one is made here where none is given, but for those that make their own.
    pub(crate) secret: Option<String>,
}

/// A gateway whose secret is new.
#[derive(Clone, Debug)]
pub(crate) struct GatewayMade {
    pub(crate) gateway: Gateway,
    /// The secret, where it was made here: it is told this once.
    pub(crate) secret: Option<GatewaySecret>,
}

impl Administration {
    /// The gateways of an app, or of all that the actor reaches, oldest first.
    pub(crate) async fn gateways(
        &self,
        actor: &Actor,
        app_key: Option<AppKey>,
    ) -> Result<Vec<Gateway>, AdministrationError> {
        match app_key {
            Some(app_key) => drop(self.reached(actor, Right::ReadGateways, app_key).await?),
            None => actor.check(Right::ReadGateways)?,
        }
        let mut gateways = self.store.gateways(app_key).await?;
        gateways.retain(|gateway| actor.reaches(gateway.app_key));
        Ok(gateways)
    }

    /// One gateway.
    pub(crate) async fn gateway(&self, actor: &Actor, id: &str) -> Result<Gateway, AdministrationError> {
        self.found_gateway(actor, Right::ReadGateways, id).await
    }

    /// Adds a gateway, and tells the secret that was made for it.
    pub(crate) async fn create_gateway(
        &self,
        actor: &Actor,
        new: NewGateway,
    ) -> Result<GatewayMade, AdministrationError> {
        let app = self.reached(actor, Right::WriteGateways, new.app_key).await?;
        let id = format!("gw_{:016x}", u64::from_be_bytes(random_bytes::<ID_BYTES>(&*self.random)));
        let (secret, drawn) = self.secret_for(new.kind, new.secret.as_deref())?;
        // Without a key nothing is kept, also where there is no secret yet.
        let keys = self.gateway_keys()?;
        let sealed = secret.map(|secret| self.seal(keys, &id, &secret)).transpose()?;
        let (app_key, kind, created_at) = (app.app_key, new.kind, self.clock.now());
        let gateway = Gateway { id, app_key, kind, secret: sealed, old_secret: None, created_at };
        if self.carry_out(actor, Act::CreateGateway(gateway.clone())).await? {
            return Ok(GatewayMade { gateway, secret: drawn });
        }
        let refusal = format!("nothing was added: the app has {} gateways", limits::GATEWAYS_PER_APP);
        Err(AdministrationError::Refused(refusal))
    }

    /// Gives a gateway another secret, of the other server's where one is given; the one before is good too for a while, a
    /// day where nothing is said.
    pub(crate) async fn rotate_gateway(
        &self,
        actor: &Actor,
        id: &str,
        secret: Option<String>,
        overlap: Option<Duration>,
    ) -> Result<GatewayMade, AdministrationError> {
        let gateway = self.found_gateway(actor, Right::WriteGateways, id).await?;
        let (secret, drawn) = self.secret_for(gateway.kind, secret.as_deref())?;
        let secret = secret.ok_or_else(|| {
            AdministrationError::invalid("secret", "must be given: the other server makes it")
        })?;
        let sealed = self.seal(self.gateway_keys()?, &gateway.id, &secret)?;
        let overlap = overlap.unwrap_or(limits::GATEWAY_OVERLAP);
        let until = self.clock.now() + overlap;
        let act = Act::RotateGateway(gateway.app_key, gateway.id.clone(), sealed.clone(), until);
        self.done_to_gateway(actor, act).await?;
        let old_secret = gateway.secret.clone().map(|old| (old, until)).filter(|_| overlap > Duration::ZERO);
        let gateway = Gateway { secret: Some(sealed), old_secret, ..gateway };
        Ok(GatewayMade { gateway, secret: drawn })
    }

    /// Deletes a gateway: its caller is not known from then on.
    pub(crate) async fn delete_gateway(&self, actor: &Actor, id: &str) -> Result<(), AdministrationError> {
        let gateway = self.found_gateway(actor, Right::WriteGateways, id).await?;
        self.done_to_gateway(actor, Act::DeleteGateway(gateway.app_key, gateway.id)).await
    }

    /// The gateway with this id, where the actor has this right on its app.
    async fn found_gateway(
        &self,
        actor: &Actor,
        right: Right,
        id: &str,
    ) -> Result<Gateway, AdministrationError> {
        actor.check(right)?;
        let gateway = self.store.gateway(id.trim()).await?;
        gateway
            .filter(|gateway| actor.reaches(gateway.app_key))
            .ok_or(AdministrationError::NotFound(Missing::Gateway))
    }

    /// The secret that is given, or a new one, which is told. Neither where the other server is to make it.
    fn secret_for(
        &self,
        kind: GatewayKind,
        given: Option<&str>,
    ) -> Result<(Option<GatewaySecret>, Option<GatewaySecret>), AdministrationError> {
        let Some(given) = given else {
            let drawn = GatewaySecret::draw(kind, &*self.random);
            return Ok((drawn.clone(), drawn));
        };
        let theirs = GatewaySecret::theirs(kind, given);
        theirs.map(|secret| (Some(secret), None)).map_err(|why| AdministrationError::invalid("secret", why))
    }

    fn gateway_keys(&self) -> Result<&GatewayKeys, AdministrationError> {
        self.gateways.as_ref().ok_or(AdministrationError::NoOtpSecret)
    }

    fn seal(
        &self,
        keys: &GatewayKeys,
        id: &str,
        secret: &GatewaySecret,
    ) -> Result<Vec<u8>, AdministrationError> {
        keys.seal(&*self.random, id, secret).ok_or(AdministrationError::NoOtpSecret)
    }

    async fn done_to_gateway(&self, actor: &Actor, act: Act) -> Result<(), AdministrationError> {
        if self.carry_out(actor, act).await? {
            return Ok(());
        }
        Err(AdministrationError::NotFound(Missing::Gateway))
    }
}

impl Gateway {
    /// Until when the secret that is being replaced is good too, where it is at this moment.
    pub(crate) fn old_secret_until(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.old_secret.as_ref().map(|(_, until)| *until).filter(|until| now < *until)
    }
}
