//! What happens while the service runs: tokens come and go, files are damaged.

use super::*;
use axum::http::HeaderValue;

fn access(folder: &std::path::Path, listen: [u8; 4]) -> Access {
    Access::open(AccessOptions {
        folder: folder.to_owned(),
        listen: (listen, 8330).into(),
        names: Vec::new(),
        tls: None,
        clock: Arc::new(|| reading::Timestamp::from_seconds(1_777_887_561)),
    })
    .expect("it opens")
}

fn bearing(token: &str) -> HeaderMap {
    let value = HeaderValue::from_str(&format!("Bearer {token}")).expect("a value");
    HeaderMap::from_iter([(header::AUTHORIZATION, value)])
}

fn ask(access: &Access, headers: &HeaderMap) -> Result<Option<&'static str>, Refusal> {
    let who = access.who(headers, Instant::now())?;
    Ok(who.map(|who| who.scope().name()))
}

#[test]
fn tokens_are_noticed_and_the_last_one_gone_opens_loopback_only() {
    let at = reading::Timestamp::from_seconds(0);
    let folder = tempfile::tempdir().expect("a folder");
    let file = TokenFile::of(folder.path());
    let local = access(folder.path(), [127, 0, 0, 1]);
    let nobody = HeaderMap::new();
    assert_eq!(ask(&local, &nobody), Ok(Some("admin")), "open");
    let token = file.add("a", Scope::Read, at).expect("added").token();
    let beyond = access(folder.path(), [0, 0, 0, 0]);
    local.look();
    assert_eq!(ask(&local, &nobody), Ok(None));
    assert_eq!(ask(&local, &bearing(&token)), Ok(Some("read")));
    assert_eq!(file.revoke("a").expect("known"), 0);
    local.look();
    beyond.look();
    assert_eq!(ask(&local, &bearing(&token)), Ok(Some("admin")), "open again");
    assert_eq!(ask(&beyond, &nobody), Ok(None));
    assert_eq!(ask(&beyond, &bearing(&token)), Err(Refusal::Unknown));
}

#[test]
fn a_damaged_or_vanished_file_shuts_everybody_out_until_it_is_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = TokenFile::of(folder.path());
    let token = file.add("a", Scope::Admin, reading::Timestamp::from_seconds(0)).expect("added");
    let headers = bearing(&token.token());
    let access = access(folder.path(), [127, 0, 0, 1]);
    let good = std::fs::read(file.path()).expect("readable");
    std::fs::write(file.path(), &good[..40]).expect("writable");
    access.look();
    assert_eq!(ask(&access, &headers), Err(Refusal::Unreadable));
    assert_eq!(ask(&access, &HeaderMap::new()), Err(Refusal::Unreadable));
    std::fs::write(file.path(), &good).expect("writable");
    access.look();
    assert_eq!(ask(&access, &headers), Ok(Some("admin")));
    std::fs::remove_file(file.path()).expect("there");
    access.look();
    assert_eq!(ask(&access, &HeaderMap::new()), Err(Refusal::Unreadable), "not open");
}

#[tokio::test]
async fn whoever_was_let_in_is_told_when_it_ends() {
    let at = reading::Timestamp::from_seconds(0);
    let folder = tempfile::tempdir().expect("a folder");
    let file = TokenFile::of(folder.path());
    let access = access(folder.path(), [127, 0, 0, 1]);
    let ends = |who: Who| {
        let access = &access;
        async move { tokio::time::timeout(Duration::from_secs(10), access.ended(&who)).await }
    };
    let anybody = ends(Who::Anybody);
    let secret = file.add("a", Scope::Read, at).expect("added");
    file.add("b", Scope::Read, at).expect("added");
    access.look();
    anybody.await.expect("a token ends the open access");
    let who = access.who(&bearing(&secret.token()), Instant::now()).expect("known").expect("a");
    let (session, _) = access.sign_in(&secret.token(), IpAddr::from([127, 0, 0, 1])).expect("in");
    assert!(access.is_still_in(&who, Instant::now()));
    let streams = [who, session].map(ends);
    file.revoke("a").expect("known");
    access.look();
    for stream in streams {
        stream.await.expect("a revoked token ends its streams");
    }
    assert_eq!(access.sessions.lock().expect("whole").len(), 0);
}
