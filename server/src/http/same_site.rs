//! Whether a page of this server calls: what only its own pages may do is refused to all others.

use axum::http::{HeaderMap, header};

use crate::state::Server;

/// What browsers say of where a call comes from.
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Whether a page of this server calls. Browsers say so themselves over https and on this machine; elsewhere the origin
/// tells. A call that says neither is none of a page.
pub(super) fn is_of_own_page(server: &Server, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return site == "same-origin";
    }
    let origin = headers.get(header::ORIGIN);
    origin.is_some_and(|origin| *origin == server.settings.public_origin.as_str())
}
