//! `loggin-server client …`: programs that sign people in through OpenID. A secret is printed once, when it is made.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    administrator::{self, Administrator},
    app_key::Time,
    output::{moment, print_line},
    run::RunError,
};
use crate::{
    administration::NewClient,
    clock::UnixMillis,
    store::{Location, OpenIdClient, SigningAlgorithm, SubjectType},
};

/// What is done to clients.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Add a client to an app, and print its id and, this once, its secret.
    Create(Box<CreateArgs>),
    /// List clients.
    List {
        /// Of this app alone.
        #[arg(long, value_name = "APP_KEY")]
        app: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one client.
    Show {
        /// The client.
        client_id: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give a client another secret, and print it this once; both are taken for a while.
    Rotate {
        /// The client.
        client_id: String,
        /// How long the old secret is still taken, such as `24h`, `7d` or `0`.
        #[arg(long, value_name = "TIME", default_value = "24h")]
        overlap: Time,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Delete a client: its codes and tokens end.
    Delete {
        /// The client.
        client_id: String,
    },
}

/// A new client.
#[allow(clippy::struct_excessive_bools)] // one for each option of the command line
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// The app by which people sign in.
    #[arg(long, value_name = "APP_KEY")]
    app: String,
    /// Where people are sent back to, exactly as the client sends it; may be repeated. https, or a loopback address.
    #[arg(long = "redirect-uri", value_name = "URI", required = true)]
    redirect_uris: Vec<String>,
    /// Where people may be sent who have signed out; may be repeated.
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    post_logout_redirect_uris: Vec<String>,
    /// What people are told that they sign in to [default: the app's name].
    #[arg(long)]
    name: Option<String>,
    /// It can keep no secret: a program in a browser, or on a phone.
    #[arg(long)]
    public: bool,
    /// Tell it of each person something that only clients of its host are told.
    #[arg(long)]
    pairwise: bool,
    /// Ask people what it may be told: it is somebody else's.
    #[arg(long)]
    consent: bool,
    /// Tell it an address at this domain that stands for the person, where it demands one, such as whatsapp.invalid.
    #[arg(long, value_name = "DOMAIN")]
    email_domain: Option<String>,
    /// Let it go without PKCE, as some old clients do.
    #[arg(long)]
    without_pkce: bool,
    /// By what its ID tokens are signed.
    #[arg(long, value_name = "ALGORITHM", default_value = "RS256", value_parser = SigningAlgorithm::ALL.map(SigningAlgorithm::as_str))]
    algorithm: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Carries out one command on this database.
pub(crate) async fn run(database: &Location, command: ClientCommand) -> Result<(), RunError> {
    let user = Administrator::of(database).await?;
    let done = match command {
        ClientCommand::Create(arguments) => create(&user, *arguments).await,
        ClientCommand::List { app, json } => list(&user, app.as_deref(), json).await,
        ClientCommand::Show { client_id, json } => show(&user, &client_id, json).await,
        ClientCommand::Rotate { client_id, overlap, json } => rotate(&user, &client_id, overlap, json).await,
        ClientCommand::Delete { client_id } => {
            user.administration.delete_client(&user.actor, &client_id).await.map_err(RunError::from)
        }
    };
    user.close().await;
    done
}

async fn create(user: &Administrator, arguments: CreateArgs) -> Result<(), RunError> {
    let new = NewClient {
        app_key: administrator::app_key(&arguments.app)?,
        name: arguments.name,
        redirect_uris: arguments.redirect_uris,
        post_logout_redirect_uris: arguments.post_logout_redirect_uris,
        public: arguments.public,
        pairwise: arguments.pairwise,
        consent: arguments.consent,
        email_domain: arguments.email_domain,
        without_pkce: arguments.without_pkce,
        algorithm: SigningAlgorithm::of_name(&arguments.algorithm).unwrap_or_default(),
    };
    let (client, secret) = user.administration.create_client(&user.actor, new).await?;
    print_new(&client, secret.as_deref(), None, arguments.json)
}

async fn list(user: &Administrator, app: Option<&str>, json: bool) -> Result<(), RunError> {
    let app_key = app.map(administrator::app_key).transpose()?;
    let clients = user.administration.clients(&user.actor, app_key).await?;
    if json {
        return print_line(&Value::from(clients.iter().map(as_json).collect::<Vec<_>>()).to_string());
    }
    clients.iter().try_for_each(|client| print_line(&line(client)))
}

async fn show(user: &Administrator, id: &str, json: bool) -> Result<(), RunError> {
    let client = user.administration.client(&user.actor, id).await?;
    if json {
        return print_line(&as_json(&client).to_string());
    }
    for (name, value) in rows(&client) {
        print_line(&format!("{name:<26}{value}"))?;
    }
    Ok(())
}

async fn rotate(user: &Administrator, id: &str, overlap: Time, json: bool) -> Result<(), RunError> {
    let (client, secret, until) = user.administration.rotate_client(&user.actor, id, overlap.0).await?;
    print_new(&client, Some(&secret), Some(until), json)
}

fn print_new(
    client: &OpenIdClient,
    secret: Option<&str>,
    old_until: Option<UnixMillis>,
    json: bool,
) -> Result<(), RunError> {
    if json {
        let mut value = as_json(client);
        value["client_secret"] = secret.into();
        if let Some(until) = old_until {
            value["old_secret_until"] = moment(until).into();
        }
        return print_line(&value.to_string());
    }
    print_line(&format!("client_id      {}", client.id))?;
    let Some(secret) = secret else {
        return print_line("The client is public: it has no secret, and proves itself by PKCE.");
    };
    print_line(&format!("client_secret  {secret}"))?;
    if let Some(until) = old_until {
        print_line(&format!("The secret before is taken until {}.", moment(until)))?;
    }
    print_line(
        "The secret is shown this once: keep it on the client's server, and out of web pages and apps.",
    )
}

fn kind(client: &OpenIdClient) -> &'static str {
    if client.is_confidential() { "confidential" } else { "public" }
}

fn subject_type(client: &OpenIdClient) -> &'static str {
    match client.settings.subject_type {
        SubjectType::Public => "public",
        SubjectType::Pairwise => "pairwise",
    }
}

/// A client in one line.
fn line(client: &OpenIdClient) -> String {
    let first = client.settings.redirect_uris.first().map(String::as_str).unwrap_or_default();
    let name = client.settings.name.as_deref().unwrap_or_default();
    format!("{}  {}  created {}  {first}  {name}", client.id, kind(client), moment(client.created_at))
}

/// A client, a setting a line.
fn rows(client: &OpenIdClient) -> Vec<(&'static str, String)> {
    let settings = &client.settings;
    let mut rows = vec![
        ("client_id", client.id.clone()),
        ("app_key", client.app_key.to_string()),
        ("kind", kind(client).to_owned()),
        ("name", settings.name.clone().unwrap_or_else(|| "the app's".to_owned())),
    ];
    rows.extend(settings.redirect_uris.iter().map(|uri| ("redirect_uri", uri.clone())));
    let after = settings.post_logout_redirect_uris.iter();
    rows.extend(after.map(|uri| ("post_logout_redirect_uri", uri.clone())));
    rows.extend([
        ("subject_type", subject_type(client).to_owned()),
        ("consent", settings.consent.to_string()),
        ("pkce", settings.pkce.to_string()),
        ("algorithm", settings.algorithm.as_str().to_owned()),
    ]);
    rows.extend(settings.email_domain.iter().map(|domain| ("email_domain", domain.clone())));
    rows.push(("created_at", moment(client.created_at)));
    rows
}

/// A client as JSON.
fn as_json(client: &OpenIdClient) -> Value {
    let settings = &client.settings;
    json!({
        "client_id": client.id,
        "app_key": client.app_key,
        "public": !client.is_confidential(),
        "name": settings.name,
        "redirect_uris": settings.redirect_uris,
        "post_logout_redirect_uris": settings.post_logout_redirect_uris,
        "subject_type": subject_type(client),
        "consent": settings.consent,
        "email_domain": settings.email_domain,
        "pkce": settings.pkce,
        "algorithm": settings.algorithm.as_str(),
        "created_at": moment(client.created_at),
    })
}
