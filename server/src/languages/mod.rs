//! The languages that people are written to in, and how one is chosen.
//!
//! The texts are a table of plain constants: a language that lacks a text does not compile, and none needs plural forms or
//! formats, which a translation system would be for.

mod pages;
mod texts;

use std::sync::LazyLock;

use icu_properties::{CodePointSetData, props::Alphabetic};
use unicode_normalization::UnicodeNormalization;

pub(crate) use pages::PageTexts;
use texts::Texts;

/// Most ranges of an `Accept-Language` header that are looked at: browsers send a handful.
const MAX_RANGES: usize = 20;

/// Keeps what stands between it and its end together, in a direction of its own.
const ISOLATE: char = '\u{2068}';
const ISOLATE_END: char = '\u{2069}';

/// A language that people are written to in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    Arabic,
    Bengali,
    German,
    #[default]
    English,
    Spanish,
    French,
    Hindi,
    Indonesian,
    Italian,
    Portuguese,
    Turkish,
    Urdu,
}

/// Each language with the tag that names it.
const ALL: [(Language, &str); 12] = [
    (Language::Arabic, "ar"),
    (Language::Bengali, "bn"),
    (Language::German, "de"),
    (Language::English, "en"),
    (Language::Spanish, "es"),
    (Language::French, "fr"),
    (Language::Hindi, "hi"),
    (Language::Indonesian, "id"),
    (Language::Italian, "it"),
    (Language::Portuguese, "pt"),
    (Language::Turkish, "tr"),
    (Language::Urdu, "ur"),
];

/// What the code of Indonesian was until 1989; Java, and web views of Android with it, still send it.
const OLD_INDONESIAN: &str = "in";

impl Language {
    /// The language of a BCP 47 tag, whatever script and region it names; `None` where there are no texts in it.
    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        let primary = if primary.eq_ignore_ascii_case(OLD_INDONESIAN) { "id" } else { primary };
        let found = ALL.iter().find(|(_, known)| known.eq_ignore_ascii_case(primary));
        found.map(|(language, _)| *language)
    }

    /// The most preferred language of an `Accept-Language` header that there are texts in.
    pub(crate) fn accepted(header: &str) -> Option<Self> {
        let mut ranges: Vec<(f32, Self)> = header.split(',').take(MAX_RANGES).filter_map(range).collect();
        // A stable sort: of equals, the first counts.
        ranges.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        ranges.first().map(|(_, language)| *language)
    }

    /// The language of a message, by the sentences that links give it; people may have changed the rest.
    pub(crate) fn of_message(text: &str) -> Option<Self> {
        static SENTENCES: LazyLock<Vec<(Language, String)>> = LazyLock::new(sentences);
        let text = letters(text);
        let found = SENTENCES.iter().find(|(_, sentence)| text.contains(sentence.as_str()));
        found.map(|(language, _)| *language)
    }

    /// The tag that names it.
    pub(crate) fn tag(self) -> &'static str {
        ALL.iter().find(|(language, _)| *language == self).map_or("en", |(_, tag)| *tag)
    }

    /// The message of a link, with `{code}` in it once.
    pub(crate) fn message(self) -> &'static str {
        self.texts().message
    }

    /// Asks for the phone number.
    pub(crate) fn share_phone(self, app: &str) -> String {
        self.fill(self.texts().share_phone, &[("app", app)])
    }

    /// Gives the digits to type where the login began.
    pub(crate) fn confirmation(self, digits: &str, app: &str) -> String {
        self.fill(self.texts().confirmation, &[("digits", digits), ("app", app)])
    }

    /// Says what the link below it is for.
    pub(crate) fn open_here(self) -> &'static str {
        self.texts().open_here
    }

    /// Gives rows of digits to choose from.
    pub(crate) fn choose(self, app: &str) -> String {
        self.fill(self.texts().choose, &[("app", app)])
    }

    /// Says what page asks for a sign-in.
    pub(crate) fn asked(self, who: &str) -> String {
        self.fill(self.texts().asked, &[("who", who)])
    }

    /// Tells of a sign-in.
    pub(crate) fn signed_in(self, app: &str, time: &str) -> String {
        self.fill(self.texts().signed_in, &[("app", app), ("time", time)])
    }

    /// The title of the button that denies it.
    pub(crate) fn not_me(self) -> &'static str {
        self.texts().not_me
    }

    fn is_right_to_left(self) -> bool {
        matches!(self, Self::Arabic | Self::Urdu)
    }

    fn texts(self) -> &'static Texts {
        match self {
            Self::Arabic => &texts::ARABIC,
            Self::Bengali => &texts::BENGALI,
            Self::German => &texts::GERMAN,
            Self::English => &texts::ENGLISH,
            Self::Spanish => &texts::SPANISH,
            Self::French => &texts::FRENCH,
            Self::Hindi => &texts::HINDI,
            Self::Indonesian => &texts::INDONESIAN,
            Self::Italian => &texts::ITALIAN,
            Self::Portuguese => &texts::PORTUGUESE,
            Self::Turkish => &texts::TURKISH,
            Self::Urdu => &texts::URDU,
        }
    }

    /// A text with its values, each put in as it is: what looks like a placeholder in one is none.
    fn fill(self, text: &str, values: &[(&str, &str)]) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, name, after)) = placeholder(rest) {
            filled.push_str(before);
            let value = values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value);
            if self.is_right_to_left() {
                filled.extend([ISOLATE]);
                filled.push_str(value);
                filled.extend([ISOLATE_END]);
            } else {
                filled.push_str(value);
            }
            rest = after;
        }
        filled + rest
    }
}

/// What stands before the first placeholder of a text, its name, and what follows it.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// One range of an `Accept-Language` header: its weight, and its language where there are texts in it.
fn range(text: &str) -> Option<(f32, Language)> {
    let (tag, parameters) = text.split_once(';').unwrap_or((text, ""));
    let weight = parameters.trim().strip_prefix("q=");
    let weight = weight.map_or(Some(1.0), |weight| weight.trim().parse::<f32>().ok())?;
    let language = Language::of_tag(tag)?;
    (weight > 0.0 && weight <= 1.0).then_some((weight, language))
}

/// The sentences that each language's message begins with, up to the one with the code.
fn sentences() -> Vec<(Language, String)> {
    let of = |language: Language| {
        let (before, _) =
            language.message().split_once(loggin_protocol::link::CODE_PLACEHOLDER).unwrap_or_default();
        let mut sentences: Vec<String> = before.split(['.', '।', '۔']).map(letters).collect();
        // The last is the word for the code, which many languages share.
        sentences.pop();
        sentences.into_iter().map(move |sentence| (language, sentence))
    };
    ALL.iter().flat_map(|(language, _)| of(*language)).collect()
}

/// The letters of a text, and nothing that keyboards change between them.
fn letters(text: &str) -> String {
    let alphabetic = CodePointSetData::new::<Alphabetic>();
    let folded = text.nfkc().flat_map(char::to_lowercase);
    // Capitals do not tell the dotless letter of Turkish from the other.
    let folded = folded.map(|symbol| if symbol == 'ı' { 'i' } else { symbol });
    folded.filter(|symbol| alphabetic.contains(*symbol)).collect()
}

#[cfg(test)]
mod tests;
