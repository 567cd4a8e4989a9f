//! The page's files, out of the binary.
//!
//! In: the files that the build made, with their pre-compressed forms. Out: conditional answers
//! (RFC 9110, clause 13) in the best coding the client accepts (clause 12.5.3). Any other address
//! that a browser navigates to gets the index, because the page routes by itself; the server's
//! own addresses never do.

use super::problem::Problem;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// One file of the page.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Its address, such as `/assets/index-3f9a.js`; the index is `/index.html`.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// The address changes with the content, so a client may keep it for ever.
    pub immutable: bool,
    /// The content.
    pub plain: &'static [u8],
    /// The content compressed with gzip.
    pub gzip: Option<&'static [u8]>,
    /// The content compressed with Brotli.
    pub brotli: Option<&'static [u8]>,
}

/// Addresses that are the server's own, with everything below them.
const SERVERS_OWN: [&str; 7] =
    ["/api", "/docs", "/openapi.json", "/write", "/metrics", "/healthz", "/readyz"];
const INDEX: &str = "/index.html";
/// The API's documentation, a page of its own.
const DOCS: (&str, &str) = ("/docs", "/docs.html");

/// The files by address, each with its entity tag.
#[derive(Clone)]
pub(super) struct Page {
    files: Arc<BTreeMap<&'static str, (Asset, HeaderValue)>>,
}

impl Page {
    pub(super) fn new(assets: &[Asset]) -> Self {
        let files = assets.iter().map(|asset| (asset.path, (*asset, entity_tag(asset.plain))));
        Self { files: Arc::new(files.collect()) }
    }

    fn find(&self, path: &str, headers: &HeaderMap) -> Option<&(Asset, HeaderValue)> {
        if let Some(found) = self.files.get(path) {
            return Some(found);
        }
        let own = SERVERS_OWN.iter().any(|own| {
            path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if path.trim_end_matches('/') == DOCS.0 {
            return self.files.get(DOCS.1);
        }
        let index = path == "/" || (!own && accepts_html(path, headers));
        index.then(|| self.files.get(INDEX)).flatten()
    }
}

/// The answer to every address that no route has.
pub(super) async fn answer(
    State(page): State<Page>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let readable = method == Method::GET || method == Method::HEAD;
    let Some((asset, tag)) = readable.then(|| page.find(uri.path(), &headers)).flatten() else {
        return Problem::new(StatusCode::NOT_FOUND, "There is nothing at this address.")
            .into_response();
    };
    let cache = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut answer = Response::new(Body::empty());
    let out = answer.headers_mut();
    out.insert(header::ETAG, tag.clone());
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_current(&headers, tag) {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        return answer;
    }
    let (coding, bytes) = best_coding(asset, &headers);
    if let Some(coding) = coding {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    out.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    if method == Method::GET {
        *answer.body_mut() = Body::from(bytes);
    }
    answer
}

/// A weak tag: the codings of one file share it.
fn entity_tag(bytes: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let tag = format!("W/\"{:016x}\"", hasher.finish());
    HeaderValue::from_str(&tag).expect("hexadecimal digits in quotes are a header value")
}

fn is_current(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Ok(own) = tag.to_str().map(opaque) else {
        return false;
    };
    let mut known = headers.get_all(header::IF_NONE_MATCH).iter();
    known.any(|value| {
        let text = value.to_str().unwrap_or_default();
        text.split(',').any(|one| one.trim() == "*" || opaque(one) == own)
    })
}

fn accepts_html(path: &str, headers: &HeaderMap) -> bool {
    let Some(accept) = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    accept.split(',').any(|range| {
        let kind = range.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("text/html") || (!file && (kind == "*/*" || kind == "text/*"))
    })
}

fn best_coding(asset: &Asset, headers: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
    let candidates = [("br", asset.brotli), ("gzip", asset.gzip)];
    let found = candidates.into_iter().find_map(|(coding, bytes)| {
        let bytes = bytes.filter(|bytes| bytes.len() < asset.plain.len())?;
        accepts_coding(headers, coding).then_some((Some(coding), bytes))
    });
    found.unwrap_or((None, asset.plain))
}

fn accepts_coding(headers: &HeaderMap, coding: &str) -> bool {
    let mut accepted = headers.get_all(header::ACCEPT_ENCODING).iter();
    accepted.any(|value| {
        value.to_str().unwrap_or_default().split(',').any(|one| {
            let mut parts = one.split(';').map(str::trim);
            let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
            let refused = parts.any(|part| {
                let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
                weight.is_some_and(|weight| weight.parse() == Ok(0.0_f32))
            });
            named && !refused
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASSETS: &[Asset] = &[
        Asset {
            path: "/index.html",
            content_type: "text/html; charset=utf-8",
            immutable: false,
            plain: b"<!doctype html><title>triphase</title>",
            gzip: Some(b"gz"),
            brotli: Some(b"br"),
        },
        Asset {
            path: "/assets/index-3f9a.js",
            content_type: "text/javascript",
            immutable: true,
            plain: b"export {}",
            gzip: None,
            brotli: None,
        },
    ];

    async fn get(path: &str, headers: &[(&str, &str)]) -> Response {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = header::HeaderName::from_bytes(name.as_bytes()).expect("a name");
            map.append(name, HeaderValue::from_str(value).expect("a value"));
        }
        let uri = path.parse().expect("a path");
        answer(State(Page::new(ASSETS)), Method::GET, uri, map).await
    }

    #[tokio::test]
    async fn navigation_gets_the_index_and_the_servers_addresses_do_not() {
        let html = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
        for path in ["/", "/phases", "/devices/general", "/apiary"] {
            let answer = get(path, &html).await;
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
            assert_eq!(answer.headers()["cache-control"], "no-cache");
        }
        for path in ["/api/v1/nothing", "/api", "/docs/x", "/write"] {
            assert_eq!(get(path, &html).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
        let any = [("accept", "*/*")];
        assert_eq!(get("/assets/gone-1.js", &any).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(get("/", &[]).await.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn chooses_the_best_accepted_coding() {
        let cases = [
            ("gzip, deflate, br", Some("br")),
            ("gzip", Some("gzip")),
            ("br;q=0, gzip;q=0.5", Some("gzip")),
            ("identity", None),
        ];
        for (accepted, coding) in cases {
            let answer = get("/", &[("accept-encoding", accepted)]).await;
            let given = answer.headers().get("content-encoding");
            assert_eq!(given.map(|value| value.to_str().expect("text")), coding, "{accepted}");
            assert_eq!(answer.headers()["vary"], "accept-encoding");
        }
    }

    #[tokio::test]
    async fn a_known_tag_is_answered_without_content() {
        let first = get("/assets/index-3f9a.js", &[]).await;
        let cache = &first.headers()["cache-control"];
        assert_eq!(cache, "public, max-age=31536000, immutable");
        let tag = first.headers()["etag"].to_str().expect("text").to_owned();
        for known in [tag.clone(), format!("\"x\", {tag}"), "*".into(), tag.replace("W/", "")] {
            let again = get("/assets/index-3f9a.js", &[("if-none-match", &known)]).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
        }
        let other = get("/assets/index-3f9a.js", &[("if-none-match", "\"other\"")]).await;
        assert_eq!(other.status(), StatusCode::OK);
    }
}
