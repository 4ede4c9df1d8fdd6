//! The handshake that Meta makes before it sends webhooks to an address.

use std::sync::Arc;

use serde::Serialize;
use url::Url;

use crate::simulator::Simulator;

/// Bytes of the challenge's echo that are looked at; it is at most ten digits.
const ECHO_BYTES_MAX: usize = 1_024;

/// How a server answered.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Handshake {
    /// The HTTP status, or null when there was no response.
    pub(crate) status: Option<u16>,
    /// It was 200 with the challenge and nothing else.
    pub(crate) verified: bool,
}

impl Simulator {
    /// Asks `url` to echo a challenge, with this verify token.
    pub(crate) async fn verify_webhook(self: &Arc<Self>, url: &Url, verify_token: &str) -> Handshake {
        let challenge = self.identifiers.challenge();
        let mut asked = url.clone();
        asked
            .query_pairs_mut()
            .append_pair("hub.mode", "subscribe")
            .append_pair("hub.challenge", &challenge)
            .append_pair("hub.verify_token", verify_token);
        let Ok(response) = self.courier.client().get(asked).send().await else {
            return Handshake { status: None, verified: false };
        };
        let status = response.status().as_u16();
        let echoed = echo(response).await.is_some_and(|body| body == challenge.as_bytes());
        Handshake { status: Some(status), verified: status == 200 && echoed }
    }
}

async fn echo(mut response: reqwest::Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > ECHO_BYTES_MAX {
            return None;
        }
    }
    Some(body)
}
