//! What a supervisor such as systemd is told: ready, alive, stopping.
//!
//! In: the store, the shutdown signal. Out: messages of the `sd_notify` protocol (sd_notify(3)) on
//! the socket that `NOTIFY_SOCKET` names; without one nothing is said. The sign of life is only
//! given when an empty batch went through the store's thread and back, so a stuck program is
//! restarted. A disk that refuses is no reason: a restart would not make room, and what waits in
//! memory would be lost.

use sd_notify::NotifyState;
use std::net::SocketAddr;
use std::time::Duration;
use store::{Batch, Store};
use tokio::sync::watch::Receiver;

/// Tells that the service answers.
pub(crate) fn ready(address: SocketAddr) {
    let status = format!("the page answers at {address}");
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// Tells that the service is finishing.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("writing what was received")]);
}

/// Gives signs of life twice per watchdog interval, as long as there are any.
pub(crate) async fn watch(store: Store, mut stopped: Receiver<bool>) {
    let Some(interval) = sd_notify::watchdog_enabled() else { return };
    let pause = interval / 2;
    loop {
        if is_alive(&store, pause).await {
            tell(&[NotifyState::Watchdog]);
        } else {
            tracing::error!("the store's thread does not answer: no sign of life is given");
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

async fn is_alive(store: &Store, patience: Duration) -> bool {
    match tokio::time::timeout(patience, store.append(Batch::default())).await {
        Ok(answer) => answer.is_ok(),
        Err(_) => !store.health().writable,
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the supervisor was not told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_open_store_is_alive_and_a_closed_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), store::Options::default()).expect("a store");
        assert!(is_alive(&store, Duration::from_secs(10)).await);
        store.clone().close();
        assert!(!is_alive(&store, Duration::from_secs(10)).await);
    }
}
