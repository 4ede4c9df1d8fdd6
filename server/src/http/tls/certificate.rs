//! The certificate that handshakes are made with: exchanged for the files' newer one, and never for something broken.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use rustls::{
    crypto::CryptoProvider,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::pair::{Files, Pair, PairError};
use crate::{
    clock::{Clock, UnixMillis},
    config::TlsFiles,
    limits,
    telemetry::metrics::{self, CertificateLoad},
};

/// The certificate in use.
pub(super) struct Certificate {
    files: TlsFiles,
    clock: Arc<dyn Clock>,
    provider: Arc<CryptoProvider>,
    pair: ArcSwap<Pair>,
    seen: Mutex<Seen>,
}

/// What a look before this one found.
#[derive(Default)]
struct Seen {
    /// The files, taken or not; `None` where they could not be read.
    files: Option<[u8; 32]>,
    /// When it was said last that the certificate is about to end.
    warned: Option<UnixMillis>,
}

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The same as before.
    Same,
    /// Another pair, which is in use now.
    Exchanged,
    /// Something that cannot be used: the pair before stays.
    Kept,
}

impl Certificate {
    pub(super) fn load(
        files: TlsFiles,
        clock: Arc<dyn Clock>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, PairError> {
        let read = Files::read(&files)?;
        let pair = read.pair(&provider)?;
        took(&pair);
        let seen = Seen { files: Some(read.fingerprint()), warned: None };
        Ok(Self { files, clock, provider, pair: ArcSwap::from_pointee(pair), seen: Mutex::new(seen) })
    }

    /// Looks at the files, takes what they hold where it is new and whole, and warns of a certificate's end. It reads
    /// from the disk.
    pub(super) fn look(&self) -> Look {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let look = self.exchange(&mut seen);
        self.warn_of_end(&mut seen);
        look
    }

    fn exchange(&self, seen: &mut Seen) -> Look {
        let read = Files::read(&self.files);
        let found = read.as_ref().ok().map(Files::fingerprint);
        if std::mem::replace(&mut seen.files, found) == found {
            return Look::Same;
        }
        match read.and_then(|files| files.pair(&self.provider)) {
            Ok(pair) => {
                took(&pair);
                self.pair.store(Arc::new(pair));
                seen.warned = None;
                tracing::info!("the certificate was exchanged for the newer one");
                Look::Exchanged
            }
            Err(error) => {
                metrics::certificate_load(CertificateLoad::Refused);
                tracing::warn!(%error, "the files of the certificate changed and cannot be used: the one before stays");
                Look::Kept
            }
        }
    }

    fn warn_of_end(&self, seen: &mut Seen) {
        let now = self.clock.now();
        if !self.is_ending(now)
            || seen.warned.is_some_and(|then| now < then + limits::CERTIFICATE_WARNING_PAUSE)
        {
            return;
        }
        seen.warned = Some(now);
        let days = (self.pair.load().expires.0 - now.0).div_euclid(24 * 3_600 * 1_000);
        tracing::warn!(days, "the certificate ends soon, or has ended: days below zero are over");
    }

    fn is_ending(&self, now: UnixMillis) -> bool {
        self.pair.load().expires < now + limits::CERTIFICATE_ENDING
    }
}

#[cfg(test)]
impl Certificate {
    /// When it was said last that the certificate is about to end.
    pub(super) fn warned(&self) -> Option<UnixMillis> {
        self.seen.lock().unwrap().warned
    }
}

fn took(pair: &Pair) {
    metrics::certificate_load(CertificateLoad::Loaded);
    metrics::certificate_expires(pair.expires);
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.pair.load().key))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}
