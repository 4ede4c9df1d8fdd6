//! The template of one-time codes: there, approved, of the right category and language.

use serde_json::Value;

use crate::doctor::{
    codes,
    finding::Finding,
    subject::{Subject, text},
    templates,
};

pub(in crate::doctor) const NAME: &str = "template";

pub(in crate::doctor) async fn check(subject: &Subject) -> Vec<Finding> {
    let settings = ["WHATSAPP_OTP_TEMPLATE", "WHATSAPP_OTP_LANGUAGE"];
    let Some(otp) = &subject.config.otp else {
        return vec![Finding::skipped(NAME, "no one-time codes are sent: WHATSAPP_OTP_TEMPLATE is not set")];
    };
    if let Some(lacking) = subject.lacks(&settings) {
        return vec![Finding::skipped(NAME, lacking)];
    }
    let Some(account) = subject.account_id().await else {
        return vec![Finding::skipped(NAME, "Meta does not tell which account the number is of")];
    };
    match templates::list(subject, &account, Some(&otp.template)).await {
        Ok(found) => judge(&found, &otp.template, &otp.language),
        Err(why) => vec![Finding::skipped(NAME, why)],
    }
}

fn judge(templates: &[Value], name: &str, language: &str) -> Vec<Finding> {
    if templates.is_empty() {
        let message = format!("the account has no template with the name {name}");
        return vec![Finding::of(NAME, &codes::TEMPLATE_MISSING, message)];
    }
    let of_language = templates.iter().find(|template| text(template, "language") == Some(language));
    let Some(template) = of_language else {
        let languages: Vec<&str> =
            templates.iter().filter_map(|template| text(template, "language")).collect();
        let message = format!("the template {name} has no language {language}, but {}", languages.join(", "));
        return vec![Finding::of(NAME, &codes::TEMPLATE_LANGUAGE, message)];
    };
    let mut found = Vec::new();
    let category = text(template, "category").unwrap_or_default();
    if !category.eq_ignore_ascii_case("authentication") {
        let message = format!("the template {name} is of the category {}", category.to_ascii_lowercase());
        found.push(Finding::of(NAME, &codes::TEMPLATE_CATEGORY, message));
    }
    let status = text(template, "status").unwrap_or_default();
    if status != "APPROVED" {
        let message = format!("the template {name} in {language} is {}", status.to_ascii_lowercase());
        found.push(Finding::of(NAME, &codes::TEMPLATE_STATUS, message));
    }
    if let Some(score @ ("RED" | "YELLOW")) = text(&template["quality_score"], "score") {
        let message = format!("the quality of the template {name} is {}", score.to_ascii_lowercase());
        found.push(Finding::of(NAME, &codes::TEMPLATE_QUALITY, message));
    }
    if found.is_empty() {
        found.push(Finding::ok(NAME, format!("the template {name} is approved in {language}")));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn codes(templates: &[Value]) -> Vec<&'static str> {
        judge(templates, "code", "en_US").iter().map(|finding| finding.code).collect()
    }

    fn template(change: &Value) -> Value {
        let mut template = json!({ "name": "code", "language": "en_US", "status": "APPROVED", "category": "AUTHENTICATION" });
        template.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        template
    }

    #[test]
    fn a_template_is_judged_in_its_language() {
        assert_eq!(codes(&[]), ["template_missing"]);
        let german = template(&json!({ "language": "de", "status": "REJECTED" }));
        assert_eq!(codes(std::slice::from_ref(&german)), ["template_language"]);
        assert_eq!(codes(&[german, template(&json!({}))]), ["ok"]);
        for (change, expected) in [
            (json!({ "category": "UTILITY" }), "template_category"),
            (json!({ "status": "PAUSED" }), "template_status"),
            (json!({ "status": null }), "template_status"),
            (json!({ "quality_score": { "score": "RED" } }), "template_quality"),
            (json!({ "quality_score": { "score": "UNKNOWN" } }), "ok"),
        ] {
            assert_eq!(codes(&[template(&change)]), [expected], "{change}");
        }
    }
}
