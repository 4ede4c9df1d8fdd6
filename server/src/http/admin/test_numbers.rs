//! `/api/v1/admin/test-numbers`: numbers with a fixed code, which no app owns.

use axum::{
    Json,
    body::Body,
    extract::Path,
    http::{HeaderMap, StatusCode},
};
use loggin_protocol::wire::ErrorBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    call::AdminCall,
    page::{Page, Paging, Parameters},
};
use crate::{
    administration::NewTestNumber,
    http::{ApiError, body},
    store::TestNumber,
};

/// A number that nothing is ever sent to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminTestNumber)]
pub(super) struct TestNumberBody {
    /// With `+` and the country code.
    number: String,
    /// Its code, always.
    code: String,
    /// Whether there is a pause between two codes.
    cooldown: bool,
}

impl TestNumberBody {
    fn of(number: &str, test: &TestNumber) -> Self {
        Self { number: format!("+{number}"), code: test.code.clone(), cooldown: test.cooldown }
    }
}

/// A test number, or another code for one.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminTestNumberRequest)]
pub(super) struct PutRequest {
    /// With its country code.
    number: String,
    /// 4 to 8 digits.
    code: String,
    /// Whether there is a pause between two codes; yes where nothing is said.
    cooldown: Option<bool>,
    /// Take a number that may be a real person's: whoever knows its code is that person to every app that takes test
    /// numbers.
    #[serde(default)]
    even_if_real: bool,
}

/// Lists the test numbers with their codes.
#[utoipa::path(get, operation_id = "adminListTestNumbers", path = "/api/v1/admin/test-numbers", tag = "admin", summary = "List test numbers",
    params(
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "How many at most; 100 where nothing is said."),
    ),
    responses(
        (status = 200, description = "A page of numbers.", body = Page<TestNumberBody>),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["test_numbers:write"]), ("api_key" = ["test_numbers:write"])))]
pub(super) async fn list(
    call: AdminCall,
    Parameters(paging): Parameters<Paging>,
) -> Result<Json<Page<TestNumberBody>>, ApiError> {
    let numbers = call.administration().test_numbers(&call.actor).await?;
    let page = paging.page_of(
        numbers,
        |(number, _)| number.clone(),
        |(number, test)| TestNumberBody::of(number, test),
    );
    page.map(Json)
}

/// Adds a test number, or gives one another code.
#[utoipa::path(post, operation_id = "adminPutTestNumber", path = "/api/v1/admin/test-numbers", tag = "admin", summary = "Add a test number",
    request_body = PutRequest,
    responses(
        (status = 200, description = "The number as it is now.", body = TestNumberBody),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["test_numbers:write"]), ("api_key" = ["test_numbers:write"])))]
pub(super) async fn put(
    call: AdminCall,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<TestNumberBody>, ApiError> {
    let PutRequest { number, code, cooldown, even_if_real } = body::free_json(&headers, body).await?;
    let new = NewTestNumber { number, code, cooldown: cooldown.unwrap_or(true), even_if_real };
    let (number, test) = call.administration().put_test_number(&call.actor, new).await?;
    Ok(Json(TestNumberBody::of(number.expose(), &test)))
}

/// Removes a test number.
#[utoipa::path(delete, operation_id = "adminRemoveTestNumber", path = "/api/v1/admin/test-numbers/{number}", tag = "admin", summary = "Remove a test number",
    params(("number" = String, Path, description = "Digits with the country code.")),
    responses(
        (status = 204, description = "It is a number like any other."),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["test_numbers:write"]), ("api_key" = ["test_numbers:write"])))]
pub(super) async fn remove(call: AdminCall, Path(number): Path<String>) -> Result<StatusCode, ApiError> {
    call.administration().remove_test_number(&call.actor, &number).await?;
    Ok(StatusCode::NO_CONTENT)
}
