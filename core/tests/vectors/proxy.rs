//! `proxy.json`: which proxy a client goes through.

use std::collections::HashMap;

use loggin::{Error, Loggin};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Outcome, outcome, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProxyInput {
    base_url: String,
    environment: HashMap<String, String>,
    option: Option<String>,
}

pub(crate) fn call(kind: &str, input: Value) -> Option<Outcome> {
    (kind == "proxy").then(|| outcome(proxy(read(input)).map(|proxy| json!({ "proxy": proxy }))))
}

fn proxy(input: ProxyInput) -> Result<Option<String>, Error> {
    let builder = Loggin::builder().base_url(input.base_url).allow_insecure_http(true);
    let builder = builder.environment(input.environment);
    let client = match input.option {
        Some(proxy) => builder.proxy(proxy).build()?,
        None => builder.build()?,
    };
    Ok(client.state().proxy)
}
