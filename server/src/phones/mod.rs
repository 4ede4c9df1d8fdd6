//! Phone numbers as people write them: read into E.164, judged by the numbering plans, compared as WhatsApp sees them.
//!
//! The plans are Google's, as `rlibphonenumber` carries them; a test holds every region to what Google's own library
//! makes of it. Two rules are ours: `00` begins an international number also where no region is told, and an extension
//! makes a number none that a message can be sent to.

mod accounts;
mod fiction;
mod origin;
mod recipient_keys;
mod trail;

use std::fmt;

use loggin_protocol::PhoneNumber;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType, Region};

pub(crate) use accounts::{account, forms, name, same_account};
pub(crate) use origin::{DIGITS_TOLD, MASK, country, end_of, masked};
pub(crate) use recipient_keys::RecipientKeys;
pub(crate) use trail::trail_name;

/// Most characters of a number as it is written, with all its punctuation.
const MAX_CHARS: usize = 40;

/// A number that was read.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Number {
    /// As it was asked for, digits with the country code.
    pub(crate) asked: PhoneNumber,
    /// The same line in the form of today's plan, which is what is sent to: `asked` may be a form that the country has
    /// given up and WhatsApp goes on reporting.
    pub(crate) current: PhoneNumber,
}

impl fmt::Debug for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Number").finish_non_exhaustive()
    }
}

/// Reads the number of a mobile or fixed line, with its country code or as people of `region` write it among
/// themselves. WhatsApp has accounts on fixed lines too.
///
/// Without a region the country code must be there, with or without `+`. `None` where it is no such number, or there
/// is no such region.
pub(crate) fn read(text: &str, region: Option<&str>) -> Option<Number> {
    let home = match region {
        Some(region) => Some(home(region)?),
        None => None,
    };
    let (international, digits) = digits(text)?;
    let plain = match home {
        Some(home) if !international => planned(&digits, Some(home)),
        _ => planned(&format!("+{}", without_00(&digits)), None),
    };
    if let Some(current) = plain {
        return Some(Number { asked: current.clone(), current });
    }
    let asked = PhoneNumber::parse(without_00(&digits)).ok()?;
    let current = planned(&format!("+{}", accounts::today(asked.expose())?), None)?;
    Some(Number { asked, current })
}

/// Whether somebody may have this number: a plan knows it, and it is not set aside for films and examples.
pub(crate) fn may_be_somebodys(phone: &PhoneNumber) -> bool {
    if fiction::is_fictional(phone.expose()) {
        return false;
    }
    let is_planned = |digits: &str| {
        let number = PHONE_NUMBER_UTIL.parse(format!("+{digits}"), None);
        number.is_ok_and(|number| number.is_valid())
    };
    is_planned(phone.expose()) || accounts::today(phone.expose()).is_some_and(|today| is_planned(&today))
}

/// Reads the plans, which takes some milliseconds, so that the first call need not.
pub(crate) fn load() {
    // They read themselves when they are first looked at.
    let _ = PHONE_NUMBER_UTIL.get_country_code_for_region(Region::IN);
}

/// Whether this is a region such as `IN` that has a plan.
pub(crate) fn is_country(region: &str) -> bool {
    home(region).is_some()
}

/// A region such as `IN` that has a plan.
fn home(region: &str) -> Option<Region> {
    let region = Region::from_code(&region.trim().to_ascii_uppercase()).ok()?;
    PHONE_NUMBER_UTIL.get_country_code_for_region(region).map(|_| region)
}

/// The number that a plan makes of these digits, where it is one that is sent to.
fn planned(digits: &str, home: Option<Region>) -> Option<PhoneNumber> {
    let number = PHONE_NUMBER_UTIL.parse(digits, home).ok()?;
    let is_sent_to = matches!(
        number.get_type(),
        PhoneNumberType::Mobile | PhoneNumberType::FixedLine | PhoneNumberType::FixedLineOrMobile
    );
    if !is_sent_to || !number.is_valid() {
        return None;
    }
    PhoneNumber::parse(number.format_as(PhoneNumberFormat::E164).trim_start_matches('+')).ok()
}

/// No country code begins with 0: what does is the way to dial abroad, as most of the world does it.
fn without_00(digits: &str) -> &str {
    digits.strip_prefix("00").unwrap_or(digits)
}

/// The digits of a text, and whether a `+` stands before them; `None` where anything else is in it.
fn digits(text: &str) -> Option<(bool, String)> {
    if text.chars().count() > MAX_CHARS {
        return None;
    }
    let mut symbols = text.chars().filter(|symbol| !is_punctuation(*symbol)).peekable();
    let international = symbols.next_if(|symbol| matches!(symbol, '+' | '\u{FF0B}')).is_some();
    let digits: Option<String> = symbols.map(crate::crypto::digits::digit).collect();
    digits.map(|digits| (international, digits))
}

/// What people put between digits: what stands between the digits of a code too, and brackets, dots and slashes.
fn is_punctuation(symbol: char) -> bool {
    crate::crypto::digits::is_between(symbol) || matches!(symbol, '.' | '(' | ')' | '[' | ']' | '/')
}

#[cfg(test)]
mod tests;
