//! The program with a certificate of its own: told by the command line or the environment, and renewed while it runs.

use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, KeyPair};
use reqwest::{Certificate, Client, redirect::Policy};

use super::{
    Running, SETTINGS,
    log::{end, piped},
    metrics::Collected,
    refused,
};

/// A certificate for the server's address, and its key.
struct Made {
    certificate: String,
    key: String,
}

fn made() -> Made {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    Made { certificate: certificate.pem(), key: key.serialize_pem() }
}

impl Made {
    fn write(&self, folder: &Path) -> (PathBuf, PathBuf) {
        let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        std::fs::write(&certificate, &self.certificate).unwrap();
        std::fs::write(&key, &self.key).unwrap();
        (certificate, key)
    }

    /// A client that believes this certificate alone.
    fn client(&self) -> Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let believed = Certificate::from_pem(self.certificate.as_bytes()).unwrap();
        let client = Client::builder().no_proxy().tls_certs_only([believed]).redirect(Policy::none());
        // A new connection for each call, and so a handshake.
        client.pool_max_idle_per_host(0).build().unwrap()
    }
}

async fn is_healthy(client: &Client, server: &Running) -> bool {
    let response = client.get(format!("{}/healthz", server.url)).send().await;
    response.is_ok_and(|response| response.status() == 200)
}

#[tokio::test]
async fn a_certificate_is_used_and_exchanged_while_the_server_runs() {
    let files = tempfile::tempdir().unwrap();
    let (old, new) = (made(), made());
    let (certificate, key) = old.write(files.path());
    let settings =
        [("LOGGIN_TLS_CERT", certificate.to_str().unwrap()), ("LOGGIN_TLS_KEY", key.to_str().unwrap())];
    let (server, log, start) = piped(&settings);
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let (old_client, new_client) = (old.client(), new.client());
    assert!(is_healthy(&old_client, &server).await);
    assert!(!is_healthy(&new_client, &server).await);
    let metrics = Collected::from(&server, &start).await;
    // What the maker of these certificates takes where nothing is said: far from its end.
    assert!(metrics.value("loggin_tls_certificate_expiry_timestamp_seconds") > 4_000_000_000);
    assert_eq!(metrics.value("loggin_tls_certificate_loads_total{result=\"loaded\"}"), 1);
    assert_eq!(metrics.value("loggin_tls_handshakes_total{result=\"done\"}"), 1);
    // It notices within seconds; each call is a handshake.
    new.write(files.path());
    while !is_healthy(&new_client, &server).await {}
    // One that was here before resumes its session, and is not shown the certificate.
    assert!(is_healthy(&old_client, &server).await && !is_healthy(&old.client(), &server).await);
    end(server);
    drop(log);
}

#[tokio::test]
async fn the_command_line_goes_before_the_environment() {
    let files = tempfile::tempdir().unwrap();
    let made = made();
    let (certificate, key) = made.write(files.path());
    let arguments = ["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let command = [&[super::PROGRAM, "serve"][..], &arguments].concat();
    let server =
        Running::start_as(&command, &[("LOGGIN_TLS_CERT", "/nowhere"), ("LOGGIN_TLS_KEY", "/nowhere")]);
    assert!(is_healthy(&made.client(), &server).await);
    assert!(server.stop().0.success());
}

#[test]
fn half_of_a_pair_or_a_wrong_one_stops_the_start() {
    let files = tempfile::tempdir().unwrap();
    let (certificate, key) = made().write(files.path());
    std::fs::write(&key, made().key).unwrap();
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    for (settings, named) in [
        (&[("LOGGIN_TLS_CERT", certificate)][..], "LOGGIN_TLS_KEY"),
        (&[("LOGGIN_TLS_KEY", key)], "LOGGIN_TLS_CERT"),
        (&[("LOGGIN_TLS_CERT", certificate), ("LOGGIN_TLS_KEY", key)], "LOGGIN_TLS_KEY"),
        (&[("LOGGIN_TLS_CERT", certificate), ("LOGGIN_TLS_KEY", "/nowhere")], "LOGGIN_TLS_KEY"),
        (&[("LOGGIN_TLS_CERT", key), ("LOGGIN_TLS_KEY", key)], "LOGGIN_TLS_CERT"),
    ] {
        let said = refused(|command| {
            command.envs(SETTINGS).envs(settings.iter().copied());
        });
        assert!(said.contains(named), "{settings:?}: {said}");
    }
}
