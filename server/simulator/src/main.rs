//! The command line of the simulator.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tracing_subscriber::EnvFilter;
use url::Url;
use whatsapp_simulator::{Config, DEFAULT_BUSINESS_NAME, DEFAULT_WABA_ID, Number, SecretString, Secrets};

/// A WhatsApp Cloud API and a phone screen, for development and tests on one machine.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8788")]
    listen: SocketAddr,

    /// Where webhooks are posted.
    #[arg(long, default_value = "http://127.0.0.1:8787/webhooks/whatsapp")]
    webhook_url: Url,

    /// Signs webhooks; of several, separated by commas, the first.
    #[arg(long, env = "WHATSAPP_APP_SECRET", hide_env_values = true)]
    app_secret: String,

    /// Sent with the webhook verification.
    #[arg(long, env = "WHATSAPP_VERIFY_TOKEN", hide_env_values = true)]
    verify_token: String,

    /// What the Graph API wants to see as a bearer token.
    #[arg(long, env = "WHATSAPP_ACCESS_TOKEN", hide_env_values = true)]
    access_token: String,

    /// The id under which the business number sends.
    #[arg(long, env = "WHATSAPP_PHONE_NUMBER_ID")]
    phone_number_id: String,

    /// The business number, with the country code.
    #[arg(long, env = "WHATSAPP_NUMBER", value_parser = Number::parse)]
    number: Number,

    /// The WhatsApp Business account id.
    #[arg(long, default_value = DEFAULT_WABA_ID)]
    waba_id: String,

    /// The name that phones show for the business.
    #[arg(long, default_value = DEFAULT_BUSINESS_NAME)]
    business_name: String,

    /// A `Host` name to serve beside those of this machine. May be given several times.
    #[arg(long = "allow-host")]
    allowed_hosts: Vec<String>,

    /// An origin whose pages may show a phone in a frame, such as `http://127.0.0.1:8787`. May be given several times.
    #[arg(long, value_parser = origin)]
    framed_by: Vec<String>,

    /// Milliseconds before each retry of a webhook, separated by commas.
    #[arg(long, value_delimiter = ',')]
    retry_ms: Option<Vec<u64>>,

    /// Ends when standard input is closed, so that it does not outlive the program that started it.
    #[arg(long)]
    exit_with_parent: bool,
}

impl Arguments {
    fn config(self) -> Config {
        let app_secret = self.app_secret.split(',').next().unwrap_or_default().trim().to_owned();
        let secrets = Secrets {
            app_secret: SecretString::from(app_secret),
            verify_token: SecretString::from(self.verify_token),
            access_token: SecretString::from(self.access_token),
        };
        let mut config = Config::new(self.webhook_url, self.number, self.phone_number_id, secrets);
        config.waba_id = self.waba_id;
        config.business_name = self.business_name;
        config.allowed_hosts = self.allowed_hosts;
        config.framed_by = self.framed_by;
        if let Some(delays) = self.retry_ms {
            config.retry_delays = delays.into_iter().map(Duration::from_millis).collect();
        }
        config
    }
}

/// An origin as browsers write it, so that it can stand in a policy.
fn origin(text: &str) -> Result<String, &'static str> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.map(|url| url.origin().ascii_serialization()).ok_or("an origin begins with http:// or https://")
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the simulator could not start");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind(arguments.listen).await?;
    let exit_with_parent = arguments.exit_with_parent;
    let running = whatsapp_simulator::start(arguments.config(), listener)?;
    announce(running.address())?;
    tokio::select! {
        () = interrupted() => {}
        () = input_closed(), if exit_with_parent => {}
    }
    running.stop().await;
    Ok(())
}

/// Ctrl-C, or the signal that service managers send.
async fn interrupted() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Standard input has come to its end. It is read on a thread of its own, which the end of the process takes along.
async fn input_closed() {
    let (closed, wait) = oneshot::channel();
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut ignored = [0; 256];
        while !matches!(input.read(&mut ignored), Ok(0) | Err(_)) {}
        closed.send(())
    });
    let _ = wait.await;
}

/// The one line on standard output, for the program that waits for it.
fn announce(address: SocketAddr) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "listening on http://{address}")?;
    output.flush()
}
