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
    assert!(vectors.len() > 10_000);
    let mut wrong = Vec::new();
    for vector in &vectors {
        let [text, region, expected] = [0, 1, 2].map(|index| vector[index].as_str());
        let read = read_mobile(text.unwrap(), region).ok();
        let read = read.as_ref().map(PhoneNumber::expose);
        if read != expected {
            wrong.push(format!("{text:?} {region:?}: {read:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}
