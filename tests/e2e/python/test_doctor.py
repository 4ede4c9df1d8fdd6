"""The doctor finds each thing that can be wrong with a server, and nothing where all is well.

The server, the simulated Meta and the doctor are the real programs. What lies between them is a scripted proxy, so that
the doctor calls `https://login.example` and Meta's own address, with certificates that it checks.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, SERVER, TEST_TIMEOUT, Environment, printed_after
from front import Front, Habits

SIMULATOR = Path(os.environ.get("WHATSAPP_SIMULATOR_BIN", SERVER.with_name("whatsapp-simulator")))

NUMBER = "15550001111"
# The account of the simulated Meta.
ACCOUNT = "100000000000001"
OWN = "https://login.example/webhooks/whatsapp"
SECRETS = {
    "WHATSAPP_ACCESS_TOKEN": "EAAdoctorsaccesstoken",
    "WHATSAPP_APP_SECRET": "d0c7045ec4e7d0c7045ec4e7d0c7045e",
    "WHATSAPP_VERIFY_TOKEN": "doctors-verify-token",
    "LOGGIN_OTP_SECRET": "d0c7040759c4e7d0c7040759c4e7d0c7",
    "LOGGIN_WEBHOOK_SECRET": "d0c704eb4005c4e7d0c704eb4005c4e7",
}
SETTINGS = {
    **SECRETS,
    "LOGGIN_LISTEN": "127.0.0.1:0",
    "LOGGIN_METRICS_LISTEN": "off",
    "LOGGIN_PUBLIC_URL": "https://login.example",
    "WHATSAPP_NUMBER": NUMBER,
    "WHATSAPP_PHONE_NUMBER_ID": "200000000000002",
    "WHATSAPP_OTP_TEMPLATE": "verification_code",
}
YEAR = 365 * 24 * 60 * 60


@dataclass
class Clinic:
    """A server in good health, with all that it needs."""

    front: Front
    simulator: str
    data: Path
    environment: dict[str, str]

    def plant(self, **setup: Any) -> None:
        """Sets up Meta: what is not named is as it should be, and the webhook is where the public URL leads."""
        body = json.dumps({"callback_url": OWN, **setup}).encode()
        self._call("control/setup", body, "PUT")

    def set_coexistence(self, on: bool) -> None:
        self._call("control/settings", json.dumps({"coexistence": on}).encode(), "PUT")

    def register_template(self, name: str) -> None:
        """From then on other names are no templates, until all is reset."""
        body = json.dumps({"name": name, "category": "authentication"}).encode()
        self._call(f"v26.0/{ACCOUNT}/message_templates", body, "POST")

    def reset(self) -> None:
        self._call("control/reset", b"{}", "POST")

    def _call(self, path: str, body: bytes, method: str) -> None:
        headers = {"Content-Type": "application/json"}
        headers["Authorization"] = f"Bearer {SECRETS['WHATSAPP_ACCESS_TOKEN']}"
        request = urllib.request.Request(f"{self.simulator}/{path}", body, headers, method=method)
        with urllib.request.urlopen(request, timeout=TEST_TIMEOUT):
            pass

    def run(self, *arguments: str, **settings: str | None) -> tuple[int, str, str]:
        """Runs the doctor with other settings than the server has; its exit code and what it printed."""
        return self.command("doctor", *arguments, **settings)

    def command(self, *arguments: str, **settings: str | None) -> tuple[int, str, str]:
        """The same of any command."""
        environment = {**self.environment, **settings}
        environment = {name: value for name, value in environment.items() if value is not None}
        command = [str(SERVER), *arguments]
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=2 * TEST_TIMEOUT, check=False
        )
        printed = result.stdout + result.stderr
        assert not [name for name, secret in SECRETS.items() if secret in printed]
        return result.returncode, result.stdout, result.stderr

    def examine(self, **settings: str | None) -> list[dict[str, Any]]:
        """What the doctor finds."""
        code, out, error = self.run("--json", **settings)
        assert out, error
        report = json.loads(out)
        assert code == (1 if report["status"] == "problem" else 0)
        return list(report["findings"])


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder = tmp_path_factory.mktemp("clinic")
    with Front(folder).running() as front:
        environment = {
            **SETTINGS,
            "LOGGIN_DATABASE_URL": f"sqlite:{folder / 'loggin.db'}",
            "HTTPS_PROXY": front.url,
            "SSL_CERT_FILE": str(front.ca_file),
        }
        made = [str(SERVER), "app", "create", "--name", "Acme"]
        subprocess.run(made, env=environment, check=True, timeout=TEST_TIMEOUT, capture_output=True)
        listen = ["--listen", "127.0.0.1:0"]
        meta = [str(SIMULATOR), *listen, "--webhook-url", OWN]
        serve = subprocess.Popen([str(SERVER), "serve"], env=environment, stdout=subprocess.PIPE, text=True)
        simulate = subprocess.Popen(meta, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            front.servers["login.example"] = printed_after("loggin-server listening on ", serve)
            simulator = printed_after("listening on ", simulate)
            front.servers["graph.facebook.com"] = simulator
            yield Clinic(front, simulator, folder, environment)
        finally:
            for process in (serve, simulate):
                process.terminate()
                process.wait(TEST_TIMEOUT)
                assert process.stdout is not None
                process.stdout.close()


@pytest.fixture(autouse=True)
def healthy(clinic: Clinic) -> None:
    clinic.front.habits = Habits()
    clinic.reset()
    clinic.plant()


@dataclass
class Ill:
    """Something that is wrong, and the codes by which the doctor names it."""

    codes: str
    setup: dict[str, Any] = field(default_factory=dict)
    habits: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, str | None] = field(default_factory=dict)
    # How many seconds Meta's clock is off, when it is asked.
    off_by: int | None = None

    def __str__(self) -> str:
        what = {**self.setup, **self.habits, **self.settings, **({} if self.off_by is None else {"date": 0})}
        return f"{self.codes}: {', '.join(what)}"


def fields_without(*names: str) -> dict[str, list[str]]:
    fields = ["messages", "standby", "account_update", "account_alerts", "phone_number_quality_update"]
    fields += ["message_template_status_update", "business_capability_update"]
    return {"webhook_fields": [name for name in fields if name not in names]}


def blocked(entity: str, status: str) -> dict[str, Any]:
    return {"blocked": [{"entity_type": entity, "can_send_message": status, "error_code": 141006}]}


def graph(version: str) -> dict[str, str | None]:
    return {"WHATSAPP_GRAPH_URL": f"https://graph.facebook.com{version}"}


NOW = int(time.time())
WRONG = "0123456789abcdef0123456789abcdef"

ILLNESSES = [
    # The settings.
    Ill("setting_wrong", settings={"LOGGIN_LISTEN": "nowhere"}),
    Ill("setting_wrong", settings={"LOGGIN_LOG": "=;"}),
    Ill("setting_wrong", settings={"WHATSAPP_NUMBER": None}),
    Ill("setting_wrong setting_wrong", settings={"WHATSAPP_VERIFY_TOKEN": None, "WHATSAPP_NUMBER": "1"}),
    Ill("setting_misspelt", settings={"LOGGIN_TRUSTED_PROXY": "10.0.0.1"}),
    Ill("secret_doubtful verify_token_differs", settings={"WHATSAPP_VERIFY_TOKEN": "short-one"}),
    Ill(
        "public_url_loopback public_url_unreachable webhook_elsewhere",
        settings={"LOGGIN_PUBLIC_URL": "http://127.0.0.1:9"},
    ),
    Ill("graph_url_foreign graph_unreachable", settings={"WHATSAPP_GRAPH_URL": "http://127.0.0.1:9/v26.0"}),
    Ill(
        "public_url_insecure public_url_unreachable webhook_elsewhere",
        settings={"LOGGIN_PUBLIC_URL": "http://login.invalid"},
    ),
    # Meta's API.
    Ill("clock_drifts", off_by=-60),
    Ill("clock_wrong", off_by=3_600),
    Ill("graph_version_ended", {"served_version": "v27.0"}),
    Ill("graph_version_unnamed", settings=graph("")),
    Ill("graph_version_ended", settings=graph("/v20.0")),
    # The token.
    Ill("token_refused", {"token_refused": True}),
    Ill("token_refused", settings={"WHATSAPP_ACCESS_TOKEN": "EAAanother"}),
    Ill("token_refused", {"token_expires_at": NOW - 60}),
    Ill("token_ends", {"token_expires_at": NOW + 3_600}),
    Ill("token_cannot_send", {"permissions": ["whatsapp_business_management"]}),
    Ill("token_cannot_manage", {"permissions": ["whatsapp_business_messaging"]}),
    # The number.
    Ill("number_unknown", {"number_foreign": True}),
    Ill("number_unknown", settings={"WHATSAPP_PHONE_NUMBER_ID": "1"}),
    Ill("number_differs", {"display_phone_number": "+1 555-000-2222"}),
    Ill("number_not_registered", {"number_status": "PENDING"}),
    Ill("number_not_registered", {"platform_type": "NOT_APPLICABLE"}),
    Ill("number_status", {"number_status": "BANNED"}),
    Ill("number_flagged", {"number_status": "FLAGGED"}),
    Ill("number_quality", {"quality_rating": "RED"}),
    Ill("number_name", {"name_status": "DECLINED"}),
    Ill("number_test", {"account_mode": "SANDBOX"}),
    Ill("sending_blocked", blocked("WABA", "BLOCKED")),
    Ill("sending_limited", blocked("BUSINESS", "LIMITED")),
    Ill("app_blocked", blocked("APP", "BLOCKED")),
    Ill("messaging_limit", {"messaging_limit": "TIER_250"}),
    # What Meta sends.
    Ill("app_secret_wrong webhook_secret", settings={"WHATSAPP_APP_SECRET": WRONG}),
    Ill("webhook_unset", {"webhook_active": False}),
    Ill("webhook_elsewhere", {"callback_url": "https://old.example/webhooks/whatsapp"}),
    Ill("webhook_elsewhere", {"override_callback_url": "https://old.example/webhooks/whatsapp"}),
    Ill("field_messages", fields_without("messages")),
    Ill("field_standby", fields_without("standby")),
    Ill("field_standby_shared", {**fields_without("standby"), "other_apps": ["100000000000009"]}),
    Ill("fields_of_account", fields_without("account_update")),
    Ill("account_not_subscribed", {"app_subscribed": False}),
    # The template.
    Ill("template_language", settings={"WHATSAPP_OTP_LANGUAGE": "de"}),
    Ill("template_category", {"template_category": "UTILITY"}),
    Ill("template_status", {"template_status": "PAUSED"}),
    Ill("template_quality", {"template_quality": "RED"}),
    # The public URL.
    Ill("public_url_tls", habits={"certificate": "unknown"}),
    Ill("public_url_tls", habits={"certificate": "name"}),
    Ill("public_url_redirects", habits={"answers": {"/": (301, {"Location": "https://www.login.example/"})}}),
    Ill("public_url_fails", habits={"answers": {"/": (502, {})}}),
    Ill("webhook_not_found", habits={"answers": {"/webhooks": (404, {})}}),
    Ill("webhook_blocked", habits={"answers": {"/webhooks": (403, {})}}),
    Ill("webhook_not_loggin api_not_found", habits={"answers": {"/": (200, {})}}),
    Ill("webhook_body_limit", habits={"body_max": 1 << 20}),
    Ill("api_not_found", habits={"answers": {"/api": (404, {})}}),
    Ill("stream_buffered", habits={"buffers": True}),
    Ill("proxy_says_nothing", habits={"forwarded": "drop"}),
    Ill("proxy_other_header", habits={"forwarded": "forwarded"}),
    Ill("proxy_unreadable", habits={"forwarded": "name"}),
    Ill("proxy_believes_clients", habits={"forwarded": "pass"}),
]


def codes_of(findings: list[dict[str, Any]]) -> list[str]:
    return [finding["code"] for finding in findings if finding["severity"] in {"warning", "problem"}]


def test_all_is_well(clinic: Clinic) -> None:
    for habits in ({}, {"forwarded": "overwrite"}):
        clinic.front.habits = Habits(**habits)
        findings = clinic.examine()
        others = [finding for finding in findings if finding["severity"] != "ok"]
        assert [(finding["check"], finding["code"]) for finding in others] == [("app_mode", "skipped")]
        assert len({finding["check"] for finding in findings}) == 17
    code, out, error = clinic.run("--strict")
    assert (code, error) == (0, "")
    # A line for each, and the sum.
    assert len(out.splitlines()) == 18


@pytest.mark.parametrize("ill", ILLNESSES, ids=str)
def test_each_thing_that_is_wrong_is_named_and_nothing_else(clinic: Clinic, ill: Ill) -> None:
    if ill.off_by is not None:
        clinic.plant(date=formatdate(time.time() + ill.off_by, usegmt=True))
    if ill.setup:
        clinic.plant(**ill.setup)
    clinic.front.habits = Habits(**ill.habits)
    findings = clinic.examine(**ill.settings)
    assert sorted(codes_of(findings)) == sorted(ill.codes.split())
    told = [finding for finding in findings if finding["severity"] in {"warning", "problem"}]
    assert all(finding["message"] and finding["advice"] for finding in told)
    skipped = [finding for finding in findings if finding["severity"] == "skipped"]
    assert all(finding["code"] == "skipped" and finding["message"] for finding in skipped)


def test_a_number_in_the_business_app_is_named(clinic: Clinic) -> None:
    clinic.set_coexistence(True)
    assert codes_of(clinic.examine()) == ["number_on_business_app"]


def test_a_template_that_is_not_there_is_named(clinic: Clinic) -> None:
    clinic.register_template("verification_code_2")
    assert codes_of(clinic.examine()) == ["template_missing"]
    clinic.register_template("verification_code")
    assert codes_of(clinic.examine()) == []


def test_a_database_of_dev_is_named(clinic: Clinic, environment: Environment) -> None:
    found = codes_of(clinic.examine(**at(environment.data / "loggin.db")))
    assert sorted(found) == ["development_data", "published_key", "server_other_database"]


def test_warnings_fail_only_where_that_is_wished_for(clinic: Clinic) -> None:
    clinic.plant(quality_rating="YELLOW")
    assert clinic.run()[0] == 0
    assert clinic.run("--strict")[0] == 1
    clinic.plant(number_status="BANNED")
    assert clinic.run()[0] == 1
    assert clinic.run("--no-such-option")[0] == 2


def test_a_server_that_is_not_there_is_named(clinic: Clinic) -> None:
    server = clinic.front.servers.pop("login.example")
    try:
        assert codes_of(clinic.examine()) == ["public_url_fails"]
    finally:
        clinic.front.servers["login.example"] = server


def at(path: Path) -> dict[str, str | None]:
    return {"LOGGIN_DATABASE_URL": f"sqlite:{path}"}


def copied(clinic: Clinic, folder: Path) -> Path:
    """A copy of the server's database."""
    path = folder / "copy.db"
    source, target = sqlite3.connect(clinic.data / "loggin.db"), sqlite3.connect(path)
    source.backup(target)
    target.close()
    source.close()
    return path


def change(path: Path, sql: str) -> None:
    database = sqlite3.connect(path)
    database.executescript(sql)
    database.close()


# As the guards of the app write them.
LEARNED = """INSERT OR REPLACE INTO guards (app_key, mode, countries, learned, learned_at)
    SELECT app_key, 2, 'auto', 'IN', unixepoch() * 1000 FROM apps"""
PAUSED = "INSERT INTO guard_pauses SELECT app_key, 'FR', 0, (unixepoch() + 3600) * 1000, 1 FROM apps"

STORES: list[tuple[str, Callable[[Path], None]]] = [
    ("store_missing", lambda path: path.unlink()),
    ("store_foreign", lambda path: change(path, "PRAGMA user_version = 0")),
    ("store_newer", lambda path: change(path, "PRAGMA user_version = 1000")),
    ("store_older", lambda path: change(path, "PRAGMA user_version = 1")),
    ("no_apps", lambda path: change(path, "DELETE FROM apps")),
    ("countries_learned", lambda path: change(path, LEARNED)),
    ("country_paused", lambda path: change(path, PAUSED)),
    ("store_fails", lambda path: (path.unlink(), path.mkdir())[0]),
]


@pytest.mark.parametrize(("code", "spoil"), STORES, ids=[code for code, _ in STORES])
def test_a_database_that_is_not_as_it_should_be_is_named(
    clinic: Clinic, tmp_path: Path, code: str, spoil: Callable[[Path], None]
) -> None:
    path = copied(clinic, tmp_path)
    spoil(path)
    assert codes_of(clinic.examine(**at(path))) == [code]


def with_endpoint(clinic: Clinic, folder: Path, url: str) -> tuple[Path, str]:
    """A copy of the server's database with an endpoint for webhooks to the app, and the endpoint's id."""
    path = copied(clinic, folder)
    with closing(sqlite3.connect(path)) as database:
        [app_key] = database.execute("SELECT app_key FROM apps").fetchone()
    environment = {**clinic.environment, "LOGGIN_DATABASE_URL": f"sqlite:{path}", **LOCAL}
    command = [str(SERVER), "webhook", "add", app_key, url, "--json"]
    added = subprocess.run(command, env=environment, check=True, timeout=TEST_TIMEOUT, capture_output=True)
    return path, json.loads(added.stdout)["endpoint_id"]


# A name that leads nowhere, so that nobody is called.
ENDPOINT = "https://app.invalid/hooks/s3cret-path"
LOCAL = {"LOGGIN_WEBHOOK_NETWORKS": "127.0.0.1,::1"}
# How far a delivery has come, and why an endpoint is told nothing, as the database has them.
WAITS, TAKEN, GIVEN_UP = 0, 1, 2
BY_HAND, FAILING, GONE = 1, 2, 3


def leave(_: Path) -> None:
    """Plants nothing."""


def disable(why: int) -> Callable[[Path], None]:
    sql = "UPDATE webhook_endpoints SET disabled_at = 1000, disabled_for = ?"

    def plant(path: Path) -> None:
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(sql, [why])

    return plant


def deliver(*deliveries: tuple[int, int, int | None], ago: float = 60) -> Callable[[Path], None]:
    """Deliveries to the only endpoint, of events so many seconds ago, the latest last: state, tries and last status."""
    sql = """INSERT INTO webhook_deliveries SELECT 'evt_' || :at, endpoint_id, 'otp.sent', '{}', NULL, NULL, :state,
        :at, :at, :at, :tries, :status, iif(:status >= 300, 'status', NULL), NULL FROM webhook_endpoints"""

    def plant(path: Path) -> None:
        at = int((time.time() - ago) * 1000)
        with closing(sqlite3.connect(path)) as database, database:
            for number, (state, tries, status) in enumerate(deliveries):
                row = {"at": at + number, "state": state, "tries": tries, "status": status}
                database.execute(sql, row)

    return plant


@dataclass
class Endpoint:
    """An endpoint for webhooks to an app, what became of it, and the code by which the doctor names that."""

    code: str | None
    plant: Callable[[Path], None] = leave
    url: str = ENDPOINT
    settings: dict[str, str | None] = field(default_factory=dict)


FAILS, TAKES, NEVER_TRIED = (WAITS, 1, 500), (TAKEN, 1, 204), (WAITS, 0, None)

SICK_ENDPOINTS = [
    Endpoint("endpoint_secret_missing", settings={"LOGGIN_WEBHOOK_SECRET": None}),
    Endpoint("endpoint_secret_other", settings={"LOGGIN_WEBHOOK_SECRET": WRONG}),
    Endpoint("endpoint_refused", url="http://127.0.0.1:9/hook"),
    Endpoint("endpoint_refused", url="https://localhost:9/hook"),
    Endpoint("endpoint_disabled", disable(FAILING)),
    Endpoint("endpoint_disabled", disable(GONE)),
    Endpoint("endpoint_fails", deliver(FAILS)),
    Endpoint("endpoint_fails", deliver(FAILS, NEVER_TRIED)),
    Endpoint("endpoint_fails", deliver(TAKES, *[(GIVEN_UP, 9, 404)] * 5)),
    Endpoint("events_late", deliver(NEVER_TRIED, ago=2 * 60 * 60)),
]

SOUND_ENDPOINTS = [
    Endpoint(None),
    Endpoint(None, disable(BY_HAND)),
    # Nothing is told to an endpoint that somebody disabled, so nothing is missing.
    Endpoint(None, disable(BY_HAND), settings={"LOGGIN_WEBHOOK_SECRET": None}),
    Endpoint(None, deliver(*[TAKES] * 9)),
    Endpoint(None, deliver((TAKEN, 2, 204), FAILS, NEVER_TRIED)),
    Endpoint(None, settings={"LOGGIN_WEBHOOK_SECRET": f"{WRONG},{SECRETS['LOGGIN_WEBHOOK_SECRET']}"}),
    Endpoint(None, url="http://127.0.0.1:9/hook", settings={**LOCAL}),
]


@pytest.mark.parametrize("endpoint", SICK_ENDPOINTS, ids=lambda endpoint: str(endpoint.code))
def test_an_endpoint_that_is_told_nothing_is_named(
    clinic: Clinic, tmp_path: Path, endpoint: Endpoint
) -> None:
    path, endpoint_id = with_endpoint(clinic, tmp_path, endpoint.url)
    endpoint.plant(path)
    findings = clinic.examine(**at(path), **endpoint.settings)
    assert codes_of(findings) == [endpoint.code]
    [found] = [finding for finding in findings if finding["code"] == endpoint.code]
    assert found["check"] == "app_webhooks"
    assert endpoint_id in found["message"] or endpoint.code in {"endpoint_secret_missing", "events_late"}
    assert "s3cret-path" not in json.dumps(findings)


@pytest.mark.parametrize("endpoint", SOUND_ENDPOINTS)
def test_an_endpoint_in_good_order_is_not_named(clinic: Clinic, tmp_path: Path, endpoint: Endpoint) -> None:
    path, _ = with_endpoint(clinic, tmp_path, endpoint.url)
    endpoint.plant(path)
    assert codes_of(clinic.examine(**at(path), **endpoint.settings)) == []


def test_what_should_not_be_in_a_database_is_named(clinic: Clinic, tmp_path: Path) -> None:
    path = copied(clinic, tmp_path)
    environment = {**clinic.environment, **{name: str(value) for name, value in at(path).items()}}
    command = [str(SERVER), "test-number", "add", "+12025550100", "--code", "123456"]
    subprocess.run(command, env=environment, check=True, timeout=TEST_TIMEOUT, capture_output=True)
    assert codes_of(clinic.examine(**at(path))) == ["test_numbers"]


def test_a_server_with_another_database_is_named(clinic: Clinic, tmp_path: Path) -> None:
    settings = at(tmp_path / "other.db")
    environment = {**clinic.environment, **{name: str(value) for name, value in settings.items()}}
    command = [str(SERVER), "app", "create", "--name", "Another"]
    subprocess.run(command, env=environment, check=True, timeout=TEST_TIMEOUT, capture_output=True)
    assert codes_of(clinic.examine(**settings)) == ["server_other_database"]


def test_a_proxy_that_is_not_trusted_is_named(clinic: Clinic) -> None:
    environment = {**clinic.environment, "LOGGIN_TRUSTED_PROXIES": "none"}
    serve = subprocess.Popen([str(SERVER), "serve"], env=environment, stdout=subprocess.PIPE, text=True)
    server = clinic.front.servers["login.example"]
    try:
        clinic.front.servers["login.example"] = printed_after("loggin-server listening on ", serve)
        assert codes_of(clinic.examine()) == ["proxy_not_trusted"]
        # Where nothing in front says whom it calls for, nothing is wrong.
        for how in ("pass", "drop"):
            clinic.front.habits = Habits(forwarded=how)
            assert codes_of(clinic.examine()) == []
    finally:
        clinic.front.servers["login.example"] = server
        serve.terminate()
        serve.communicate(timeout=TEST_TIMEOUT)


def test_a_file_of_settings_that_cannot_be_read_is_all_that_is_named(clinic: Clinic, tmp_path: Path) -> None:
    path = tmp_path / "loggin.toml"
    path.write_text('public_url = "https://s3cret\nnumber =')
    code, out, _ = clinic.run("--json", "--config", str(path))
    assert (code, codes_of(json.loads(out)["findings"])) == (1, ["settings_unreadable"])
    assert "s3cret" not in out


def test_a_machine_without_any_setting_is_told_all_of_them(clinic: Clinic) -> None:
    none = dict.fromkeys([*SETTINGS, "LOGGIN_DATABASE_URL"])
    findings = clinic.examine(**none)
    assert codes_of(findings) == ["setting_wrong"] * 7


# What depends on the day or the machine: the tests of the server judge it.
ELSEWHERE = {"check_timed_out", "disk_full", "disk_low", "graph_version_ends"}


def test_every_code_is_planted_here() -> None:
    source = (ROOT / "server/src/doctor/codes.rs").read_text()
    known = set(re.findall(r"\b(?:problem|warning)\(\s*\"([a-z_]+)\"", source))
    here = Path(__file__).read_text()
    planted = {code for code in known if re.search(rf"[\" ]{code}[\" ]", here)}
    assert known - planted == set()
    assert known >= ELSEWHERE


def test_templates_are_listed_as_meta_has_them(clinic: Clinic) -> None:
    for name in ("verification_code", "verification_code_2"):
        clinic.register_template(name)
    clinic.plant(template_status="PAUSED", template_quality="YELLOW")
    code, printed, error = clinic.command("template", "list", "--json")
    assert code == 0, error
    other = {"language": "en_US", "status": "paused", "category": "authentication", "quality": "yellow"}
    own = {"name": "verification_code", "in_use": True, **other}
    assert json.loads(printed) == [own, {**own, "name": "verification_code_2", "in_use": False}]
    for named in ((), ("verification_code",)):
        _, printed, _ = clinic.command("template", "show", *named, "--json")
        assert json.loads(printed) == [own]
    _, printed, _ = clinic.command("template", "show")
    assert printed.split() == [
        "verification_code",
        "en_US",
        "paused",
        "authentication",
        "quality",
        "yellow",
        "one-time",
        "codes",
    ]
    for arguments, settings, why in (
        (("show", "another"), {}, "no template with the name another"),
        (("list",), {"WHATSAPP_ACCESS_TOKEN": "EAAanother"}, "the access token is refused"),
        (("list",), {"WHATSAPP_ACCESS_TOKEN": None}, "WHATSAPP_ACCESS_TOKEN is wrong or missing"),
        (("show",), {"WHATSAPP_OTP_TEMPLATE": None}, "name the template"),
    ):
        code, printed, error = clinic.command("template", *arguments, **settings)
        assert (code, printed) == (1, ""), why
        assert why in error
