"""The alarms and the dashboard: Prometheus takes them, and they name what the server exports.

The server exports what the table in docs/operations.md lists: a test of the server compares the two.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import PACKAGING, ROOT, TEST_TIMEOUT

MONITORING = PACKAGING / "monitoring"
ALERTS = MONITORING / "alerts.yml"
DASHBOARD = MONITORING / "dashboard.json"
# What a histogram is, besides its name.
ENDINGS = ("_bucket", "_sum", "_count")
# Labels that the collector adds, and that histograms have.
ADDED = {"instance", "job", "le"}

_ROW = re.compile(
    r"^\| `(?P<name>(?:loggin|process)_\w+)` \| (?P<kind>\w+) \| [^|]+ \| (?P<labels>[^|]+) \|", re.MULTILINE
)
_NAME = re.compile(r"\b(?:loggin|process)_[a-z_]+\b")
_SELECTOR = re.compile(r"\b(?P<name>(?:loggin|process)_[a-z_]+)\{(?P<labels>[^}]*)\}")
_MATCHER = re.compile(r"(?P<label>\w+)\s*=~?\s*\"(?P<value>[^\"]*)\"")
_BY = re.compile(r"\bby \((?P<labels>[^)]*)\)")


def promtool(*arguments: str) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is missing; with apt-get it is in the package prometheus")
    done = subprocess.run(
        ["promtool", *arguments], capture_output=True, text=True, timeout=TEST_TIMEOUT, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def exported() -> dict[str, set[str]]:
    """The labels of each name that a collector may see."""
    page = (ROOT / "docs" / "operations.md").read_text()
    names: dict[str, set[str]] = {}
    for row in _ROW.finditer(page):
        labels = set(re.findall(r"`(\w+)`", row["labels"]))
        for ending in ENDINGS if row["kind"] == "histogram" else ("",):
            names[row["name"] + ending] = labels
    assert len(names) > 25
    return names


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def expressions() -> Iterator[tuple[str, str]]:
    """Each expression, with the place where it stands; names in texts for people are no expressions."""
    for panel in panels():
        for target in panel.get("targets", ()):
            yield f"dashboard: {panel['title']}", target["expr"]
    alerts = re.split(r"^ +- alert: ", ALERTS.read_text(), flags=re.MULTILINE)[1:]
    for alert in alerts:
        name, _, rest = alert.partition("\n")
        inline = re.search(r"^ +expr: (\||.*)\n((?: {10,}.*\n)*)", rest, re.MULTILINE)
        assert inline is not None, name
        yield f"alert: {name}", " " + inline[1].removeprefix("|") + inline[2]


def test_prometheus_takes_the_alarms() -> None:
    promtool("check", "rules", str(ALERTS))


def test_the_alarms_ring_when_they_should() -> None:
    promtool("test", "rules", str(Path(__file__).with_name("alerts.test.yml")))


def test_prometheus_takes_what_the_dashboard_asks(tmp_path: Path) -> None:
    lines = ["groups:", "  - name: dashboard", "    rules:"]
    asked = [expression for place, expression in expressions() if place.startswith("dashboard")]
    for number, expression in enumerate(asked):
        # What Grafana puts in.
        filled = expression.replace("$__rate_interval", "5m").replace("$instance", ".*")
        lines += [f"      - record: panel:number:{number}", f"        expr: {json.dumps(filled)}"]
    rules = tmp_path / "rules.yml"
    rules.write_text("\n".join(lines) + "\n")
    promtool("check", "rules", str(rules))


def test_each_metric_and_label_is_one_that_the_server_exports(exported: dict[str, set[str]]) -> None:
    seen = set()
    for place, expression in expressions():
        names = set(_NAME.findall(re.sub(r"\"[^\"]*\"", "", expression)))
        # A server that is away exports nothing.
        assert names or expression.startswith(" up{"), place
        assert names <= exported.keys(), (place, names - exported.keys())
        for selector in _SELECTOR.finditer(expression):
            labels = {match["label"] for match in _MATCHER.finditer(selector["labels"])}
            assert labels <= exported[selector["name"]] | ADDED, (place, selector.group())
        known = set[str]().union(*(exported[name] for name in names)) | ADDED
        for grouping in _BY.finditer(expression):
            assert set(grouping["labels"].split(", ")) <= known, (place, grouping.group())
        seen |= {re.sub(r"_(?:bucket|sum|count)$", "", name) for name in names}
    # And the other way round: nothing that is exported is left out of both.
    listed = {re.sub(r"_(?:bucket|sum|count)$", "", name) for name in exported}
    assert listed == seen


def test_each_value_of_a_label_is_one_that_the_server_gives() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    for place, expression in expressions():
        for selector in _SELECTOR.finditer(expression):
            for match in _MATCHER.finditer(selector["labels"]):
                if match["label"] in {"instance", "job"}:
                    continue
                for value in match["value"].split("|"):
                    assert f"`{value}`" in page or value == "5xx", (place, value)


def test_the_panels_stand_side_by_side() -> None:
    ids = [panel["id"] for panel in panels()]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
