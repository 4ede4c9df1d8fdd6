//! Templates of messages, as Meta tells of them.

use std::sync::Arc;

use serde_json::Value;

use super::subject::{Subject, Told, text, told};
use crate::{
    clock::{Clock, Random},
    config::Settings,
    limits,
};

/// A template in one language. What Meta calls it is in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Template {
    pub(crate) name: String,
    pub(crate) language: String,
    /// `approved`, or why it cannot be sent.
    pub(crate) status: String,
    pub(crate) category: String,
    /// `green`, `yellow`, `red` or `unknown`; none where nothing is told.
    pub(crate) quality: Option<String>,
    /// Whether one-time codes are sent by it.
    pub(crate) is_in_use: bool,
}

impl Template {
    fn of(told: &Value, in_use: Option<(&str, &str)>) -> Self {
        let word = |value: &Value, key: &str| text(value, key).map(str::to_ascii_lowercase);
        let name = text(told, "name").unwrap_or_default().to_owned();
        let language = text(told, "language").unwrap_or_default().to_owned();
        Self {
            is_in_use: in_use == Some((&name, &language)),
            name,
            language,
            status: word(told, "status").unwrap_or_default(),
            category: word(told, "category").unwrap_or_default(),
            quality: word(&told["quality_score"], "score"),
        }
    }
}

/// The templates of the account that these settings are for, or those of one name, by name and language; or why they are
/// not known.
pub(crate) async fn read_templates(
    settings: Settings,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    name: Option<&str>,
) -> Result<Vec<Template>, String> {
    const NO_ACCOUNT: &str = "Meta does not tell which account the number is of";
    let examined = settings.examine();
    let Some(config) = examined.config else {
        let wrong = examined.errors.iter().map(ToString::to_string);
        return Err(wrong.collect::<Vec<_>>().join("; "));
    };
    let subject = Subject::new(Some(settings), config, examined.errors, clock, random);
    let Some(account) = subject.account_id().await else {
        return Err(told(subject.health().await).err().unwrap_or_else(|| NO_ACCOUNT.to_owned()));
    };
    let in_use = subject.config.otp.as_ref().map(|otp| (otp.template.as_str(), otp.language.as_str()));
    let found = list(&subject, &account, name).await?;
    let mut templates: Vec<Template> = found.iter().map(|told| Template::of(told, in_use)).collect();
    templates.sort();
    Ok(templates)
}

/// The templates of an account, or those of one name, each in one language.
pub(super) async fn list(subject: &Subject, account: &str, name: Option<&str>) -> Result<Vec<Value>, String> {
    let path = [account, "message_templates"];
    let mut templates = Vec::new();
    let mut after = String::new();
    let pages = if name.is_some() { limits::DOCTOR_PAGES } else { limits::TEMPLATE_PAGES };
    for _ in 0..pages {
        let mut query = vec![("fields", "name,language,status,category,quality_score"), ("limit", "100")];
        query.extend(name.map(|name| ("name", name)));
        query.extend((!after.is_empty()).then_some(("after", after.as_str())));
        let page: Told = subject.read_as_server(&path, &query).await;
        let body = told(&page)?;
        templates.extend(body["data"].as_array().cloned().unwrap_or_default());
        match (body["paging"]["next"].as_str(), text(&body["paging"]["cursors"], "after")) {
            (Some(_), Some(cursor)) => cursor.clone_into(&mut after),
            _ => break,
        }
    }
    // The API finds names that contain this one.
    templates.retain(|template| name.is_none_or(|name| text(template, "name") == Some(name)));
    Ok(templates)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_is_told_in_small_letters_and_whether_codes_are_sent_by_it() {
        let told = json!({
            "name": "code",
            "language": "en_US",
            "status": "APPROVED",
            "category": "AUTHENTICATION",
            "quality_score": { "score": "GREEN" },
        });
        let expected = Template {
            name: "code".to_owned(),
            language: "en_US".to_owned(),
            status: "approved".to_owned(),
            category: "authentication".to_owned(),
            quality: Some("green".to_owned()),
            is_in_use: true,
        };
        assert_eq!(Template::of(&told, Some(("code", "en_US"))), expected);
        let other = Template { is_in_use: false, ..expected };
        assert_eq!(Template::of(&told, Some(("code", "de"))), other);
        let bare = Template::of(&json!({ "name": "code", "status": null }), None);
        assert_eq!((bare.status.as_str(), bare.quality), ("", None));
    }
}
