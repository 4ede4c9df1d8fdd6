"""What README and docs/first-login.md show: five commands from the packages of dist/ to the first login."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import DIST, PHONE, ROOT, TIMEOUT
from ports import free_port
from test_java import NEEDS_MAVEN, kept
from test_rust import TARGET

COMMANDS = 5
FIRST_LOGIN = "docs/first-login.md"
# The page of each language, and what its block of commands has.
BLOCKS = {
    "python": ("README.md", "--find-links dist/python"),
    "node": ("README.md", "dist/npm/loggin-"),
    "rust": (FIRST_LOGIN, "cargo run"),
    "kotlin": (FIRST_LOGIN, "mvn --quiet"),
}


def _block(page: str, part: str) -> tuple[str, dict[str, str]]:
    """The one block of the page that has this part, and the files of its section."""
    sections = [
        section for section in re.split(r"^(?=## )", (ROOT / page).read_text(), flags=re.M) if part in section
    ]
    assert len(sections) == 1, part
    fenced = r"^```{}\n(.*?)^```$"
    [block] = [
        block for block in re.findall(fenced.format("sh"), sections[0], re.M | re.DOTALL) if part in block
    ]
    files = re.findall(fenced.format(r"\w+ title=(\S+)"), sections[0], re.M | re.DOTALL)
    return str(block), dict(files)


@pytest.fixture
def environment(folder: Path, language: str) -> Iterator[dict[str, str]]:
    """What the commands find: the language's own tools, and what these have downloaded before."""
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    if language == "rust":
        for name, place in {"CARGO_HOME": ".cargo", "RUSTUP_HOME": ".rustup"}.items():
            variables[name] = os.environ.get(name, str(Path.home() / place))
        variables |= {
            "CARGO_TARGET_DIR": str(TARGET),
            "CARGO_PROFILE_DEV_DEBUG": "0",
            "CARGO_INCREMENTAL": "0",
        }
        # The versions that the crates were tested with.
        shutil.copyfile(ROOT / "Cargo.lock", folder / "Cargo.lock")
    if language == "kotlin":
        with kept() as repository:
            # A compiler that stayed would hold a gigabyte for hours.
            options = f"-Dmaven.repo.local={repository} -Dkotlin.compiler.daemon=false"
            yield {**variables, "MAVEN_OPTS": options}
        return
    yield variables


def _tap(phone: str, link: str) -> None:
    def control(path: str, body: dict[str, str]) -> dict[str, str]:
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{phone}/control/{path}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            answer: dict[str, str] = json.load(response)
            return answer

    text = control("open-link", {"link": link})["text"]
    control(f"phones/{PHONE}/messages", {"text": text})


@pytest.mark.parametrize("language", ["python", "node", "rust", pytest.param("kotlin", marks=NEEDS_MAVEN)])
def test_five_commands_sign_in(folder: Path, language: str, environment: dict[str, str]) -> None:
    (folder / "dist").symlink_to(DIST)
    block, files = _block(*BLOCKS[language])
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    # The pages' own ports may be taken here.
    server, phone = (f"127.0.0.1:{free_port()}" for _ in range(2))
    assert len(block.splitlines()) <= COMMANDS
    listening = block.replace("server dev", f"server dev --listen {server} --simulator-listen {phone}")
    assert listening != block
    with subprocess.Popen(
        ["bash", "-euc", listening],
        cwd=folder,
        env={**environment, "LOGGIN_BASE_URL": f"http://{server}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as commands:
        assert commands.stdout is not None
        try:
            link, is_ready, said = None, False, ""
            for line in commands.stdout:
                said += line
                found = re.search(rf"http://{re.escape(server)}/l/\S+", line)
                link = found.group() if found else link
                is_ready = is_ready or line.startswith("phone simulator on ")
                if link and is_ready:
                    break
            assert link, said
            assert is_ready, said
            _tap(f"http://{phone}", link)
            # The output ends with the last of them: the server is gone too.
            rest, _ = commands.communicate(timeout=TIMEOUT)
            assert PHONE in rest
            assert commands.returncode == 0
        finally:
            with suppress(ProcessLookupError):
                os.killpg(commands.pid, signal.SIGKILL)
