//! The client: each method converts its arguments, calls the core and converts the result.

use loggin::{CreatedToken, Loggin, LogginBuilder, PhoneNumber};
use pyo3::prelude::*;

use crate::{
    arguments::{
        ClientIp, Digits, Least, LoginToken, Network, Patience, Retries, Seconds, Text, otp_request, with,
    },
    errors::Failure,
    notifier::{Promise, Telling},
    results::{self, Fields, OtpResultFields, OtpSessionFields, SessionFields, StateFields},
    waits::{self, Wait, Watch},
};

/// How the client names itself to the server.
const USER_AGENT: &str = concat!("loggin-python/", env!("CARGO_PKG_VERSION"));

/// A client whose sessions have a phone where its user, or the call, requires it.
type AnyLoggin = Loggin<Option<PhoneNumber>>;

/// A client of one Loggin server.
#[pyclass(frozen, module = "loggin._native")]
pub(crate) struct Client(AnyLoggin);

#[pymethods]
#[allow(clippy::too_many_arguments, reason = "Python hands over each option by itself")]
impl Client {
    #[new]
    #[pyo3(signature = (*, base_url, secret_key, app_key, whatsapp_number, timeout, max_retries, call_timeout, idempotency_key, require_phone, network))]
    fn new(
        base_url: Option<Text>,
        secret_key: Option<Text>,
        app_key: Option<Text>,
        whatsapp_number: Option<Text>,
        timeout: Seconds,
        max_retries: Retries,
        call_timeout: Seconds,
        idempotency_key: Option<Text>,
        require_phone: bool,
        network: Network,
    ) -> Result<Self, Failure> {
        let builder = with(Loggin::builder().user_agent(USER_AGENT), base_url, LogginBuilder::base_url);
        let builder = builder.timeout(timeout.0).max_retries(max_retries.0).call_timeout(call_timeout.0);
        let builder = with(builder, secret_key, LogginBuilder::secret_key);
        let builder = with(builder, app_key, LogginBuilder::app_key);
        let builder = with(builder, whatsapp_number, LogginBuilder::whatsapp_number);
        let builder = with(builder, idempotency_key, LogginBuilder::idempotency_key);
        Ok(Self(network.apply(builder).build()?.asking_for(None, Some(require_phone), None)))
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
    #[pyo3(signature = (token, timeout, confirm, require_phone, return_to, is_main_thread))]
    fn wait_for_verify(
        &self,
        py: Python<'_>,
        token: LoginToken,
        timeout: Option<Patience>,
        confirm: Option<Least>,
        require_phone: Option<bool>,
        return_to: Option<Text>,
        is_main_thread: bool,
    ) -> PyResult<SessionFields> {
        let pending = self
            .waiting(confirm, require_phone, return_to)
            .start_wait(token.0, timeout.map(|patience| patience.0));
        waits::block_on(py, pending, is_main_thread).map(results::session)
    }

    /// Redeems a token; `None` while nobody has signed in.
    #[pyo3(signature = (token, timeout, confirm, require_phone, is_main_thread))]
    fn verify_token(
        &self,
        py: Python<'_>,
        token: LoginToken,
        timeout: Option<Patience>,
        confirm: Option<Least>,
        require_phone: Option<bool>,
        is_main_thread: bool,
    ) -> PyResult<Option<SessionFields>> {
        let timeout = timeout.map(|patience| patience.0);
        let session = if is_main_thread {
            waits::block_on(py, self.asking(confirm, require_phone).start_verify(token.0, timeout), true)?
        } else {
            py.detach(|| self.asking(confirm, require_phone).verify_token_within(token.0, timeout))
                .map_err(Failure::from)?
        };
        Ok(session.map(results::session))
    }

    /// Begins a wait that settles an asyncio future of the running loop.
    #[pyo3(signature = (token, timeout, confirm, require_phone, return_to, wakeup, future))]
    fn start_wait(
        &self,
        token: LoginToken,
        timeout: Option<Patience>,
        confirm: Option<Least>,
        require_phone: Option<bool>,
        return_to: Option<Text>,
        wakeup: &Bound<'_, PyAny>,
        future: Py<PyAny>,
    ) -> PyResult<Wait> {
        let promise = Promise::new(wakeup, future)?;
        let pending = self
            .waiting(confirm, require_phone, return_to)
            .start_wait(token.0, timeout.map(|patience| patience.0));
        pending.on_settle(move |result| {
            promise.settle(result.map(|session| Fields::Session(Some(results::session(session)))));
        });
        Ok(Wait::new(pending))
    }

    /// Redeems a token, and settles an asyncio future of the running loop.
    #[pyo3(signature = (token, timeout, confirm, require_phone, wakeup, future))]
    fn start_verify(
        &self,
        token: LoginToken,
        timeout: Option<Patience>,
        confirm: Option<Least>,
        require_phone: Option<bool>,
        wakeup: &Bound<'_, PyAny>,
        future: Py<PyAny>,
    ) -> PyResult<Wait> {
        let promise = Promise::new(wakeup, future)?;
        let pending =
            self.asking(confirm, require_phone).start_verify(token.0, timeout.map(|patience| patience.0));
        pending.on_settle(move |result| {
            promise.settle(result.map(|session| Fields::Session(session.map(results::session))));
        });
        Ok(Wait::new(pending))
    }

    /// Begins to watch a login, for whoever blocks.
    #[pyo3(signature = (token, timeout, confirm, require_phone, return_to))]
    fn watch(
        &self,
        token: LoginToken,
        timeout: Option<Patience>,
        confirm: Option<Least>,
        require_phone: Option<bool>,
        return_to: Option<Text>,
    ) -> Watch {
        Watch(
            self.waiting(confirm, require_phone, return_to)
                .watch(token.0, timeout.map(|patience| patience.0)),
        )
    }

    /// Begins to watch a login, and tells a listener on the running loop.
    #[pyo3(signature = (token, timeout, confirm, require_phone, return_to, wakeup, listener))]
    fn start_watch(
        &self,
        token: LoginToken,
        timeout: Option<Patience>,
        confirm: Option<Least>,
        require_phone: Option<bool>,
        return_to: Option<Text>,
        wakeup: &Bound<'_, PyAny>,
        listener: Py<PyAny>,
    ) -> PyResult<Wait> {
        let telling = Telling::new(wakeup, listener)?;
        let watch = self
            .waiting(confirm, require_phone, return_to)
            .watch(token.0, timeout.map(|patience| patience.0));
        watch.on_update(move |update| {
            telling.tell(update.map(|update| Fields::Update(results::update(update))));
        });
        Ok(Wait::of_watch(watch))
    }

    /// Hands in the digits that WhatsApp showed.
    #[pyo3(signature = (token, confirmation_code, timeout, is_main_thread))]
    fn confirm(
        &self,
        py: Python<'_>,
        token: LoginToken,
        confirmation_code: Text,
        timeout: Option<Patience>,
        is_main_thread: bool,
    ) -> PyResult<()> {
        let (code, timeout) = (String::from(confirmation_code), timeout.map(|patience| patience.0));
        if is_main_thread {
            return waits::block_on(py, self.0.start_confirm(token.0, &code, timeout), true);
        }
        Ok(py.detach(|| self.0.confirm_within(token.0, &code, timeout)).map_err(Failure::from)?)
    }

    /// Hands them in, and settles an asyncio future of the running loop.
    #[pyo3(signature = (token, confirmation_code, timeout, wakeup, future))]
    fn start_confirm(
        &self,
        token: LoginToken,
        confirmation_code: Text,
        timeout: Option<Patience>,
        wakeup: &Bound<'_, PyAny>,
        future: Py<PyAny>,
    ) -> PyResult<Wait> {
        let promise = Promise::new(wakeup, future)?;
        let timeout = timeout.map(|patience| patience.0);
        let pending = self.0.start_confirm(token.0, &String::from(confirmation_code), timeout);
        pending.on_settle(move |result| promise.settle(result.map(Fields::Nothing)));
        Ok(Wait::new(pending))
    }

    /// How far a login has come.
    #[pyo3(signature = (token, timeout, is_main_thread))]
    fn status(
        &self,
        py: Python<'_>,
        token: LoginToken,
        timeout: Option<Patience>,
        is_main_thread: bool,
    ) -> PyResult<String> {
        let timeout = timeout.map(|patience| patience.0);
        let status = if is_main_thread {
            waits::block_on(py, self.0.start_status(token.0, timeout), true)?
        } else {
            py.detach(|| self.0.status_within(token.0, timeout)).map_err(Failure::from)?
        };
        Ok(results::status(status))
    }

    /// Asks for it, and settles an asyncio future of the running loop.
    #[pyo3(signature = (token, timeout, wakeup, future))]
    fn start_status(
        &self,
        token: LoginToken,
        timeout: Option<Patience>,
        wakeup: &Bound<'_, PyAny>,
        future: Py<PyAny>,
    ) -> PyResult<Wait> {
        let promise = Promise::new(wakeup, future)?;
        let pending = self.0.start_status(token.0, timeout.map(|patience| patience.0));
        pending.on_settle(move |result| {
            promise.settle(result.map(|status| Fields::Status(results::status(status))));
        });
        Ok(Wait::new(pending))
    }

    /// The name of a token's login.
    #[staticmethod]
    fn login_id(token: LoginToken) -> String {
        token.0.login_id()
    }

    /// Those of these logins that their persons took back.
    #[pyo3(signature = (login_ids, is_main_thread))]
    fn denied_logins(
        &self,
        py: Python<'_>,
        login_ids: Vec<Text>,
        is_main_thread: bool,
    ) -> PyResult<Vec<String>> {
        let login_ids: Vec<String> = login_ids.into_iter().map(String::from).collect();
        if is_main_thread {
            return waits::block_on(py, self.0.denied_logins_async(&login_ids), true);
        }
        Ok(py.detach(|| self.0.denied_logins(&login_ids)).map_err(Failure::from)?)
    }

    /// Asks for them, and settles an asyncio future of the running loop.
    #[pyo3(signature = (login_ids, wakeup, future))]
    fn start_denied(
        &self,
        login_ids: Vec<Text>,
        wakeup: &Bound<'_, PyAny>,
        future: Py<PyAny>,
    ) -> PyResult<Wait> {
        let promise = Promise::new(wakeup, future)?;
        let login_ids: Vec<String> = login_ids.into_iter().map(String::from).collect();
        let pending = self.0.denied_logins_async(&login_ids);
        pending.on_settle(move |result| promise.settle(result.map(Fields::LoginIds)));
        Ok(Wait::new(pending))
    }

    /// Sends a one-time code.
    #[pyo3(signature = (phone, country_code, otp_length, meta, client_ip, timeout, is_main_thread))]
    fn otp_start(
        &self,
        py: Python<'_>,
        phone: Text,
        country_code: Option<Text>,
        otp_length: Option<Digits>,
        meta: Option<Text>,
        client_ip: Option<ClientIp>,
        timeout: Option<Patience>,
        is_main_thread: bool,
    ) -> PyResult<OtpSessionFields> {
        let request = otp_request(phone, country_code, otp_length, meta, client_ip, timeout)?;
        let session = if is_main_thread {
            waits::block_on(py, self.0.otp().start_async(request), true)?
        } else {
            py.detach(|| self.0.otp().start(request)).map_err(Failure::from)?
        };
        Ok(results::otp_session(session))
    }

    /// Checks a one-time code.
    #[pyo3(signature = (session_id, otp_code, timeout, is_main_thread))]
    fn otp_verify(
        &self,
        py: Python<'_>,
        session_id: Text,
        otp_code: Text,
        timeout: Option<Patience>,
        is_main_thread: bool,
    ) -> PyResult<OtpResultFields> {
        let (session_id, otp_code) = (String::from(session_id), String::from(otp_code));
        let (otp, timeout) = (self.0.otp(), timeout.map(|patience| patience.0));
        let result = if is_main_thread {
            waits::block_on(py, otp.start_verify(&session_id, &otp_code, timeout), true)?
        } else {
            py.detach(|| otp.verify_within(&session_id, &otp_code, timeout)).map_err(Failure::from)?
        };
        Ok(results::otp_result(result))
    }

    /// Sends a one-time code, and settles an asyncio future of the running loop.
    #[pyo3(signature = (phone, country_code, otp_length, meta, client_ip, timeout, wakeup, future))]
    fn start_otp_start(
        &self,
        phone: Text,
        country_code: Option<Text>,
        otp_length: Option<Digits>,
        meta: Option<Text>,
        client_ip: Option<ClientIp>,
        timeout: Option<Patience>,
        wakeup: &Bound<'_, PyAny>,
        future: Py<PyAny>,
    ) -> PyResult<Wait> {
        let request = otp_request(phone, country_code, otp_length, meta, client_ip, timeout)?;
        let promise = Promise::new(wakeup, future)?;
        let pending = self.0.otp().start_async(request);
        pending.on_settle(move |result| {
            promise.settle(result.map(|session| Fields::OtpSession(results::otp_session(session))));
        });
        Ok(Wait::new(pending))
    }

    /// Checks a one-time code, and settles an asyncio future of the running loop.
    #[pyo3(signature = (session_id, otp_code, timeout, wakeup, future))]
    fn start_otp_verify(
        &self,
        session_id: Text,
        otp_code: Text,
        timeout: Option<Patience>,
        wakeup: &Bound<'_, PyAny>,
        future: Py<PyAny>,
    ) -> PyResult<Wait> {
        let promise = Promise::new(wakeup, future)?;
        let timeout = timeout.map(|patience| patience.0);
        let pending = self.0.otp().start_verify(&String::from(session_id), &String::from(otp_code), timeout);
        pending.on_settle(move |result| {
            promise.settle(result.map(|result| Fields::OtpResult(results::otp_result(result))));
        });
        Ok(Wait::new(pending))
    }

    /// How the client stands to its server.
    fn state(&self) -> StateFields {
        results::state(self.0.state())
    }

    /// The URL of its server.
    fn base_url(&self) -> &str {
        self.0.base_url()
    }

    /// The app whose tokens it accepts.
    fn app_key(&self) -> Option<String> {
        self.0.app_key().map(|key| key.to_string())
    }

    /// Has all waits connect anew.
    fn resume(&self, py: Python<'_>) {
        py.detach(|| self.0.resume());
    }

    /// Ends every wait with `closed`.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}

impl Client {
    /// The client for waits and calls that accept no less than this as confirmation, and require the phone or do not.
    fn asking(&self, confirm: Option<Least>, require_phone: Option<bool>) -> AnyLoggin {
        self.waiting(confirm, require_phone, None)
    }

    /// The same for waits whose logins began at a page.
    fn waiting(
        &self,
        confirm: Option<Least>,
        require_phone: Option<bool>,
        return_to: Option<Text>,
    ) -> AnyLoggin {
        let page = return_to.map(String::from);
        self.0.asking_for(confirm.map(|least| least.0), require_phone, page.as_deref())
    }
}
