//! The settings: each is there and makes sense, and no secret is easily guessed.

use crate::{
    config::ConfigError,
    doctor::{
        codes,
        finding::Finding,
        subject::{GRAPH_URL, PUBLIC_URL, Subject},
    },
    telemetry::Log,
};

pub(in crate::doctor) const NAME: &str = "settings";

/// Where WhatsApp's API is.
const GRAPH_HOST: &str = "graph.facebook.com";

pub(in crate::doctor) fn check(subject: &Subject) -> Vec<Finding> {
    let mut found: Vec<Finding> = subject.errors.iter().map(wrong).collect();
    if let Some(settings) = &subject.settings {
        found.extend(Log::check(settings).err().as_ref().map(wrong));
        for (name, nearest) in settings.misspelt() {
            let message = format!("{name} is no setting; {nearest} is the one whose name is nearest");
            found.push(Finding::of(NAME, &codes::SETTING_MISSPELT, message));
        }
    }
    for name in subject.config.doubtful_secrets().filter(|name| subject.lacks(&[name]).is_none()) {
        let message = format!("{name} is shorter or plainer than it should be");
        found.push(Finding::of(NAME, &codes::SECRET_DOUBTFUL, message));
    }
    found.extend(public_url(subject));
    if subject.lacks(&[GRAPH_URL]).is_none()
        && subject.config.whatsapp.graph_url.host_str() != Some(GRAPH_HOST)
    {
        let message = "WHATSAPP_GRAPH_URL is not WhatsApp's own: messages are sent to another server";
        found.push(Finding::of(NAME, &codes::GRAPH_URL_FOREIGN, message));
    }
    if found.is_empty() {
        found.push(Finding::ok(NAME, "every setting that is needed is there and makes sense"));
    }
    found
}

/// A setting that is missing or makes no sense.
pub(in crate::doctor) fn wrong(error: &ConfigError) -> Finding {
    Finding::of(NAME, &codes::SETTING_WRONG, error.to_string())
}

fn public_url(subject: &Subject) -> Option<Finding> {
    if subject.lacks(&[PUBLIC_URL]).is_some() {
        return None;
    }
    if subject.public.is_loopback() {
        let message = "LOGGIN_PUBLIC_URL leads to this machine alone, where neither WhatsApp nor people are";
        return Some(Finding::of(NAME, &codes::PUBLIC_URL_LOOPBACK, message));
    }
    let message =
        "LOGGIN_PUBLIC_URL is not https: WhatsApp calls no such address, and anybody on the way reads along";
    subject.config.is_insecure().then(|| Finding::of(NAME, &codes::PUBLIC_URL_INSECURE, message))
}
