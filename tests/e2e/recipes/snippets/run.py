"""Runs a snippet of the documentation as a program, and shows its links to whoever taps Send.

A line that is only an expression with a comment, `result.phone  # '919876543210'`, has to have that value.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import sys
from pathlib import Path

import loggin

_EXPECTED = re.compile(r"^(?P<code>[\w.\[\]()]+)  # (?P<value>'[^']*'|\d+|None|True|False)$")


def _show_links() -> None:
    """Each created link is printed, so that the test can open it."""
    for client in (loggin.Loggin, loggin.AsyncLoggin):
        original = client.create_token

        def create_token(self, *args, _original=original, **options):  # type: ignore[no-untyped-def]
            login = _original(self, *args, **options)
            print(f"link {login.link}", flush=True)
            return login

        client.create_token = create_token  # type: ignore[method-assign]


def _with_expectations(source: str) -> str:
    lines = []
    for line in source.split("\n"):
        match = _EXPECTED.match(line)
        lines.append(f"_expect({match['code']}, {match['value']})" if match else line)
    return "\n".join(lines)


def _expect(value: object, expected: object) -> None:
    if value != expected:
        raise AssertionError("a value is not the one that its comment tells")
    print("value", flush=True)


def main() -> None:
    path = Path(sys.argv[1])
    _show_links()
    code = compile(
        _with_expectations(path.read_text()),
        str(path),
        "exec",
        flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
    )
    names = {"__name__": "__main__", "_expect": _expect}
    result = eval(code, names)  # noqa: S307 (a page of this repository)
    if inspect.isawaitable(result):
        asyncio.run(_finish(result))
    print("done", flush=True)


async def _finish(awaitable: object) -> None:
    await awaitable  # type: ignore[misc]


if __name__ == "__main__":
    main()
