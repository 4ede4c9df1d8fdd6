//! What a client is told of somebody: claims of ID tokens and of the userinfo endpoint.

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use data_encoding::BASE64URL_NOPAD;
use loggin_protocol::PhoneNumber;
use serde_json::{Map, Value, json};

use super::{OpenId, Scope, Scopes, acr_of, sub_of};
use crate::{
    clock::UnixMillis,
    limits,
    store::{KnownAs, OpenIdClient, OpenIdGrant, SigningAlgorithm, StoreError},
};

/// Seconds since 1970, as JWTs have them.
pub(super) fn seconds(at: UnixMillis) -> i64 {
    at.0.div_euclid(1_000)
}

/// What scopes tell of a person, who is known to the app like this now.
fn of_person(client: &OpenIdClient, sub: &str, scope: Scopes, known: &KnownAs) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), sub.into());
    if scope.has(Scope::Phone) {
        if let Some(phone) = known.phone.as_ref().map(PhoneNumber::expose) {
            claims.insert("phone_number".to_owned(), format!("+{phone}").into());
            claims.insert("phone_number_verified".to_owned(), true.into());
        }
        if let Some(user_id) = &known.user_id {
            claims.insert("whatsapp_user_id".to_owned(), user_id.as_str().into());
        }
    }
    if let Some(domain) = client.settings.email_domain.as_ref().filter(|_| scope.has(Scope::Email)) {
        // It stands for the person and reaches nobody, and programs compare addresses in lower case.
        claims.insert("email".to_owned(), format!("{}@{domain}", sub.to_ascii_lowercase()).into());
        claims.insert("email_verified".to_owned(), false.into());
    }
    claims
}

/// The left half of a hash of an access token, by the hash of the algorithm that signs (OpenID Connect Core, section
/// 3.1.3.6).
fn at_hash(algorithm: SigningAlgorithm, token: &str) -> String {
    let hash = match algorithm {
        SigningAlgorithm::Rs256 | SigningAlgorithm::Es256 => &SHA256,
        // Ed25519 signs by SHA-512.
        SigningAlgorithm::EdDsa => &SHA512,
    };
    let hashed = digest(hash, token.as_bytes());
    BASE64URL_NOPAD.encode(&hashed.as_ref()[..hashed.as_ref().len() / 2])
}

impl OpenId {
    async fn known(&self, grant: &OpenIdGrant) -> Result<KnownAs, StoreError> {
        Ok(self.store.openid_person(grant.app_key, grant.subject).await?.unwrap_or_default())
    }

    /// What the userinfo endpoint tells of the person of a grant.
    pub(crate) async fn userinfo(
        &self,
        client: &OpenIdClient,
        grant: &OpenIdGrant,
        scope: Scopes,
    ) -> Result<Value, StoreError> {
        let known = self.known(grant).await?;
        Ok(of_person(client, &sub_of(client, grant.subject), scope, &known).into())
    }

    /// An ID token of a grant beside this access token.
    pub(super) async fn id_token(
        &self,
        client: &OpenIdClient,
        grant: &OpenIdGrant,
        scope: Scopes,
        access_token: &str,
        nonce: Option<&str>,
    ) -> Result<String, StoreError> {
        let (now, algorithm) = (self.clock.now(), client.settings.algorithm);
        let known = self.known(grant).await?;
        let mut claims = of_person(client, &sub_of(client, grant.subject), scope, &known);
        let more = json!({
            "iss": self.issuer,
            "aud": client.id,
            "azp": client.id,
            "iat": seconds(now),
            "exp": seconds(now + limits::OPENID_ID_TOKEN_VALID),
            "auth_time": seconds(UnixMillis(grant.data.auth_time)),
            "acr": acr_of(grant.data.confirmation),
            "amr": grant.data.methods,
            "assurance": grant.data.assurance,
            "at_hash": at_hash(algorithm, access_token),
        });
        if let Value::Object(more) = more {
            claims.extend(more);
        }
        if let Some(nonce) = nonce {
            claims.insert("nonce".to_owned(), nonce.into());
        }
        if let Some(session_id) = &grant.session_id {
            claims.insert("sid".to_owned(), session_id.as_str().into());
        }
        self.sign(algorithm, &claims).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openid::tests::client;

    fn told(client: &OpenIdClient, scope: &str, known: &KnownAs) -> Value {
        of_person(client, "lgsu_ABC", Scopes::parse(scope), known).into()
    }

    #[test]
    fn scopes_decide_what_is_told() {
        let phone = PhoneNumber::parse("919876543210").unwrap();
        let known = KnownAs { phone: Some(phone), user_id: Some("IN.1".to_owned()) };
        let mut client = client();
        assert_eq!(told(&client, "openid email", &known), json!({ "sub": "lgsu_ABC" }));
        let with_phone = json!({
            "sub": "lgsu_ABC",
            "phone_number": "+919876543210",
            "phone_number_verified": true,
            "whatsapp_user_id": "IN.1",
        });
        assert_eq!(told(&client, "openid phone", &known), with_phone);
        let hidden = KnownAs { phone: None, ..known };
        let told_of = told(&client, "openid phone", &hidden);
        assert!(told_of.get("phone_number").is_none() && told_of.get("phone_number_verified").is_none());
        client.settings.email_domain = Some("whatsapp.invalid".to_owned());
        let with_email = json!({
            "sub": "lgsu_ABC",
            "email": "lgsu_abc@whatsapp.invalid",
            "email_verified": false,
        });
        assert_eq!(told(&client, "openid email", &KnownAs::default()), with_email);
    }

    #[test]
    fn a_hash_of_a_token_is_the_left_half_by_the_algorithm() {
        // The example of OpenID Connect Core, appendix A.3.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(at_hash(SigningAlgorithm::Rs256, token), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(at_hash(SigningAlgorithm::EdDsa, token).len(), 43);
    }
}
