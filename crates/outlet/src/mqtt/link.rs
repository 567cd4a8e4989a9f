//! One connection to a broker: with `subscriber.rs` the only file that knows the MQTT client.
//!
//! In: messages. Out: for each a future that resolves when the broker has acknowledged it, what
//! the broker sends us, and why the connection ended. A link is used once: after its end a new one
//! is opened, and what was not acknowledged is sent again by whoever keeps it.

use super::clip::Clipped;
use super::options::{Broker, Tls};
use super::topics::Topics;
use rumqttc::tokio_rustls::TlsConnector;
use rumqttc::tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use rumqttc::tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rumqttc::tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, LastWill, MqttOptions,
    NetworkOptions, Packet, PublishOptions, QoS, StateError, TlsConfiguration,
    default_socket_connect,
};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Most messages that are sent and not acknowledged yet.
pub(super) const IN_FLIGHT_MAX: u16 = 256;
/// Longest payload; a longer one is not sent.
pub(super) const PAYLOAD_MAX: usize = 2 << 20;
/// Room for a payload's topic and headers.
const PACKET_MAX: usize = PAYLOAD_MAX + 4096;
/// Longest message that is taken whole from the broker; we only listen for one word.
const INCOMING_MAX: usize = 64 << 10;
/// Most messages of the broker that wait for us; further ones are dropped.
const INBOX_MAX: usize = 16;
/// A connection that is not made within this time has failed.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// An idle connection is probed this often.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Time for a farewell.
const FAREWELL_MAX: Duration = Duration::from_secs(2);
/// Most messages written in one go.
const WRITES_MAX: usize = 64;

/// What is sent: always with QoS 1, always retained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) topic: String,
    /// An empty payload clears what the broker retains.
    pub(super) payload: String,
}

/// Resolves when the broker has the message.
pub(super) type Acknowledgement = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// User name or password are wrong, or missing.
    #[error("it refuses the user name or password (username and password)")]
    Credentials,
    /// The broker does not want us.
    #[error("it refuses the connection: {0}")]
    Refused(&'static str),
    /// Nothing answers at its address.
    #[error("it cannot be reached: {0}")]
    Unreachable(#[source] io::Error),
    /// Its certificate, or ours, is not accepted.
    #[error("no TLS connection: {0}")]
    Tls(#[source] rumqttc::TlsError),
    /// It takes the connection and says nothing.
    #[error("it does not answer")]
    Silent,
    /// It ended the connection.
    #[error("it closed the connection")]
    Closed,
    /// The connection failed while it was open.
    #[error("the connection broke: {0}")]
    Broken(#[source] Box<ConnectionError>),
    /// It does not let us listen.
    #[error("it refuses the subscription: {0}")]
    Subscription(String),
}

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The authority's file holds no certificate.
    #[error("`ca` holds no certificate (a PEM file begins with -----BEGIN CERTIFICATE-----)")]
    NoAuthority,
    /// The client's file holds no certificate.
    #[error("`client_cert` holds no certificate")]
    NoClientCertificate,
    /// A file is no PEM, or holds no private key.
    #[error("`{key}` cannot be read as PEM: {source}")]
    Pem {
        /// The configuration's key.
        key: &'static str,
        /// What is wrong.
        source: pem::Error,
    },
    /// Key and certificate do not fit, or use an algorithm that is unknown.
    #[error("the certificates cannot be used: {0}")]
    Rustls(#[from] rustls::Error),
    /// The system's authorities cannot be read.
    #[error("the system's certificates cannot be used ({0}): name the broker's with `ca`")]
    System(#[source] rumqttc::TlsError),
}

/// How to open links, with certificates read and checked.
pub(super) struct Dialer {
    options: MqttOptions,
}

impl Dialer {
    /// # Errors
    /// Certificates that cannot be used.
    pub(super) fn new(broker: &Broker, topics: &Topics) -> Result<Self, TlsError> {
        let mut options = reaching(broker, topics.client_id(), INCOMING_MAX)?;
        options
            .set_max_packet_size(INCOMING_MAX, PACKET_MAX)
            .set_inflight(IN_FLIGHT_MAX)
            .set_max_request_batch(WRITES_MAX)
            .set_last_will(LastWill::new(topics.status(), "offline", QoS::AtLeastOnce, true));
        Ok(Self { options })
    }

    /// Connects; returns when the broker has let us in.
    ///
    /// # Errors
    /// Why it has not.
    pub(super) async fn dial(&self) -> Result<Link, Fault> {
        let room = usize::from(IN_FLIGHT_MAX);
        let (client, events, _) = connect(self.options.clone(), room).await?;
        let (incoming, inbox) = mpsc::channel(INBOX_MAX);
        // A task of its own: a step of the client that was begun must be finished, whatever else
        // its user waits for.
        let task = tokio::spawn(drive(events, incoming));
        Ok(Link { client, inbox, task })
    }
}

/// How to reach a broker under a name; certificates are read. A longer packet than `incoming_max`
/// bytes is cut on its way in.
pub(super) fn reaching(
    broker: &Broker,
    client_id: String,
    incoming_max: usize,
) -> Result<MqttOptions, TlsError> {
    let mut options = MqttOptions::new(client_id, (broker.host.clone(), broker.port));
    options.set_keep_alive(u16::try_from(KEEP_ALIVE.as_secs()).unwrap_or(u16::MAX));
    if let Some(credentials) = &broker.credentials {
        let password = credentials.password.clone().into_bytes();
        options.set_credentials(credentials.username.clone(), password);
    }
    // Messages are cut inside the encryption, so that it is ours to make.
    let tls = broker.tls.as_ref().map(certificates).transpose()?;
    let host = broker.host.clone();
    options.set_socket_connector(move |address, network| {
        let (tls, host) = (tls.clone(), host.clone());
        async move {
            let stream = default_socket_connect(address, network).await?;
            let stream: Box<dyn Stream> = match tls {
                None => Box::new(stream),
                Some(config) => {
                    let name = ServerName::try_from(host).map_err(io::Error::other)?;
                    Box::new(TlsConnector::from(config).connect(name, stream).await?)
                }
            };
            Ok(Clipped::new(stream, incoming_max))
        }
    });
    Ok(options)
}

/// A connection, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// Connects; returns when the broker has let us in, and whether it knew us.
pub(super) async fn connect(
    options: MqttOptions,
    room: usize,
) -> Result<(AsyncClient, EventLoop, bool), Fault> {
    let (client, mut events) = AsyncClient::builder(options).capacity(room).build();
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(CONNECT_MAX.as_secs());
    events.set_network_options(network);
    loop {
        if let Event::Incoming(Packet::ConnAck(answer)) = events.poll().await? {
            return Ok((client, events, answer.session_present));
        }
    }
}

/// An open connection. Dropping it lets the broker tell our last will.
pub(super) struct Link {
    client: AsyncClient,
    inbox: mpsc::Receiver<Incoming>,
    task: JoinHandle<Fault>,
}

/// A message that the broker sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Incoming {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    /// Said before we listened, and kept by the broker.
    pub(super) retained: bool,
}

impl Link {
    /// Sends a message. The caller keeps fewer than [`IN_FLIGHT_MAX`] unacknowledged.
    ///
    /// # Errors
    /// The connection is gone.
    pub(super) fn send(&self, message: Message) -> Result<Acknowledgement, Fault> {
        let Message { topic, payload } = message;
        let options = PublishOptions::at_least_once().retained();
        let sent = self.client.try_publish_tracked(topic, payload, options);
        let notice = sent.map_err(|_| Fault::Closed)?;
        Ok(Box::pin(async move { notice.wait_completion_async().await.map_err(|_| Fault::Closed) }))
    }

    /// Asks for the messages of a topic.
    ///
    /// # Errors
    /// The connection is gone.
    pub(super) fn listen(&self, topic: &str) -> Result<(), Fault> {
        self.client.try_subscribe(topic, QoS::AtMostOnce).map_err(|_| Fault::Closed)
    }

    /// What the broker sends next, or why the connection ended.
    ///
    /// May be cancelled and asked again.
    pub(super) async fn next(&mut self) -> Result<Incoming, Fault> {
        match self.inbox.recv().await {
            Some(incoming) => Ok(incoming),
            None => Err((&mut self.task).await.unwrap_or(Fault::Closed)),
        }
    }

    /// Says goodbye, so that the broker keeps our last will to itself.
    pub(super) async fn close(mut self) {
        let asked = self.client.try_disconnect_with_timeout(FAREWELL_MAX);
        if asked.is_ok() {
            let _ = tokio::time::timeout(FAREWELL_MAX, &mut self.task).await;
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Moves bytes until the connection ends.
async fn drive(mut events: EventLoop, inbox: mpsc::Sender<Incoming>) -> Fault {
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                let topic = String::from_utf8_lossy(&publish.topic).into_owned();
                let payload = publish.payload.to_vec();
                // A broker that floods us is not read into memory.
                let _ = inbox.try_send(Incoming { topic, payload, retained: publish.retain });
            }
            Ok(_) => {}
            Err(error) => return error.into(),
        }
    }
}

impl From<ConnectionError> for Fault {
    fn from(error: ConnectionError) -> Self {
        use ConnectReturnCode as Code;
        match error {
            ConnectionError::ConnectionRefused(code) => match code {
                Code::BadUserNamePassword | Code::NotAuthorized => Self::Credentials,
                Code::RefusedProtocolVersion => Self::Refused("it does not speak MQTT 3.1.1"),
                Code::BadClientId => Self::Refused("it does not accept our client id"),
                Code::ServiceUnavailable => Self::Refused("its service is unavailable"),
                Code::Success => Self::Refused("without a reason"),
            },
            ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => Self::Silent,
            ConnectionError::Io(error) => of_io(error),
            ConnectionError::RequestsDone => Self::Closed,
            ConnectionError::MqttState(StateError::AwaitPingResp) => Self::Silent,
            ConnectionError::MqttState(StateError::ConnectionAborted) => Self::Closed,
            other => Self::Broken(Box::new(other)),
        }
    }
}

/// A refused certificate comes as an I/O error.
fn of_io(error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::InvalidData => Fault::Tls(rumqttc::TlsError::Io(error)),
        _ => Fault::Unreachable(error),
    }
}

fn certificates(tls: &Tls) -> Result<Arc<ClientConfig>, TlsError> {
    let Some(ca) = &tls.ca else {
        let ours = TlsConfiguration::try_default_rustls().map_err(TlsError::System)?;
        return match ours {
            TlsConfiguration::Rustls(config) => Ok(config),
            _ => Err(TlsError::System(rumqttc::TlsError::UnsupportedBackendConfiguration)),
        };
    };
    let mut roots = RootCertStore::empty();
    for certificate in chain("ca", ca)? {
        roots.add(certificate)?;
    }
    if roots.is_empty() {
        return Err(TlsError::NoAuthority);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let Some((certificate, key)) = &tls.client else {
        return Ok(Arc::new(config.with_no_client_auth()));
    };
    let certificate = chain("client_cert", certificate)?;
    if certificate.is_empty() {
        return Err(TlsError::NoClientCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|source| TlsError::Pem { key: "client_key", source })?;
    Ok(Arc::new(config.with_client_auth_cert(certificate, key)?))
}

fn chain(key: &'static str, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    certificates.map_err(|source| TlsError::Pem { key, source })
}
