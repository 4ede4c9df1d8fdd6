//! Crockford base32: the alphabet of every identifier.
//!
//! Bits are taken most significant first and zero-padded at the end. Input is case-insensitive, `O` reads
//! as `0`, `I` and `L` as `1`; `U` and everything outside ASCII is invalid.

use data_encoding::Encoding;
use data_encoding_macro::new_encoding;

static CROCKFORD: Encoding = new_encoding! {
    symbols: "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
    translate_from: "abcdefghjkmnpqrstvwxyzOoIiLl",
    translate_to: "ABCDEFGHJKMNPQRSTVWXYZ001111",
};

/// The symbol in canonical form (upper case, letters read as digits), or `None` where it is none.
pub fn canonical(symbol: u8) -> Option<u8> {
    match symbol.to_ascii_uppercase() {
        b'O' => Some(b'0'),
        b'I' | b'L' => Some(b'1'),
        b'U' => None,
        other => other.is_ascii_alphanumeric().then_some(other),
    }
}

/// The symbols of some bytes, the last one padded with zero bits.
pub fn encode(bytes: &[u8]) -> String {
    CROCKFORD.encode(bytes)
}

/// Decodes symbols into exactly `N` bytes; `None` where a symbol is invalid or their number does not fit.
///
/// Left-over bits must be zero, so that each value has one spelling.
pub fn decode<const N: usize>(symbols: &[u8]) -> Option<[u8; N]> {
    if CROCKFORD.decode_len(symbols.len()).ok()? != N {
        return None;
    }
    let mut bytes = [0; N];
    CROCKFORD.decode_mut(symbols, &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn encodes_most_significant_bit_first_and_pads_with_zero() {
        assert_eq!(encode(&[0xff]), "ZW");
        assert_eq!(encode(&[0x00, 0x44, 0x32, 0x14, 0xc7]), "01234567");
    }

    #[test]
    fn reads_lower_case_and_lookalikes() {
        assert_eq!(decode::<5>(b"oOiIlL0z"), decode::<5>(b"0011110Z"));
        assert_eq!(canonical(b'l'), Some(b'1'));
    }

    #[test]
    fn refuses_what_is_no_symbol() {
        for bad in [b'U', b'u', b'-', b' ', b'@', 0x00, 0xff] {
            assert_eq!(canonical(bad), None, "{bad:#x}");
            assert_eq!(decode::<1>(&[bad, b'0']), None, "{bad:#x}");
        }
    }

    #[test]
    fn refuses_left_over_bits_and_wrong_lengths() {
        assert_eq!(decode::<1>(b"ZW"), Some([0xff]));
        assert_eq!(decode::<1>(b"ZX"), None);
        assert_eq!(decode::<1>(b"Z"), None);
        assert_eq!(decode::<1>(b"ZW0"), None);
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(bytes: [u8; 20]) {
            prop_assert_eq!(decode::<20>(encode(&bytes).as_bytes()), Some(bytes));
        }

        #[test]
        fn a_symbol_is_canonical_where_it_decodes(symbol: u8) {
            let zero_padded = decode::<5>(&[b'0', b'0', b'0', b'0', b'0', b'0', b'0', symbol]);
            let canonical = canonical(symbol).map(char::from);
            prop_assert_eq!(zero_padded.map(|bytes| encode(&bytes)), canonical.map(|last| format!("0000000{last}")));
        }
    }
}
