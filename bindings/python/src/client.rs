//! The client: each method converts its arguments, calls the core and converts the result.

use loggin::{CreatedToken, Loggin, LogginBuilder};
use pyo3::prelude::*;

use crate::{
    arguments::{LoginToken, Retries, Seconds, Text},
    errors::Failure,
    notifier::Promise,
    waits::{self, SessionFields, Wait},
};

/// How the client names itself to the server.
const USER_AGENT: &str = concat!("loggin-python/", env!("CARGO_PKG_VERSION"));

/// A client of one Loggin server.
#[pyclass(frozen, module = "loggin._native")]
pub(crate) struct Client(Loggin);

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (*, base_url, secret_key, whatsapp_number, timeout, max_retries, allow_insecure_http, idempotency_key))]
    fn new(
        base_url: Option<Text>,
        secret_key: Option<Text>,
        whatsapp_number: Option<Text>,
        timeout: Seconds,
        max_retries: Retries,
        allow_insecure_http: bool,
        idempotency_key: Option<Text>,
    ) -> Result<Self, Failure> {
        let builder = Loggin::builder().user_agent(USER_AGENT).allow_insecure_http(allow_insecure_http);
        let builder = builder.timeout(timeout.0).max_retries(max_retries.0);
        let builder = with(builder, base_url, LogginBuilder::base_url);
        let builder = with(builder, secret_key, LogginBuilder::secret_key);
        let builder = with(builder, whatsapp_number, LogginBuilder::whatsapp_number);
        let builder = with(builder, idempotency_key, LogginBuilder::idempotency_key);
        Ok(Self(builder.build()?))
    }

    /// Makes a login: its token, link and code.
    #[pyo3(signature = (app_key, text))]
    fn create_token(&self, app_key: Text, text: Option<&str>) -> Result<(String, String, String), Failure> {
        let app_key = String::from(app_key);
        let created = match text {
            Some(text) => self.0.create_token_with_text(&app_key, text),
            None => self.0.create_token(&app_key),
        };
        let CreatedToken { token, link, code, .. } = created?;
        Ok((token.expose(), link, code.expose()))
    }

    /// Blocks until the person has signed in.
    #[pyo3(signature = (token, timeout, is_main_thread))]
    fn wait_for_verify(
        &self,
        py: Python<'_>,
        token: LoginToken,
        timeout: Option<Seconds>,
        is_main_thread: bool,
    ) -> PyResult<SessionFields> {
        let pending = self.0.start_wait(token.0, timeout.map(|seconds| seconds.0));
        waits::block_on(py, pending, is_main_thread).map(waits::session_fields)
    }

    /// Redeems a token; `None` while nobody has signed in.
    #[pyo3(signature = (token, is_main_thread))]
    fn verify_token(
        &self,
        py: Python<'_>,
        token: LoginToken,
        is_main_thread: bool,
    ) -> PyResult<Option<SessionFields>> {
        let pending = self.0.verify_token_async(token.0);
        waits::block_on(py, pending, is_main_thread).map(|session| session.map(waits::session_fields))
    }

    /// Begins a wait that settles an asyncio future of the running loop.
    #[pyo3(signature = (token, timeout, ears, future))]
    fn start_wait(
        &self,
        token: LoginToken,
        timeout: Option<Seconds>,
        ears: &Bound<'_, PyAny>,
        future: Py<PyAny>,
    ) -> PyResult<Wait> {
        let promise = Promise::new(ears, future)?;
        let pending = self.0.start_wait(token.0, timeout.map(|seconds| seconds.0));
        pending.on_settle(move |result| promise.settle(result.map(Some)));
        Ok(Wait::new(pending))
    }

    /// Redeems a token, and settles an asyncio future of the running loop.
    #[pyo3(signature = (token, ears, future))]
    fn start_verify(&self, token: LoginToken, ears: &Bound<'_, PyAny>, future: Py<PyAny>) -> PyResult<()> {
        let promise = Promise::new(ears, future)?;
        let pending = self.0.verify_token_async(token.0);
        pending.on_settle(move |result| promise.settle(result));
        Ok(())
    }

    /// Ends every wait with `closed`.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}

/// Sets an option where it is given.
fn with(
    builder: LogginBuilder,
    value: Option<Text>,
    set: fn(LogginBuilder, String) -> LogginBuilder,
) -> LogginBuilder {
    match value {
        Some(value) => set(builder, value.into()),
        None => builder,
    }
}
