//! What may be kept of a number for longer than the number: the country, and so few digits that they name nobody.

use loggin_protocol::PhoneNumber;
use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};

/// Last digits of a number that lists show: ten thousand numbers of each country's operator have the same.
pub(crate) const DIGITS_TOLD: usize = 4;

/// What stands for the digits that are not shown.
pub(crate) const MASK: char = '…';

/// The country of a number, as ISO 3166 has it; none for a number that belongs to no one country.
pub(crate) fn country(phone: &PhoneNumber) -> Option<String> {
    let number = PHONE_NUMBER_UTIL.parse(format!("+{}", phone.expose()), None).ok()?;
    let region = number.get_region_code().filter(|region| *region != Region::World)?;
    Some(region.as_region_str().as_str().to_owned())
}

/// The last digits of a number.
pub(crate) fn end_of(phone: &PhoneNumber) -> &str {
    let digits = phone.expose();
    &digits[digits.len().saturating_sub(DIGITS_TOLD)..]
}

/// A number as lists show it.
pub(crate) fn masked(phone: &PhoneNumber) -> String {
    format!("{MASK}{}", end_of(phone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_country_of_its_plan() {
        let of = |digits: &str| country(&PhoneNumber::parse(digits).unwrap());
        for (digits, expected) in [
            ("919876543210", Some("IN")),
            ("4915112345678", Some("DE")),
            // One code, many countries.
            ("12025550100", Some("US")),
            ("16042345678", Some("CA")),
            ("77012345678", Some("KZ")),
            // The form that Mexico gave up.
            ("5215512345678", Some("MX")),
            // Of no country: Iridium's satellites, international freephone.
            ("881612345678", None),
            ("80012345678", None),
        ] {
            assert_eq!(of(digits).as_deref(), expected, "{digits}");
        }
    }

    #[test]
    fn of_a_number_its_last_digits_are_told() {
        assert_eq!(end_of(&PhoneNumber::parse("919876543210").unwrap()), "3210");
    }
}
