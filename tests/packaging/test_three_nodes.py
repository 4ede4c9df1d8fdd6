"""What docs/deploy.md promises of the way from one machine to three, and of three machines on one PostgreSQL."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
from conftest import PACKAGING, TEST_TIMEOUT
from house import House, Moved, UnderWay, begin, blocks, grow, move, rows_of_postgresql, sign_in_halfway
from loggin import AlreadyUsedError, Loggin
from pages import Block
from ports import free_port
from postgresql import other_user
from proxies import LOCAL, Caddy, Nginx, Proxy, adapted

# People who sign in at the same time while servers are started again.
PEOPLE = 8
WEBHOOK, EVENTS, VERIFY = "/webhooks/whatsapp", "/api/v1/tokens/events", "/api/v1/tokens/verify"


@pytest.fixture(scope="module")
def people() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2 * PEOPLE + 1) as pool:
        yield pool


@pytest.fixture(scope="module")
def story(
    tmp_path_factory: pytest.TempPathFactory, people: ThreadPoolExecutor
) -> Iterator[tuple[House, UnderWay, Moved]]:
    house = begin(tmp_path_factory.mktemp("house"))
    try:
        under_way = sign_in_halfway(house, people)
        moved = move(house)
        grow(house)
        yield house, under_way, moved
    finally:
        house.close()


@pytest.fixture
def house(story: tuple[House, UnderWay, Moved]) -> House:
    return story[0]


@pytest.fixture(params=[Nginx, Caddy])
def behind(request: pytest.FixtureRequest, house: House) -> House:
    """The servers behind this proxy."""
    kind: type[Proxy] = request.param
    if kind.found() is None:
        pytest.skip(f"{kind.program} is missing; with apt-get it is the package {kind.package}")
    house.exchange(kind, 3)
    return house


def test_every_row_is_moved(story: tuple[House, UnderWay, Moved]) -> None:
    _, _, moved = story
    assert moved.before.keys() == moved.after.keys()
    for table, rows in moved.before.items():
        assert rows == moved.after[table], table
    # What no row shows may be moved wrongly.
    assert {table for table, rows in moved.before.items() if not rows} <= {"otp_aliases"}


def test_a_move_is_made_whole_or_not_at_all(story: tuple[House, UnderWay, Moved]) -> None:
    house, _, moved = story
    cluster = house.cluster
    cluster.query("CREATE DATABASE another", "postgres")
    url = f"postgres:///another?host={cluster.folder}&port={cluster.port}&user=postgres"
    # Which makes the tables.
    house.machines[0].follow(Block("sh", f"LOGGIN_DATABASE_URL='{url}' loggin-server app list"))
    copy = house.machines[0].folder / "backups" / "sqlite.db"
    program = PACKAGING / "postgresql" / "from-sqlite"
    whole = subprocess.run([program, copy], capture_output=True, text=True, check=True).stdout

    def read(statements: str) -> int:
        psql = ["psql", "-X", "-d", url]
        done = subprocess.run(psql, input=statements, capture_output=True, text=True, check=False)
        return done.returncode

    empty = rows_of_postgresql(cluster, "another")
    for end in (whole.index("secret_keys") + 20, whole.index("\nDO "), whole.index("\nCOMMIT;")):
        read(whole[:end])
        assert rows_of_postgresql(cluster, "another") == empty
    assert read(whole) == 0
    assert rows_of_postgresql(cluster, "another") == moved.before
    # What is in use is left alone.
    assert read(whole) != 0
    assert rows_of_postgresql(cluster, "another") == moved.before


def test_what_was_under_way_goes_on(story: tuple[House, UnderWay, Moved]) -> None:
    house, under_way, _ = story
    client, phones = house.client(), house.phones
    sender = phones.add()
    assert phones.send(sender, f"Code: {under_way.awaited.code}") == 200
    assert under_way.waiting.result(TEST_TIMEOUT).phone == sender
    with pytest.raises(AlreadyUsedError):
        client.verify_token(under_way.redeemed)
    under_way.confirmer.confirm(under_way.unconfirmed.token, under_way.digits)
    confirmed = under_way.confirmer.verify_token(under_way.unconfirmed.token)
    assert confirmed is not None
    assert confirmed.phone == under_way.sender
    typed = client.otp.verify(under_way.coded.session_id, under_way.code)
    assert (typed.phone, typed.meta) == (under_way.recipient, {"cart": 7})


def post(connection: HTTPConnection, path: str, secret_key: str, body: dict[str, object]) -> HTTPResponse:
    headers = {"Content-Type": "application/json", "X-Api-Key": secret_key}
    connection.request("POST", path, json.dumps(body), headers)
    return connection.getresponse()


def takers(house: House) -> list[int]:
    """Signs somebody in; which server had the wait, which the message, and which the redemption."""
    routes = (EVENTS, WEBHOOK, VERIFY)

    def calls() -> list[list[int]]:
        return [[machine.calls(route) for machine in house.machines] for route in routes]

    before = calls()
    key, token = house.app["secret_key"], house.client().create_token(house.app["app_key"])
    stream = post(house.proxy.client(), EVENTS, key, {"tokens": [token.token]})
    # It is not held back.
    while stream.readline() != b"event: ready\n":
        assert stream.status == 200
    assert house.phones.send(house.phones.add(), f"Code: {token.code}") == 200
    assert b"event: verified\n" in stream.read().splitlines(keepends=True)
    redeemed = post(house.proxy.client(), VERIFY, key, {"token": token.token})
    assert json.loads(redeemed.read())["status"] == "verified"
    more = [[new - old for new, old in zip(*pair, strict=True)] for pair in zip(calls(), before, strict=True)]
    assert [sum(counts) for counts in more] == [1, 1, 1]
    return [counts.index(1) for counts in more]


def test_wait_message_and_redemption_are_at_three_servers(behind: House) -> None:
    # A proxy that shares out waits and other calls each in turns meets every combination within three logins.
    spread = [takers(behind) for _ in behind.machines]
    assert any(len(set(logins)) == 3 for logins in spread), spread


class Crowd:
    """People who sign in one after the other, for as long as they are let."""

    def __init__(self, house: House, people: ThreadPoolExecutor) -> None:
        self._house, self._people = house, people
        self._over = threading.Event()
        self._done = threading.Semaphore(0)
        # What their webhooks were answered at first.
        self.statuses: list[int | None] = []
        self._all = [people.submit(self._sign_in, house.client()) for _ in range(PEOPLE)]

    def _sign_in(self, client: Loggin) -> None:
        phones = self._house.phones
        try:
            while not self._over.is_set():
                token = client.create_token(self._house.app["app_key"])
                waiting = self._people.submit(client.wait_for_verify, token.token)
                sender = phones.add()
                self.statuses.append(phones.send(sender, f"Code: {token.code}"))
                assert waiting.result(TEST_TIMEOUT).phone == sender
                self._done.release()
        finally:
            self._over.set()

    def await_logins(self, count: int) -> None:
        """Waits until as many have signed in from now on."""
        for _ in range(count):
            assert self._done.acquire(timeout=TEST_TIMEOUT), self._all

    def end(self) -> None:
        self._over.set()
        for one in self._all:
            one.result(TEST_TIMEOUT)


def test_an_upgrade_fails_no_login(behind: House, people: ThreadPoolExecutor) -> None:
    crowd = Crowd(behind, people)
    crowd.await_logins(PEOPLE)
    for machine in behind.machines:
        machine.follow(blocks("5. An upgrade")[0])
        # The next one is stopped once this one works again.
        while machine.calls(WEBHOOK) == 0:
            crowd.await_logins(1)
    crowd.await_logins(PEOPLE)
    crowd.end()
    # Caddy does not make a call again that was broken off in the middle: WhatsApp and the SDKs do.
    if isinstance(behind.proxy, Nginx):
        assert set(crowd.statuses) == {200}
        answered = re.findall(r'" (\d{3}) \d+ "', behind.proxy.access_log.read_text())
        assert len(answered) > PEOPLE
        assert [status for status in answered if status.startswith("5")] == []


def signs_in(house: House, people: ThreadPoolExecutor) -> None:
    """Somebody signs in, once a proxy that saw no server for a while has found them again."""
    client, sender = house.client(), house.phones.add()
    token = client.create_token(house.app["app_key"])
    waiting = people.submit(client.wait_for_verify, token.token)
    # WhatsApp sends again what the proxy refused.
    house.phones.send(sender, f"Code: {token.code}")
    assert waiting.result(TEST_TIMEOUT).phone == sender


def is_known(house: House, app: dict[str, Any]) -> bool:
    """Whether the secret key of an app is good at every server."""
    token = house.client().create_token(app["app_key"]).token
    known = set()
    for machine in house.machines:
        connection = HTTPConnection("127.0.0.1", machine.port, timeout=TEST_TIMEOUT)
        response = post(connection, VERIFY, app["secret_key"], {"token": token})
        response.read()
        known.add(response.status == 200)
        connection.close()
    assert len(known) == 1
    return known.pop()


def test_a_backup_is_brought_back(house: House, people: ThreadPoolExecutor) -> None:
    one, *others = house.machines
    kept = one.app()
    for block in blocks("Backup of PostgreSQL", page="operations.md"):
        one.follow(block)
    lost = one.app()
    assert [is_known(house, app) for app in (kept, lost)] == [True, True]
    house.cluster.query("ALTER ROLE loggin CREATEDB", "postgres")
    for machine in others:
        machine.stop()
    for block in blocks("Restore of PostgreSQL", page="operations.md"):
        one.follow(block)
    for machine in others:
        machine.start()
    house.cluster.query("ALTER ROLE loggin NOCREATEDB", "postgres")
    assert [is_known(house, app) for app in (kept, lost)] == [True, False]
    signs_in(house, people)


def test_a_moment_is_brought_back(house: House, people: ThreadPoolExecutor) -> None:
    if os.geteuid() != 0:
        pytest.skip("files are given to the user postgres by root alone")
    one, *others = house.machines
    archive = blocks("To a moment", "ini", page="operations.md")[0]
    (house.cluster.configuration / "conf.d" / "archive.conf").write_text(archive.text)
    one.follow(blocks("To a moment", page="operations.md")[0])
    kept = one.app()
    moment = house.cluster.query("SELECT clock_timestamp()")
    lost = one.app()
    assert [is_known(house, app) for app in (kept, lost)] == [True, True]
    for machine in others:
        machine.stop()
    back = blocks("Back to a moment", page="operations.md")[0]
    one.follow(Block("sh", back.text.replace("2026-11-27 10:00:00+00", moment)))
    for machine in others:
        machine.start()
    assert [is_known(house, app) for app in (kept, lost)] == [True, False]
    signs_in(house, people)


def test_servers_share_a_pooler(house: House, people: ThreadPoolExecutor) -> None:
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is missing; with apt-get it is the package pgbouncer")
    port, folder = free_port(), house.cluster.folder
    text = blocks("A pooler", "ini")[0].text
    places = {
        "host=db.example port=5432": f"host={LOCAL} port={house.cluster.port}",
        "10.87.0.10": "127.0.0.1",
        "6432": str(port),
        "/etc/pgbouncer/": f"{folder}/",
        "/etc/loggin/db-ca.pem": str(house.cluster.authority),
    }
    (folder / "pgbouncer.ini").write_text(adapted(house.cluster.here(text), places))
    *_, password = (house.machines[0].folder / ".pgpass").read_text().strip().split(":")
    (folder / "userlist.txt").write_text(f'"loggin" "{password}"\n')
    for machine in house.machines:
        machine.stop()
        machine.settings.write_text(
            blocks("A pooler", "toml")[0].text
            + machine.settings.read_text().replace(f"{LOCAL}:{house.cluster.port}", f"{LOCAL}:{port}")
        )
    command = [*other_user(), program, str(folder / "pgbouncer.ini")]
    with subprocess.Popen(command, cwd="/", stderr=subprocess.PIPE, text=True) as pooler:
        try:
            assert pooler.stderr is not None
            assert any("process up" in line for line in pooler.stderr)
            for machine in house.machines:
                machine.start()
            signs_in(house, people)
            # Without it there would be more.
            count = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'loggin'"
            assert 0 < int(house.cluster.query(count)) <= 20
        finally:
            for machine in house.machines:
                machine.kill()
            pooler.terminate()
