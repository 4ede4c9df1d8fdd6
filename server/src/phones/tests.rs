//! Every region's numbers, as Google's library reads them, and the forms of one account's number.

use serde_json::Value;

use super::*;

fn phone(digits: &str) -> PhoneNumber {
    PhoneNumber::parse(digits).unwrap()
}

/// The number as it was asked for, and what is sent to.
fn forms(text: &str, region: Option<&str>) -> Option<(String, String)> {
    let number = read(text, region)?;
    Some((number.asked.expose().to_owned(), number.current.expose().to_owned()))
}

/// What `server/tests/phones/oracle.py` wrote down.
const VECTORS: &str = include_str!("../../tests/phones/vectors.json");

#[test]
fn every_region_is_read_as_the_oracle_reads_it() {
    let vectors: Vec<Vec<Value>> = serde_json::from_str(VECTORS).unwrap();
    assert!(vectors.len() > 7_000);
    let mut wrong = Vec::new();
    for vector in &vectors {
        let [text, region, expected] = [0, 1, 2].map(|index| vector[index].as_str());
        // The oracle knows nothing of forms that WhatsApp alone goes on using.
        let read = forms(text.unwrap(), region).filter(|(asked, current)| asked == current);
        let read = read.as_ref().map(|(asked, _)| asked.as_str());
        if read != expected {
            wrong.push(format!("{text:?} {region:?}: {read:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}

/// Each account as a link login reports it, and its number as people type it today.
#[test]
fn what_whatsapp_reports_is_read_as_the_account_that_it_names() {
    let cases = [
        ("IN", "919876543210", "+91 98765 43210"),
        ("MX", "5215512345678", "+52 55 1234 5678"),
        ("BR", "553188887777", "+55 31 98888-7777"),
        ("BJ", "22997123456", "+229 01 97 12 34 56"),
        ("CI", "22507123456", "+225 07 07 12 34 56"),
        ("CI", "22544123456", "+225 05 44 12 34 56"),
        ("CI", "22501123456", "+225 01 01 12 34 56"),
    ];
    for (region, reported, typed) in cases {
        let (today, sent_to) = forms(typed, None).unwrap();
        assert_eq!(today, sent_to, "{reported}");
        for text in [format!("+{reported}"), reported.to_owned(), format!("00{reported}")] {
            assert_eq!(forms(&text, None), Some((reported.to_owned(), today.clone())), "{text}");
        }
        let (asked, current) = forms(reported, Some(region)).unwrap();
        assert_eq!((asked.as_str(), current.as_str()), (reported, today.as_str()));
        let (reported, today) = (phone(reported), phone(&today));
        assert_eq!(account(&reported), account(&today));
        assert!(same_account(&reported, &today) && same_account(&today, &reported));
    }
    // In Argentina the short form is a number of its own, and sent to as it is.
    let short = "541123456789".to_owned();
    assert_eq!(forms("+541123456789", None), Some((short.clone(), short)));
    let (short, long) = (phone("541123456789"), phone("5491123456789"));
    assert_eq!(account(&short), account(&long));
    assert!(same_account(&long, &short) && !same_account(&short, &long));
}

#[test]
fn forms_of_one_accounts_number_are_the_same() {
    for (one, other) in [
        ("525512345678", "5215512345678"),
        ("5511987654321", "551187654321"),
        ("5531976543210", "553176543210"),
        ("24166031234", "24106031234"),
        ("24166031234", "2416031234"),
        ("24177123456", "24107123456"),
        ("24111123456", "24101123456"),
        ("919876543210", "919876543210"),
    ] {
        let (one, other) = (phone(one), phone(other));
        assert!(same_account(&one, &other) && same_account(&other, &one), "{one:?} {other:?}");
    }
    for (one, other) in [
        ("919876543210", "919876543211"),
        // The ninth digit is added to mobile numbers only: below 6 it is a fixed line.
        ("5511932345678", "551132345678"),
        ("5511987654321", "5521987654321"),
        ("521551234567", "52551234567"),
        ("549112345678", "54112345678"),
        ("15212345678", "1512345678"),
        // Two operators' lines, which end in the same digits.
        ("2250507123456", "22507123456"),
        ("22527202123", "2252720212345"),
        ("24166031234", "24176031234"),
        ("24103031234", "24163031234"),
        ("22997123456", "22901971234"),
        // Ends in the same digits, as many numbers of other lines do.
        ("4915112345678", "495112345678"),
    ] {
        assert!(!same_account(&phone(one), &phone(other)), "{one} {other}");
        assert!(!same_account(&phone(other), &phone(one)), "{other} {one}");
    }
}

#[test]
fn numbers_are_read_with_whatever_stands_between_the_digits() {
    for text in [
        "+91 98765-43210",
        "\u{FF0B}91 (98765) 43210",
        "\u{202A}+91 98765 43210\u{202C}",
        "+٩١٩٨٧٦٥٤٣٢١٠",
        "+९१ ९८७६५ ४३२१०",
        "+๙๑ ๙๘๗๖๕ ๔๓๒๑๐",
        "0091 98765 43210",
    ] {
        assert_eq!(read(text, None).map(|number| number.asked), Some(phone("919876543210")), "{text:?}");
    }
    for text in ["", "+", "98765 43210", "+91 98765 43210 ext. 7", "+91 98765 4321O", &"9".repeat(400)] {
        assert_eq!(read(text, None), None, "{text:?}");
    }
    assert_eq!(forms("098765 43210", Some(" in ")).unwrap().0, "919876543210");
    for region in ["", "XX", "India", "+91", "001"] {
        assert_eq!(read("098765 43210", Some(region)), None, "{region}");
    }
}

#[test]
fn fixed_lines_are_sent_to_and_numbers_that_cost_are_not() {
    assert_eq!(forms("+49 30 901820", None).unwrap().1, "4930901820");
    for text in ["+1 800 253 0000", "+1 900 253 0000", "+44 909 879 0000", "+91 1800 123 456"] {
        assert_eq!(read(text, None), None, "{text}");
    }
}

#[test]
fn a_number_that_somebody_may_have_is_told_from_one_that_nobody_has() {
    for digits in ["919876543210", "4930901820", "5215512345678", "22997123456", "18002530000", "12025550200"]
    {
        assert!(may_be_somebodys(&phone(digits)), "{digits}");
    }
    for digits in [
        "15550001111",
        "12025550100",
        "12025550199",
        "447700900123",
        "442079460123",
        "61491570156",
        "33639981234",
        "99999999999",
        "00000000000",
    ] {
        assert!(!may_be_somebodys(&phone(digits)), "{digits}");
    }
}
