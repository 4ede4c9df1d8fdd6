//! Crockford base32: the alphabet of every identifier.
//!
//! Bits are taken most significant first and zero-padded at the end. Input is case-insensitive, `O` reads
//! as `0`, `I` and `L` as `1`; `U` and everything outside ASCII is invalid.

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Bits that one symbol carries.
const BITS: u32 = 5;

/// The value (0 to 31) that an input symbol stands for.
fn value(symbol: u8) -> Option<u8> {
    let upper = match symbol.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    ALPHABET.iter().position(|&s| s == upper).and_then(|position| u8::try_from(position).ok())
}

/// The symbol in canonical form (upper case, letters read as digits), or `None` where it is none.
pub fn canonical(symbol: u8) -> Option<u8> {
    value(symbol).map(|value| ALPHABET[usize::from(value)])
}

/// Encodes as many whole symbols as `out` has room for; missing bits are zero.
pub fn encode(bytes: &[u8], out: &mut [u8]) {
    let mut input = bytes.iter();
    let (mut buffer, mut held) = (0_u32, 0_u32);
    for symbol in out {
        if held < BITS {
            buffer = (buffer << 8) | u32::from(input.next().copied().unwrap_or(0));
            held += 8;
        }
        held -= BITS;
        *symbol = ALPHABET[((buffer >> held) & 31) as usize];
    }
}

/// Decodes symbols into exactly `N` bytes; `None` where a symbol is invalid or their number does not fit.
///
/// Left-over bits must be zero, so that each value has one spelling.
pub fn decode<const N: usize>(symbols: &[u8]) -> Option<[u8; N]> {
    if symbols.len() != (N * 8).div_ceil(BITS as usize) {
        return None;
    }
    let mut out = [0; N];
    let mut filled = 0;
    let (mut buffer, mut held) = (0_u32, 0_u32);
    for &symbol in symbols {
        buffer = (buffer << BITS) | u32::from(value(symbol)?);
        held += BITS;
        if held >= 8 {
            held -= 8;
            out[filled] = u8::try_from((buffer >> held) & 0xff).ok()?;
            filled += 1;
        }
    }
    let left_over = buffer & ((1 << held) - 1);
    (left_over == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded<const SYMBOLS: usize>(bytes: &[u8]) -> String {
        let mut out = [0; SYMBOLS];
        encode(bytes, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn encodes_most_significant_bit_first_and_pads_with_zero() {
        assert_eq!(encoded::<2>(&[0xff]), "ZW");
        assert_eq!(encoded::<8>(&[0x00, 0x44, 0x32, 0x14, 0xc7]), "01234567");
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
            prop_assert_eq!(decode::<20>(encoded::<32>(&bytes).as_bytes()), Some(bytes));
        }
    }
}
