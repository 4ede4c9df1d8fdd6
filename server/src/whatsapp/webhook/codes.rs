//! Login codes anywhere in the text of a message.
//!
//! People edit the text before they send it, and keyboards change it: smart dashes, full-width digits, invisible
//! direction marks, no space before or after the code. So the text is reduced to a row of symbols, each of which
//! knows how it is joined to the one before, and every place where a code can begin is read. There is at most one
//! reading for each beginning, and each reading looks at 28 symbols: the work grows with the length of the text only.

use std::{collections::HashSet, fmt, ops::RangeInclusive};

use icu_properties::{
    CodePointSetData, CodePointSetDataBorrowed,
    props::{Dash, DefaultIgnorableCodePoint},
};
use loggin_protocol::{Code, base32};
use unicode_normalization::UnicodeNormalization;

/// Characters of a text that are looked at: the most that one WhatsApp text message of the Cloud API holds.
pub(super) const MAX_TEXT_CHARS: usize = 4096;

/// Most readings of one text.
///
/// A code that stands between spaces or punctuation has one reading, and those come first. More come about only
/// where letters or digits touch a code that itself has nothing between its groups: n of them make n + 1 readings, and
/// no two words of a human language reach 63. Whoever fills a message with symbols on purpose gets no more than this.
pub(super) const MAX_READINGS: usize = 64;

/// Symbols of the app key, which a code begins with.
const APP_KEY_SYMBOLS: usize = 8;

/// Symbols of a code with its app key.
const CODE_SYMBOLS: usize = APP_KEY_SYMBOLS + Code::SYMBOLS;

/// Symbols in one group of a code after the app key.
const GROUP_SYMBOLS: usize = 5;

/// Characters that Unicode counts among no dashes though they stand for one: the low modifier minus (looks like a
/// hyphen), the hyphen bullet (typed for one in lists), the heavy minus (the emoji keyboard's) and the long vowel mark
/// (at the place of the hyphen on Japanese keyboards).
const DASH_LIKE: [char; 4] = ['\u{02d7}', '\u{2043}', '\u{2796}', '\u{30fc}'];

/// The marks around interlinear annotations, which Unicode does not count as ignorable because a renderer may lay
/// the annotation out; messengers show nothing.
const ANNOTATION_MARKS: RangeInclusive<char> = '\u{fff9}'..='\u{fffb}';

/// How a symbol follows the one before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joint {
    /// Nothing stands between them.
    Touching,
    /// Only dashes and white space do, which may join the groups of a code.
    Separated,
    /// Something does that no code has inside it, or there is none before.
    Broken,
}

/// One symbol of the text, in canonical form.
#[derive(Clone, Copy)]
struct Symbol {
    byte: u8,
    joint: Joint,
}

/// A part of a text that can be read as a code, in one way or several.
///
/// Its readings overlap, each with the next, so the person wrote at most one of them; but where codes are written
/// without anything between their groups, two of them can stand in one place. Whoever acts on a reading has to make sure
/// that no other one, in this place or another, is a code of somebody's login as well.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Place {
    readings: Vec<Code>,
}

impl Place {
    /// The readings, of which there is at least one and each is another: those that stand free come before those that
    /// letters or digits touch.
    pub(crate) fn into_readings(self) -> Vec<Code> {
        self.readings
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Place").field("readings", &self.readings.len()).finish()
    }
}

/// The code that begins at a symbol, and at how many of its ends further symbols touch it.
struct Reading {
    start: usize,
    touching_ends: usize,
    code: Code,
}

/// Every place of the text that can be read as a code, the one whose code stands most free first.
///
/// A code within the first 4,096 characters is among the readings, whatever surrounds it, as long as no more than
/// [`MAX_READINGS`] come before it in that order. Places with the same readings are one: people paste a text twice.
pub(crate) fn find_places(text: &str) -> Vec<Place> {
    let symbols = symbols(text);
    let readings: Vec<Reading> = (0..symbols.len())
        .filter_map(|start| {
            let code = reading(&symbols, start)?;
            Some(Reading { start, touching_ends: touching_ends(&symbols, start), code })
        })
        .collect();
    let mut seen = HashSet::new();
    let runs = readings
        .chunk_by(|one, next| next.start - one.start < CODE_SYMBOLS)
        .map(ranked)
        .filter(|run| seen.insert(run.iter().map(|&(_, code)| code).collect::<Vec<_>>()));
    let mut ranked: Vec<(usize, usize, Code)> = runs
        .enumerate()
        .flat_map(|(run, readings)| readings.into_iter().map(move |(ends, code)| (ends, run, code)))
        .collect();
    // Stable: among equals the order of the text stays.
    ranked.sort_by_key(|&(touching_ends, ..)| touching_ends);
    let mut places: Vec<(usize, Place)> = Vec::new();
    for (_, run, code) in ranked.into_iter().take(MAX_READINGS) {
        match places.iter_mut().find(|(known, _)| *known == run) {
            Some((_, place)) => place.readings.push(code),
            None => places.push((run, Place { readings: vec![code] })),
        }
    }
    places.into_iter().map(|(_, place)| place).collect()
}

/// The distinct codes of readings that overlap, those that stand free first.
fn ranked(run: &[Reading]) -> Vec<(usize, Code)> {
    let mut readings: Vec<(usize, Code)> =
        run.iter().map(|reading| (reading.touching_ends, reading.code)).collect();
    readings.sort_by_key(|&(touching_ends, _)| touching_ends);
    let mut seen = HashSet::new();
    readings.retain(|&(_, code)| seen.insert(code));
    readings
}

/// The text as a row of symbols.
fn symbols(text: &str) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    let mut joint = Joint::Broken;
    let characters = text.chars().take(MAX_TEXT_CHARS).nfkc().flat_map(char::to_uppercase);
    for character in characters {
        if is_invisible(character) {
            continue;
        }
        match u8::try_from(character).ok().and_then(base32::canonical) {
            Some(byte) => {
                symbols.push(Symbol { byte, joint });
                joint = Joint::Touching;
            }
            None if is_separator(character) && joint != Joint::Broken => joint = Joint::Separated,
            None => joint = Joint::Broken,
        }
    }
    symbols
}

/// The code that begins at this symbol, if one does.
fn reading(symbols: &[Symbol], start: usize) -> Option<Code> {
    let window: &[Symbol; CODE_SYMBOLS] = symbols.get(start..)?.first_chunk()?;
    let joined = window.iter().enumerate().skip(1).all(|(position, symbol)| match symbol.joint {
        Joint::Touching => true,
        Joint::Separated => begins_group(position),
        Joint::Broken => false,
    });
    if !joined {
        return None;
    }
    let bytes = window.map(|symbol| symbol.byte);
    let (app_key, rest) = bytes.split_at(APP_KEY_SYMBOLS);
    Code::from_symbols(app_key, rest)
}

/// Whether a group of a code begins at this position of it.
fn begins_group(position: usize) -> bool {
    position
        .checked_sub(APP_KEY_SYMBOLS)
        .is_some_and(|after_app_key| after_app_key.is_multiple_of(GROUP_SYMBOLS))
}

/// At how many of its two ends a further symbol touches the code that begins here.
fn touching_ends(symbols: &[Symbol], start: usize) -> usize {
    [start, start + CODE_SYMBOLS]
        .into_iter()
        .filter_map(|position| symbols.get(position))
        .filter(|symbol| symbol.joint == Joint::Touching)
        .count()
}

/// Whether a character joins the groups of a code: a dash of any script, white space or a line break.
fn is_separator(character: char) -> bool {
    character.is_whitespace() || is_dash(character)
}

/// Unicode's `Dash` property, and what keyboards write in place of a hyphen.
fn is_dash(character: char) -> bool {
    const DASH: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<Dash>();
    DASH.contains(character) || DASH_LIKE.contains(&character)
}

/// Unicode's `Default_Ignorable_Code_Point` property (soft hyphen, zero-width and direction marks, variation
/// selectors, byte order mark, tags), and other characters that nobody sees: they join nothing.
fn is_invisible(character: char) -> bool {
    const IGNORABLE: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    IGNORABLE.contains(character) || ANNOTATION_MARKS.contains(&character)
}

#[cfg(test)]
mod tests;
