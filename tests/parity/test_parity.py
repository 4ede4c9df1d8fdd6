"""One list of names, and the declaration of each in the sources of every language."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES: dict[str, Any] = json.loads((Path(__file__).parent / "names.json").read_text(encoding="utf-8"))
# What the SDK for Node has from `@loggin/web`.
SHARED_WITH_WEB = (
    "node/web/src/error.ts",
    "node/web/src/login.ts",
    "node/web/src/otp.ts",
    "node/web/src/updates.ts",
)
# Where a language declares what it offers, and how a declaration of a name looks there.
LANGUAGES = {
    "rust": (
        (
            "core/src/client.rs",
            "core/src/client/builder.rs",
            "core/src/client/confirm.rs",
            "core/src/client/denied.rs",
            "core/src/client/status.rs",
            "core/src/client/observer.rs",
            "core/src/client/otp.rs",
            "core/src/client/state.rs",
            "core/protocol/src/error.rs",
            "core/protocol/src/session.rs",
            "core/protocol/src/webhook.rs",
            "core/src/webhook.rs",
        ),
        r"pub fn {}\b|pub {}:",
    ),
    "python": (("python/src/loggin/*.py", "python/src/loggin/*.pyi"), r"def {}\(|\b{}: "),
    "node": (("node/sdk/src/*.ts", *SHARED_WITH_WEB), r"(?:^|[\s.]){}(?:\?|!)?[(:<]"),
    "kotlin": (("bindings/mobile/kotlin/src/main/kotlin/loggin/*.kt",), r"\bfun {}\(|\bva[lr] {}\b|^ +{}: "),
    "swift": (
        ("bindings/mobile/swift/Sources/Loggin/*.swift",),
        r"\bfunc {}\(|\b(?:let|var) {}\b|[ (]{}: \w+\?",
    ),
}
# What Swift writes in capitals, by its own API guidelines.
ACRONYMS = {"url": "URL", "id": "ID", "http": "HTTP", "svg": "SVG"}


def spelled(name: str, language: str) -> str:
    """The name as the language writes it."""
    if language in {"rust", "python"}:
        return name
    first, *rest = name.split("_")
    words = [word.capitalize() for word in rest]
    if language == "swift":
        words = [ACRONYMS.get(word, word.capitalize()) for word in rest]
    return "".join([first, *words])


def sources(language: str) -> str:
    patterns, _ = LANGUAGES[language]
    files = [file for pattern in patterns for file in sorted(ROOT.glob(pattern))]
    assert files, f"no sources of {language}"
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def declares(language: str, name: str) -> bool:
    declaration = LANGUAGES[language][1].replace("{}", re.escape(name))
    return re.search(declaration, sources(language), re.MULTILINE) is not None


ENTRIES = [
    pytest.param(language, entry, id=f"{language}-{group}-{entry['name']}")
    for language in LANGUAGES
    for group, entries in NAMES.items()
    if isinstance(entries, list)
    for entry in entries
]


@pytest.mark.parametrize(("language", "entry"), ENTRIES)
def test_a_name_stands_in_every_language(language: str, entry: dict[str, Any]) -> None:
    name = entry.get("as", {}).get(language) or spelled(entry["name"], language)
    is_wanted = language not in entry.get("not_in", {})
    assert declares(language, name) == is_wanted, f"{name} in {language}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_that_nobody_has_is_missed(language: str) -> None:
    assert not declares(language, spelled("wait_for_nobody", language))
