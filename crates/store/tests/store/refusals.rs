use crate::telegrams::{all, live, open, voltage};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use store::{Error, Options, Store};
use tempfile::tempdir;

/// The folder that a second process tries to open.
const SECOND: &str = "TRIPHASE_SECOND_PROCESS";

fn refused(folder: &Path) -> Error {
    Store::open(folder, Options::default()).expect_err("a refusal")
}

fn file_of(folder: &Path) -> PathBuf {
    folder.join("triphase.sqlite")
}

/// A closed store with some pages in it.
async fn filled(folder: &Path) {
    let store = open(folder);
    let telegrams: Vec<_> = (0..2000).map(|n| voltage("push", n, n)).collect();
    live(&store, telegrams).await;
    store.close();
}

#[test]
fn refuses_a_second_process_and_names_folder_and_process() {
    if let Some(folder) = std::env::var_os(SECOND) {
        println!("\nrefused: {}", refused(Path::new(&folder)));
        return;
    }
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["refusals::refuses_a_second_process_and_names_folder_and_process", "--exact"])
        .arg("--nocapture")
        .env(SECOND, folder.path())
        .stderr(Stdio::inherit())
        .output()
        .expect("a second process");
    let said = String::from_utf8(output.stdout).expect("text");
    let expected = format!(
        "refused: another triphase (process {}) uses the store in {}: stop",
        std::process::id(),
        folder.path().display()
    );
    assert!(said.contains(&expected), "{said}");
    store.close();
    open(folder.path()).close();
}

#[test]
fn refuses_a_second_opening_in_one_process() {
    let folder = tempdir().expect("a folder");
    let _store = open(folder.path());
    assert!(matches!(refused(folder.path()), Error::InUse { .. }));
}

#[test]
fn refuses_a_path_that_is_a_file() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("data");
    fs::write(&path, "a file").expect("written");
    let error = refused(&path);
    assert!(matches!(error, Error::NotAFolder { .. }));
    assert!(error.to_string().contains("is not a folder: move that file away"), "{error}");
    let below = refused(&path.join("below"));
    assert!(matches!(below, Error::CannotCreate { .. }), "{below}");
    // The sentence holds the cause; a report that follows sources would say it twice.
    assert!(std::error::Error::source(&below).is_none(), "{below}");
    assert_eq!(below.to_string().matches("os error").count(), 1, "{below}");
}

#[test]
fn refuses_a_folder_that_cannot_be_written() {
    // Nobody, not even root, makes files in the kernel's own tree.
    let error = refused(Path::new("/sys/kernel"));
    assert!(matches!(error, Error::NotWritable { .. }), "{error}");
    assert!(error.to_string().contains("/sys/kernel cannot be written"), "{error}");
    assert!(error.to_string().contains("give this user write permission"), "{error}");
}

#[test]
fn creates_the_folder_with_its_parents() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("var/lib/triphase");
    open(&path).close();
    assert!(file_of(&path).is_file());
}

#[test]
fn refuses_the_database_of_another_program_and_leaves_it_alone() {
    let folder = tempdir().expect("a folder");
    let file = file_of(folder.path());
    let foreign = rusqlite::Connection::open(&file).expect("a database");
    foreign.execute_batch("CREATE TABLE mine (x)").expect("a table");
    drop(foreign);
    let before = fs::read(&file).expect("readable");
    let error = refused(folder.path());
    assert!(matches!(error, Error::Foreign { application_id: 0, .. }), "{error}");
    assert_eq!(fs::read(&file).expect("readable"), before);
    let foreign = rusqlite::Connection::open(&file).expect("a database");
    foreign.pragma_update(None, "application_id", 0x1234).expect("set");
    drop(foreign);
    assert!(refused(folder.path()).to_string().contains("application id 0x00001234"));
}

#[tokio::test]
async fn refuses_a_newer_schema_and_leaves_it_alone() {
    let folder = tempdir().expect("a folder");
    filled(folder.path()).await;
    let file = rusqlite::Connection::open(file_of(folder.path())).expect("a database");
    file.pragma_update(None, "user_version", 99).expect("set");
    drop(file);
    let before = fs::read(file_of(folder.path())).expect("readable");
    let error = refused(folder.path());
    assert!(matches!(error, Error::NewerSchema { found: 99, known: 3, .. }), "{error}");
    assert!(error.to_string().contains("has schema 99, and this triphase knows schemas up to 3"));
    assert_eq!(fs::read(file_of(folder.path())).expect("readable"), before);
}

#[tokio::test]
async fn refuses_a_file_that_is_no_database() {
    let folder = tempdir().expect("a folder");
    fs::write(file_of(folder.path()), vec![0xa5; 20_000]).expect("written");
    let error = refused(folder.path());
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("is damaged (file is not a database): move it"), "{error}");
}

#[tokio::test]
async fn refuses_a_file_whose_pages_are_rotten() {
    let folder = tempdir().expect("a folder");
    filled(folder.path()).await;
    let mut bytes = fs::read(file_of(folder.path())).expect("readable");
    bytes[4096..].fill(0xff);
    fs::write(file_of(folder.path()), bytes).expect("written");
    let error = refused(folder.path());
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn one_rotten_row_does_not_keep_the_store_shut() {
    let folder = tempdir().expect("a folder");
    filled(folder.path()).await;
    let file = rusqlite::Connection::open(file_of(folder.path())).expect("a database");
    file.execute("UPDATE sample SET readings = x'01' WHERE id = 2000", []).expect("spoilt");
    drop(file);
    let store = open(folder.path());
    let error = store.samples_after(1999, 10).expect_err("the row");
    assert!(error.to_string().contains("sample 2000 cannot be read"), "{error}");
    assert_eq!(store.samples_after(1998, 1).expect("its neighbour").len(), 1);
    live(&store, [voltage("push", 9999, 1)]).await;
    assert_eq!(store.samples_after(2000, 10).expect("readable").len(), 1);
}

#[tokio::test]
async fn an_empty_file_is_a_new_store() {
    let folder = tempdir().expect("a folder");
    fs::write(file_of(folder.path()), "").expect("written");
    let store = open(folder.path());
    live(&store, [voltage("push", 0, 1)]).await;
    assert_eq!(all(&store).len(), 1);
}
