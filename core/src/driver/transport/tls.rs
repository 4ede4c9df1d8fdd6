//! Whom a client trusts, who it says it is, and the secure connections that it makes.
//!
//! The library has a connector of its own, but that one builds a configuration for every stream, so that none resumes
//! the session of another, takes roots in place of the bundled ones only, and panics at a certificate without its key.

use std::{
    env, fmt, fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use loggin_protocol::{Error, ErrorCode};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use ureq::{
    Error as HttpError,
    unversioned::transport::{
        Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport, TransportAdapter,
        time::Instant,
    },
};

/// PEM texts and files with them, as the options of a client name them.
#[derive(Clone, Default)]
pub(crate) struct TlsOptions {
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) ca_pem: Option<String>,
    pub(crate) client_cert_file: Option<PathBuf>,
    pub(crate) client_cert_pem: Option<String>,
}

/// What a client's configuration is made of.
pub(crate) struct Trust {
    /// Beside the bundled roots, or those of the platform.
    roots: Vec<CertificateDer<'static>>,
    /// A certificate with those that lead to its issuer, and its key.
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

impl Trust {
    /// Reads the options, and the files that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    ///
    /// # Errors
    /// `invalid_config` where an option is malformed. What is wrong with a variable is logged: other programs read it
    /// too, and what it adds may not be needed here.
    pub(crate) fn read(
        options: &TlsOptions,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        let mut roots = Vec::new();
        if let Some(path) = variable("SSL_CERT_FILE") {
            roots.extend(of_the_environment(Path::new(&path)));
        }
        if let Some(folders) = variable("SSL_CERT_DIR") {
            let folders = env::split_paths(&folders).filter_map(|folder| fs::read_dir(folder).ok());
            let files = folders.flatten().flatten().map(|entry| entry.path());
            roots.extend(files.filter(|path| path.is_file()).flat_map(|path| of_the_environment(&path)));
        }
        if let Some(path) = &options.ca_file {
            roots.extend(certificates(&read_file(path, "ca_file")?, "ca_file")?);
        }
        if let Some(pem) = &options.ca_pem {
            roots.extend(certificates(pem.as_bytes(), "ca_pem")?);
        }
        let identity = match (&options.client_cert_file, &options.client_cert_pem) {
            (_, Some(pem)) => Some(identity(pem.as_bytes(), "client_cert_pem")?),
            (Some(path), None) => Some(identity(&read_file(path, "client_cert_file")?, "client_cert_file")?),
            (None, None) => None,
        };
        Ok(Self { roots, identity })
    }

    /// A configuration, with a memory of sessions: made anew in a forked child, as its locks may be held.
    ///
    /// # Errors
    /// `invalid_config` where the client's certificate and key do not belong together.
    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|_| Error::new(ErrorCode::Internal, "TLS cannot be set up."))?;
        #[cfg(feature = "platform-verifier")]
        let builder = builder
            .dangerous() // The platform's verifier verifies.
            .with_custom_certificate_verifier(Arc::new(self.platform_verifier(provider)?));
        #[cfg(not(feature = "platform-verifier"))]
        let builder = builder.with_root_certificates(self.root_store());
        Ok(Arc::new(match &self.identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => builder
                .with_client_auth_cert(chain.clone(), key.clone_key())
                .map_err(|_| invalid("The client's certificate and its key do not belong together."))?,
        }))
    }

    #[cfg(not(feature = "platform-verifier"))]
    fn root_store(&self) -> RootCertStore {
        let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        // Those of the options were tried when they were read.
        store.add_parsable_certificates(self.roots.iter().cloned());
        store
    }

    #[cfg(feature = "platform-verifier")]
    fn platform_verifier(
        &self,
        provider: Arc<rustls::crypto::CryptoProvider>,
    ) -> Result<rustls_platform_verifier::Verifier, Error> {
        #[cfg(not(target_os = "android"))]
        let verifier =
            rustls_platform_verifier::Verifier::new_with_extra_roots(self.roots.iter().cloned(), provider);
        #[cfg(target_os = "android")]
        let verifier = rustls_platform_verifier::Verifier::new(provider);
        verifier.map_err(|_| invalid("The platform has no roots to verify certificates with."))
    }
}

/// Without the key.
impl fmt::Debug for Trust {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Trust").field("roots", &self.roots.len()).finish_non_exhaustive()
    }
}

fn of_the_environment(path: &Path) -> Vec<CertificateDer<'static>> {
    let pem = fs::read(path).unwrap_or_default();
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect();
    if found.is_empty() {
        log::warn!(target: "loggin", "a file that SSL_CERT_FILE or SSL_CERT_DIR names has no certificates");
    }
    found
}

fn read_file(path: &Path, option: &str) -> Result<Vec<u8>, Error> {
    fs::read(path)
        .map_err(|error| invalid(&format!("The file of {option} cannot be read: {}.", error.kind())))
}

/// Certificates of an option: all of them must be good.
fn certificates(pem: &[u8], option: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let malformed = || invalid(&format!("{option} has no certificates in PEM form, or malformed ones."));
    let found: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| malformed())?;
    let mut store = RootCertStore::empty();
    if found.is_empty() || !found.iter().all(|certificate| store.add(certificate.clone()).is_ok()) {
        return Err(malformed());
    }
    Ok(found)
}

fn identity(
    pem: &[u8],
    option: &str,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
    let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    match (chain, PrivateKeyDer::from_pem_slice(pem)) {
        (Ok(chain), Ok(key)) if !chain.is_empty() => Ok((chain, key)),
        _ => Err(invalid(&format!("{option} holds a certificate and its private key, both in PEM form."))),
    }
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorCode::InvalidConfig, message)
}

/// Makes connections secure; without a configuration, for a client that speaks plain HTTP only, there are none.
#[derive(Debug)]
pub(super) struct TlsConnector(pub(super) Option<Arc<ClientConfig>>);

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, HttpError> {
        let Some(transport) = chained else {
            return Ok(None);
        };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(transport.boxed()));
        }
        let config = self.0.as_ref().ok_or(HttpError::Tls("no configuration"))?;
        let host = details.uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let name = ServerName::try_from(host.to_owned()).map_err(|_| HttpError::Tls("the name is none"))?;
        let mut connection = ClientConnection::new(Arc::clone(config), name)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let mut socket = TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
        socket.set_timeout(time_left(details));
        connection.complete_io(&mut socket)?;
        let buffers =
            LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Box::new(TlsTransport { buffers, stream: StreamOwned::new(connection, socket) })))
    }
}

/// What is left of the time for the whole connection.
pub(super) fn time_left(details: &ConnectionDetails<'_>) -> NextTimeout {
    let mut timeout = details.timeout;
    if let Instant::Exact(began) = details.now
        && !timeout.after.is_not_happening()
    {
        timeout.after = timeout.after.saturating_sub(began.elapsed()).into();
    }
    timeout
}

struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), HttpError> {
        self.stream.get_mut().set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount])?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, HttpError> {
        self.stream.get_mut().set_timeout(timeout);
        let read = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(read);
        Ok(read > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TlsTransport").finish_non_exhaustive()
    }
}
