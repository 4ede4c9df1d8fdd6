//! What each `sslmode` takes and refuses, of a real server.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use super::Server;
use crate::store::tests::cluster::{self, Cluster};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server that has a certificate for `localhost` alone, and its port.
fn start(authority: &Authority, folder: &Path) -> (Cluster, u16) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, authority).unwrap();
    let (cert_file, key_file) = (folder.join("server.pem"), folder.join("server.key"));
    fs::write(&cert_file, certificate.pem()).unwrap();
    fs::write(&key_file, key.serialize_pem()).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).unwrap();
    cluster::give(&key_file);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let options = format!(
        "-c listen_addresses=127.0.0.1 -c port={port} -c ssl=on -c ssl_cert_file={} -c ssl_key_file={}",
        cert_file.display(),
        key_file.display()
    );
    (Cluster::start_with(&options).unwrap(), port)
}

fn roots(authority: &Authority, folder: &TempDir, name: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, authority.pem()).unwrap();
    format!("&sslrootcert={}", path.display())
}

#[tokio::test]
async fn each_mode_takes_what_it_should() {
    if cluster::shared().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (own, other) = (authority(), authority());
    let (_cluster, port) = start(&own, folder.path());
    let (own, other) = (roots(&own, &folder, "own.pem"), roots(&other, &folder, "other.pem"));
    let cases = [
        ("localhost", "disable", "", Some(false)),
        ("localhost", "prefer", "", Some(true)),
        ("127.0.0.1", "require", "", Some(true)),
        ("127.0.0.1", "require", &own, Some(true)),
        ("127.0.0.1", "require", &other, None),
        ("127.0.0.1", "verify-ca", &own, Some(true)),
        ("localhost", "verify-ca", &other, None),
        ("localhost", "verify-full", &own, Some(true)),
        ("127.0.0.1", "verify-full", &own, None),
        ("localhost", "verify-full", &other, None),
        // The system's authorities have not made it.
        ("localhost", "verify-full", "", None),
    ];
    for (host, mode, roots, is_secured) in cases {
        let url = format!("postgres://loggin@{host}:{port}/postgres?sslmode={mode}{roots}");
        let connected = Server::parse(&url).unwrap().connect().await;
        let secured = match &connected {
            Err(_) => None,
            Ok(client) => {
                let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
                Some(client.query_one(sql, &[]).await.unwrap().get::<_, bool>(0))
            }
        };
        assert_eq!(secured, is_secured, "{host} {mode} {roots}");
    }
}
