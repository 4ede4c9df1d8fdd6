//! Every code of a finding, with how bad it is and what to do. docs/operations.md explains each: the checks of the tree
//! compare.

use super::finding::{Known, Severity};

const fn problem(code: &'static str, advice: &'static str) -> Known {
    Known { code, severity: Severity::Problem, advice }
}

const fn warning(code: &'static str, advice: &'static str) -> Known {
    Known { code, severity: Severity::Warning, advice }
}

// Settings.
pub(super) const SETTINGS_UNREADABLE: Known =
    problem("settings_unreadable", "Mend the file that --config names; nothing else was looked at.");
pub(super) const SETTING_WRONG: Known =
    problem("setting_wrong", "Set it: docs/deploy.md lists the settings. The server does not start before.");
pub(super) const SETTING_MISSPELT: Known =
    warning("setting_misspelt", "Rename it, or leave it out: nothing reads it.");
pub(super) const SECRET_DOUBTFUL: Known = warning(
    "secret_doubtful",
    "Meta's app secrets are 32 hexadecimal digits; a verify token should have 16 characters or more: `openssl rand -hex 24` makes one.",
);
pub(super) const PUBLIC_URL_INSECURE: Known = problem(
    "public_url_insecure",
    "Put a proxy that speaks TLS in front, and set LOGGIN_PUBLIC_URL to https://…",
);
pub(super) const PUBLIC_URL_LOOPBACK: Known = problem(
    "public_url_loopback",
    "Set LOGGIN_PUBLIC_URL to the address under which WhatsApp and browsers reach this server.",
);
pub(super) const GRAPH_URL_FOREIGN: Known = warning(
    "graph_url_foreign",
    "Leave WHATSAPP_GRAPH_URL out, unless a simulator or a gateway of yours is meant.",
);

// The store.
pub(super) const STORE_MISSING: Known = warning(
    "store_missing",
    "Nothing, before the first start: `serve` and `app create` make it. Else look at LOGGIN_DATABASE_URL.",
);
pub(super) const STORE_FAILS: Known = problem(
    "store_fails",
    "See “The store fails” in docs/operations.md: rights of the file and its folder, the disk, another program's lock; or the way to the database server.",
);
pub(super) const STORE_FOREIGN: Known =
    problem("store_foreign", "LOGGIN_DATABASE_URL names another program's database: choose another one.");
pub(super) const STORE_NEWER: Known =
    problem("store_newer", "Install the version of this program that last served it, or a later one.");
pub(super) const STORE_OLDER: Known =
    warning("store_older", "Nothing: `serve` brings it up to date at its next start. Back it up before.");
pub(super) const DISK_FULL: Known = problem("disk_full", "Free space: the server is not ready below 64 MiB.");
pub(super) const DISK_LOW: Known = warning("disk_low", "Free space before it runs out.");
pub(super) const DEVELOPMENT_DATA: Known = problem(
    "development_data",
    "Choose another database: `loggin-server dev` made this one, and it is open to everybody.",
);
pub(super) const PUBLISHED_KEY: Known = problem(
    "published_key",
    "Give the app another secret key: `loggin-server app update <app key> --new-secret-key`.",
);
pub(super) const TEST_NUMBERS: Known =
    warning("test_numbers", "Remove them before people use the server: `loggin-server test-number remove`.");
pub(super) const NO_APPS: Known = warning("no_apps", "Make one: `loggin-server app create --name …`.");

// Webhooks to apps.
pub(super) const ENDPOINT_SECRET_MISSING: Known = problem(
    "endpoint_secret_missing",
    "Set LOGGIN_WEBHOOK_SECRET to what the endpoints were added with. Where it is lost, set a new one and give each endpoint another secret: `loggin-server webhook rotate`.",
);
pub(super) const ENDPOINT_SECRET_OTHER: Known = problem(
    "endpoint_secret_other",
    "Put the secret that it was added under behind the one in use (LOGGIN_WEBHOOK_SECRET=new,old), or give it another: `loggin-server webhook rotate`.",
);
pub(super) const ENDPOINT_REFUSED: Known = problem(
    "endpoint_refused",
    "Name its network in LOGGIN_WEBHOOK_NETWORKS if it is meant, or add the endpoint anew under a public https address.",
);
pub(super) const ENDPOINT_DISABLED: Known = warning(
    "endpoint_disabled",
    "Ask the app's owner; once it works, `loggin-server webhook enable` and `webhook replay --since 7d`. Where it is gone, `webhook delete`.",
);
pub(super) const ENDPOINT_FAILS: Known = warning(
    "endpoint_fails",
    "Look at `loggin-server webhook deliveries`, and ask the app's owner: after three days without a success it is disabled.",
);
pub(super) const COUNTRIES_LEARNED: Known = warning(
    "countries_learned",
    "Where people of other countries are to get codes: `loggin-server guard set APP_KEY --add-country FR`, or `--countries any`.",
);
pub(super) const COUNTRY_PAUSED: Known = warning(
    "country_paused",
    "Look at `loggin-server logs --reason not_typed`: where it is no attack, `loggin-server guard resume APP_KEY COUNTRY`.",
);
pub(super) const EVENTS_LATE: Known = warning(
    "events_late",
    "Look at `loggin-server webhook deliveries`; where nothing was tried, start a server that has LOGGIN_WEBHOOK_SECRET.",
);

// The clock, and WhatsApp's API.
pub(super) const CLOCK_WRONG: Known =
    problem("clock_wrong", "Set the clock by the network: `timedatectl set-ntp true`, or chrony.");
pub(super) const CLOCK_DRIFTS: Known =
    warning("clock_drifts", "Set the clock by the network: `timedatectl set-ntp true`, or chrony.");
pub(super) const GRAPH_UNREACHABLE: Known = problem(
    "graph_unreachable",
    "Let this machine call graph.facebook.com by https: look at the firewall, DNS and HTTPS_PROXY.",
);
pub(super) const GRAPH_VERSION_ENDED: Known = problem(
    "graph_version_ended",
    "Leave WHATSAPP_GRAPH_URL out, or name a later version in it; then try a login and a one-time code.",
);
pub(super) const GRAPH_VERSION_ENDS: Known = warning(
    "graph_version_ends",
    "Plan an update: leave WHATSAPP_GRAPH_URL out, or name a later version in it.",
);
pub(super) const GRAPH_VERSION_UNNAMED: Known =
    warning("graph_version_unnamed", "Name one at the end of WHATSAPP_GRAPH_URL, such as /v26.0.");

// The access token.
pub(super) const TOKEN_REFUSED: Known =
    problem("token_refused", "Make a permanent token of a system user, and set WHATSAPP_ACCESS_TOKEN to it.");
pub(super) const TOKEN_ENDS: Known =
    warning("token_ends", "Make a permanent token of a system user, with “never” as its expiry.");
pub(super) const TOKEN_CANNOT_SEND: Known = problem(
    "token_cannot_send",
    "Make a token with the permissions whatsapp_business_messaging and whatsapp_business_management.",
);
pub(super) const TOKEN_CANNOT_MANAGE: Known = warning(
    "token_cannot_manage",
    "Make a token with whatsapp_business_management too: without it the account cannot be looked at.",
);

// The number.
pub(super) const NUMBER_UNKNOWN: Known = problem(
    "number_unknown",
    "Set WHATSAPP_PHONE_NUMBER_ID to the id of your number, and assign its account to the token's system user.",
);
pub(super) const NUMBER_DIFFERS: Known =
    problem("number_differs", "Set WHATSAPP_NUMBER to the number that WHATSAPP_PHONE_NUMBER_ID stands for.");
pub(super) const NUMBER_NOT_REGISTERED: Known = problem(
    "number_not_registered",
    "Register the number for the Cloud API: step 5 of docs/whatsapp-setup.md.",
);
pub(super) const NUMBER_STATUS: Known =
    problem("number_status", "Open the number in WhatsApp Manager, which says why and what helps.");
pub(super) const NUMBER_FLAGGED: Known =
    warning("number_flagged", "Open the number in WhatsApp Manager: people block or report it.");
pub(super) const NUMBER_QUALITY: Known =
    warning("number_quality", "Open the number in WhatsApp Manager: people block or report it.");
pub(super) const NUMBER_NAME: Known = warning(
    "number_name",
    "Open the number in WhatsApp Manager, and choose a display name that is approved.",
);
pub(super) const NUMBER_ON_BUSINESS_APP: Known = problem(
    "number_on_business_app",
    "Take a number of its own for logins: people's first messages do not arrive at one that also runs in the WhatsApp Business app.",
);
pub(super) const NUMBER_TEST: Known =
    warning("number_test", "Add a number of your own: this one sends to five people at most.");
pub(super) const SENDING_BLOCKED: Known = problem(
    "sending_blocked",
    "Open WhatsApp Manager, which says why and what helps: often the payment method.",
);
pub(super) const SENDING_LIMITED: Known =
    warning("sending_limited", "Open WhatsApp Manager, which says why and what helps.");
pub(super) const APP_BLOCKED: Known =
    problem("app_blocked", "Open the app's dashboard: publish the app, and see what it asks for.");
pub(super) const MESSAGING_LIMIT: Known = warning(
    "messaging_limit",
    "Verify the business, so that the limit rises: one-time codes beyond it are refused until the day is over.",
);

// What Meta sends to the webhook.
pub(super) const APP_SECRET_WRONG: Known = problem(
    "app_secret_wrong",
    "Copy the secret of the app that the token is of (App settings › Basic) to WHATSAPP_APP_SECRET.",
);
pub(super) const WEBHOOK_UNSET: Known = problem(
    "webhook_unset",
    "Set the callback URL in the app's WhatsApp configuration: step 6 of docs/whatsapp-setup.md.",
);
pub(super) const WEBHOOK_ELSEWHERE: Known = problem(
    "webhook_elsewhere",
    "Set the callback URL to LOGGIN_PUBLIC_URL and /webhooks/whatsapp, and take overrides of the account and the number away.",
);
pub(super) const FIELD_MESSAGES: Known = problem(
    "field_messages",
    "Subscribe to the webhook field `messages` in the app's WhatsApp configuration.",
);
pub(super) const FIELD_STANDBY: Known = warning(
    "field_standby",
    "Subscribe to the webhook field `standby`: messages in chats that Meta Business Agent handles come there alone.",
);
pub(super) const FIELD_STANDBY_SHARED: Known = problem(
    "field_standby_shared",
    "Subscribe to the webhook field `standby`: messages in chats that the other app handles come there alone.",
);
pub(super) const FIELDS_OF_ACCOUNT: Known =
    warning("fields_of_account", "Subscribe to them, so that the log tells what Meta says of the account.");
pub(super) const ACCOUNT_NOT_SUBSCRIBED: Known = problem(
    "account_not_subscribed",
    "Subscribe the app to the account: `POST /<account id>/subscribed_apps`, step 6 of docs/whatsapp-setup.md.",
);

// The template of one-time codes.
pub(super) const TEMPLATE_MISSING: Known = problem(
    "template_missing",
    "Make it in WhatsApp Manager, or set WHATSAPP_OTP_TEMPLATE to the one there is.",
);
pub(super) const TEMPLATE_LANGUAGE: Known = problem(
    "template_language",
    "Set WHATSAPP_OTP_LANGUAGE to a language that it has, or add this one to it.",
);
pub(super) const TEMPLATE_CATEGORY: Known = problem(
    "template_category",
    "Make a template of the category Authentication: codes are sent in no other.",
);
pub(super) const TEMPLATE_STATUS: Known =
    problem("template_status", "Open the template in WhatsApp Manager, which says why it cannot be used.");
pub(super) const TEMPLATE_QUALITY: Known = warning(
    "template_quality",
    "Look for forms in which strangers type numbers: WhatsApp pauses the template next.",
);

// The public URL.
pub(super) const PUBLIC_URL_TLS: Known = problem(
    "public_url_tls",
    "Install a certificate of a public authority for this name, with its whole chain.",
);
pub(super) const PUBLIC_URL_UNREACHABLE: Known = problem(
    "public_url_unreachable",
    "Look at DNS, the firewall and the proxy. Where only this machine cannot reach it, run the doctor elsewhere.",
);
pub(super) const PUBLIC_URL_REDIRECTS: Known =
    problem("public_url_redirects", "Set LOGGIN_PUBLIC_URL to where it leads: WhatsApp follows no redirect.");
pub(super) const PUBLIC_URL_FAILS: Known =
    problem("public_url_fails", "Start the server, and see whether the proxy reaches its LOGGIN_LISTEN.");
pub(super) const WEBHOOK_NOT_FOUND: Known = problem(
    "webhook_not_found",
    "Have the proxy pass /webhooks/whatsapp on to this server, GET and POST, as it stands.",
);
pub(super) const WEBHOOK_BLOCKED: Known = problem(
    "webhook_blocked",
    "Have the proxy or firewall let WhatsApp's calls through without a login or a challenge.",
);
pub(super) const WEBHOOK_SECRET: Known = problem(
    "webhook_secret",
    "Start the server with the WHATSAPP_APP_SECRET that the doctor has. If it is so, something in front changes bodies.",
);
pub(super) const VERIFY_TOKEN_DIFFERS: Known =
    problem("verify_token_differs", "Start the server with the WHATSAPP_VERIFY_TOKEN that the doctor has.");
pub(super) const WEBHOOK_NOT_LOGGIN: Known = problem(
    "webhook_not_loggin",
    "Something else stands at this address: have the proxy pass /webhooks/whatsapp on.",
);
pub(super) const WEBHOOK_BODY_LIMIT: Known =
    problem("webhook_body_limit", "Have the proxy take bodies of 4 MB: `client_max_body_size 4m` in nginx.");
pub(super) const API_NOT_FOUND: Known =
    problem("api_not_found", "Have the proxy pass /api/v1/ on to this server as it stands.");
pub(super) const SERVER_OTHER_DATABASE: Known =
    problem("server_other_database", "Start the server with the LOGGIN_DATABASE_URL that the doctor has.");
pub(super) const STREAM_BUFFERED: Known = problem(
    "stream_buffered",
    "Switch buffering and compression off for /api/v1/tokens/events: docs/deploy.md shows nginx and Caddy.",
);
pub(super) const PROXY_SAYS_NOTHING: Known = problem(
    "proxy_says_nothing",
    "Have the proxy append the client's address to the header of LOGGIN_FORWARDED_HEADER: docs/deploy.md.",
);
pub(super) const PROXY_OTHER_HEADER: Known =
    problem("proxy_other_header", "Set LOGGIN_FORWARDED_HEADER to the header that the proxy writes.");
pub(super) const PROXY_UNREADABLE: Known =
    problem("proxy_unreadable", "Have the proxy write the client's address into that header, not a name.");
pub(super) const PROXY_BELIEVES_CLIENTS: Known = problem(
    "proxy_believes_clients",
    "Have the proxy append the address that it saw, or overwrite the header: now anybody can name any address.",
);
pub(super) const PROXY_NOT_TRUSTED: Known =
    problem("proxy_not_trusted", "Add the proxy's address to LOGGIN_TRUSTED_PROXIES.");
pub(super) const CHECK_TIMED_OUT: Known = warning(
    "check_timed_out",
    "Run the doctor again; if it stays so, look at this machine's load and network.",
);
