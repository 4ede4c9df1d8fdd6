//! `/api/v1/admin/apps/{app_key}/guards`: what guards an app's one-time codes against being asked for to cost money.

use axum::{
    Json,
    body::Body,
    extract::Path,
    http::{HeaderMap, StatusCode},
};
use loggin_protocol::wire::ErrorBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{apps::given, call::AdminCall, page::app_key};
use crate::{
    administration::{CountryChange, GuardChanges, GuardView},
    history::row::moment,
    http::{ApiError, body},
    limits,
    store::{Countries, CountryPause, GuardMode},
};

/// Whether guards refuse codes, or only tell of what they would refuse.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AdminGuardMode)]
enum ModeBody {
    Enforce,
    DryRun,
    Off,
}

impl From<GuardMode> for ModeBody {
    fn from(mode: GuardMode) -> Self {
        match mode {
            GuardMode::Enforce => Self::Enforce,
            GuardMode::DryRun => Self::DryRun,
            GuardMode::Off => Self::Off,
        }
    }
}

impl From<ModeBody> for GuardMode {
    fn from(mode: ModeBody) -> Self {
        match mode {
            ModeBody::Enforce => Self::Enforce,
            ModeBody::DryRun => Self::DryRun,
            ModeBody::Off => Self::Off,
        }
    }
}

/// `auto`: those of the first verified logins; `any`; or a list of countries, as ISO 3166 has them.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = AdminGuardCountries)]
enum CountriesBody {
    Word(String),
    List(Vec<String>),
}

impl From<&Countries> for CountriesBody {
    fn from(countries: &Countries) -> Self {
        match countries {
            Countries::These(countries) => Self::List(countries.clone()),
            word @ (Countries::Auto | Countries::Any) => Self::Word(word.to_text()),
        }
    }
}

impl From<CountriesBody> for CountryChange {
    fn from(countries: CountriesBody) -> Self {
        match countries {
            CountriesBody::Word(word) => Self::Set(word),
            CountriesBody::List(countries) => Self::These(countries),
        }
    }
}

/// A country that an app's codes are not sent to for a time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminGuardPause)]
struct PauseBody {
    country: String,
    since: String,
    until: String,
    /// How many pauses there were in a row, with this one.
    times: u32,
}

impl From<&CountryPause> for PauseBody {
    fn from(pause: &CountryPause) -> Self {
        Self {
            country: pause.country.clone(),
            since: moment(pause.since),
            until: moment(pause.until),
            times: pause.times,
        }
    }
}

/// The guards of an app. A bound that is null is none.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminGuards)]
pub(super) struct GuardsBody {
    mode: ModeBody,
    countries: CountriesBody,
    /// The countries of the first verified logins, once there are enough of them.
    #[schema(required = true)]
    learned: Option<Vec<String>>,
    #[schema(required = true)]
    learned_at: Option<String>,
    /// From when on codes to others than these are refused.
    #[schema(required = true)]
    others_refused_from: Option<String>,
    /// Codes of the app in a day, in UTC.
    #[schema(required = true)]
    per_day: Option<u32>,
    /// Codes to one country in a day.
    #[schema(required = true)]
    country_per_day: Option<u32>,
    /// In percent: a country of which a smaller part of its usual one is typed is paused.
    #[schema(required = true)]
    conversion: Option<u32>,
    /// Countries that one address may ask for in an hour.
    #[schema(required = true)]
    client_countries: Option<u32>,
    /// Numbers that one address may ask for in an hour.
    #[schema(required = true)]
    client_numbers: Option<u32>,
    paused: Vec<PauseBody>,
}

impl From<&GuardView> for GuardsBody {
    fn from(GuardView { settings, paused }: &GuardView) -> Self {
        let learned = settings.learned.as_ref();
        let refused_from = learned.map(|learned| learned.at + limits::GUARD_LEARNED_GRACE);
        Self {
            mode: settings.mode.into(),
            countries: (&settings.countries).into(),
            learned: learned.map(|learned| learned.countries.clone()),
            learned_at: learned.map(|learned| moment(learned.at)),
            others_refused_from: refused_from.filter(|_| settings.countries == Countries::Auto).map(moment),
            per_day: settings.per_day,
            country_per_day: settings.country_per_day,
            conversion: settings.conversion,
            client_countries: settings.client_countries,
            client_numbers: settings.client_numbers,
            paused: paused.iter().map(PauseBody::from).collect(),
        }
    }
}

/// Changes of guards. What is not given stays; a bound that is null is none.
#[allow(clippy::option_option)] // what is not given stays, and null takes it away
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminGuardChanges)]
pub(super) struct UpdateRequest {
    mode: Option<ModeBody>,
    countries: Option<CountriesBody>,
    /// Countries beside those that are listed or were learned, which are a list with them from then on.
    add_countries: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    per_day: Option<Option<u32>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    country_per_day: Option<Option<u32>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 90)]
    conversion: Option<Option<u32>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 50)]
    client_countries: Option<Option<u32>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 50)]
    client_numbers: Option<Option<u32>>,
}

impl TryFrom<UpdateRequest> for GuardChanges {
    type Error = ApiError;

    fn try_from(request: UpdateRequest) -> Result<Self, ApiError> {
        let countries = match (request.countries, request.add_countries) {
            (Some(countries), None) => countries.into(),
            (None, more) => CountryChange::Add(more.unwrap_or_default()),
            (Some(_), Some(_)) => {
                return Err(ApiError::invalid_request("`countries` and `add_countries` exclude each other."));
            }
        };
        Ok(Self {
            mode: request.mode.map(GuardMode::from),
            countries,
            per_day: request.per_day,
            country_per_day: request.country_per_day,
            conversion: request.conversion,
            client_countries: request.client_countries,
            client_numbers: request.client_numbers,
        })
    }
}

/// Shows what the guards of an app are set to, what they learned, and which countries are paused.
#[utoipa::path(get, operation_id = "adminShowGuards", path = "/api/v1/admin/apps/{app_key}/guards", tag = "admin", summary = "Show guards",
    params(("app_key" = String, Path)),
    responses(
        (status = 200, description = "The guards.", body = GuardsBody),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["apps:read"]), ("api_key" = ["apps:read"])))]
pub(super) async fn show(call: AdminCall, Path(key): Path<String>) -> Result<Json<GuardsBody>, ApiError> {
    let view = call.administration().guards(&call.actor, app_key(&key)?).await?;
    Ok(Json((&view).into()))
}

/// Changes the guards of an app; servers heed it within a second.
#[utoipa::path(patch, operation_id = "adminUpdateGuards", path = "/api/v1/admin/apps/{app_key}/guards", tag = "admin", summary = "Change guards",
    params(("app_key" = String, Path)),
    request_body = UpdateRequest,
    responses(
        (status = 200, description = "The guards as they are now.", body = GuardsBody),
        (status = "4XX", description = "The call was refused; 409 where nothing would change.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["apps:write"]), ("api_key" = ["apps:write"])))]
pub(super) async fn update(
    call: AdminCall,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<GuardsBody>, ApiError> {
    let request: UpdateRequest = body::free_json(&headers, body).await?;
    let (key, changes) = (app_key(&key)?, GuardChanges::try_from(request)?);
    let view = call.administration().set_guards(&call.actor, key, &changes).await?;
    Ok(Json((&view).into()))
}

/// Ends the pause of a country.
#[utoipa::path(delete, operation_id = "adminResumeCountry", path = "/api/v1/admin/apps/{app_key}/guards/pauses/{country}", tag = "admin", summary = "Resume a country",
    params(("app_key" = String, Path), ("country" = String, Path, description = "Two letters of ISO 3166, such as IN.")),
    responses(
        (status = 204, description = "Codes are sent there again, by every server within a second."),
        (status = "4XX", description = "The call was refused; 409 where the country is not paused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["apps:write"]), ("api_key" = ["apps:write"])))]
pub(super) async fn resume(
    call: AdminCall,
    Path((key, country)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    call.administration().resume_country(&call.actor, app_key(&key)?, &country).await?;
    Ok(StatusCode::NO_CONTENT)
}
