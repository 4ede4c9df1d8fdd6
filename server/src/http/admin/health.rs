//! `/api/v1/admin/health`: whether logins and one-time codes work, as the console's page says it.

use axum::Json;
use loggin_protocol::wire::ErrorBody;
use serde::Serialize;
use utoipa::ToSchema;

use super::call::AdminCall;
use crate::{
    administration::Right,
    doctor::{Fact, Finding, Severity},
    history::row::moment,
    http::ApiError,
    limits,
    telemetry::vitals::{self, Times},
};

/// How the server is. What is counted is of the server that answers, since its start.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminHealth)]
pub(super) struct HealthBody {
    /// `ok`, `warning` or `problem`: the worst of the findings.
    status: &'static str,
    /// When the findings were made, which are a minute old at most; null where none are known yet.
    #[schema(required = true)]
    examined_at: Option<String>,
    version: &'static str,
    #[schema(required = true)]
    started_at: Option<String>,
    store: StoreBody,
    /// Signed webhooks that came.
    webhooks: TimesBody,
    /// Calls of the webhook that were refused, by why: `signature`, `unreadable` or `verify_token`.
    refused_webhooks: Vec<CountBody>,
    /// Messages, by what WhatsApp said to them, such as `sent` or `permanent`.
    sends: Vec<CountBody>,
    /// What Meta tells of the number.
    number: Vec<FactBody>,
    /// What Meta tells of the template of one-time codes; empty where none are sent.
    template: Vec<FactBody>,
    findings: Vec<FindingBody>,
}

/// Where everything is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminStore)]
struct StoreBody {
    /// `SQLite` or `PostgreSQL`.
    engine: &'static str,
    /// Whether it takes writes.
    works: bool,
}

/// How often something happened, and when last.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminTimes)]
struct TimesBody {
    count: u64,
    #[schema(required = true)]
    last_at: Option<String>,
}

/// The same of one kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminCount)]
struct CountBody {
    name: &'static str,
    #[serde(flatten)]
    times: TimesBody,
    /// The last code of Meta's that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u64>,
}

/// Something that Meta tells, in its own word.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminFact)]
struct FactBody {
    name: &'static str,
    value: String,
}

/// Something that a check found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminFinding)]
struct FindingBody {
    check: &'static str,
    code: &'static str,
    /// `ok`, `skipped`, `warning` or `problem`.
    severity: &'static str,
    message: String,
    /// What to do, where there is something.
    #[schema(required = true)]
    advice: Option<&'static str>,
}

impl From<Times> for TimesBody {
    fn from(times: Times) -> Self {
        Self { count: times.count, last_at: times.last.map(moment) }
    }
}

impl From<&Fact> for FactBody {
    fn from(fact: &Fact) -> Self {
        Self { name: fact.name, value: fact.value.clone() }
    }
}

impl From<&Finding> for FindingBody {
    fn from(finding: &Finding) -> Self {
        Self {
            check: finding.check,
            code: finding.code,
            severity: finding.severity.name(),
            message: finding.message.clone(),
            advice: finding.advice,
        }
    }
}

fn counts() -> (Vec<CountBody>, Vec<CountBody>) {
    let refusals = vitals::refusals().into_iter();
    let sends = vitals::sends().into_iter();
    (
        refusals
            .map(|(reason, times)| CountBody { name: reason.as_str(), times: times.into(), code: None })
            .collect(),
        sends
            .map(|(result, times, code)| CountBody { name: result.as_str(), times: times.into(), code })
            .collect(),
    )
}

/// Tells how the server is: findings of the doctor, what Meta tells of number and template, what came and went.
#[utoipa::path(get, operation_id = "adminShowHealth", path = "/api/v1/admin/health", tag = "admin", summary = "Show health",
    responses(
        (status = 200, description = "How the server is.", body = HealthBody),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["usage:read"]), ("api_key" = ["usage:read"])))]
pub(super) async fn show(call: AdminCall) -> Result<Json<HealthBody>, ApiError> {
    call.actor.check_everywhere(Right::ReadUsage)?;
    let server = call.server();
    let examined = match &server.doctor {
        Some(doctor) => doctor.found(limits::DOCTOR_PATIENCE).await,
        None => None,
    };
    let works = server.store.check().await.is_ok();
    let (refused_webhooks, sends) = counts();
    let found = examined.as_deref();
    let worst = found.map_or(Severity::Ok, |found| found.report.status);
    let status = if works { worst } else { Severity::Problem };
    Ok(Json(HealthBody {
        status: status.name(),
        examined_at: found.map(|found| moment(found.at)),
        version: env!("CARGO_PKG_VERSION"),
        started_at: vitals::started().map(moment),
        store: StoreBody { engine: server.store.engine(), works },
        webhooks: vitals::webhooks().into(),
        refused_webhooks,
        sends,
        number: found.iter().flat_map(|found| found.number.iter().map(FactBody::from)).collect(),
        template: found.iter().flat_map(|found| found.template.iter().map(FactBody::from)).collect(),
        findings: found
            .iter()
            .flat_map(|found| found.report.findings.iter().map(FindingBody::from))
            .collect(),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::FindingBody;
    use crate::{
        administration::{Actor, NewAccessKey, Right},
        doctor::{Finding, Severity},
        tests::{APP_SECRET, OTP_SECRET, TestServer, webhook},
    };

    #[tokio::test]
    async fn a_program_reads_what_the_page_of_health_says() {
        let server = TestServer::start().await;
        assert_eq!(server.webhook(&webhook(&[])).await.status(), 200);
        let rights = [Right::ReadUsage].into_iter().collect();
        let new = NewAccessKey { label: "watch".to_owned(), rights, apps: None, expires_in: None };
        let owner = Actor::with_all_rights("olga".to_owned());
        let key = server.server.administration.create_access_key(&owner, new).await.unwrap().0;
        let call = server.get("/api/v1/admin/health").bearer_auth(key.expose());
        let text = call.send().await.unwrap().text().await.unwrap();
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["store"], json!({ "engine": server.server.store.engine(), "works": true }));
        assert!(body["webhooks"]["count"].as_u64().unwrap() >= 1, "{body}");
        let names = |list: &str| -> Vec<&str> {
            body[list].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
        };
        assert_eq!(names("refused_webhooks"), ["signature", "unreadable", "verify_token"]);
        assert!(names("sends").contains(&"permanent"), "{body}");
        // No doctor looks at a server of the tests.
        let found = (&body["status"], &body["examined_at"], &body["findings"]);
        assert_eq!(found, (&json!("ok"), &Value::Null, &json!([])));
        for secret in [APP_SECRET, OTP_SECRET, "verify me"] {
            assert!(!text.contains(secret));
        }
    }

    #[test]
    fn a_finding_is_told_with_what_to_do() {
        let told = |finding| serde_json::to_value(FindingBody::from(&finding)).unwrap();
        let ok = json!({ "check": "store", "code": "ok", "severity": "ok", "message": "it opens", "advice": null });
        assert_eq!(told(Finding::ok("store", "it opens")), ok);
        let (severity, advice) = (Severity::Problem, Some("Set the clock."));
        let message = "it is an hour ahead".to_owned();
        let wrong = told(Finding { check: "clock", code: "clock_wrong", severity, message, advice });
        assert_eq!((&wrong["severity"], &wrong["code"]), (&json!("problem"), &json!("clock_wrong")));
        assert_eq!(wrong["advice"], "Set the clock.");
    }
}
