//! Builds the page and embeds it.
//!
//! In: `web/` (or a finished build named by `TRIPHASE_WEB_DIST`). Out: `assets.rs` in `OUT_DIR`,
//! a table of the page's files. npm works in a copy under `OUT_DIR`, so that the source tree
//! stays as it is; it runs only when `web/` changed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// What in `web/` makes up the page. Everything else there is for its own development.
const SOURCES: [&str; 9] = [
    "package.json",
    "package-lock.json",
    ".npmrc",
    "index.html",
    "docs.html",
    "vite.config.ts",
    "svelte.config.js",
    "tsconfig.json",
    "src",
];
/// Copied when present.
const OPTIONAL_SOURCES: [&str; 3] = ["build", "scripts", "public"];

fn main() {
    println!("cargo::rerun-if-env-changed=TRIPHASE_WEB_DIST");
    if let Err(message) = run() {
        println!("cargo::error={message}");
    }
}

fn run() -> Result<(), String> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let dist = match env::var_os("TRIPHASE_WEB_DIST") {
        Some(dist) => {
            let dist = PathBuf::from(dist);
            println!("cargo::rerun-if-changed={}", dist.display());
            if !dist.join("index.html").is_file() {
                return Err(format!("TRIPHASE_WEB_DIST={}: no index.html there", dist.display()));
            }
            dist
        }
        None => build_page(&out)?,
    };
    let mut files = Vec::new();
    collect(&dist, &dist, &mut files).map_err(|error| format!("{}: {error}", dist.display()))?;
    files.sort();
    let mut table = String::from("&[\n");
    for (name, path) in files {
        table.push_str(&format!("    (\"/{name}\", include_bytes!({path:?})),\n"));
    }
    table.push_str("]\n");
    fs::write(out.join("assets.rs"), table).map_err(|error| format!("assets.rs: {error}"))
}

fn build_page(out: &Path) -> Result<PathBuf, String> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no manifest folder")?);
    let web = manifest.join("../../web");
    let copy = out.join("web");
    let dist = out.join("web-dist");
    let failed = |error: io::Error| format!("copying web/: {error}");
    for name in SOURCES.into_iter().chain(OPTIONAL_SOURCES) {
        let (from, to) = (web.join(name), copy.join(name));
        if to.is_dir() {
            fs::remove_dir_all(&to).map_err(failed)?;
        }
        if !from.exists() && OPTIONAL_SOURCES.contains(&name) {
            continue;
        }
        println!("cargo::rerun-if-changed={}", from.display());
        copy_all(&from, &to).map_err(|error| format!("web/{name}: {error}"))?;
    }
    // The page lists the crates of the binary.
    println!("cargo::rerun-if-changed={}", manifest.join("../../Cargo.lock").display());
    let lock = fs::read(copy.join("package-lock.json")).map_err(failed)?;
    let installed = copy.join("node_modules/.installed-lock");
    if fs::read(&installed).ok().as_deref() != Some(&lock) {
        npm(&copy, &dist, &["ci", "--no-audit", "--no-fund", "--loglevel=error"])?;
        fs::write(&installed, &lock).map_err(failed)?;
    }
    if dist.is_dir() {
        fs::remove_dir_all(&dist).map_err(failed)?;
    }
    npm(&copy, &dist, &["run", "build"])?;
    if !dist.join("index.html").is_file() {
        return Err("`npm run build` in web/ made no index.html".to_owned());
    }
    Ok(dist)
}

fn npm(folder: &Path, dist: &Path, arguments: &[&str]) -> Result<(), String> {
    let result = Command::new("npm")
        .args(arguments)
        .current_dir(folder)
        .env("TRIPHASE_WEB_OUT", dist)
        .output();
    let output = match result {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err("the page is built with Node.js 20.19 or later, and there is no `npm` \
                        here: install Node.js, or set TRIPHASE_WEB_DIST to a folder with a \
                        finished page"
                .to_owned());
        }
        Err(error) => return Err(format!("npm {}: {error}", arguments.join(" "))),
    };
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().replace('\n', " | ");
    Err(format!("npm {} failed in web/: {said}", arguments.join(" ")))
}

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            copy_all(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::copy(from, to).map(drop)
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Ok(relative) = path.strip_prefix(root) {
            files.push((relative.to_string_lossy().replace('\\', "/"), path.clone()));
        }
    }
    Ok(())
}
