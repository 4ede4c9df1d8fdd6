"""The FastAPI example signs somebody in, through the real server and simulator."""

from __future__ import annotations

import html
import importlib.util
import re
import threading
from collections.abc import Iterator
from types import ModuleType

import pytest
from conftest import ROOT, Environment
from fastapi.testclient import TestClient

APP = ROOT / "examples" / "fastapi" / "app.py"


@pytest.fixture
def example(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("LOGGIN_BASE_URL", environment.url)
    specification = importlib.util.spec_from_file_location("fastapi_example", APP)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def browser(example: ModuleType) -> Iterator[TestClient]:
    with TestClient(example.app) as client:
        yield client


def begin(browser: TestClient) -> str:
    """Begins a login; the link on the page."""
    found = re.search(r'<a href="([^"]+)"', browser.post("/login").text)
    assert found is not None
    return html.unescape(found[1])


def test_a_person_signs_in_and_out(environment: Environment, browser: TestClient) -> None:
    assert "Sign in with WhatsApp" in browser.get("/").text
    link, phone = begin(browser), environment.add_phone()
    tap = threading.Thread(target=environment.tap, args=(link, phone))
    tap.start()
    assert browser.post("/wait").status_code == 204
    tap.join()
    assert f"Hello, +{phone}" in browser.get("/").text
    assert "Sign in with WhatsApp" in browser.post("/logout").text
    assert browser.post("/wait").status_code == 400


def test_a_page_asks_again_while_nobody_has_signed_in(
    browser: TestClient, example: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(example, "HOLD", 0.01)
    begin(browser)
    assert browser.post("/wait").status_code == 202
    assert "Sign in with WhatsApp" in browser.get("/").text
