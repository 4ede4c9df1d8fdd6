//! Every region's numbers, as Google's library reads them, and the forms of one account's number.

use serde_json::Value;

use super::*;

fn phone(digits: &str) -> PhoneNumber {
    PhoneNumber::parse(digits).unwrap()
}

/// What `server/tests/phones/oracle.py` wrote down.
const VECTORS: &str = include_str!("../../tests/phones/vectors.json");

#[test]
fn every_region_is_read_as_the_oracle_reads_it() {
    let vectors: Vec<Vec<Value>> = serde_json::from_str(VECTORS).unwrap();
    assert!(vectors.len() > 5_000);
    let mut wrong = Vec::new();
    for vector in &vectors {
        let [text, region, expected] = [0, 1, 2].map(|index| vector[index].as_str());
        let read = read_mobile(text.unwrap(), region);
        let read = read.as_ref().map(PhoneNumber::expose);
        if read != expected {
            wrong.push(format!("{text:?} {region:?}: {read:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}

#[test]
fn forms_of_one_accounts_number_are_the_same() {
    let same = |one: &str, other: &str| {
        assert_eq!(same_account(&phone(one), &phone(other)), same_account(&phone(other), &phone(one)));
        same_account(&phone(one), &phone(other))
    };
    for (one, other) in [
        ("525512345678", "5215512345678"),
        ("5491123456789", "541123456789"),
        ("5511987654321", "551187654321"),
        ("5531976543210", "553176543210"),
        ("919876543210", "919876543210"),
    ] {
        assert!(same(one, other), "{one} {other}");
    }
    for (one, other) in [
        ("919876543210", "919876543211"),
        // The ninth digit is added to mobile numbers only: below 6 it is a landline.
        ("5511932345678", "551132345678"),
        ("5511987654321", "5521987654321"),
        ("521551234567", "52551234567"),
        ("549112345678", "54112345678"),
        ("15212345678", "1512345678"),
    ] {
        assert!(!same(one, other), "{one} {other}");
    }
}

#[test]
fn numbers_are_read_with_whatever_stands_between_the_digits() {
    for text in [
        "+91 98765-43210",
        "\u{FF0B}91 (98765) 43210",
        "\u{202A}+91 98765 43210\u{202C}",
        "+٩١٩٨٧٦٥٤٣٢١٠",
        "0091 98765 43210",
    ] {
        assert_eq!(read_mobile(text, None), Some(phone("919876543210")), "{text:?}");
    }
    for text in ["", "+", "98765 43210", "+91 98765 43210 ext. 7", "+91 98765 4321O", &"9".repeat(400)] {
        assert_eq!(read_mobile(text, None), None, "{text:?}");
    }
    assert_eq!(read_mobile("098765 43210", Some(" in ")), Some(phone("919876543210")));
    for region in ["", "XX", "India", "+91", "001"] {
        assert_eq!(read_mobile("098765 43210", Some(region)), None, "{region}");
    }
}
