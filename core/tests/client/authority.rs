//! A private authority, the certificates that it issues, and a server that speaks TLS in front of another.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    thread,
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::{
    HandshakeKind, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

/// The years that a certificate is valid for: its first and the one after its last.
pub(crate) type Years = (i32, i32);

pub(crate) const NOW: Years = (2020, 2200);

pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        let name = key.public_key_raw().iter().map(u8::to_string).collect::<String>();
        params.distinguished_name.push(DnType::CommonName, &name[..32]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate and its key, PEM.
    pub(crate) fn issue(&self, name: &str, (first, end): Years) -> String {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(first, 1, 1);
        params.not_after = date_time_ymd(end, 1, 1);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        params.signed_by(&key, &self.0).unwrap().pem() + &key.serialize_pem()
    }
}

/// Takes TLS off what comes, and hands each request to another server.
pub(crate) struct TlsServer {
    pub(crate) address: SocketAddr,
    /// How each handshake went that came to its end.
    pub(crate) handshakes: Receiver<HandshakeKind>,
}

impl TlsServer {
    /// Shows a certificate; asks for one of the authority's where it is given.
    pub(crate) fn start(identity: &str, asks_for: Option<&Authority>, behind: SocketAddr) -> Self {
        let config = Arc::new(config(identity, asks_for));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, handshakes) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, config, tell) = (stream.unwrap(), Arc::clone(&config), tell.clone());
                thread::spawn(move || {
                    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
                    while stream.conn.is_handshaking() {
                        if stream.conn.complete_io(&mut stream.sock).is_err() {
                            // What is unread when a socket is closed takes back what was sent: the alert.
                            let _ = stream.sock.shutdown(Shutdown::Write);
                            let _ = io::copy(&mut stream.sock, &mut io::sink());
                            return;
                        }
                    }
                    let _ = tell.send(stream.conn.handshake_kind().unwrap());
                    serve(stream, behind);
                });
            }
        });
        Self { address, handshakes }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }
}

fn config(identity: &str, asks_for: Option<&Authority>) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = match asks_for {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.0.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = CertificateDer::pem_slice_iter(identity.as_bytes()).map(Result::unwrap).collect();
    builder.with_single_cert(chain, PrivateKeyDer::from_pem_slice(identity.as_bytes()).unwrap()).unwrap()
}

/// One request, and its answer as it comes, until either side ends it.
fn serve(stream: StreamOwned<ServerConnection, TcpStream>, behind: SocketAddr) {
    let raw = stream.sock.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if !matches!(reader.read_until(b'\n', &mut request), Ok(1..)) {
            return;
        }
    }
    let head = String::from_utf8(request.clone()).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.trim().parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    let mut server = TcpStream::connect(behind).unwrap();
    server.write_all(&[request, body].concat()).unwrap();
    let to_server = server.try_clone().unwrap();
    // Whatever comes now, or nothing, is the client's end of it.
    thread::spawn(move || {
        let _ = raw.peek(&mut [0]);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    let mut stream = reader.into_inner();
    let _ = io::copy(&mut server, &mut stream);
    stream.conn.send_close_notify();
    let _ = stream.flush();
}
