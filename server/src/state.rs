//! The server's parts put together: what every handler has at hand.

use std::{hash::RandomState, net::IpAddr, sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;
use url::Url;

use crate::{
    administration::{Administration, WebhookRules},
    apps::Apps,
    clock::{Clock, Random},
    config::{DemoConfig, TrustedProxies, WhatsAppConfig},
    crypto::SealKeys,
    doctor::Resident,
    gateway::GatewayKeys,
    identity::People,
    limits::{self, DemoCounts, Rooms, Shares, StreamCounts, WindowCounts},
    logins::{ConfirmationCodes, Logins, LoginsParts, Publisher, Waiters},
    openid::OpenId,
    otp::{CodeSender, Otp},
    outbox::Outbox,
    phones::RecipientKeys,
    store::{KeyId, Store},
    whatsapp::{AppSecret, GraphClient},
};

/// How long a long poll waits at most.
pub(crate) const LONG_POLL: Duration = Duration::from_secs(25);

/// What keys of the console's sessions are made for.
const SESSION_DOMAIN: &[u8] = b"loggin console session v1\n";

/// What every handler has at hand.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) apps: Arc<Apps>,
    pub(crate) logins: Logins,
    /// What WhatsApp tells of people beside their messages.
    pub(crate) people: People,
    /// What other programs sign people in with.
    pub(crate) openid: OpenId,
    /// What administrators do.
    pub(crate) administration: Administration,
    /// Under what sessions of the console are sealed.
    pub(crate) session_keys: SealKeys,
    /// One-time codes, where the server is set up to send them.
    pub(crate) otp: Option<Arc<Otp>>,
    /// Under what secrets of gateways are kept, where codes are sent.
    pub(crate) gateway_keys: Option<GatewayKeys>,
    pub(crate) waiters: Arc<Waiters>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) hasher: RandomState,
    /// Messages with codes, by the hash of their sender.
    pub(crate) sender_counts: WindowCounts<u64>,
    /// Tokens waited for without a secret key, by address.
    pub(crate) wait_counts: WindowCounts<IpAddr>,
    /// Calls of the admin API, by access key.
    pub(crate) admin_counts: WindowCounts<KeyId>,
    /// Calls of the OpenID issuer without a client's secret, by address.
    pub(crate) openid_counts: WindowCounts<IpAddr>,
    pub(crate) streams: StreamCounts,
    pub(crate) demo_counts: DemoCounts,
    /// Codes that the issuer's pages have sent, by address.
    pub(crate) hosted_codes: WindowCounts<IpAddr>,
    /// User codes of devices that were typed there, by address.
    pub(crate) device_codes: WindowCounts<IpAddr>,
    /// Room for large bodies.
    pub(crate) bodies: Rooms,
    pub(crate) app_secrets: Vec<AppSecret>,
    pub(crate) settings: Settings,
    /// Tails of the log, by administrator.
    pub(crate) tails: Shares<u64>,
    /// Exports of the log, by administrator.
    pub(crate) exports: Shares<u64>,
    /// What looks at the settings, the account and the store, where there is one.
    pub(crate) doctor: Option<Arc<Resident>>,
    /// Turns true when the server is told to stop.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// What the handlers need of the configuration.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) whatsapp: WhatsAppConfig,
    /// The origin under which people reach this server.
    pub(crate) public_origin: String,
    /// What stands before the number in a link; `https://wa.me` but in development.
    pub(crate) link_base: Url,
    /// The template of one-time codes, where they are sent.
    pub(crate) otp_template: Option<String>,
    /// The demo, where anybody may try it.
    pub(crate) demo: Option<DemoConfig>,
    /// How long the issuer remembers a browser.
    pub(crate) issuer_session: Duration,
    pub(crate) trusted_proxies: Arc<TrustedProxies>,
    /// Whether calls without a secret key are counted by address; not so on a developer's own machine.
    pub(crate) counts_addresses: bool,
    /// KiB of large bodies at once: of webhooks, of apps with their secret key, and of everybody else.
    pub(crate) bodies_kib: [usize; 3],
    pub(crate) long_poll: Duration,
    /// Most tokens of a call that shows no secret key.
    pub(crate) tokens_without_key: usize,
    /// Whether this is `dev`, whose secret key everybody knows.
    pub(crate) development: bool,
}

/// What the server takes from outside.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    /// What the store tells of its commits.
    pub(crate) publisher: Arc<Publisher>,
    /// Sends messages to people.
    pub(crate) client: GraphClient,
    pub(crate) otp: Option<OtpParts>,
    pub(crate) settings: Settings,
    /// What secrets endpoints of webhooks get, where there is one to keep them under.
    pub(crate) webhooks: Option<WebhookRules>,
    /// The doctor, where the server has one.
    pub(crate) doctor: Option<Arc<Resident>>,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// What one-time codes take from outside.
#[derive(Debug)]
pub(crate) struct OtpParts {
    pub(crate) sender: Arc<dyn CodeSender>,
    /// The secret in use first, then those being replaced.
    pub(crate) secrets: Vec<SecretString>,
}

fn gateway_keys(parts: &Parts) -> Option<GatewayKeys> {
    let secrets = &parts.otp.as_ref()?.secrets;
    Some(GatewayKeys::derive(secrets.iter().map(|secret| secret.expose_secret().as_bytes())))
}

fn administration(parts: &Parts) -> Administration {
    let Parts { store, clock, random, webhooks, .. } = parts;
    let administration = Administration::new(Arc::clone(store), Arc::clone(clock), Arc::clone(random));
    let administration = match webhooks.clone() {
        Some(rules) => administration.with_webhooks(rules),
        None => administration,
    };
    match gateway_keys(parts) {
        Some(keys) => administration.with_gateways(keys),
        None => administration,
    }
}

/// Where nobody sends codes there are none.
fn otp(parts: &mut Parts, recipients: &RecipientKeys) -> Option<Arc<Otp>> {
    let OtpParts { sender, secrets } = parts.otp.take()?;
    Some(Arc::new(Otp::new(
        Arc::clone(&parts.store),
        Arc::clone(&parts.clock),
        Arc::clone(&parts.random),
        sender,
        secrets.iter().map(|secret| secret.expose_secret().as_bytes()),
        recipients.clone(),
    )))
}

fn openid(parts: &Parts, apps: &Arc<Apps>) -> OpenId {
    let Settings { whatsapp, public_origin, .. } = &parts.settings;
    let secrets = whatsapp.app_secrets.iter().map(|secret| secret.expose_secret().as_bytes());
    let kept = (Arc::clone(&parts.store), Arc::clone(apps));
    OpenId::new(kept, (Arc::clone(&parts.clock), Arc::clone(&parts.random)), public_origin.clone(), secrets)
}

impl Server {
    pub(crate) fn new(mut parts: Parts) -> Arc<Self> {
        let administration = administration(&parts);
        let gateway_keys = gateway_keys(&parts);
        let waiters = Arc::clone(&parts.publisher.waiters);
        let secrets = parts.settings.whatsapp.app_secrets.clone();
        let secret_bytes = || secrets.iter().map(|secret| secret.expose_secret().as_bytes());
        let confirmation = Arc::new(ConfirmationCodes::new(secret_bytes()));
        let recipients = RecipientKeys::derive(secret_bytes());
        let apps = Arc::new(Apps::new(
            Arc::clone(&parts.store),
            Arc::clone(&parts.clock),
            parts.settings.development,
        ));
        let openid = openid(&parts, &apps);
        let otp = otp(&mut parts, &recipients);
        let app_secrets =
            secrets.iter().filter_map(|secret| AppSecret::new(secret.expose_secret())).collect();
        let outbox = Arc::new(Outbox {
            store: Arc::clone(&parts.store),
            apps: Arc::clone(&apps),
            clock: Arc::clone(&parts.clock),
            random: Arc::clone(&parts.random),
            confirmation: Arc::clone(&confirmation),
            client: parts.client,
            queued: Arc::clone(&parts.publisher.outbox),
        });
        let session_keys = SealKeys::derive(secret_bytes(), SESSION_DOMAIN);
        let people = People {
            store: Arc::clone(&parts.store),
            clock: Arc::clone(&parts.clock),
            recipients: recipients.clone(),
        };
        Arc::new(Self {
            people,
            openid,
            administration,
            session_keys,
            admin_counts: WindowCounts::new(limits::ADMIN_CALLS_PER_MINUTE, limits::CALLS_WINDOW),
            logins: Logins::new(LoginsParts {
                store: Arc::clone(&parts.store),
                apps: Arc::clone(&apps),
                waiters: Arc::clone(&waiters),
                clock: Arc::clone(&parts.clock),
                random: Arc::clone(&parts.random),
                confirmation,
                recipients,
            }),
            apps,
            otp,
            gateway_keys,
            store: parts.store,
            waiters,
            clock: parts.clock,
            random: parts.random,
            outbox,
            hasher: RandomState::new(),
            sender_counts: WindowCounts::new(limits::MESSAGES_PER_SENDER, limits::SENDER_WINDOW),
            wait_counts: WindowCounts::new(limits::WAITS_PER_ADDRESS, limits::WAITS_WINDOW),
            openid_counts: WindowCounts::new(limits::OPENID_CALLS_PER_ADDRESS, limits::CALLS_WINDOW),
            streams: StreamCounts::default(),
            demo_counts: DemoCounts::default(),
            device_codes: WindowCounts::new(limits::DEVICE_CODES_PER_ADDRESS, limits::HOSTED_CODES_WINDOW),
            hosted_codes: WindowCounts::new(limits::HOSTED_CODES_PER_ADDRESS, limits::HOSTED_CODES_WINDOW),
            bodies: Rooms::new(parts.settings.bodies_kib),
            app_secrets,
            settings: parts.settings,
            tails: Shares::new(limits::TAILS, limits::TAILS_PER_ADMIN),
            exports: Shares::new(limits::EXPORTS, limits::EXPORTS_PER_ADMIN),
            doctor: parts.doctor,
            stopping: parts.stopping,
        })
    }
}
