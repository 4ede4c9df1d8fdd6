"""Each check is shown one tree that it must refuse and one that it must accept."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from .. import bindings, budgets, driver, habits, links, secrets, traces
from ..tree import Problem, Tree

Check = Callable[[Tree], Iterator[Problem]]

_RUST = "//! A file.\n"
_LONG_ENOUGH = "\n" * budgets.SHORTEST_FILE
_PYTHON = '"""A file."""\n'


def _found(check: Check, path: str, text: str) -> list[int]:
    """The lines that the check complains about in a tree of this one file."""
    return [problem.line for problem in check(Tree.of_texts({path: text}))]


def _function(lines: int) -> str:
    return "fn f() {\n" + "    step();\n" * (lines - 2) + "}\n"


REFUSED = [
    (budgets.check, "core/src/utils.rs", _RUST + _LONG_ENOUGH),
    (budgets.check, "server/src/helpers/a.rs", _RUST + _LONG_ENOUGH),
    (budgets.check, "server/src/http_utils.rs", _RUST + _LONG_ENOUGH),
    (budgets.check, "core/src/a.rs", _LONG_ENOUGH),
    (budgets.check, "core/src/a.rs", _RUST + "\n" * budgets.LONGEST_FILE),
    (budgets.check, "core/src/a.rs", _RUST + "struct A;\n"),
    (budgets.check, "core/src/a.rs", _RUST + _function(budgets.LONGEST_FUNCTION + 1)),
    (budgets.check, "a.py", _PYTHON + "def f():\n" + "    step()\n" * budgets.LONGEST_FUNCTION),
    (budgets.check, "node/sdk/src/a.ts", "export {};\n"),
    (habits.check, "docs/a.md", "TODO: write this"),
    (habits.check, "core/src/a.rs", "fn f() { todo!() }"),
    (habits.check, "core/src/a.rs", "#[cfg(test)]\nmod tests { fn f() { thread::sleep(D); } }"),
    (habits.check, "core/protocol/src/waits/tests/machine.rs", "fn f() { thread::sleep(D); }"),
    (habits.check, "server/tests/a.rs", "fn f() { tokio::time::sleep(D).await; }"),
    (habits.check, "server/tests/a.rs", "#[ignore]\nfn f() {}"),
    (habits.check, "python/tests/test_a.py", "time.sleep(1)"),
    (habits.check, "python/tests/test_a.py", "await asyncio.sleep(0.1)"),
    (habits.check, "python/tests/test_a.py", "with pytest.raises(ValueError, match='no'):"),
    (habits.check, "node/sdk/tests/a.test.ts", "await new Promise((resolve) => setTimeout(resolve, 10));"),
    (habits.check, "node/sdk/tests/a.test.ts", "expect(f).toThrow('no')"),
    (habits.check, "node/sdk/tests/a.test.ts", "it.todo('a')"),
    (driver.check, "core/src/driver/hub.rs", "use ureq::Agent;"),
    (driver.check, "core/src/driver/hub.rs", "let until = SystemTime::now() + timeout;"),
    (bindings.check, "bindings/node/src/lib.rs", "fn f() { g().unwrap(); }"),
    (bindings.check, "bindings/node/src/lib.rs", _function(bindings.LONGEST_FUNCTION + 1)),
    (bindings.check, "bindings/node/src/lib.rs", "fn f() { if a {} if b {} if c {} if d {} }"),
    (secrets.check, "core/src/client.rs", 'fn f() { println!("{}", 1); }'),
    (secrets.check, "node/sdk/src/client.ts", "process.stdout.write(token);"),
    (secrets.check, "server/src/logins.rs", 'tracing::info!(\n  code = code.expose(), "x");'),
    (secrets.check, "server/src/config.rs", 'tracing::info!("{}", token.expose_secret());'),
    (secrets.check, "core/protocol/src/token.rs", "#[derive(Clone, Debug)]\npub struct Token([u8; 20]);"),
    (links.check, "docs/a.md", "See [b](b.md)."),
    (links.check, "docs/a.md", "See [here](#there)."),
    (links.check, "README.md", '<img src="docs/flow.svg">'),
    (traces.check, "docs/a.md", "Look in /home/ana/loggin."),
    (traces.check, "node/package-lock.json", '"resolved": "https://registry.npmjs.org/a.tgz"'),
    (traces.check, "Cargo.lock", 'source = "registry+https://example.org/index"'),
    (traces.check, "node/.npmrc", "registry=https://registry.npmjs.org/"),
]

ACCEPTED = [
    (budgets.check, "core/src/a.rs", _RUST + _function(budgets.LONGEST_FUNCTION)),
    (budgets.check, "core/src/lib.rs", _RUST),
    (budgets.check, "python/src/loggin/__init__.py", _PYTHON),
    (budgets.check, "examples/python/login.py", _PYTHON),
    (budgets.check, "node/sdk/index.d.ts", "export {};\n" * (budgets.LONGEST_FILE + 1)),
    (habits.check, "core/src/driver/hub.rs", "fn f() { thread::sleep(D); }"),
    (habits.check, "python/tests/test_a.py", "await asyncio.sleep(0)"),
    (habits.check, "tests/bench/rust/src/a.rs", "fn f() { thread::sleep(D); }"),
    (habits.check, "python/tests/test_a.py", "with pytest.raises(ValueError):"),
    (habits.check, "node/sdk/tests/a.test.ts", "expect(f).toThrow(ExpiredError)"),
    (driver.check, "core/src/driver/hub.rs", "let now = Instant::now();"),
    (driver.check, "core/src/driver/transport.rs", "use ureq::Agent;"),
    (bindings.check, "bindings/node/src/lib.rs", _function(bindings.LONGEST_FUNCTION)),
    (secrets.check, "node/sdk/src/cli.ts", "process.stdout.write(usage);"),
    (secrets.check, "server/src/main.rs", 'fn f() { println!("{}", key.expose()); }'),
    (secrets.check, "core/protocol/src/token.rs", "#[derive(Clone)]\npub struct Token([u8; 20]);"),
    (secrets.check, "core/protocol/src/token.rs", "#[derive(Debug)]\npub struct TokenIndex(u8);"),
    (
        links.check,
        "docs/a.md",
        "# One `two`\nSee [one](#one-two), [all](https://example.org), [self](a.md).\n",
    ),
    (links.check, "docs/a.md", "```md\n[b](b.md)\n```\n"),
    (traces.check, "docs/a.md", "GET /home is no folder."),
    (traces.check, "Cargo.lock", 'source = "registry+https://github.com/rust-lang/crates.io-index"'),
]


@pytest.mark.parametrize(("check", "path", "text"), REFUSED)
def test_refused(check: Check, path: str, text: str) -> None:
    assert _found(check, path, text) != []


@pytest.mark.parametrize(("check", "path", "text"), ACCEPTED)
def test_accepted(check: Check, path: str, text: str) -> None:
    assert _found(check, path, text) == []


def test_a_problem_stands_on_its_line() -> None:
    text = _RUST + "\n" * 30 + _function(budgets.LONGEST_FUNCTION + 1)
    assert _found(budgets.check, "core/src/a.rs", text) == [32]
