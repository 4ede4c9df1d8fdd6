//! What pages load: each file is a part of this program.

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::state::Server;

/// Bytes of a file's hash that tell its versions apart.
const TAG_BYTES: usize = 12;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// Each file: its path, type and content. `loggin.js` is `@loggin/web`, as `make generate` puts it in one file.
const ASSETS: [(&str, &str, &str); 14] = [
    ("/assets/console.css", STYLE, include_str!("../../../assets/console.css")),
    ("/assets/console.js", SCRIPT, include_str!("../../../assets/console.js")),
    ("/assets/demo.js", SCRIPT, include_str!("../../../assets/demo.js")),
    ("/assets/form-post.js", SCRIPT, include_str!("../../../assets/form-post.js")),
    ("/assets/hosted.css", STYLE, include_str!("../../../assets/hosted.css")),
    ("/assets/hosted.js", SCRIPT, include_str!("../../../assets/hosted.js")),
    ("/assets/icon.svg", "image/svg+xml", include_str!("../../../assets/icon.svg")),
    ("/assets/loggin.js", SCRIPT, include_str!("../../../assets/loggin.js")),
    ("/assets/pages.css", STYLE, include_str!("../../../assets/pages.css")),
    ("/assets/qr.js", SCRIPT, include_str!("../../../assets/qr.js")),
    ("/assets/reports.css", STYLE, include_str!("../../../assets/reports.css")),
    ("/assets/samples.js", SCRIPT, include_str!("../../../assets/samples.js")),
    ("/assets/sign-in.js", SCRIPT, include_str!("../../../assets/sign-in.js")),
    ("/assets/steps.js", SCRIPT, include_str!("../../../assets/steps.js")),
];

/// A route for each.
pub(super) fn routes() -> Router<Arc<Server>> {
    ASSETS.into_iter().fold(Router::new(), |router, (path, kind, content)| {
        let digest = Sha256::digest(content);
        let tag = format!("\"{}\"", HEXLOWER.encode(&digest[..TAG_BYTES]));
        router.route(path, get(move |headers: HeaderMap| async move { file(&headers, &tag, kind, content) }))
    })
}

/// The file, unless the browser has this version of it: it asks each time, as another version of this program may run.
fn file(headers: &HeaderMap, tag: &str, kind: &'static str, content: &'static str) -> Response {
    let caching = [(header::CACHE_CONTROL, "no-cache"), (header::ETAG, tag)];
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    // A proxy that compresses marks the tag as a weak one.
    let is_known =
        known.flat_map(|value| value.split(',')).any(|value| value.trim().trim_start_matches("W/") == tag);
    if is_known {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(header::CONTENT_TYPE, kind)], content).into_response()
}
