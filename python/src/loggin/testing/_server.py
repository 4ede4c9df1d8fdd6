"""`loggin-server dev` as a child of the test: on free ports, ready when it is entered, gone when it is left."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from loggin.testing import _programs
from loggin.testing._async_person import AsyncPerson
from loggin.testing._chat import Chat
from loggin.testing._control import Control, LocalServerError
from loggin.testing._person import Person

if TYPE_CHECKING:
    from typing_extensions import Self

# Seconds until it is ready, which takes a fraction of one.
_START_TIMEOUT = 30.0
# Seconds to finish calls and close the store, as service managers give.
_STOP_TIMEOUT = 15.0
# What it prints, each on a line of its own, once it can be used.
_READY = {
    "url": "loggin-server listening on ",
    "simulator_url": "phone simulator on ",
    "app": "app ",
}
_BEFORE_KEY = ", secret key "
# Settings of the developer's own server, which are not for this one.
_OTHERS = ("LOGGIN_", "WHATSAPP_", "OTEL_")
# Lines of its log that an error shows.
_LINES_SHOWN = 10
# Phones are numbered from here on: a range of mobile numbers, so that one-time codes are sent to them too.
_FIRST_NUMBER = 919_876_500_001


class App(NamedTuple):
    """An app of the local server."""

    app_key: str
    secret_key: str

    def __repr__(self) -> str:
        """Keeps the secret key back."""
        return f"App(app_key={self.app_key!r})"


class LocalServer:
    """A Loggin server with a simulated WhatsApp, for a `with` or an `async with` block.

    It listens on free ports of this machine, keeps its data in a temporary folder, and knows one app. It ends with
    the block, and with the process of the test, even where that is killed.

    Args:
        program: The program; else `LOGGIN_SERVER`, the wheel `loggin-server`, or the one on the path.
        settings: Its settings, by the names of the environment. Those of your environment are not handed on.
        data: A folder for its database, which stays.
        timeout: Seconds until it is ready.

    Raises:
        LocalServerError: The program is missing, or is not ready in time. The message ends with what it said.

    Example:
        with LocalServer() as server:
            client = Loggin(server.url, secret_key=server.secret_key)
    """

    def __init__(
        self,
        *,
        program: str | os.PathLike[str] | None = None,
        settings: Mapping[str, str] | None = None,
        data: str | os.PathLike[str] | None = None,
        timeout: float = _START_TIMEOUT,
    ) -> None:
        """Starts nothing yet."""
        self._named = program
        self._settings = dict(settings or {})
        self._data = data
        self._timeout = timeout
        self._numbers = itertools.count(_FIRST_NUMBER)
        self._process: subprocess.Popen[str] | None = None
        self._told: dict[str, str] = {}

    def __repr__(self) -> str:
        """Says where it listens."""
        return f"LocalServer(url={self._told.get('url')!r})"

    def __enter__(self) -> Self:
        """Starts it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops it."""
        self.stop()

    async def __aenter__(self) -> Self:
        """Starts it. The event loop stands still meanwhile, which is a fraction of a second."""
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops it, also where the task is cancelled: so nothing is awaited."""
        self.stop()

    @property
    def url(self) -> str:
        """The server's address: the `base_url` of a client."""
        return self._of("url")

    @property
    def simulator_url(self) -> str:
        """The address of the simulated WhatsApp: open it in a browser to see the phones."""
        return self._of("simulator_url")

    @property
    def app_key(self) -> str:
        """The key of the app that is ready."""
        return self._of("app").partition(_BEFORE_KEY)[0]

    @property
    def secret_key(self) -> str:
        """The secret key of that app, which one-time codes need."""
        return self._of("app").partition(_BEFORE_KEY)[2]

    @property
    def environment(self) -> dict[str, str]:
        """What an app needs in its environment, so that its clients call this server."""
        return {
            "LOGGIN_APP_KEY": self.app_key,
            "LOGGIN_BASE_URL": self.url,
            "LOGGIN_SECRET_KEY": self.secret_key,
        }

    @property
    def data(self) -> Path:
        """The folder of its database."""
        return self._data_folder

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def person(
        self,
        number: str | None = None,
        *,
        name: str | None = None,
        username: str | None = None,
        hidden: bool | None = None,
    ) -> Person:
        """Adds somebody with a phone.

        Args:
            number: Digits of the phone; a new one for each person without.
            name: The name of their profile.
            username: Their WhatsApp user name, which hides the number.
            hidden: Whether the number is hidden.
        """
        return Person(self._chat(number, {"name": name, "username": username, "hidden": hidden}))

    def async_person(
        self,
        number: str | None = None,
        *,
        name: str | None = None,
        username: str | None = None,
        hidden: bool | None = None,
    ) -> AsyncPerson:
        """The same for tests that are coroutines."""
        return AsyncPerson(self._chat(number, {"name": name, "username": username, "hidden": hidden}))

    def create_app(self, *options: str) -> App:
        """Adds an app, with the options of `loggin-server app create`.

        Example:
            app = server.create_app("--confirm", "code")
        """
        created = self.command("app", "create", "--name", "Test", "--json", *options)
        return App(created["app_key"], created["secret_key"])

    def command(self, *words: str) -> Any:
        """Runs `loggin-server` with these words on its database, and gives the JSON that it prints."""
        database = {"LOGGIN_DATABASE_URL": f"sqlite:{self.data / 'loggin.db'}"}
        done = subprocess.run(
            [str(self._program), *words],
            env={**self._variables(), **database},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=self._timeout,
        )
        if done.returncode != 0:
            raise LocalServerError("refused", f"loggin-server {words[0]}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def control(self, path: str, body: Mapping[str, Any] | None = None, *, method: str | None = None) -> Any:
        """A call of the simulator's control API, for what no person does: faults, other settings, prices.

        Example:
            server.control("faults", {"graph": {"code": 130429, "http_status": 429}})
        """
        self._of("simulator_url")
        return self._control.call(path, body, method)

    def start(self) -> None:
        """Starts it, for those who have no block; returns once it can be used."""
        self._program = _programs.find(self._named)
        self._folder = tempfile.TemporaryDirectory(prefix="loggin-testing-")
        folder = Path(self._folder.name)
        self._data_folder = Path(self._data) if self._data else folder / "data"
        self._log = folder / "log"
        free = "127.0.0.1:0"
        command = [str(self._program), "dev", "--listen", free, "--simulator-listen", free]
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [*command, "--data", str(self._data_folder), "--exit-with-parent"],
                env=self._variables(),
                # It ends when this end of the pipe is closed, which the end of this process does too.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # Ctrl-C is for the tests, which stop it in their turn.
                start_new_session=True,
            )
        try:
            self._told = self._read(self._process)
        except BaseException:
            self._end()
            raise
        self._control = Control(self.simulator_url)

    def stop(self) -> None:
        """Stops it. Where it has not ended well, a `LocalServerError` says what it said last."""
        if self._process is None:
            return
        code, said = self._process.poll(), self._last_words()
        self._end()
        if code is not None:
            raise LocalServerError("ended", f"loggin-server had ended with {code} during the test{said}")

    def _end(self) -> None:
        process, self._process = self._process, None
        self._told = {}
        if process is None:
            return
        # A child that the test has forked may hold its input open.
        if os.name == "posix":
            process.terminate()
        try:
            # Closes its input, too.
            process.communicate(timeout=_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        finally:
            self._folder.cleanup()

    def _read(self, process: subprocess.Popen[str]) -> dict[str, str]:
        """What the lines say that it prints when it is ready."""
        told: dict[str, str] = {}
        late = threading.Timer(self._timeout, process.kill)
        late.start()
        try:
            for line in process.stdout or ():
                told |= {
                    name: line.removeprefix(words) for name, words in _READY.items() if line.startswith(words)
                }
                if len(told) == len(_READY):
                    return {name: text.strip() for name, text in told.items()}
        finally:
            late.cancel()
            late.join()
        process.wait()
        raise LocalServerError(
            "not_ready", f"loggin-server was not ready within {self._timeout:g} s{self._last_words()}"
        )

    def _variables(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(_OTHERS)}
        return {**own, **self._settings}

    def _last_words(self) -> str:
        lines = self.log.strip().splitlines()[-_LINES_SHOWN:]
        return "".join(f"\n  {line}" for line in lines)

    def _of(self, what: str) -> str:
        if self._process is None or what not in self._told:
            raise LocalServerError("not_running", "the local server is not running: enter it with `with`")
        code = self._process.poll()
        if code is not None:
            raise LocalServerError("ended", f"loggin-server has ended with {code}{self._last_words()}")
        return self._told[what]

    def _chat(self, number: str | None, options: Mapping[str, Any]) -> Chat:
        number = number or str(next(self._numbers))
        given = {name: value for name, value in options.items() if value is not None}
        self.control("phones", {"number": number, **given})
        return Chat(self._control, number)
