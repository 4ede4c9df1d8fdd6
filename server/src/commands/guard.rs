//! `loggin-server guard …`: what guards an app's one-time codes against being asked for to cost money.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::{
    administrator::{self, Administrator},
    output::{moment, print_line},
    run::RunError,
};
use crate::{
    administration::{CountryChange, GuardChanges, GuardView},
    limits,
    store::{Countries, GuardMode, GuardSettings, Location},
};

/// What is done to an app's guards.
#[derive(Debug, Subcommand)]
pub(crate) enum GuardCommand {
    /// Show what they are set to, what they learned, and which countries are paused.
    Show {
        /// The app.
        app_key: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Change what is named, and nothing else.
    Set {
        /// The app.
        app_key: String,
        /// Print JSON of what they are set to then.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// End the pause of a country.
    Resume {
        /// The app.
        app_key: String,
        /// The country, two letters of ISO 3166.
        country: String,
    },
}

/// What is set. `none` takes a bound away.
#[derive(Clone, Debug, Args)]
pub(crate) struct ChangeArgs {
    /// Whether codes are refused, or only told of.
    #[arg(long)]
    mode: Option<ModeArg>,
    /// Countries that codes go to: `auto` learns them of the first verified logins, `any`, or a list such as IN,DE.
    #[arg(long, value_name = "COUNTRIES")]
    countries: Option<String>,
    /// Add a country to those that are listed or were learned, which are a list from then on; may be repeated.
    #[arg(long, value_name = "COUNTRY", conflicts_with = "countries")]
    add_country: Vec<String>,
    /// Codes in a day, in UTC.
    #[arg(long, value_name = "CODES")]
    per_day: Option<Bound>,
    /// Codes in a day for each country.
    #[arg(long, value_name = "CODES")]
    country_per_day: Option<Bound>,
    /// Pause a country, or a range of numbers, of which less than so much of the usual part is typed, in percent.
    #[arg(long, value_name = "PERCENT")]
    conversion: Option<Bound>,
    /// Countries that one `client_ip` may ask for in an hour without a code being typed.
    #[arg(long, value_name = "COUNTRIES")]
    client_countries: Option<Bound>,
    /// Numbers that one `client_ip` may ask for in an hour without a code being typed.
    #[arg(long, value_name = "NUMBERS")]
    client_numbers: Option<Bound>,
}

/// See [`GuardMode`].
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ModeArg {
    /// Refuse.
    Enforce,
    /// Send, and tell what would be refused.
    #[value(name = "dry_run", alias = "dry-run")]
    DryRun,
    /// Do nothing, and count nothing.
    Off,
}

impl From<ModeArg> for GuardMode {
    fn from(argument: ModeArg) -> Self {
        match argument {
            ModeArg::Enforce => Self::Enforce,
            ModeArg::DryRun => Self::DryRun,
            ModeArg::Off => Self::Off,
        }
    }
}

/// A number, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound(Option<u32>);

impl std::str::FromStr for Bound {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self(None));
        }
        text.parse().map(|number| Self(Some(number))).map_err(|_| "must be a number, or `none`")
    }
}

impl From<ChangeArgs> for GuardChanges {
    fn from(change: ChangeArgs) -> Self {
        let bound = |given: Option<Bound>| given.map(|Bound(given)| given);
        Self {
            mode: change.mode.map(GuardMode::from),
            countries: change.countries.map_or(CountryChange::Add(change.add_country), CountryChange::Set),
            per_day: bound(change.per_day),
            country_per_day: bound(change.country_per_day),
            conversion: bound(change.conversion),
            client_countries: bound(change.client_countries),
            client_numbers: bound(change.client_numbers),
        }
    }
}

/// Carries out one command on this database.
pub(super) async fn run(database: &Location, command: GuardCommand) -> Result<(), RunError> {
    let user = Administrator::of(database).await?;
    let done = carry_out(&user, command).await;
    user.close().await;
    done
}

async fn carry_out(user: &Administrator, command: GuardCommand) -> Result<(), RunError> {
    let (administration, actor) = (&user.administration, &user.actor);
    match command {
        GuardCommand::Show { app_key, json } => {
            let view = administration.guards(actor, administrator::app_key(&app_key)?).await?;
            show(&view, json)
        }
        GuardCommand::Set { app_key, json, change } => {
            let (app_key, changes) = (administrator::app_key(&app_key)?, GuardChanges::from(change));
            administration.set_guards(actor, app_key, &changes).await?;
            if json { show(&administration.guards(actor, app_key).await?, true) } else { Ok(()) }
        }
        GuardCommand::Resume { app_key, country } => {
            Ok(administration.resume_country(actor, administrator::app_key(&app_key)?, &country).await?)
        }
    }
}

fn show(view: &GuardView, json: bool) -> Result<(), RunError> {
    let shown = as_json(view);
    if json {
        return print_line(&shown.to_string());
    }
    for (name, value) in shown.as_object().into_iter().flatten() {
        let value = match value {
            Value::Null => "none".to_owned(),
            Value::String(text) => text.clone(),
            Value::Array(values) => values.iter().map(in_line).collect::<Vec<_>>().join(" "),
            other => other.to_string(),
        };
        print_line(format!("{name:24}{value}").trim_end())?;
    }
    Ok(())
}

fn in_line(value: &Value) -> String {
    match (value["country"].as_str(), value["until"].as_str()) {
        (Some(country), Some(until)) => format!("{country} until {until}"),
        _ => value.as_str().unwrap_or_default().to_owned(),
    }
}

/// Guards as JSON.
pub(super) fn as_json(GuardView { settings, paused }: &GuardView) -> Value {
    let learned = settings.learned.as_ref();
    let refused_from = learned.map(|learned| learned.at + limits::GUARD_LEARNED_GRACE);
    let countries = match &settings.countries {
        Countries::These(countries) => json!(countries),
        named => json!(named.to_text()),
    };
    json!({
        "mode": settings.mode.as_str(),
        "countries": countries,
        "learned": learned.map(|learned| &learned.countries),
        "learned_at": learned.map(|learned| moment(learned.at)),
        "others_refused_from": refused_from.filter(|_| settings.countries == Countries::Auto).map(moment),
        "per_day": settings.per_day,
        "country_per_day": settings.country_per_day,
        "conversion": settings.conversion,
        "client_countries": settings.client_countries,
        "client_numbers": settings.client_numbers,
        "paused": paused
            .iter()
            .map(|pause| json!({ "country": pause.country, "until": moment(pause.until), "times": pause.times }))
            .collect::<Vec<_>>(),
    })
}

/// Guards in a line, for whoever looks at an app.
pub(super) fn summary(settings: &GuardSettings) -> String {
    let countries = match (&settings.countries, &settings.learned) {
        (Countries::Auto, Some(learned)) => {
            let from = moment(learned.at + limits::GUARD_LEARNED_GRACE);
            format!("{}, which were learned; others are refused from {from}", learned.countries.join(" "))
        }
        (Countries::Auto, None) => "any, until enough logins are verified".to_owned(),
        (Countries::Any, _) => "any".to_owned(),
        (Countries::These(countries), _) => countries.join(" "),
    };
    format!("{}; countries: {countries}", settings.mode.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{store::Learned, tests::START};

    #[test]
    fn a_bound_is_a_number_or_none() {
        assert_eq!("none".parse(), Ok(Bound(None)));
        assert_eq!("12".parse(), Ok(Bound(Some(12))));
        for text in ["-1", "all", "", "4294967296"] {
            assert!(text.parse::<Bound>().is_err(), "{text}");
        }
    }

    #[test]
    fn who_looks_at_an_app_is_told_what_will_be_refused_and_when() {
        let learned = Some(Learned { countries: vec!["BR".to_owned(), "IN".to_owned()], at: START });
        let settings = GuardSettings { learned, ..GuardSettings::default() };
        let from = moment(START + limits::GUARD_LEARNED_GRACE);
        let told = summary(&settings);
        assert!(told.contains("BR IN") && told.contains(&from), "{told}");
        let shown = as_json(&GuardView { settings, paused: Vec::new() });
        assert_eq!((&shown["others_refused_from"], &shown["learned"]), (&json!(from), &json!(["BR", "IN"])));
        let listed = GuardSettings { countries: Countries::Any, ..GuardSettings::default() };
        assert_eq!(summary(&listed), "enforce; countries: any");
    }
}
