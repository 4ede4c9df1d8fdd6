//! `loggin-server gateway …`: where other authentication servers have their codes sent.
//!
//! A secret is printed once, when it is made.

mod view;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use super::{
    administrator::{self, Administrator},
    app_key::Time,
    output::print_line,
    run::{self, RunError},
};
use crate::{
    administration::NewGateway,
    clock::{Clock, SystemClock},
    config::Settings,
    store::GatewayKind,
};

/// Bytes of a file with a secret: ten times as many as one has.
const SECRET_FILE: u64 = 2 << 10;

/// What is done to gateways.
#[derive(Debug, Subcommand)]
pub(crate) enum GatewayCommand {
    /// Have the codes of another authentication server be sent, and print where it calls, its secret this once, and what to
    /// set there.
    Create(CreateArgs),
    /// List the gateways of an app, or of all.
    List {
        /// The app.
        app_key: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show a gateway, and what to set at the other server.
    Show {
        /// The gateway, by its id.
        gateway_id: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give a gateway another secret, and print it this once; the one before is good too for a while.
    Rotate(RotateArgs),
    /// Delete a gateway: the other server is not known from then on.
    Delete {
        /// The gateway, by its id.
        gateway_id: String,
        /// Do it: there is no way back.
        #[arg(long)]
        yes: bool,
    },
}

/// A new gateway.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// What the other server is.
    #[arg(long = "as", value_name = "KIND")]
    kind: KindArg,
    /// The app in whose name its codes go out.
    #[arg(long = "app", value_name = "APP_KEY")]
    app_key: String,
    /// A file with the secret that the other server made; - reads it from the standard input.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A secret in the place of another.
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// The gateway, by its id.
    gateway_id: String,
    /// A file with the secret that the other server made; - reads it from the standard input.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// How long the old secret is good too, such as `24h`, `7d` or `0`.
    #[arg(long, value_name = "TIME")]
    overlap: Option<Time>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// See [`GatewayKind`].
#[derive(Clone, Copy, Debug, ValueEnum)]
enum KindArg {
    /// Authentik's SMS stage with a generic provider.
    Authentik,
    /// Anything that calls as docs/gateway.md describes.
    Generic,
    /// An SMS authenticator of Keycloak that calls an API.
    Keycloak,
    /// Ory Kratos' courier.
    Kratos,
    /// Supabase Auth's hook that sends SMS.
    Supabase,
    /// ZITADEL's HTTP provider of SMS.
    Zitadel,
}

impl From<KindArg> for GatewayKind {
    fn from(argument: KindArg) -> Self {
        match argument {
            KindArg::Authentik => Self::Authentik,
            KindArg::Generic => Self::Generic,
            KindArg::Keycloak => Self::Keycloak,
            KindArg::Kratos => Self::Kratos,
            KindArg::Supabase => Self::Supabase,
            KindArg::Zitadel => Self::Zitadel,
        }
    }
}

/// Carries out one command.
pub(super) async fn run(settings: &Settings, command: GatewayCommand) -> Result<(), RunError> {
    let mut user = Administrator::of(&run::location(settings)?).await?;
    if matches!(command, GatewayCommand::Create(_) | GatewayCommand::Rotate(_)) {
        user = user.with_gateways(settings)?;
    }
    let done = carry_out(&user, settings, command).await;
    user.close().await;
    done
}

async fn carry_out(
    user: &Administrator,
    settings: &Settings,
    command: GatewayCommand,
) -> Result<(), RunError> {
    let Administrator { administration, actor, .. } = user;
    match command {
        GatewayCommand::Create(arguments) => {
            // First of all: the secret is printed with it, this once.
            let url = settings.gateway_url()?;
            let new = NewGateway {
                app_key: administrator::app_key(&arguments.app_key)?,
                kind: arguments.kind.into(),
                secret: arguments.secret_file.as_deref().map(read_secret).transpose()?,
            };
            let made = administration.create_gateway(actor, new).await?;
            view::print_made(&made, &url, arguments.json)
        }
        GatewayCommand::List { app_key, json } => list(user, app_key.as_deref(), json).await,
        GatewayCommand::Show { gateway_id, json } => {
            let gateway = administration.gateway(actor, &gateway_id).await?;
            view::print(&gateway, &settings.gateway_url()?, json)
        }
        GatewayCommand::Rotate(arguments) => {
            let url = settings.gateway_url()?;
            let secret = arguments.secret_file.as_deref().map(read_secret).transpose()?;
            let overlap = arguments.overlap.map(|time| time.0);
            let made = administration.rotate_gateway(actor, &arguments.gateway_id, secret, overlap).await?;
            view::print_made(&made, &url, arguments.json)
        }
        GatewayCommand::Delete { yes: false, .. } => {
            Err(RunError::Refused("nothing was deleted: say --yes, as there is no way back".into()))
        }
        GatewayCommand::Delete { gateway_id, yes: true } => {
            Ok(administration.delete_gateway(actor, &gateway_id).await?)
        }
    }
}

async fn list(user: &Administrator, app_key: Option<&str>, json: bool) -> Result<(), RunError> {
    let app_key = app_key.map(administrator::app_key).transpose()?;
    let gateways = user.administration.gateways(&user.actor, app_key).await?;
    let now = SystemClock.now();
    if json {
        let gateways: Vec<_> = gateways.iter().map(|gateway| view::as_json(gateway, now)).collect();
        return print_line(&serde_json::Value::from(gateways).to_string());
    }
    gateways.iter().try_for_each(|gateway| print_line(&view::line(gateway)))
}

/// The secret in a file, which is not on the command line, where other programs could read it.
fn read_secret(file: &Path) -> Result<String, RunError> {
    use std::io::Read;

    let failed = |error| RunError::Io("--secret-file: the secret cannot be read", error);
    let reader: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(failed)?)
    };
    let mut text = String::new();
    reader.take(SECRET_FILE).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}
