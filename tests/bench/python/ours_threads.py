"""Waits of the Python SDK, each on a thread that it blocks."""

from __future__ import annotations

import json
import threading
import time

from loggin import Loggin

from .child import Plan, Stamps, leave, next_line, rest, say

# Longer than any measurement.
TIMEOUT_SECONDS = 900
# How often a report looks whether all have woken.
LOOK_SECONDS = 0.01


def main() -> None:
    plan = Plan.read()
    client = Loggin(plan.urls[0], secret_key=plan.secret_key)
    say("warming")
    client.wait_for_verify(plan.warm, timeout=TIMEOUT_SECONDS)
    stamps = Stamps(len(plan.tokens))

    def wait(token: str, number: int) -> None:
        client.wait_for_verify(token, timeout=TIMEOUT_SECONDS)
        stamps.mark(number)

    rest()
    say("warm")
    next_line()
    for number, token in enumerate(plan.tokens):
        threading.Thread(target=wait, args=(token, number), daemon=True).start()
    say("started")
    while (line := next_line()) == "rest":
        rest()
        say("rested")
    while len(woken := stamps.marked()) < int(line.split()[1]):
        time.sleep(LOOK_SECONDS)
    say(json.dumps({"woken": woken}))
    leave()


if __name__ == "__main__":
    main()
