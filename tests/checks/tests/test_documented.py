"""A code or a setting that only the pages or only the sources have is found."""

from __future__ import annotations

from .. import documented
from ..tree import Tree

_SOURCE = 'Self::Expired => row("expired", 410),\nSelf::Closed => client_row("closed", 0),\n'
_PAGE = "| code | HTTP |\n| --- | --- |\n| `expired` | 410 |\n| `closed` | none |\n"


def _found(texts: dict[str, str]) -> list[tuple[str, int]]:
    return [(problem.path, problem.line) for problem in documented.check(Tree.of_texts(texts))]


def test_equal_lists_of_codes_pass() -> None:
    assert _found({"core/protocol/src/error.rs": _SOURCE, "docs/errors.md": _PAGE}) == []


def test_a_code_without_an_explanation_is_found() -> None:
    page = _PAGE.replace("| `expired` | 410 |\n", "")
    assert _found({"core/protocol/src/error.rs": _SOURCE, "docs/errors.md": page}) == [("docs/errors.md", 1)]


def test_an_explanation_without_a_code_is_found() -> None:
    page = _PAGE + "| `gone` | 410 |\n"
    assert _found({"core/protocol/src/error.rs": _SOURCE, "docs/errors.md": page}) == [("docs/errors.md", 5)]


def test_a_code_without_advice_is_found() -> None:
    texts = {
        "core/protocol/src/error.rs": _SOURCE,
        "docs/troubleshooting.md": "| `expired`, `other` | why |\n",
    }
    assert _found(texts) == [("docs/troubleshooting.md", 1)]
    assert _found({**texts, "docs/troubleshooting.md": "| `expired`, `closed` | why |\n"}) == []


_CAUSES = 'Self::Http(_) => ("http", "…"),\nSelf::Dns => ("dns", "…"),\nSelf::Tls => ("tls", "…"),\n'
_CAUSE_PAGE = "| cause | what |\n| --- | --- |\n| `http_<status>` | … |\n| `dns`, `tls` | … |\n"


def test_equal_lists_of_causes_pass() -> None:
    assert _found({"core/protocol/src/cause.rs": _CAUSES, "docs/networks.md": _CAUSE_PAGE}) == []


def test_a_cause_that_one_of_them_lacks_is_found() -> None:
    page = _CAUSE_PAGE.replace("`tls`", "`tsl`")
    places = [("docs/networks.md", 1), ("docs/networks.md", 4)]
    assert _found({"core/protocol/src/cause.rs": _CAUSES, "docs/networks.md": page}) == places


_FINDINGS = (
    'const A: Known = problem("disk_full", "…");\nconst B: Known = warning(\n    "no_apps",\n    "…",\n);\n'
)
_FINDING_PAGE = (
    "| code | severity |\n| --- | --- |\n| `disk_full` | problem | … |\n| `no_apps` | warning | … |\n"
)


def test_findings_of_the_doctor_stand_on_their_page_with_their_severity() -> None:
    source, page = "server/src/doctor/codes.rs", "docs/operations.md"
    assert _found({source: _FINDINGS, page: _FINDING_PAGE}) == []
    misspelt = _FINDING_PAGE.replace("`no_apps`", "`no_app`")
    assert len(_found({source: _FINDINGS, page: misspelt})) == 2
    milder = _FINDING_PAGE.replace("| problem |", "| warning |")
    assert len(_found({source: _FINDINGS, page: milder})) == 1


def test_settings_that_are_read_and_explained_pass() -> None:
    texts = {"core/src/client.rs": 'env::var("LOGGIN_BASE_URL")', "README.md": "`LOGGIN_BASE_URL`"}
    assert _found(texts) == []


def test_a_setting_without_an_explanation_is_found() -> None:
    texts = {"server/src/config.rs": '\nenv = "WHATSAPP_NUMBER"', "README.md": ""}
    assert _found(texts) == [("server/src/config.rs", 2)]


def test_an_explanation_without_a_setting_is_found() -> None:
    texts = {"core/src/client.rs": '"LOGGIN_BASE_URL"', "README.md": "`LOGGIN_BASE_URL`\n`LOGGIN_NOTHING`"}
    assert _found(texts) == [("README.md", 2)]
