//! The client of WhatsApp's Graph API that reads what is set up there.

use reqwest::{
    Client, StatusCode,
    header::{DATE, HeaderMap},
};
use serde_json::Value;
use url::Url;

use super::sender::{GraphConfigError, http_client, is_plain, read_response};

/// The header in which the API tells the version that it served.
const SERVED_VERSION: &str = "facebook-api-version";

/// Reads from the API. Nothing that it calls changes anything.
#[derive(Clone, Debug)]
pub(crate) struct GraphReader {
    client: Client,
    /// The API with its version.
    base: Url,
}

/// A response of the API.
#[derive(Clone, Debug)]
pub(crate) struct GraphResponse {
    pub(crate) status: StatusCode,
    /// The time of day there, as the header `Date` has it.
    pub(crate) date: Option<String>,
    /// The version that was served, where it is told.
    pub(crate) served_version: Option<String>,
    /// Null where it is no JSON.
    pub(crate) body: Value,
}

impl GraphReader {
    /// Makes a client; it opens no connection.
    pub(crate) fn new(graph_url: &Url) -> Result<Self, GraphConfigError> {
        let plain = is_plain(graph_url).ok_or(GraphConfigError::Url)?;
        let client = http_client(plain).map_err(GraphConfigError::Client)?;
        Ok(Self { client, base: graph_url.clone() })
    }

    /// Reads an object or a list of the API. The token is shown in a header; errors hold no URL, as a query may hold a
    /// token that is asked about.
    pub(crate) async fn read(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        token: &str,
    ) -> Result<GraphResponse, reqwest::Error> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let sent = self.client.get(url).bearer_auth(token).send().await;
        let response = sent.map_err(reqwest::Error::without_url)?;
        Ok(GraphResponse {
            status: response.status(),
            date: text(response.headers(), DATE.as_str()),
            served_version: text(response.headers(), SERVED_VERSION),
            body: read_response(response).await,
        })
    }
}

impl GraphResponse {
    /// The code of the API's error; `None` where it is none of its errors.
    pub(crate) fn error_code(&self) -> Option<u64> {
        self.body.get("error")?.get("code")?.as_u64()
    }

    /// Whether it tells what was asked for.
    pub(crate) fn is_success(&self) -> bool {
        self.status.is_success() && self.body.is_object() && self.body.get("error").is_none()
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}
