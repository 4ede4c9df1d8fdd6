//! Phone numbers as people write them: read into E.164, judged by the numbering plans, compared as WhatsApp sees them.
//!
//! The plans are Google's, as the crate `phonenumber` carries them. They are applied here, since that crate's own
//! parser reads some countries' numbers otherwise than Google's does; a test holds every country to it.

mod plan;

use loggin::PhoneNumber;
use phonenumber::metadata::DATABASE;
use phonenumber::{Metadata, country};

use plan::Plan;

/// Digits of the longest country code.
const COUNTRY_CODE_DIGITS: usize = 3;

/// Most characters of a number as it is written, with all its punctuation.
const MAX_CHARS: usize = 40;

/// Reads a number of a mobile phone, with its country code or as people of `region` write it among themselves.
///
/// Without a region the country code must be there, with or without `+`. `None` where it is no such number, or there
/// is no such region.
pub(crate) fn read_mobile(text: &str, region: Option<&str>) -> Option<PhoneNumber> {
    let home = match region {
        Some(region) => Some(home(region)?),
        None => None,
    };
    let (international, digits) = digits(text)?;
    let found = match home {
        Some(home) if !international => within(home, &digits),
        _ => abroad(&digits),
    };
    found.and_then(|digits| PhoneNumber::parse(&digits).ok())
}

/// Reads the plans, which takes a tenth of a second, so that the first call need not.
pub(crate) fn load() {
    // The database reads itself when it is first looked at.
    let _ = DATABASE.by_id("IN");
}

/// The plan of a region such as `IN`.
fn home(region: &str) -> Option<&'static Metadata> {
    let id: country::Id = region.trim().to_ascii_uppercase().parse().ok()?;
    DATABASE.by_id(id.as_ref())
}

/// The digits of a text, and whether a `+` stands before them; `None` where anything else is in it.
fn digits(text: &str) -> Option<(bool, String)> {
    if text.chars().count() > MAX_CHARS {
        return None;
    }
    let mut symbols = text.chars().filter(|symbol| !is_punctuation(*symbol)).peekable();
    let international = symbols.next_if(|symbol| matches!(symbol, '+' | '\u{FF0B}')).is_some();
    let digits: Option<String> = symbols.map(crate::digits::digit).collect();
    digits.map(|digits| (international, digits))
}

/// What people put between digits: spaces, hyphens and dashes, brackets, dots, slashes, and marks that nobody sees,
/// which come along when a number is copied.
fn is_punctuation(symbol: char) -> bool {
    symbol.is_whitespace()
        || matches!(symbol, '-' | '.' | '(' | ')' | '[' | ']' | '/' | '\u{2212}' | '\u{AD}' | '\u{2060}')
        || ('\u{2010}'..='\u{2015}').contains(&symbol)
        || ('\u{200B}'..='\u{200F}').contains(&symbol)
        || ('\u{202A}'..='\u{202E}').contains(&symbol)
        || ('\u{2066}'..='\u{2069}').contains(&symbol)
}

/// E.164 digits of a number that begins with its country code.
fn abroad(digits: &str) -> Option<String> {
    // No country code begins with 0: what does is the way to dial abroad, as most of the world does it.
    let digits = digits.strip_prefix("00").unwrap_or(digits);
    (1..=COUNTRY_CODE_DIGITS.min(digits.len())).find_map(|length| {
        let (code, national) = digits.split_at(length);
        let plans = Plan::of_code(code.parse().ok()?)?;
        mobile(code, &plans, national)
    })
}

/// E.164 digits of a number as people of this country write it, with or without the country code.
fn within(home: &'static Metadata, digits: &str) -> Option<String> {
    if let Some(rest) = Plan::of(home).dialled_abroad(digits) {
        return abroad(rest);
    }
    let code = home.country_code().to_string();
    let plans = Plan::of_code(home.country_code())?;
    let whole = mobile(&code, &[Plan::of(home)], digits).or_else(|| mobile(&code, &plans, digits));
    whole.or_else(|| mobile(&code, &plans, Plan::of(home).without_code(digits, &code)?))
}

/// E.164 digits of a national number, with or without what its country dials before it.
fn mobile(code: &str, plans: &[Plan], national: &str) -> Option<String> {
    let national = plans.iter().find_map(|plan| plan.significant(national))?;
    let first = plans.iter().find(|plan| plan.knows(&national))?;
    first.is_mobile(&national).then(|| format!("{code}{national}"))
}

/// Whether both are numbers of one WhatsApp account, as far as numbers tell.
///
/// WhatsApp goes on using forms that countries have given up: 521 for 52 in Mexico, eight digits in Brazil for the
/// nine of today, and leaves out Argentina's 9.
pub(crate) fn same_account(one: &PhoneNumber, other: &PhoneNumber) -> bool {
    account(one) == account(other)
}

/// What the forms of one account's number have in common. It is for comparing, never for sending: in Argentina it can
/// be another person's landline.
pub(crate) fn account(phone: &PhoneNumber) -> String {
    let digits = phone.expose();
    let without = |prefix: &str, mark: &str, length: usize| {
        let rest = digits.strip_prefix(prefix)?.strip_prefix(mark)?;
        (digits.len() == length).then(|| format!("{prefix}{rest}"))
    };
    let brazil = || {
        let (area, number) = digits.strip_prefix("55")?.split_at_checked(2)?;
        let rest = number.strip_prefix('9').filter(|rest| rest.len() == 8)?;
        // Below 6 it would be a landline's.
        rest.starts_with(['6', '7', '8', '9']).then(|| format!("55{area}{rest}"))
    };
    let account = without("52", "1", 13).or_else(|| without("54", "9", 13)).or_else(brazil);
    account.unwrap_or_else(|| digits.to_owned())
}

#[cfg(test)]
mod tests;
