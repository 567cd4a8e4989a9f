//! The page's files, embedded by the build.

use outlet::http::Asset;

/// Every file of the built page: its address and its bytes.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The files with what a browser must be told about each.
pub(crate) fn assets() -> Vec<Asset> {
    let content = |path: &str| FILES.iter().find(|(name, _)| *name == path).map(|(_, b)| *b);
    FILES
        .iter()
        .filter(|(path, _)| !path.ends_with(".gz") && !path.ends_with(".br"))
        .map(|(path, plain)| Asset {
            path,
            content_type: content_type(path),
            // Vite puts a hash of the content into every name below /assets.
            immutable: path.starts_with("/assets/"),
            plain,
            gzip: content(&format!("{path}.gz")),
            brotli: content(&format!("{path}.br")),
        })
        .collect()
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_and_its_compressed_forms_are_embedded() {
        let assets = assets();
        let index = assets.iter().find(|asset| asset.path == "/index.html").expect("a page");
        assert!(!index.immutable);
        let script = assets.iter().find(|asset| asset.path.ends_with(".js")).expect("a script");
        assert!(script.immutable && script.gzip.is_some() && script.brotli.is_some());
    }
}
