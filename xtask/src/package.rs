//! The packages that users install: a Debian package and an archive.
//!
//! In: a finished `target/release/triphase`. Out: `target/package/triphase_VERSION_ARCH.deb` and
//! `triphase-VERSION-ARCH-linux-gnu.tar.gz`, each with its SHA-256. Made by `dpkg-deb` and `tar`,
//! which every Debian has. Needs no Node and no Rust where they are installed.

use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// A file of the package: where it comes from, where it goes, its mode.
type Entry = (&'static str, &'static str, u32);

const FILES: &[Entry] = &[
    ("target/release/triphase", "usr/bin/triphase", 0o755),
    ("packaging/triphase.service", "usr/lib/systemd/system/triphase.service", 0o644),
    ("README.md", "usr/share/doc/triphase/README.md", 0o644),
    ("README.fr.md", "usr/share/doc/triphase/README.fr.md", 0o644),
    ("CHANGELOG.md", "usr/share/doc/triphase/CHANGELOG.md", 0o644),
    ("docs/install.md", "usr/share/doc/triphase/install.md", 0o644),
    ("docs/configuration.md", "usr/share/doc/triphase/configuration.md", 0o644),
    ("docs/optical.md", "usr/share/doc/triphase/optical.md", 0o644),
    ("LICENSE-MIT", "usr/share/doc/triphase/LICENSE-MIT", 0o644),
    ("LICENSE-APACHE", "usr/share/doc/triphase/LICENSE-APACHE", 0o644),
];

const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// Makes both packages.
pub(crate) fn package(root: &Path) -> ExitCode {
    match make(root) {
        Ok(packages) => {
            for package in packages {
                println!("{}", package.display());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("package: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn make(root: &Path) -> Result<Vec<PathBuf>> {
    let binary = root.join("target/release/triphase");
    ensure!(binary.exists(), "{} is missing: cargo build --release first", binary.display());
    let version = env!("CARGO_PKG_VERSION");
    let architecture = said(Command::new("dpkg").arg("--print-architecture"))?;
    let out = root.join("target/package");
    fs::create_dir_all(&out)?;
    let glibc = newest_glibc(&binary)?;
    let deb = out.join(format!("triphase_{version}_{architecture}.deb"));
    let tree = out.join("tree");
    staged(root, &tree)?;
    control(root, &tree, (version, &architecture, &glibc))?;
    let build = ["--build", "--root-owner-group", "-Zxz"];
    run(Command::new("dpkg-deb").args(build).arg(&tree).arg(&deb))?;
    let name = format!("triphase-{version}-{}-linux-gnu", std::env::consts::ARCH);
    let archive = archive(&out, &tree, &name)?;
    fs::remove_dir_all(&tree)?;
    for package in [&deb, &archive] {
        let sum = said(
            Command::new("sha256sum")
                .arg(package.file_name().unwrap_or_default())
                .current_dir(&out),
        )?;
        fs::write(package.with_added_extension("sha256"), sum + "\n")?;
    }
    Ok(vec![deb, archive])
}

/// The installed files below a fresh folder.
fn staged(root: &Path, tree: &Path) -> Result<()> {
    if tree.exists() {
        fs::remove_dir_all(tree)?;
    }
    for (from, to, mode) in FILES {
        let (from, to) = (root.join(from), tree.join(to));
        fs::create_dir_all(to.parent().unwrap_or(tree))?;
        fs::copy(&from, &to).with_context(|| from.display().to_string())?;
        fs::set_permissions(&to, fs::Permissions::from_mode(*mode))?;
    }
    let example = said(Command::new(tree.join("usr/bin/triphase")).args(["config", "example"]))?;
    let examples = tree.join("usr/share/doc/triphase/examples");
    fs::create_dir_all(&examples)?;
    fs::write(examples.join("triphase.toml"), example + "\n")?;
    Ok(())
}

fn control(root: &Path, tree: &Path, (version, arch, glibc): (&str, &str, &str)) -> Result<()> {
    let debian = tree.join("DEBIAN");
    fs::create_dir_all(&debian)?;
    let text = format!(
        "Package: triphase\nVersion: {version}\nArchitecture: {arch}\nSection: utils\n\
         Priority: optional\nMaintainer: The triphase developers <triphase@localhost>\n\
         Depends: libc6 (>= {glibc}), adduser\nRecommends: ca-certificates\n\
         Suggests: mosquitto\nDescription: three-phase energy supervision\n \
         Reads Landis+Gyr E450 and other three-phase meters over their real wires, keeps\n \
         every reading, and tells what to do: phase balance, reactive power, energy, alarms.\n \
         One program with a live page, REST and MQTT; no cloud, no database to install.\n"
    );
    fs::write(debian.join("control"), text)?;
    for script in SCRIPTS {
        let to = debian.join(script);
        fs::copy(root.join("packaging/debian").join(script), &to)?;
        fs::set_permissions(&to, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// The same files in a folder of the archive's name, the unit and the documents beside the binary.
fn archive(out: &Path, tree: &Path, name: &str) -> Result<PathBuf> {
    let folder = out.join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for (_, to, _) in FILES {
        let file = Path::new(to).file_name().unwrap_or_default();
        fs::copy(tree.join(to), folder.join(file))?;
    }
    fs::copy(
        tree.join("usr/share/doc/triphase/examples/triphase.toml"),
        folder.join("triphase.example.toml"),
    )?;
    let archive = out.join(format!("{name}.tar.gz"));
    let owner = ["--owner=0", "--group=0", "--numeric-owner", "--sort=name", "-czf"];
    run(Command::new("tar").args(owner).arg(&archive).arg("-C").arg(out).arg(name))?;
    fs::remove_dir_all(&folder)?;
    Ok(archive)
}

/// The newest glibc whose symbols the binary asks for: what the package must depend on.
fn newest_glibc(binary: &Path) -> Result<String> {
    let symbols = said(Command::new("objdump").arg("-T").arg(binary))?;
    newest_version(&symbols).context("the binary asks for no glibc: is it static?")
}

fn newest_version(symbols: &str) -> Option<String> {
    let versions = symbols.split("GLIBC_").skip(1).filter_map(|rest| {
        let version: String =
            rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        let parts: Option<Vec<u32>> = version.split('.').map(|part| part.parse().ok()).collect();
        Some((parts?, version))
    });
    versions.max().map(|(_, version)| version)
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    if !status.success() {
        bail!("{command:?}: {status}");
    }
    Ok(())
}

fn said(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_glibc_is_compared_by_number() {
        let symbols = "(GLIBC_2.2.5) memcpy\n(GLIBC_2.34) pthread\n(GLIBC_2.4) x\n(GCC_3.0) y";
        assert_eq!(newest_version(symbols).as_deref(), Some("2.34"));
        assert_eq!(newest_version("nothing"), None);
    }
}
