"""Times `create_token` of the SDK against the same in pure Python, in turns.

It prints the nanoseconds of processor time a call, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from loggin import Loggin

from bench.tokens import new_login

APP_KEY = "8XKPQ2WN"
NUMBER = "15550001111"
CALLS = 20_000


def main(rounds: int) -> None:
    client = Loggin(whatsapp_number=NUMBER)
    login = client.create_token(APP_KEY)
    peer = new_login(APP_KEY, NUMBER)
    # The same work: a link of the same length, which differs in the code only.
    assert len(login.link) == len(peer[1])
    assert login.link.split("Code")[0] == peer[1].split("Code")[0]
    times: dict[str, list[float]] = {"ours": [], "peer": []}
    for _ in range(rounds):
        times["ours"].append(_time(lambda: client.create_token(APP_KEY)))
        times["peer"].append(_time(lambda: new_login(APP_KEY, NUMBER)))
    print(json.dumps(times))


def _time(call: Callable[[], object]) -> float:
    began = time.process_time_ns()
    for _ in range(CALLS):
        call()
    return (time.process_time_ns() - began) / CALLS


if __name__ == "__main__":
    main(int(sys.argv[1]))
