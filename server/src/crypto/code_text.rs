//! A code as it is sent to a phone: digits that were made here, or what another server made.

use std::fmt;

use super::Digits;

/// Characters that a code of another server may have: fewer are guessed at once, and WhatsApp's templates take no more.
const FOREIGN_CHARS: std::ops::RangeInclusive<usize> = 4..=15;

/// A code as it is sent; it redacts itself.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CodeText(String);

impl CodeText {
    /// Reads the code of another server: 4 to 15 Latin letters and digits, with white space around them left out; `None`
    /// where it is anything else. A person has to type what the button copies, so that nothing is changed in it.
    pub(crate) fn foreign(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_one =
            FOREIGN_CHARS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_one.then(|| Self(text.to_owned()))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&Digits> for CodeText {
    fn from(digits: &Digits) -> Self {
        Self(digits.expose().to_owned())
    }
}

impl fmt::Debug for CodeText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CodeText(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_another_server_is_what_a_template_takes() {
        for (text, read) in [
            ("123456", "123456"),
            (" 0M53RF\n", "0M53RF"),
            ("1234", "1234"),
            ("a1B2c3D4e5F6g7H", "a1B2c3D4e5F6g7H"),
        ] {
            assert_eq!(CodeText::foreign(text).unwrap().expose(), read);
        }
        for text in ["", "123", "a1B2c3D4e5F6g7H8", "123 456", "123-456", "١٢٣٤٥٦", "code: 1", "12345é"]
        {
            assert_eq!(CodeText::foreign(text), None, "{text}");
        }
        assert_eq!(format!("{:?}", CodeText::foreign("123456")), "Some(CodeText(<redacted>))");
    }
}
