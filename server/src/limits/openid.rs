//! Bounds of the OpenID issuer.

use std::time::Duration;

/// Clients of an app: one for each program that people sign in to by it.
pub(crate) const OPENID_CLIENTS_PER_APP: u32 = 100;

/// Addresses of one kind that a client has: some for each of its environments.
pub(crate) const OPENID_URIS: usize = 50;

/// Bytes of such an address: what browsers and proxies take without doubt.
pub(crate) const OPENID_URI_BYTES: usize = 2_000;

/// Bytes of one parameter of a request. Some clients keep all that they know in `state`.
pub(crate) const OPENID_PARAMETER_BYTES: usize = 4 << 10;

/// Parameters of a request, those that mean nothing here among them.
pub(crate) const OPENID_PARAMETERS: usize = 64;

/// Bytes of a form that is posted: the parameters of a request, with the longest of them.
pub(crate) const OPENID_FORM: usize = 8 << 10;

/// Languages of a request that are kept: people read a few.
pub(crate) const OPENID_LOCALES: usize = 8;

/// Bytes of a hint who is to sign in that is kept: a number, or an address.
pub(crate) const OPENID_HINT_BYTES: usize = 256;

/// How long a request waits for a person: longer than a login, which may begin anew.
pub(crate) const OPENID_REQUEST_VALID: Duration = Duration::from_mins(10);

/// How long a request that was pushed waits for its browser: RFC 9126 has it short.
pub(crate) const OPENID_PUSHED_VALID: Duration = Duration::from_secs(90);

/// How long a code is good: it is redeemed at once.
pub(crate) const OPENID_CODE_VALID: Duration = Duration::from_mins(1);

/// How long an access token is good.
pub(crate) const OPENID_ACCESS_VALID: Duration = Duration::from_hours(1);

/// How long an ID token is good: it is looked at once, and may be so again as a hint after that.
pub(crate) const OPENID_ID_TOKEN_VALID: Duration = Duration::from_hours(1);

/// How long a refresh token is good that is not used.
pub(crate) const OPENID_REFRESH_VALID: Duration = Duration::from_hours(30 * 24);

/// How long the refresh tokens of one sign-in are good together: then people sign in again.
pub(crate) const OPENID_REFRESH_LONGEST: Duration = Duration::from_hours(180 * 24);

/// How much longer ago than a client accepts somebody may have signed in: clocks of servers differ.
pub(crate) const OPENID_MAX_AGE_SLACK: Duration = Duration::from_secs(5);

/// How long a key signs.
pub(crate) const OPENID_KEY_SIGNS: Duration = Duration::from_hours(90 * 24);

/// How long a key is published before it signs: longer than anybody keeps the list of keys.
pub(crate) const OPENID_KEY_AHEAD: Duration = Duration::from_hours(48);

/// How long a key is published after it signed last: longer than what it signed is good.
pub(crate) const OPENID_KEY_KEPT: Duration = Duration::from_hours(48);

/// How long the list of keys may be kept, in seconds.
pub(crate) const OPENID_KEYS_CACHED: u32 = 3_600;

/// Calls of one address in a minute that show no client's secret, or a wrong one: browsers that are led here, and devices. An
/// office behind one address fits.
pub(crate) const OPENID_CALLS_PER_ADDRESS: u32 = 300;

/// How long a device waits for its person.
pub(crate) const OPENID_DEVICE_VALID: Duration = Duration::from_mins(10);

/// From one question of a device to the next; as much is added where it does not keep to that (RFC 8628).
pub(crate) const OPENID_DEVICE_PAUSE: Duration = Duration::from_secs(5);

/// How often what is over is forgotten, and keys are looked after.
pub(crate) const OPENID_LOOK: Duration = Duration::from_mins(1);
