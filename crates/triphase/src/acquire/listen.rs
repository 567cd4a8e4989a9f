//! A meter that speaks by itself: its wire is open and heard, for ever.

use super::station::{Station, seed_of, why};
use super::tape::Tape;
use super::watch::Why;
use crate::decode::explained_alone;
use meter::Driver;
use reading::LinkCause;
use std::time::Duration;
use tokio::sync::watch::Receiver;
use tokio::time::{MissedTickBehavior, interval};

/// Most bytes taken from a port at once.
const READ_MAX: usize = 4096;
/// How often a silent link is looked at.
const TICK: Duration = Duration::from_secs(1);

/// One meter on one port.
pub(crate) struct Listener {
    pub(crate) station: Station,
    pub(crate) port: wire::Port,
    pub(crate) driver: Box<dyn Driver>,
    /// The last bytes of the wire since it was opened.
    pub(crate) tape: Tape,
}

/// Why a session on an open port ended.
enum Ended {
    /// The service stops.
    Shutdown,
    /// The port closed or failed; it is worth trying again.
    Lost(Why),
    /// The port has nothing more to say, ever.
    Finished(Why),
}

impl Listener {
    /// Reads until `shutdown` turns true.
    pub(crate) async fn run(mut self, mut shutdown: Receiver<bool>) {
        let mut back_off = wire::BackOff::new(seed_of(&self.station.meter));
        self.station.announce();
        loop {
            let opened = tokio::select! {
                opened = wire::open(&self.port, frame::capture_text::bytes_of_capture) => opened,
                _ = shutdown.wait_for(|stop| *stop) => return,
            };
            let ended = match opened {
                Ok(mut link) => {
                    tracing::info!(meter = %self.station.meter, port = %self.port, "port open");
                    self.station.opened();
                    let ended = self.session(&mut link, &mut shutdown).await;
                    self.driver.disconnected(self.station.now());
                    self.tape = Tape::default();
                    if self.station.is_live() {
                        back_off.reset();
                    }
                    ended
                }
                Err(error) => Ended::Lost(why(&error)),
            };
            let why = match ended {
                Ended::Shutdown => return,
                Ended::Lost(why) => why,
                Ended::Finished(why) => {
                    self.station.failed(why);
                    let _ = shutdown.wait_for(|stop| *stop).await;
                    return;
                }
            };
            self.station.failed(why);
            tokio::select! {
                () = tokio::time::sleep(back_off.next_delay()) => {}
                _ = shutdown.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn session(&mut self, link: &mut wire::Link, shutdown: &mut Receiver<bool>) -> Ended {
        let mut buffer = [0; READ_MAX];
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let read = tokio::select! {
                read = link.read(&mut buffer) => read,
                _ = tick.tick() => {
                    self.station.tick();
                    continue;
                }
                _ = shutdown.wait_for(|stop| *stop) => return Ended::Shutdown,
            };
            let count = match read {
                Ok(0) => {
                    let sentence = "the other side closed the connection".to_owned();
                    return Ended::Lost((LinkCause::Closed, sentence));
                }
                Ok(count) => count,
                Err(error) if error.is_final() => return Ended::Finished(why(&error)),
                Err(error) => return Ended::Lost(why(&error)),
            };
            self.tape.take(&buffer[..count]);
            let heard = self.driver.receive(self.station.now(), &buffer[..count]);
            for outcome in &heard.outcomes {
                self.station.keep(explained_alone(outcome, &self.tape));
            }
            self.station.deliver(heard, count).await;
        }
    }
}
