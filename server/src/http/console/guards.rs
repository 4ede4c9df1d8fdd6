//! The guards of an app's one-time codes, as fields of the page of the app.

use super::{
    error::ConsoleError,
    words::{self, Choice, Fields, field},
};
use crate::{
    administration::{CountryChange, GuardChanges, GuardView},
    store::{GuardMode, GuardSettings},
};

/// Each mode, with what it does.
const MODES: [(GuardMode, &str); 3] = [
    (GuardMode::Enforce, "Codes are refused."),
    (GuardMode::DryRun, "Codes are sent, and the log and the metrics tell what would have been refused."),
    (GuardMode::Off, "Nothing is refused or counted."),
];

/// A number that bounds something, or nothing.
pub(super) struct BoundField {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) value: String,
}

/// A country that is paused.
pub(super) struct PausedCountry {
    pub(super) country: String,
    pub(super) until: String,
}

/// All that the page shows of guards.
pub(super) struct GuardFields {
    pub(super) modes: Vec<Choice>,
    pub(super) countries: String,
    pub(super) learned: Option<String>,
    pub(super) bounds: Vec<BoundField>,
    pub(super) paused: Vec<PausedCountry>,
}

pub(super) fn guard_fields(GuardView { settings, paused }: &GuardView) -> GuardFields {
    let GuardSettings { per_day, country_per_day, conversion, client_countries, client_numbers, .. } =
        settings;
    let bound = |name, label, value: &Option<u32>| BoundField {
        name,
        label,
        value: value.map_or_else(String::new, |value| value.to_string()),
    };
    GuardFields {
        modes: MODES
            .map(|(mode, text)| Choice { value: mode.as_str(), text, is_chosen: mode == settings.mode })
            .into(),
        countries: settings.countries.to_text().replace(' ', ","),
        learned: settings.learned.as_ref().map(|learned| learned.countries.join(", ")),
        bounds: vec![
            bound("per_day", "Codes a day", per_day),
            bound("country_per_day", "Codes a day for a country", country_per_day),
            bound("conversion", "Least conversion, in percent of the usual", conversion),
            bound("client_countries", "Countries an hour for an address", client_countries),
            bound("client_numbers", "Numbers an hour for an address", client_numbers),
        ],
        paused: paused
            .iter()
            .map(|pause| PausedCountry { country: pause.country.clone(), until: words::time(pause.until) })
            .collect(),
    }
}

/// What the form says: all of it.
pub(super) fn guard_changes(fields: &Fields) -> Result<GuardChanges, ConsoleError> {
    let mode = MODES.into_iter().find(|(mode, _)| mode.as_str() == field(fields, "mode"));
    let (mode, _) = mode.ok_or_else(|| ConsoleError::Invalid("This mode is not known here.".to_owned()))?;
    let bound = |name: &str, words: &str| words::count(field(fields, name), words).map(Some);
    Ok(GuardChanges {
        mode: Some(mode),
        countries: CountryChange::Set(field(fields, "countries").to_owned()),
        per_day: bound("per_day", "codes a day")?,
        country_per_day: bound("country_per_day", "codes a day for a country")?,
        conversion: bound("conversion", "least conversion")?,
        client_countries: bound("client_countries", "countries an hour")?,
        client_numbers: bound("client_numbers", "numbers an hour")?,
    })
}
