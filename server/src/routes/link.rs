//! `GET /l/<code>`: sends a browser on to WhatsApp, with the message typed in.
//!
//! Link previews fetch it too, so it stores and changes nothing. No log holds its path.

use std::sync::Arc;

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use loggin::{
    Code, ErrorCode,
    link::{message_text, percent_encode},
};

use crate::{app::Server, error::ApiError};

/// Sends on to WhatsApp.
#[utoipa::path(
    get,
    operation_id = "openLink",
    path = "/l/{code}",
    tag = "links",
    summary = "Open WhatsApp with the message of a login",
    params(("code" = String, Path, description = "The login's code.")),
    responses(
        (status = 302, description = "To WhatsApp."),
        (status = 404, description = "This is no code, or its app is not known.", body = super::openapi::Error),
    ),
)]
pub(crate) async fn handle(
    State(server): State<Arc<Server>>,
    code: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    const NO_CODE: ApiError = ApiError::new(ErrorCode::NotFound, "There is no sign-in under this address.");
    let Path(code) = code.map_err(|_| NO_CODE)?;
    let code = Code::parse(&code).map_err(|_| NO_CODE)?;
    server.apps.find(code.app_key()).await?.ok_or(NO_CODE)?;
    let text = message_text(None, &code).map_err(|_| NO_CODE)?;
    let base = server.settings.link_base.as_str().trim_end_matches('/');
    let number = server.settings.whatsapp.number.digits();
    let location = format!("{base}/{number}?text={}", percent_encode(&text));
    Ok((StatusCode::FOUND, [(header::LOCATION, location)]).into_response())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, error_of, token, token_of};

    #[tokio::test]
    async fn a_link_leads_to_whatsapp_and_stores_nothing() {
        let server = TestServer::start().await;
        let code = token(1).code();
        let answer = server.get(&format!("/l/{}", code.expose())).send().await.unwrap();
        assert_eq!(answer.status(), 302);
        let location = answer.headers()["location"].to_str().unwrap();
        assert!(location.starts_with("https://wa.me/15550001111?text="), "{location}");
        assert!(location.ends_with(&format!("%20{}", code.expose())), "{location}");
        assert!(server.server.store.logins(&[code]).await.unwrap().is_empty());
        let in_hindi = server.get(&format!("/l/{}?lang=hi", code.expose())).send().await.unwrap();
        assert_eq!(in_hindi.headers()["location"], answer.headers()["location"]);
    }

    #[tokio::test]
    async fn what_is_no_code_of_an_app_is_not_found() {
        let server = TestServer::start().await;
        let stranger = format!("/l/{}", token_of("00000000", 1).code().expose());
        for path in ["/l/rubbish", "/l/8XKPQ2WN", "/l/%FF", "/l/a/b", "/l/", &stranger] {
            let answer = server.get(path).send().await.unwrap();
            assert_eq!(error_of(answer).await, (404, "not_found".to_owned()), "{path}");
        }
    }
}
