//! The service: the configured parts, running until a signal comes.

use crate::acquire::{Acquisition, Clock};
use crate::assemble::{self, Parts};
use crate::config;
use crate::supervise;
use anyhow::{Context, Result};
use std::net::SocketAddr;
use store::Store;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Runs the configured service until SIGTERM or SIGINT.
pub(crate) async fn run(config: config::Config) -> Result<()> {
    let clock: Clock = std::sync::Arc::new(crate::clock::now);
    let listen = config.http.listen;
    let scheme = if config.http.tls.is_some() { "https" } else { "http" };
    // The store comes first: a second start is told about its data, not about its port.
    let options = store::Options { retention: config.retention, ..store::Options::default() };
    let store = Store::open(&config.store, options)?;
    let listener = bind(listen).await?;
    let parts = assemble::assemble(config, store, clock, assemble::Kind::Service)?;
    serve(parts, listener, |address| {
        tracing::info!("the page answers at {scheme}://{address}");
    })
    .await
}

/// Takes the address of the page.
///
/// # Errors
/// It is taken, or not ours to take; the text says which and what to do.
pub(crate) async fn bind(listen: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(listen).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "{listen} is taken by another program (perhaps another triphase): stop it or choose \
             another address with `listen`"
        ),
        std::io::ErrorKind::PermissionDenied => anyhow::anyhow!(
            "{listen} may not be used by this user: ports below 1024 need privileges, choose a \
             higher one"
        ),
        _ => anyhow::anyhow!("{listen} cannot be listened on: {error}"),
    })
}

/// Serves and acquires until a signal comes, then drains into the store.
pub(crate) async fn serve(
    parts: Parts,
    listener: TcpListener,
    ready: impl FnOnce(SocketAddr),
) -> Result<()> {
    // From here on a signal is heeded, however early it comes: whoever reads that we are ready may
    // send one at once.
    let asked = signals()?;
    let Parts { store, router, acquisitions, publisher, journal } = parts;
    let (stop, stopped) = watch::channel(false);
    let address = listener.local_addr().context("the listener's address")?;
    let publishing = match publisher {
        None => None,
        Some(publisher) => {
            let cursor = publisher.begin().await.context("how far the broker was told")?;
            Some(tokio::spawn(publisher.run(cursor, stopped.clone())))
        }
    };
    let journal = tokio::spawn(journal.run(stopped.clone()));
    let mut wires: JoinSet<()> = JoinSet::new();
    for acquisition in acquisitions {
        wires.spawn(Acquisition::run(acquisition, stopped.clone()));
    }
    let life = tokio::spawn(supervise::watch(store.clone(), stopped.clone()));
    let web = tokio::spawn(outlet::http::serve(listener, router, stopped));
    ready(address);
    supervise::ready(address);
    let signal = asked.await;
    tracing::info!("{signal}: finishing");
    supervise::stopping();
    stop.send_replace(true);
    while wires.join_next().await.is_some() {}
    if let Some(publishing) = publishing {
        publishing.await.context("the MQTT publisher")?;
    }
    journal.await.context("the journal")?;
    life.await.context("the signs of life")?;
    web.await.context("the HTTP server")?.context("the HTTP server")?;
    tokio::task::spawn_blocking(move || store.close()).await.context("closing the store")?;
    Ok(())
}

/// Waits for SIGTERM or SIGINT.
pub(crate) async fn asked_to_stop() -> Result<&'static str> {
    Ok(signals()?.await)
}

/// Heeds SIGTERM and SIGINT from now on; the future tells which one came first.
fn signals() -> Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "interrupted",
        }
    })
}
