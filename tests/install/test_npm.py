"""The npm packages, installed by each package manager from a registry that has nothing but dist/npm."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import MANAGERS, PROGRAMS, TIMEOUT, Dev, Machine, started

SDK = "@loggin/sdk"
FREE = "127.0.0.1:0"
# By which npx runs a program: one that stays between the two, and one that becomes the program.
SHELLS = ("dash", "bash")


def _tool(path: str) -> Path:
    return (MANAGERS / path).resolve()


def _npm(machine: Machine, registry: str, *packages: str) -> None:
    machine.run("npm", "install", "--no-audit", "--no-fund", f"--registry={registry}", *packages)


def _pnpm(machine: Machine, registry: str, *packages: str) -> None:
    machine.run("node", _tool("pnpm/bin/pnpm.cjs"), "add", f"--registry={registry}", *packages)


def _yarn(linker: str) -> Callable[..., None]:
    def install(machine: Machine, registry: str, *packages: str) -> None:
        (machine.folder / "yarn.lock").touch()
        (machine.folder / ".yarnrc.yml").write_text(
            f"nodeLinker: {linker}\nnpmRegistryServer: {registry}\nunsafeHttpWhitelist: ['127.0.0.1']\n"
            "enableTelemetry: false\nenableGlobalCache: false\n"
        )
        machine.run("node", _tool("@yarnpkg/cli-dist/bin/yarn.js"), "add", *packages)

    return install


def _bun(machine: Machine, registry: str, *packages: str) -> None:
    machine.run(_runtime("bun"), "add", f"--registry={registry}", *packages)


def _deno(machine: Machine, registry: str, *packages: str) -> None:
    (machine.folder / ".npmrc").write_text(f"registry={registry}\n")
    (machine.folder / "deno.json").write_text('{"nodeModulesDir": "auto"}')
    machine.run(_runtime("deno"), "add", *(f"npm:{package}" for package in packages))


def _runtime(name: str) -> Path:
    places = {"bun": ("@oven/*/bin/bun", "bun/bin/bun.exe"), "deno": ("@deno/*/deno", "deno/deno")}
    return next(path for pattern in places[name] for path in sorted(MANAGERS.glob(pattern)))


_DENO_ALLOWS = ("--no-prompt", "--allow-env", "--allow-ffi", "--allow-read", "--allow-sys", "--allow-run=ldd")
KINDS: dict[str, tuple[Callable[..., None], Callable[[], list[str | Path]]]] = {
    "npm": (_npm, lambda: ["node"]),
    "pnpm": (_pnpm, lambda: ["node"]),
    "yarn": (_yarn("node-modules"), lambda: ["node"]),
    "yarn-pnp": (_yarn("pnp"), lambda: ["node", _tool("@yarnpkg/cli-dist/bin/yarn.js"), "node"]),
    "bun": (_bun, lambda: [_runtime("bun"), "run"]),
    "deno": (_deno, lambda: [_runtime("deno"), "run", *_DENO_ALLOWS]),
}


@pytest.fixture
def machine(folder: Path) -> Machine:
    machine = Machine(folder, "node", "npm", "npx")
    (folder / "package.json").write_text('{"name": "app", "private": true, "type": "module"}')
    shutil.copy(PROGRAMS / "login.mjs", folder)
    return machine


@pytest.mark.parametrize("kind", KINDS)
def test_an_app_signs_in(machine: Machine, registry: str, dev: Dev, kind: str) -> None:
    install, runner = KINDS[kind]
    install(machine, registry, SDK)
    machine.signs_in(dev, *runner(), "login.mjs")


def test_without_its_platform_the_sdk_says_what_is_missing(machine: Machine, registry: str) -> None:
    _npm(machine, registry, "--omit=optional", SDK)
    said = machine.run("node", "login.mjs", fails=True)
    assert "@loggin/sdk has no native build that loads on linux-" in said
    assert "install again here, with optional dependencies" in said
    # The import itself is free of it.
    assert machine.run("node", "--eval", "require('@loggin/sdk')") == ""


def test_the_server_runs_by_npx(machine: Machine, registry: str) -> None:
    _npm(machine, registry, SDK)
    environment = {**machine.environment, "npm_config_registry": registry}
    command: list[str | Path] = ["npx", "--yes", "--prefix", machine.folder, "@loggin/server"]
    for local in started(command, environment, by_npx=True):
        machine.signs_in(local, "node", "login.mjs")


def _npx(machine: Machine, registry: str, shell: str, *command: str) -> subprocess.Popen[str]:
    """Runs a command, in which npx has this shell run what it finds."""
    place = shutil.which(shell)
    assert place is not None
    return subprocess.Popen(
        [*command, "--yes", "@loggin/server", "dev", *("--listen", FREE, "--simulator-listen", FREE)],
        cwd=machine.folder,
        env={**machine.environment, "npm_config_registry": registry, "npm_config_script_shell": place},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda it: it.name)
def test_what_ends_npx_ends_the_server(
    machine: Machine, registry: str, shell: str, ending: signal.Signals
) -> None:
    with _npx(machine, registry, shell, "npx") as npx:
        assert npx.stdout is not None
        try:
            assert npx.stdout.readline().startswith("loggin-server listening on ")
            # As a service manager does, a test that stops what it has started, or a terminal that is closed.
            npx.send_signal(ending)
            # The output ends with the last of those who hold it.
            npx.communicate(timeout=TIMEOUT)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(npx.pid, signal.SIGKILL)


@pytest.mark.parametrize("shell", SHELLS)
def test_what_ends_whoever_ran_npx_does_not(machine: Machine, registry: str, shell: str) -> None:
    _npm(machine, registry, SDK)
    # A command after it, so that the caller stays.
    with _npx(machine, registry, shell, "sh", "-c", 'npx "$@"; true', "sh") as caller:
        assert caller.stdout is not None
        try:
            lines = [caller.stdout.readline().strip() for _ in range(2)]
            assert lines[0].startswith("loggin-server listening on "), lines
            caller.kill()
            machine.signs_in(Dev(*(line.split()[-1] for line in lines)), "node", "login.mjs")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(caller.pid, signal.SIGTERM)
            caller.communicate(timeout=TIMEOUT)


@pytest.mark.parametrize("kind", ["npm", "pnpm", "yarn", "yarn-pnp"])
def test_an_app_tests_itself(machine: Machine, registry: str, kind: str) -> None:
    install, runner = KINDS[kind]
    install(machine, registry, SDK, "@loggin/server")
    shutil.copy(PROGRAMS / "tested.mjs", machine.folder)
    assert machine.run(*runner(), "tested.mjs") == "signed in\n"


def test_without_its_platform_the_server_says_what_is_missing(machine: Machine, registry: str) -> None:
    _npm(machine, registry, "--omit=optional", "@loggin/server")
    said = machine.run("node", "node_modules/@loggin/server/bin/loggin-server.js", "dev", fails=True)
    assert "@loggin/server has no build for linux-" in said
