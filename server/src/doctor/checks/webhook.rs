//! The webhook as WhatsApp reaches it: through the public URL, signed, with the handshake, and as large as it comes.
//!
//! What is posted are notifications in which nothing happened: a server takes them and does nothing. The verify token is
//! shown only where something took such a call, or refused it as this program does.

use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::{
    doctor::{
        codes,
        finding::{Finding, Known},
        public::{Answer, EMPTY_WEBHOOK, Knock},
        subject::{APP_SECRET, PUBLIC_URL, Subject},
        unreached::Unreached,
    },
    limits,
    whatsapp::AppSecret,
};

pub(in crate::doctor) const NAME: &str = "webhook";

const VERIFY_TOKEN: &str = "WHATSAPP_VERIFY_TOKEN";

/// The code of this program's error for a signature that is not right.
const INVALID_SIGNATURE: &str = "invalid_signature";

pub(in crate::doctor) async fn check(subject: &Subject) -> Vec<Finding> {
    let secret = match secret(subject) {
        Ok(secret) => secret,
        Err(lacking) => return vec![Finding::skipped(NAME, lacking)],
    };
    let mut found: Vec<Finding> = small(subject.public.knock(&secret).await).into_iter().collect();
    if !subject.public.knock(&secret).await.is_loggin() {
        return found;
    }
    if subject.lacks(&[VERIFY_TOKEN]).is_none() {
        found.extend(handshake(subject).await);
    }
    if found.is_empty() {
        found.extend(large(&subject.public.post_webhook(&secret, largest()).await));
    }
    if found.is_empty() {
        let message =
            "signed webhooks of every size are taken through the public URL, and the handshake succeeds";
        found.push(Finding::ok(NAME, message));
    }
    found
}

/// The app secret that is in use; an error where a setting that this needs is wrong.
pub(in crate::doctor) fn secret(subject: &Subject) -> Result<AppSecret, String> {
    if let Some(lacking) = subject.lacks(&[PUBLIC_URL, APP_SECRET]) {
        return Err(lacking);
    }
    let first = subject.config.whatsapp.app_secrets.first();
    let secret = first.and_then(|secret| AppSecret::new(secret.expose_secret()));
    secret.ok_or_else(|| format!("{APP_SECRET} is not set"))
}

/// Why others cannot be asked for more through the public URL; `None` where they can.
pub(in crate::doctor) async fn unreached(subject: &Subject) -> Option<String> {
    match secret(subject) {
        Ok(secret) if subject.public.knock(&secret).await.is_loggin() => None,
        Ok(_) => Some("the server is not reached through the public URL".to_owned()),
        Err(lacking) => Some(lacking),
    }
}

/// What a small signed webhook came to, unless it was taken.
fn small(knock: &Knock) -> Option<Finding> {
    let finding = |known: &Known, message: String| Some(Finding::of(NAME, known, message));
    let Answer { status, error, .. } = match knock {
        Knock::Response(answer) => answer,
        Knock::Unreached(Unreached::Tls(words)) => {
            return finding(&codes::PUBLIC_URL_TLS, (*words).to_owned());
        }
        Knock::Unreached(why) => {
            return finding(&codes::PUBLIC_URL_UNREACHABLE, format!("the public URL is not reached: {why}"));
        }
    };
    let code = status.as_u16();
    match code {
        200 => None,
        300..=399 => finding(
            &codes::PUBLIC_URL_REDIRECTS,
            format!("the public URL redirects webhooks elsewhere, with status {code}"),
        ),
        401 if error.as_deref() == Some(INVALID_SIGNATURE) => finding(
            &codes::WEBHOOK_SECRET,
            "the running server refuses what is signed with WHATSAPP_APP_SECRET".to_owned(),
        ),
        401 | 403 | 407 | 429 => finding(
            &codes::WEBHOOK_BLOCKED,
            format!("something in front refuses webhooks, with status {code}"),
        ),
        500.. => finding(
            &codes::PUBLIC_URL_FAILS,
            format!("behind the public URL no server takes webhooks: status {code}"),
        ),
        _ => finding(&codes::WEBHOOK_NOT_FOUND, format!("a signed webhook is answered with status {code}")),
    }
}

async fn handshake(subject: &Subject) -> Option<Finding> {
    let challenge = Uuid::new_v4().simple().to_string();
    let token = subject.config.whatsapp.verify_token.expose_secret();
    challenged(&subject.public.ask_for_challenge(token, &challenge).await, &challenge)
}

/// What the handshake came to, unless it is as Meta wants it.
fn challenged(knock: &Knock, challenge: &str) -> Option<Finding> {
    let message = match knock {
        Knock::Response(answer) if answer.status.as_u16() == 200 && answer.text == challenge => return None,
        Knock::Response(answer) if answer.status.as_u16() == 403 => {
            let message = "the running server has another WHATSAPP_VERIFY_TOKEN";
            return Some(Finding::of(NAME, &codes::VERIFY_TOKEN_DIFFERS, message));
        }
        Knock::Response(answer) => {
            format!(
                "the handshake is answered with status {}, and not the challenge alone",
                answer.status.as_u16()
            )
        }
        Knock::Unreached(why) => format!("the handshake has no response: {why}"),
    };
    Some(Finding::of(NAME, &codes::WEBHOOK_NOT_LOGGIN, message))
}

/// A webhook as large as WhatsApp's largest in which nothing happened.
fn largest() -> String {
    let mut body = EMPTY_WEBHOOK.to_owned();
    body.extend(std::iter::repeat_n(' ', limits::WEBHOOK_BODY - EMPTY_WEBHOOK.len()));
    body
}

/// What it came to, unless it was taken. A server that is busy says nothing of sizes.
fn large(knock: &Knock) -> Option<Finding> {
    let message = match knock {
        Knock::Response(answer) => match answer.status.as_u16() {
            200 | 429 | 500.. => return None,
            status => format!("a webhook of 3 MB is refused with status {status}"),
        },
        Knock::Unreached(Unreached::Timeout) => {
            format!("a webhook of 3 MB does not come through in {} s", limits::DOCTOR_UPLOAD.as_secs())
        }
        Knock::Unreached(why) => format!("a webhook of 3 MB has no response: {why}"),
    };
    Some(Finding::of(NAME, &codes::WEBHOOK_BODY_LIMIT, message))
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    fn answer(status: u16, error: Option<&str>, text: &str) -> Knock {
        let status = StatusCode::from_u16(status).unwrap();
        Knock::Response(Answer { status, error: error.map(str::to_owned), text: text.to_owned() })
    }

    fn code(found: Option<Finding>) -> Option<&'static str> {
        found.map(|found| found.code)
    }

    #[test]
    fn a_call_is_judged_by_its_response() {
        for (knock, expected) in [
            (answer(200, None, ""), None),
            (answer(301, None, ""), Some("public_url_redirects")),
            (answer(401, Some(INVALID_SIGNATURE), ""), Some("webhook_secret")),
            (answer(401, None, "log in"), Some("webhook_blocked")),
            (answer(403, None, ""), Some("webhook_blocked")),
            (answer(404, None, ""), Some("webhook_not_found")),
            (answer(404, Some("not_found"), ""), Some("webhook_not_found")),
            (answer(502, None, ""), Some("public_url_fails")),
            (Knock::Unreached(Unreached::Tls("expired")), Some("public_url_tls")),
            (Knock::Unreached(Unreached::Refused), Some("public_url_unreachable")),
        ] {
            assert_eq!(code(small(&knock)), expected, "{knock:?}");
        }
    }

    #[test]
    fn the_challenge_alone_is_what_meta_wants() {
        assert_eq!(code(challenged(&answer(200, None, "c"), "c")), None);
        for (knock, expected) in [
            (answer(200, None, "<html>c"), "webhook_not_loggin"),
            (answer(404, None, ""), "webhook_not_loggin"),
            (answer(403, None, ""), "verify_token_differs"),
            (Knock::Unreached(Unreached::Cut), "webhook_not_loggin"),
        ] {
            assert_eq!(code(challenged(&knock, "c")), Some(expected), "{knock:?}");
        }
    }

    #[test]
    fn a_large_webhook_is_as_large_as_the_server_takes() {
        assert_eq!(largest().len(), limits::WEBHOOK_BODY);
        assert_eq!(code(large(&answer(200, None, ""))), None);
        assert_eq!(code(large(&answer(503, None, ""))), None);
        assert_eq!(code(large(&answer(413, None, ""))), Some("webhook_body_limit"));
        assert_eq!(code(large(&Knock::Unreached(Unreached::Cut))), Some("webhook_body_limit"));
    }
}
