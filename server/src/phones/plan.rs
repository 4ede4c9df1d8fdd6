//! One country's numbering plan, read as Google's library reads it.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use phonenumber::{
    Metadata, Type,
    metadata::{DATABASE, Descriptor},
};
use regex::Regex;

/// Kinds of numbers that are looked for before mobile ones: where a number could be either, it is one of these.
const OTHER_KINDS: [Type; 8] = [
    Type::PremiumRate,
    Type::TollFree,
    Type::SharedCost,
    Type::Voip,
    Type::PersonalNumber,
    Type::Pager,
    Type::Uan,
    Type::Voicemail,
];

/// A country's plan.
#[derive(Clone, Copy)]
pub(super) struct Plan(&'static Metadata);

impl Plan {
    pub(super) fn of(metadata: &'static Metadata) -> Self {
        Self(metadata)
    }

    /// The plans of all countries with this code, the main one first.
    pub(super) fn of_code(code: u16) -> Option<Vec<Self>> {
        let mut plans = DATABASE.by_code(&code)?;
        plans.sort_by_key(|plan| !plan.is_main_country_for_code());
        Some(plans.into_iter().map(Self).collect())
    }

    /// What follows the digits that this country dials before a foreign number; `None` where they are not there.
    pub(super) fn dialled_abroad(self, digits: &str) -> Option<&str> {
        let prefix = pattern(self.0.international_prefix()?.as_str(), Ends::Start)?;
        let rest = &digits[prefix.find(digits)?.end()..];
        (!rest.starts_with('0')).then_some(rest)
    }

    /// A national number without what is dialled before it within the country; `None` where it is none of this plan.
    pub(super) fn significant(self, national: &str) -> Option<String> {
        let general = self.0.descriptors().general();
        let fits = |number: &str| matches(general, number);
        let stripped = self.without_prefix(national).filter(|number| {
            // A number that is whole already keeps its first digits, unless the rest is one as well.
            !number.is_empty() && (!matches_pattern(general, national) || matches_pattern(general, number))
        });
        stripped.filter(|number| fits(number)).or_else(|| fits(national).then(|| national.to_owned()))
    }

    /// A number without the country code `code`, where it is no number within the country.
    pub(super) fn without_code<'a>(self, digits: &'a str, code: &str) -> Option<&'a str> {
        let rest = digits.strip_prefix(code)?;
        (!matches_pattern(self.0.descriptors().general(), digits)).then_some(rest)
    }

    fn without_prefix(self, national: &str) -> Option<String> {
        let prefix = match self.0.national_prefix_for_parsing() {
            Some(prefix) => prefix.as_str(),
            None => self.0.national_prefix()?,
        };
        let prefix = pattern(prefix, Ends::Start)?;
        let found = prefix.captures(national)?;
        let last = found.len() - 1;
        let rest = &national[found.get(0)?.end()..];
        match self.0.national_prefix_transform_rule() {
            Some(rule) if last > 0 && found.get(last).is_some_and(|group| !group.is_empty()) => {
                let mut transformed = String::new();
                found.expand(rule, &mut transformed);
                Some(transformed + rest)
            }
            _ => Some(rest.to_owned()),
        }
    }

    /// Whether a significant number is one of this country, and not of another with the same code.
    pub(super) fn knows(self, number: &str) -> bool {
        if let Some(leading) = self.0.leading_digits() {
            return pattern(leading.as_str(), Ends::Start).is_some_and(|leading| leading.is_match(number));
        }
        let descriptors = self.0.descriptors();
        let fixed = descriptors.fixed_line().is_some_and(|kind| matches(kind, number));
        fixed || self.is_other(number) || descriptors.mobile().is_some_and(|kind| matches(kind, number))
    }

    /// Whether a significant number may be a mobile phone's.
    pub(super) fn is_mobile(self, number: &str) -> bool {
        let descriptors = self.0.descriptors();
        let fits = |kind: Option<&'static Descriptor>| kind.is_some_and(|kind| matches(kind, number));
        matches(descriptors.general(), number) && !self.is_other(number) && fits(descriptors.mobile())
    }

    fn is_other(self, number: &str) -> bool {
        let descriptors = self.0.descriptors();
        let kinds = OTHER_KINDS.iter().filter_map(|kind| descriptors.get(*kind));
        kinds.into_iter().any(|kind| matches(kind, number))
    }
}

/// Whether a number has a length and a form of this kind.
fn matches(kind: &'static Descriptor, number: &str) -> bool {
    let lengths = kind.possible_length();
    let fits = |length: &u16| usize::from(*length) == number.len();
    (lengths.is_empty() || lengths.iter().any(fits)) && matches_pattern(kind, number)
}

fn matches_pattern(kind: &'static Descriptor, number: &str) -> bool {
    pattern(kind.national_number().as_str(), Ends::Both).is_some_and(|pattern| pattern.is_match(number))
}

/// Where a pattern has to fit.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Ends {
    Both,
    Start,
}

/// Patterns that were compiled; `None` for one that does not compile.
type Compiled = HashMap<(&'static str, Ends), Option<Arc<Regex>>>;

/// A plan's pattern, which is compiled once and kept for good: there are about 2,000.
fn pattern(source: &'static str, ends: Ends) -> Option<Arc<Regex>> {
    static COMPILED: LazyLock<Mutex<Compiled>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let pattern = compiled.entry((source, ends)).or_insert_with(|| {
        let end = if ends == Ends::Both { "$" } else { "" };
        // In the plans patterns are laid out over several lines. All of them compile: a test walks them.
        let source: String = source.split_whitespace().collect();
        Regex::new(&format!("^(?:{source}){end}")).ok().map(Arc::new)
    });
    pattern.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_of_every_plan_compiles() {
        let mut compiled = 0;
        for plan in DATABASE.iter() {
            let kinds = OTHER_KINDS.iter().copied().chain([Type::FixedLine, Type::Mobile]);
            let kinds = kinds.filter_map(|kind| plan.descriptors().get(kind));
            for kind in kinds.chain([plan.descriptors().general()]) {
                assert!(pattern(kind.national_number().as_str(), Ends::Both).is_some(), "{}", plan.id());
                compiled += 1;
            }
            let prefixes =
                [plan.international_prefix(), plan.national_prefix_for_parsing(), plan.leading_digits()];
            for prefix in prefixes.into_iter().flatten() {
                assert!(pattern(prefix.as_str(), Ends::Start).is_some(), "{}", plan.id());
            }
        }
        assert!(compiled > 1_000, "{compiled}");
    }
}
