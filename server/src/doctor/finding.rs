//! What a check finds, and how all of it is told: to people, and to programs.

use std::fmt::Write;

use serde::Serialize;

/// How bad it is. The order is that of what matters most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    /// All is as it should be.
    Ok,
    /// It could not be looked at; the sentence says why.
    Skipped,
    /// Logins work, and may not for long, or not for all.
    Warning,
    /// Logins or one-time codes fail, or are not safe.
    Problem,
}

impl Severity {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// What can be found, with what to do about it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) code: &'static str,
    pub(crate) severity: Severity,
    pub(crate) advice: &'static str,
}

/// Something that a check found.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    /// The check.
    pub(crate) check: &'static str,
    /// What it is: a code of `codes`, `ok` or `skipped`.
    pub(crate) code: &'static str,
    pub(crate) severity: Severity,
    /// One sentence for people.
    pub(crate) message: String,
    /// What to do, where there is something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advice: Option<&'static str>,
}

impl Finding {
    /// All is well with what this check looks at.
    pub(crate) fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, code: "ok", severity: Severity::Ok, message: message.into(), advice: None }
    }

    /// The check could not be made, for this reason.
    pub(crate) fn skipped(check: &'static str, reason: impl Into<String>) -> Self {
        Self { check, code: "skipped", severity: Severity::Skipped, message: reason.into(), advice: None }
    }

    /// Something is not as it should be.
    pub(crate) fn of(check: &'static str, known: &Known, message: impl Into<String>) -> Self {
        let Known { code, severity, advice } = *known;
        Self { check, code, severity, message: message.into(), advice: Some(advice) }
    }
}

/// All that was found.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// Of this program.
    pub(crate) version: &'static str,
    /// The worst that was found: `ok`, `warning` or `problem`.
    pub(crate) status: Severity,
    /// The checks in their order; a check has one finding or more.
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    pub(crate) fn new(findings: Vec<Finding>) -> Self {
        let told = findings.iter().map(|finding| finding.severity);
        let worst = told.filter(|severity| *severity != Severity::Skipped).max();
        Self { version: env!("CARGO_PKG_VERSION"), status: worst.unwrap_or(Severity::Ok), findings }
    }

    /// How many findings are of this severity.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// The report for people: a line for each finding, and below it what to do.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for Finding { check, code, severity, message, advice } in &self.findings {
            let name = if matches!(severity, Severity::Ok | Severity::Skipped) { check } else { code };
            // Writing to a text does not fail.
            let _ = writeln!(text, "{:<8} {name}: {message}", severity.name());
            if let Some(advice) = advice {
                let _ = writeln!(text, "{:<8} {advice}", "");
            }
        }
        let count = |severity| self.count(severity);
        let _ = write!(
            text,
            "problems: {}, warnings: {}, in order: {}, skipped: {}",
            count(Severity::Problem),
            count(Severity::Warning),
            count(Severity::Ok),
            count(Severity::Skipped)
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::codes;

    #[test]
    fn the_status_is_the_worst_that_was_found() {
        let ok = || Finding::ok("store", "it opens");
        let skipped = || Finding::skipped("template", "no one-time codes are sent");
        let warning = || Finding::of("store", &codes::NO_APPS, "there is no app");
        let problem = || Finding::of("clock", &codes::CLOCK_WRONG, "it is an hour ahead");
        let status = |findings: Vec<Finding>| Report::new(findings).status;
        assert_eq!(status(vec![]), Severity::Ok);
        assert_eq!(status(vec![ok(), skipped()]), Severity::Ok);
        assert_eq!(status(vec![skipped(), warning(), ok()]), Severity::Warning);
        assert_eq!(status(vec![problem(), warning()]), Severity::Problem);
    }

    #[test]
    fn the_shape_for_programs_is_this() {
        let findings = vec![
            Finding::ok("store", "it opens"),
            Finding::skipped("template", "no codes are sent"),
            Finding::of("store", &codes::NO_APPS, "there is no app"),
        ];
        let report = serde_json::to_value(Report::new(findings)).unwrap();
        let expected = serde_json::json!({ "version": env!("CARGO_PKG_VERSION"), "status": "warning", "findings": [
            { "check": "store", "code": "ok", "severity": "ok", "message": "it opens" },
            { "check": "template", "code": "skipped", "severity": "skipped", "message": "no codes are sent" },
            { "check": "store", "code": "no_apps", "severity": "warning", "message": "there is no app",
              "advice": codes::NO_APPS.advice },
        ] });
        assert_eq!(report, expected);
    }
}
