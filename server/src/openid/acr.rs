//! How a sign-in was confirmed, as `acr` has it: a client asks for it by `acr_values`, and is told what was done.

use loggin_protocol::Confirm;

/// What stands before the word of a confirmation.
const PREFIX: &str = "urn:loggin:acr:";

/// Every `acr` that is known, from the least to the most.
pub(crate) fn all() -> [String; 4] {
    Confirm::ALL.map(acr_of)
}

/// The `acr` of a confirmation.
pub(crate) fn acr_of(confirm: Confirm) -> String {
    format!("{PREFIX}{confirm}")
}

/// What a client asks for by `acr_values`: the first that is known. Others are passed over, as the claim is voluntary.
pub(crate) fn confirm_of(acr_values: &str) -> Option<Confirm> {
    let known = |value: &str| Confirm::parse(value.strip_prefix(PREFIX)?).ok();
    acr_values.split_ascii_whitespace().find_map(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_that_is_known_is_asked_for() {
        for confirm in Confirm::ALL {
            assert_eq!(confirm_of(&acr_of(confirm)), Some(confirm));
        }
        assert_eq!(confirm_of("urn:other urn:loggin:acr:code urn:loggin:acr:none"), Some(Confirm::Code));
        for values in ["", "code", "urn:loggin:acr:", "urn:loggin:acr:CODE", "urn:loggin:acr:code,none"] {
            assert_eq!(confirm_of(values), None, "{values}");
        }
    }
}
