//! Pseudo-terminals: a serial line without a wire.

use crate::Error;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    OptionalActions, QueueSelector, ioctl_tiocnxcl, tcflush, tcgetattr, tcsetattr,
};
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A pseudo-terminal in raw mode: every byte passes as it is.
///
/// The program at the other side opens [`path`](Self::path) like a serial port, and may close and
/// open it again: this side keeps it open too, so that neither sees an end. A program that claimed
/// the device for itself holds its claim until the device is closed everywhere, which never comes
/// to pass here; so the claim is lifted whenever bytes pass. Programs that lock the device file
/// keep one another out all the same.
#[derive(Debug)]
pub struct Pty {
    master: AsyncFd<OwnedFd>,
    path: PathBuf,
    link: Option<PathBuf>,
    /// Held so that a reader's closing does not hang up the line.
    slave: OwnedFd,
}

impl Pty {
    /// Opens a pair. `link` becomes a symbolic link to the other side, replaced when it is one
    /// already and removed at the end.
    ///
    /// # Errors
    /// The system has no pair left, or the link cannot be made.
    pub fn open(link: Option<&Path>) -> Result<Self, Error> {
        let failed = |source: io::Error| Error::Device { path: "/dev/ptmx".into(), source };
        let (master, slave, path) = pair().map_err(failed)?;
        // The safe constructor is deprecated for types whose descriptor may change under it; an
        // `OwnedFd` keeps its own until it is dropped, and the other constructor is `unsafe`.
        #[allow(deprecated)]
        let master = AsyncFd::new(master).map_err(failed)?;
        if let Some(link) = link {
            symlink(&path, link)
                .map_err(|source| Error::Device { path: link.to_owned(), source })?;
        }
        Ok(Self { master, path, link: link.map(Path::to_owned), slave })
    }

    /// The device that the other side opens.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.link.as_deref().unwrap_or(&self.path)
    }

    /// The rate to which the other side set the line; `None` when it cannot be told.
    #[must_use]
    pub fn baud(&self) -> Option<u32> {
        let settings = tcgetattr(self.master.get_ref()).ok()?;
        Some(settings.output_speed()).filter(|baud| *baud > 0)
    }

    /// Waits for bytes from the other side. Safe to cancel: no byte is lost.
    ///
    /// # Errors
    /// The line failed.
    pub async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self
            .master
            .async_io(Interest::READABLE, |master| Ok(rustix::io::read(master, &mut *buffer)?))
            .await?;
        self.lift_claim();
        Ok(count)
    }

    /// Writes to the other side. Like on a real line, what nobody takes is lost: when the
    /// terminal's buffer is full, its content and the rest are dropped, so that a reader who comes
    /// late hears what is sent then and not the remains of long ago.
    ///
    /// # Errors
    /// The line failed.
    pub fn write_or_lose(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lift_claim();
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match rustix::io::write(self.master.get_ref(), rest) {
                Ok(count) => written += count,
                Err(rustix::io::Errno::AGAIN) => {
                    tcflush(&self.slave, QueueSelector::IFlush)?;
                    break;
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(written)
    }

    fn lift_claim(&self) {
        // Nothing to lift is no failure worth telling.
        let _ = ioctl_tiocnxcl(&self.slave);
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let Some(link) = &self.link else { return };
        if std::fs::read_link(link).is_ok_and(|target| target == self.path) {
            let _ = std::fs::remove_file(link);
        }
    }
}

fn pair() -> io::Result<(OwnedFd, OwnedFd, PathBuf)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let path = PathBuf::from(OsStr::from_bytes(name.to_bytes()));
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let slave = rustix::fs::open(&path, flags, Mode::empty())?;
    let mut settings = tcgetattr(&slave)?;
    settings.make_raw();
    tcsetattr(&slave, OptionalActions::Now, &settings)?;
    rustix::fs::fcntl_setfl(&master, rustix::fs::fcntl_getfl(&master)? | OFlags::NONBLOCK)?;
    Ok((master, slave, path))
}

fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    if link.is_symlink() {
        std::fs::remove_file(link)?;
    }
    std::os::unix::fs::symlink(target, link)
}
