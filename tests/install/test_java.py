"""The JAR, as a Maven project has it whose only other repository is the public one."""

from __future__ import annotations

import os
import shutil
import xml.etree.ElementTree as Xml
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import DIST, PROGRAMS, Dev, Machine, only

ARTIFACT = Path("dev/loggin/loggin")
NAMESPACE = {"m": "http://maven.apache.org/POM/4.0.0"}
# What Maven Central demands of every POM, beside the coordinates.
DEMANDED = (
    "name",
    "description",
    "url",
    "licenses/license/name",
    "licenses/license/url",
    "developers/developer/name",
    "scm/connection",
    "scm/url",
)

NEEDS_MAVEN = pytest.mark.skipif(
    shutil.which("mvn") is None or shutil.which("javac") is None, reason="Maven or a JDK is missing"
)
pytestmark = NEEDS_MAVEN


def _jar() -> Path:
    return only("maven", f"{ARTIFACT}/*/loggin-*[0-9].jar")


@contextmanager
def kept() -> Iterator[Path]:
    """What Maven keeps, without a JAR of an earlier run."""
    repository = Path.home() / ".m2" / "repository"
    ours = repository / ARTIFACT / _jar().parent.name
    shutil.rmtree(ours, ignore_errors=True)
    try:
        yield repository
    finally:
        shutil.rmtree(ours, ignore_errors=True)


@pytest.fixture
def project(folder: Path) -> Iterator[Machine]:
    """A project, which sees what Maven keeps."""
    shutil.copytree(PROGRAMS / "maven", folder, dirs_exist_ok=True)
    machine = Machine(folder)
    # A JDK and Maven are there, and what their scripts call.
    machine.environment["PATH"] = os.environ["PATH"]
    with kept() as repository:
        machine.environment["MAVEN_OPTS"] = (
            f"-Dmaven.repo.local={repository} -Drepository={(DIST / 'maven').as_uri()} "
            f"-Dloggin.version={_jar().parent.name}"
        )
        yield machine


def test_an_app_signs_in(project: Machine, dev: Dev) -> None:
    # Maven says what the program needs, and holds back what a program under it prints.
    told = ("exec:exec", "-Dexec.executable=echo", "-Dexec.args=%classpath")
    said = project.run("mvn", "-q", "-B", "compile", *told)
    # It begins with what was compiled here, after marks of colour.
    classpath = said[said.index(str(project.folder / "target")) :].split("\n", maxsplit=1)[0]
    project.signs_in(dev, "java", "-classpath", classpath, "Login")


def test_the_jar_has_the_library_and_its_licences() -> None:
    with zipfile.ZipFile(_jar()) as jar:
        names = set(jar.namelist())
    assert any(name.startswith("linux-") and name.endswith("/libloggin_mobile.so") for name in names)
    assert {f"META-INF/{name}" for name in ("LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-LICENSES")} <= names
    with zipfile.ZipFile(only("maven", f"{ARTIFACT}/*/*-sources.jar")) as sources:
        assert any(name.endswith("Loggin.kt") for name in sources.namelist())


def test_the_pom_says_what_maven_central_demands() -> None:
    pom = Xml.parse(only("maven", f"{ARTIFACT}/*/*.pom"))  # noqa: S314 (it was made here)
    for path in DEMANDED:
        found = pom.find("/".join(f"m:{part}" for part in path.split("/")), NAMESPACE)
        assert found is not None, path
        assert (found.text or "").strip(), path
