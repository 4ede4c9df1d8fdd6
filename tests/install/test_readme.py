"""What README shows first: five commands from the packages of dist/ to the first login."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import DIST, PHONE, ROOT, TIMEOUT
from ports import free_port

COMMANDS = 5
BLOCKS = {"python": "--find-links dist/python", "node": "dist/npm/loggin-"}


def _block(part: str) -> str:
    """The one block of the page that has this part."""
    page = (ROOT / "README.md").read_text()
    [block] = [
        block for block in re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL) if part in block
    ]
    return str(block)


def _tap(phone: str, link: str) -> None:
    def control(path: str, body: dict[str, str]) -> dict[str, str]:
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{phone}/control/{path}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            answer: dict[str, str] = json.load(response)
            return answer

    text = control("open-link", {"link": link})["text"]
    control(f"phones/{PHONE}/messages", {"text": text})


@pytest.mark.parametrize("language", BLOCKS)
def test_five_commands_sign_in(folder: Path, language: str) -> None:
    (folder / "dist").symlink_to(DIST)
    # README's own may be taken here.
    server, phone = (f"127.0.0.1:{free_port()}" for _ in range(2))
    block = _block(BLOCKS[language])
    assert len(block.splitlines()) == COMMANDS
    listening = block.replace("server dev", f"server dev --listen {server} --simulator-listen {phone}")
    assert listening != block
    with subprocess.Popen(
        ["bash", "-euc", listening],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LOGGIN_BASE_URL": f"http://{server}"},
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
