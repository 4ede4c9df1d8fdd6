//! `GET /l/<code>`: sends a browser on to WhatsApp, with the message typed in.
//!
//! Link previews fetch it too, so it stores and changes nothing. No log holds its path.

use std::sync::Arc;

use axum::{
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use loggin_protocol::{
    Code, ErrorCode,
    link::{message_text, percent_encode},
    wire::ErrorBody,
};

use crate::{
    http::ApiError,
    languages::Language,
    state::{Server, Settings},
};

/// How the link may be changed.
#[derive(Debug, Default, serde::Deserialize)]
pub(crate) struct Choice {
    /// BCP 47.
    lang: Option<String>,
}

/// Sends on to WhatsApp.
#[utoipa::path(
    get,
    operation_id = "openLink",
    path = "/l/{code}",
    tag = "links",
    summary = "Open WhatsApp with the message of a login",
    params(
        ("code" = String, Path, description = "The login's code."),
        (
            "lang" = Option<String>,
            Query,
            description = "The language of the message (BCP 47); where there is no message in it, `Accept-Language` \
                           decides, else it is English.",
        ),
    ),
    responses(
        (status = 302, description = "To WhatsApp."),
        (status = 404, description = "This is no code, or its app is not known.", body = ErrorBody),
    ),
)]
pub(crate) async fn handle(
    State(server): State<Arc<Server>>,
    code: Result<Path<String>, PathRejection>,
    choice: Result<Query<Choice>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    const NO_CODE: ApiError = ApiError::new(ErrorCode::NotFound, "There is no sign-in under this address.");
    let Path(code) = code.map_err(|_| NO_CODE)?;
    let code = Code::parse(&code).map_err(|_| NO_CODE)?;
    server.apps.find(code.app_key()).await?.ok_or(NO_CODE)?;
    let chosen = choice.ok().and_then(|Query(choice)| choice.lang);
    let language = language(chosen.as_deref(), &headers);
    let location = to_whatsapp(&server.settings, language, code).ok_or(NO_CODE)?;
    let headers = [(header::LOCATION, location), (header::VARY, header::ACCEPT_LANGUAGE.to_string())];
    Ok((StatusCode::FOUND, headers).into_response())
}

/// The address that opens WhatsApp with the message of a login typed in.
pub(in crate::http) fn to_whatsapp(settings: &Settings, language: Language, code: Code) -> Option<String> {
    let text = message_text(Some(language.message()), &code).ok()?;
    let base = settings.link_base.as_str().trim_end_matches('/');
    let number = settings.whatsapp.number.digits();
    Some(format!("{base}/{number}?text={}", percent_encode(&text)))
}

/// The language that somebody is met in: the first of those that are named, then what the browser asks for.
pub(in crate::http) fn language<'a>(
    named: impl IntoIterator<Item = &'a str>,
    headers: &HeaderMap,
) -> Language {
    let accepted = || {
        let values = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
        Language::accepted(&values.collect::<Vec<_>>().join(","))
    };
    named.into_iter().find_map(Language::of_tag).or_else(accepted).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{TestServer, error_of, token, token_of};

    #[tokio::test]
    async fn a_link_leads_to_whatsapp_and_stores_nothing() {
        let server = TestServer::start().await;
        let code = token(1).code();
        let response = server.get(&format!("/l/{}", code.expose())).send().await.unwrap();
        assert_eq!(response.status(), 302);
        let location = response.headers()["location"].to_str().unwrap();
        assert!(location.starts_with("https://wa.me/15550001111?text="), "{location}");
        assert!(location.ends_with(&format!("%20{}", code.expose())), "{location}");
        assert!(server.server.store.logins(&[code]).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn the_message_is_in_the_language_that_is_asked_for() {
        let server = TestServer::start().await;
        let code = token(1).code();
        for (query, accepted, language) in [
            ("", "", Language::English),
            ("?lang=hi", "", Language::Hindi),
            ("?lang=pt-BR", "ar", Language::Portuguese),
            ("?lang=xx", "fr-CH, en;q=0.5", Language::French),
            ("?lang=", "xx", Language::English),
            ("?lang=hi&lang=ar", "fr", Language::French),
            ("?else=%FF", "xx, it;q=0.2, ur;q=0.3", Language::Urdu),
        ] {
            let link =
                server.get(&format!("/l/{}{query}", code.expose())).header("accept-language", accepted);
            let response = link.send().await.unwrap();
            assert_eq!(response.status(), 302);
            let location = response.headers()["location"].to_str().unwrap();
            let text = message_text(Some(language.message()), &code).unwrap();
            let expected = format!("https://wa.me/15550001111?text={}", percent_encode(&text));
            assert_eq!(location, expected, "{query} {accepted}");
            assert_eq!(response.headers()["vary"], "accept-language");
        }
    }

    #[tokio::test]
    async fn what_is_no_code_of_an_app_is_not_found() {
        let server = TestServer::start().await;
        let unknown = format!("/l/{}", token_of("00000000", 1).code().expose());
        for path in ["/l/rubbish", "/l/8XKPQ2WN", "/l/%FF", "/l/a/b", "/l/", &unknown] {
            let response = server.get(path).send().await.unwrap();
            assert_eq!(error_of(response).await, (404, "not_found".to_owned()), "{path}");
        }
    }
}
