//! Which logins their persons took back, as an app's server asks for it.

use serde::{Deserialize, Serialize};

/// Most logins that one call asks about.
pub const MAX_LOGIN_IDS: usize = 100;

/// `POST /tokens/denied`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeniedRequest {
    /// The logins that are asked about, 1 to 100. A name is the first 16 bytes, in hexadecimal, of SHA-256 of
    /// `loggin login id v1`, a line feed and the login's code.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 100, example = json!(["8b3c5ab4ab84e97a35ac2cbb29ba4a87"])))]
    pub login_ids: Vec<String>,
}

/// The response of `POST /tokens/denied`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeniedResponse {
    /// Those of the logins whose person said "not me" after the result had been redeemed.
    pub denied: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_with_what_a_newer_server_adds() {
        let response: DeniedResponse = serde_json::from_str(r#"{"denied":["a name"],"novelty":1}"#).unwrap();
        assert_eq!(response.denied, ["a name"]);
        assert!(serde_json::from_str::<DeniedResponse>("{}").is_err());
    }
}
