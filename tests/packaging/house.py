"""docs/deploy.md followed from one machine with SQLite to three with PostgreSQL, while people sign in."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import APP_SECRET, PHONE_NUMBER_ID, TEST_TIMEOUT
from loggin import CreatedToken, Loggin, OtpSession, Session
from machines import Machine, Phones
from pages import Block, section
from postgresql import Cluster
from proxies import LOCAL, Nginx, Proxy, Site

SETTINGS = """
database_url = "sqlite:/var/lib/loggin/loggin.db"
listen = "127.0.0.1:8787"
metrics_listen = "127.0.0.1:9787"
trusted_proxies = "127.0.0.1"
public_url = "https://login.example.org"
log_format = "json"
otp_secret = "0123456789abcdef0123456789abcdef"
webhook_secret = "0123456789abcdef0123456789abcdef"

[whatsapp]
number = "15550001111"
phone_number_id = "{phone_number_id}"
access_token = "token"
app_secret = "{app_secret}"
verify_token = "0123456789abcdef"
graph_url = "{graph_url}/v26.0"
otp_template = "verification_code"
"""

Rows = list[dict[str, Any]]


def blocks(title: str, language: str = "sh", page: str = "deploy.md") -> list[Block]:
    found = [block for block in section(page, title) if block.language == language]
    assert found, title
    return found


@dataclass
class House:
    """What the page is about, as far as it was followed."""

    folder: Path
    cluster: Cluster
    machines: list[Machine]
    proxy: Proxy
    phones: Phones
    app: dict[str, Any] = field(default_factory=dict)
    _clients: list[Loggin] = field(default_factory=list)

    def client(self, app: dict[str, Any] | None = None) -> Loggin:
        """Another redeemer than all others."""
        client = Loggin(
            f"https://{LOCAL}:{self.proxy.site.port}",
            secret_key=(app or self.app)["secret_key"],
            ca_file=self.proxy.site.authority,
            timeout=TEST_TIMEOUT,
        )
        self._clients.append(client)
        return client

    def exchange(self, kind: type[Proxy], machines: int) -> None:
        """Puts another proxy in the place of the one that runs."""
        self.proxy.stop()
        ports = [machine.port for machine in self.machines[:machines]]
        self.proxy = kind(Path(tempfile.mkdtemp(dir=self.folder)), *ports, site=self.proxy.site)

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.proxy.stop()
        self.phones.close()
        for machine in self.machines:
            machine.kill()
        self.cluster.close()


@dataclass
class UnderWay:
    """What people are at when the server is stopped."""

    redeemed: str
    # Somebody waits, and the message is not sent yet.
    waiting: Future[Session]
    awaited: CreatedToken
    # The message was sent, and the digits that came back are not typed yet.
    confirmer: Loggin
    unconfirmed: CreatedToken
    digits: str
    sender: str
    # A code was sent, and is not typed yet.
    coded: OtpSession
    code: str
    recipient: str


@dataclass
class Moved:
    """The rows of both databases, by table, as they were before the server was started on the new one."""

    before: dict[str, Rows]
    after: dict[str, Rows]


def begin(folder: Path) -> House:
    """One server with SQLite behind nginx, as the first part of the page leaves it."""
    if Nginx.found() is None:
        pytest.skip("nginx is missing; with apt-get it is the package nginx-light")
    for program in ("sqlite3", "psql"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing; with apt-get it is in sqlite3 and postgresql-client")
    cluster = Cluster()
    machines = [Machine(folder, number, cluster) for number in (1, 2, 3)]
    site = Site(folder)
    phones = Phones(f"https://{LOCAL}:{site.port}/webhooks/whatsapp", site.authority)
    one = machines[0]
    values = {"phone_number_id": PHONE_NUMBER_ID, "app_secret": APP_SECRET, "graph_url": phones.url}
    one.settings.write_text(one.here(SETTINGS.format(**values)))
    (folder / "nginx").mkdir()
    house = House(folder, cluster, machines, Nginx(folder / "nginx", one.port, site=site), phones)
    one.start()
    house.app = one.app("--confirm", "none")
    return house


def sign_in_halfway(house: House, people: ThreadPoolExecutor) -> UnderWay:
    """Has a row in every table, and somebody in every state that a move could disturb."""
    one, client, phones = house.machines[0], house.client(), house.phones
    for command in (
        "test-number add +12025550100 --code 123456 --no-cooldown",
        "admin add asha --role owner --phone +12025550109",
        f"app key create {house.app['app_key']} --label second --expires-in 90d",
        f"webhook add {house.app['app_key']} https://app.invalid/hook",
        "access-key create --label reports --scope logs:read",
        f"guard set {house.app['app_key']} --per-day 500",
        f"client create --app {house.app['app_key']} --redirect-uri https://wiki.invalid/cb --name Wiki",
        f"gateway create --app {house.app['app_key']} --as generic",
    ):
        one.follow(Block("sh", f"loggin-server {command} --config /etc/loggin/loggin.toml"))
    # As the guards write it where too few codes of a country are typed.
    with closing(sqlite3.connect(one.folder / "lib" / "loggin.db")) as database, database:
        row = (house.app["app_key"], "AQ", 0, 2**52, 1)
        database.execute("INSERT INTO guard_pauses VALUES (?, ?, ?, ?, ?)", row)
        # As a server leaves it that ends without a word.
        now = time.time_ns() // 1_000_000
        database.execute("INSERT INTO nodes VALUES (?, ?, ?, ?, ?)", (-(2**62), "attic", "0.0.1", now, now))
        sign_in_by_openid(database, house.app["app_key"])
    redeemed = client.create_token(house.app["app_key"])
    phones.send(phones.add(), f"Code: {redeemed.code}")
    assert client.wait_for_verify(redeemed.token).app_key == house.app["app_key"]
    confirming = one.app("--confirm", "code")
    confirmer, sender = house.client(confirming), phones.add()
    unconfirmed = confirmer.create_token(confirming["app_key"])
    # Nobody is written to for a login that nobody began.
    assert confirmer.status(unconfirmed.token) == "pending"
    assert phones.send(sender, f"Code: {unconfirmed.code}") == 200
    digits = phones.digits(sender)
    recipient = phones.add()
    coded = client.otp.start(f"+{recipient}", meta={"cart": 7})
    code = phones.digits(recipient)
    awaited = client.create_token(house.app["app_key"])
    # As long as the login lasts: other tests come before it is sent.
    waiting = people.submit(client.wait_for_verify, awaited.token, timeout=300)
    return UnderWay(
        redeemed.token, waiting, awaited, confirmer, unconfirmed, digits, sender, coded, code, recipient
    )


def sign_in_by_openid(database: sqlite3.Connection, app_key: str) -> None:
    """As the issuer writes it: somebody signs in to a client in a browser, and on a device."""
    (client,) = database.execute("SELECT client_id FROM openid_clients").fetchone()
    subject, later, said = "lgsu_" + "0" * 32, 2**52, json.dumps({"scope": "openid", "nonce": 'a\\"b'})
    code, refresh, user_code = (bytes([number]) * 32 for number in (1, 2, 3))
    rows = {
        "openid_requests": (code, client, b"sealed", later),
        "openid_grants": (
            *("1" * 32, client, app_key, subject, "session", code, later, 1, refresh, later),
            *(said, 1, later, None),
        ),
        "openid_consents": (client, subject, app_key, "openid phone", 1),
        "openid_keys": (3, 1, "kid", b"sealed", said, 1),
        "issuer_sessions": (code, bytes(range(16)), app_key, subject, None, 1, 2, 0, later),
        "openid_devices": (code, user_code, client, "openid", 0, None, None, 1, 5_000, later),
    }
    for table, row in rows.items():
        database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608


def move(house: House) -> Moved:
    """Steps 1 and 2 of the page."""
    one = house.machines[0]
    shutil.copy(house.cluster.authority, one.folder / "etc" / "db-ca.pem")
    password = one.follow(blocks("1. A database")[0]).split()[-1]
    known = blocks("2. The move", "text")[0].text.replace("PASSWORD", password)
    (one.folder / ".pgpass").write_text(one.here(known))
    stop, rows = blocks("2. The move")
    one.follow(stop)
    one.set(blocks("2. The move", "toml")[0], password)
    after: dict[str, Rows] = {}
    for command in rows.commands():
        if command.startswith("systemctl start"):
            after = rows_of_postgresql(house.cluster)
        one.follow(Block("sh", command))
    return Moved(rows_of_sqlite(one.folder / "backups" / "sqlite.db"), after)


def grow(house: House) -> None:
    """Steps 3 and 4 of the page."""
    one, *others = house.machines
    for machine in others:
        shutil.copytree(one.folder / "etc", machine.folder / "etc", dirs_exist_ok=True)
        shutil.copy(one.folder / ".pgpass", machine.folder / ".pgpass")
        settings = machine.settings.read_text()
        machine.settings.write_text(settings.replace(str(one.folder), str(machine.folder)))
    for machine in [*others, one]:
        machine.set(blocks("3. Two more servers", "toml")[0])
        if machine is one:
            house.exchange(Nginx, 3)
        machine.follow(blocks("3. Two more servers")[0])


def rows_of_sqlite(path: Path) -> dict[str, Rows]:
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        names = [row["name"] for row in database.execute(query)]
        return {name: plain(map(dict, database.execute(f'SELECT * FROM "{name}"'))) for name in names}  # noqa: S608


def rows_of_postgresql(cluster: Cluster, database: str = "loggin") -> dict[str, Rows]:
    """The rows of the tables that a move fills."""
    own = {"leader", "refinery_schema_history"}
    names = cluster.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", database).split()
    found = {}
    for name in set(names) - own:
        select = f"SELECT coalesce(json_agg(to_jsonb(t)), '[]') FROM \"{name}\" t"  # noqa: S608
        found[name] = plain(json.loads(cluster.query(select, database)))
    return found


def plain(rows: Any) -> Rows:
    """Rows as both databases would show them, in an order of their own."""
    shown = [{name: _plain(value) for name, value in row.items()} for row in rows]
    return sorted(shown, key=lambda row: json.dumps(row, sort_keys=True))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, list):
        return json.dumps(value, separators=(",", ":"))
    if isinstance(value, str) and value.startswith("\\x"):
        return value.removeprefix("\\x")
    if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value):
        return value.replace("-", "")
    return value
