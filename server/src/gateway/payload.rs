//! What each server calls with, read into what is to be sent. Fields that are not named here are passed over.

use serde_json::{Map, Value};
use url::form_urlencoded;

use super::{Unreadable, Wanted};
use crate::{crypto::CodeText, store::GatewayKind};

/// What Kratos calls a code in the data of its templates: `verification_code` is that of a recovery too.
const KRATOS_CODES: [&str; 4] = ["login_code", "registration_code", "verification_code", "recovery_code"];

/// What ZITADEL calls a code among the arguments of its texts: it makes the first letter of each name small, also that of
/// `OTP`.
const ZITADEL_CODES: [&str; 3] = ["oTP", "otp", "code"];

/// Digits of a code that is looked for in a text.
const TEXT_DIGITS: std::ops::RangeInclusive<usize> = 4..=8;

/// The body of a call.
struct Body(Map<String, Value>);

impl Body {
    fn of_json(body: &[u8]) -> Result<Self, Unreadable> {
        serde_json::from_slice(body).map(Self).map_err(|_| Unreadable::Body)
    }

    fn of_form(body: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(body);
        Self(pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect())
    }

    /// The text at this place; none where it is empty, or anything but a text.
    fn text(&self, place: &[&str]) -> Option<&str> {
        let (last, objects) = place.split_last()?;
        let object = objects.iter().try_fold(&self.0, |object, name| object.get(*name)?.as_object())?;
        object.get(*last)?.as_str().filter(|text| !text.trim().is_empty())
    }
}

/// Reads the body of a call; `is_form` tells whether it is the fields of a form, which Keycloak's extensions can send.
///
/// # Errors
/// What is wrong with it. Nothing of it is repeated there.
pub(crate) fn read(kind: GatewayKind, body: &[u8], is_form: bool) -> Result<Wanted, Unreadable> {
    let body = match (kind, is_form) {
        (GatewayKind::Keycloak, true) => Body::of_form(body),
        (_, true) => return Err(Unreadable::Body),
        (_, false) => Body::of_json(body)?,
    };
    match kind {
        GatewayKind::Supabase => supabase(&body),
        GatewayKind::Kratos => {
            let code = KRATOS_CODES.iter().find_map(|name| body.text(&["template_data", name]));
            wanted(body.text(&["recipient"]), code)
        }
        GatewayKind::Zitadel => {
            let code = ZITADEL_CODES.iter().find_map(|name| body.text(&["args", name]));
            wanted(body.text(&["contextInfo", "recipientPhoneNumber"]), code)
        }
        GatewayKind::Authentik => wanted(body.text(&["To"]), body.text(&["Body"])),
        GatewayKind::Keycloak => keycloak(&body),
        GatewayKind::Generic => generic(&body),
    }
}

fn wanted(phone: Option<&str>, code: Option<&str>) -> Result<Wanted, Unreadable> {
    let phone = phone.ok_or(Unreadable::NoPhone)?.to_owned();
    let code = CodeText::foreign(code.ok_or(Unreadable::NoCode)?).ok_or(Unreadable::Code)?;
    Ok(Wanted { phone, region: None, code, client_ip: None })
}

/// Earlier versions do not say which number the code goes to: it is the user's, unless they are changing it.
fn supabase(body: &Body) -> Result<Wanted, Unreadable> {
    let code = body.text(&["sms", "otp"]);
    let phone = match (body.text(&["sms", "phone"]), body.text(&["user", "new_phone"])) {
        (Some(phone), _) => Some(phone),
        (None, Some(_)) => return Err(Unreadable::TwoPhones),
        (None, None) => body.text(&["user", "phone"]),
    };
    wanted(phone, code)
}

/// The extensions send a text that a person is to read, in which the code stands.
fn keycloak(body: &Body) -> Result<Wanted, Unreadable> {
    let phone = body.text(&["to"]);
    let Some(text) = body.text(&["text"]) else {
        return wanted(phone, body.text(&["code"]));
    };
    let rows = text.split(|symbol: char| !symbol.is_ascii_digit());
    let mut rows: Vec<&str> = rows.filter(|row| TEXT_DIGITS.contains(&row.len())).collect();
    rows.dedup();
    match rows[..] {
        [] => wanted(phone, None),
        [code] => wanted(phone, Some(code)),
        _ => Err(Unreadable::SeveralCodes),
    }
}

fn generic(body: &Body) -> Result<Wanted, Unreadable> {
    let wanted = wanted(body.text(&["phone"]), body.text(&["code"]))?;
    let client_ip = body.text(&["client_ip"]).map(|address| address.trim().parse()).transpose();
    let client_ip = client_ip.map_err(|_| Unreadable::ClientIp)?;
    Ok(Wanted { region: body.text(&["country_code"]).map(str::to_owned), client_ip, ..wanted })
}
