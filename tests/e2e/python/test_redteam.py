"""The attacks of `make redteam` end as docs/security.md says, for every policy.

They are played by the program itself, on a server of its own: what is printed here is what it prints there.
They take a minute, most of which WhatsApp has people wait between two messages.
"""

from __future__ import annotations

import os
import subprocess
import sys

from conftest import ROOT, SERVER

# Seconds for all attacks together. WhatsApp takes a message to one person every 6 seconds once it has taken ten,
# and one of them is sent twenty.
ALL_ATTACKS_TIMEOUT = 300


def test_who_gets_in_is_what_the_page_says() -> None:
    """Fails where an attack ends otherwise than the page says, for better or worse."""
    variables = {**os.environ, "LOGGIN_SERVER_BIN": str(SERVER), "PYTHONPATH": str(ROOT / "tests")}
    command = [sys.executable, "-m", "redteam", "--check"]
    played = subprocess.run(command, env=variables, timeout=ALL_ATTACKS_TIMEOUT, check=False)
    assert played.returncode == 0, "make redteam prints what was found"
