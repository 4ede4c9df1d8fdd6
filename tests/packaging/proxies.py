"""Proxies as packaging/ sets them up, each on a free port and with a certificate made for the test."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
from abc import ABC, abstractmethod
from http.client import HTTPConnection
from pathlib import Path

import trustme
from conftest import PACKAGING, TEST_TIMEOUT
from ports import free_port

NAME = "login.example.org"
# By which clients of this machine find it.
LOCAL = "localhost"


class Site:
    """Where clients find a proxy, and by what they know it: another proxy may take its place."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.authority, self.certificate, self.key = (
            folder / f"{name}.pem" for name in ("authority", "cert", "key")
        )
        authority = trustme.CA()
        issued = authority.issue_cert(NAME, LOCAL)
        authority.cert_pem.write_to_path(str(self.authority))
        for blob in issued.cert_chain_pems:
            blob.write_to_path(str(self.certificate), append=True)
        issued.private_key_pem.write_to_path(str(self.key))
        self.context = ssl.create_default_context()
        authority.configure_trust(self.context)


class Proxy(ABC):
    """A proxy that runs in front of one server, or of three."""

    program: str
    package: str

    def __init__(self, folder: Path, *server_ports: int, site: Site | None = None) -> None:
        self.folder = folder
        self.site = site or Site(folder)
        self._start(server_ports)

    @classmethod
    def found(cls) -> str | None:
        """Where the program stands, also where ordinary users have no path to it."""
        return shutil.which(cls.program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")

    @abstractmethod
    def _start(self, server_ports: tuple[int, ...]) -> None: ...

    @property
    @abstractmethod
    def pid_file(self) -> Path: ...

    def stop(self) -> None:
        """Stops it, and waits until its port is free."""
        process = int(self.pid_file.read_text())
        handle = os.pidfd_open(process)
        try:
            os.kill(process, signal.SIGTERM)
            ended, _, _ = select.select([handle], [], [], TEST_TIMEOUT)
            assert ended, "it does not stop"
        finally:
            os.close(handle)

    def connect(self, source: str = "127.0.0.2", protocol: str = "http/1.1") -> ssl.SSLSocket:
        """A connection over TLS of a client with this address."""
        plain = socket.create_connection(("127.0.0.1", self.site.port), TEST_TIMEOUT, (source, 0))
        self.site.context.set_alpn_protocols([protocol])
        return self.site.context.wrap_socket(plain, server_hostname=NAME)

    def client(self, source: str = "127.0.0.2") -> HTTPConnection:
        connection = HTTPConnection(NAME, timeout=TEST_TIMEOUT)
        connection.sock = self.connect(source)
        return connection


def adapted(text: str, changes: dict[str, str]) -> str:
    """The text with each part replaced, of which there must be one at least."""
    for part, replacement in changes.items():
        assert part in text, part
        text = text.replace(part, replacement)
    return text


def addresses(server_ports: tuple[int, ...]) -> dict[str, str]:
    """The servers that the settings name, and those that are meant here."""
    if len(server_ports) == 1:
        return {"127.0.0.1:8787": f"127.0.0.1:{server_ports[0]}"}
    return {f"10.87.0.1{number}:8787": f"127.0.0.1:{port}" for number, port in enumerate(server_ports, 1)}


class Nginx(Proxy):
    """The site of packaging/nginx, with all that Debian's own settings would put around it."""

    program = "nginx"
    package = "nginx-light"

    @property
    def pid_file(self) -> Path:
        return self.folder / "nginx.pid"

    @property
    def access_log(self) -> Path:
        return self.folder / "access.log"

    def _start(self, server_ports: tuple[int, ...]) -> None:
        live = f"/etc/letsencrypt/live/{NAME}"
        text = (PACKAGING / "nginx" / "loggin.conf").read_text()
        if len(server_ports) > 1:
            nodes = (PACKAGING / "nginx" / "three-nodes.conf").read_text()
            text, replaced = re.subn(
                r"^upstream loggin \{.*?^\}\n", nodes, text, flags=re.MULTILINE | re.DOTALL
            )
            assert replaced == 1
        site = adapted(
            text,
            {
                **addresses(server_ports),
                "listen 443": f"listen 127.0.0.1:{self.site.port}",
                f"{live}/fullchain.pem": str(self.site.certificate),
                f"{live}/privkey.pem": str(self.site.key),
            },
        )
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "\n".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in kinds)
        # Whoever is root would otherwise have workers of another user, who cannot write here.
        user = "user root;" if os.geteuid() == 0 else ""
        main = self.folder / "nginx.conf"
        main.write_text(
            f"{user}\npid {self.pid_file};\nerror_log {self.folder}/error.log;\nworker_processes 1;\n"
            "events { worker_connections 256; }\n"
            f"http {{\n{temporary}\naccess_log {self.access_log};\ngzip on;\ngzip_types *;\ngzip_proxied any;\n"
            f"{site}\n}}\n"
        )
        # It returns once it listens.
        command = [str(self.found()), "-c", str(main), "-e", str(self.folder / "error.log")]
        subprocess.run(command, check=True, timeout=TEST_TIMEOUT)


class Caddy(Proxy):
    """The site of packaging/caddy, with a certificate of the test's."""

    program = "caddy"
    package = "caddy"

    @property
    def pid_file(self) -> Path:
        return self.folder / "caddy.pid"

    def _start(self, server_ports: tuple[int, ...]) -> None:
        name = "Caddyfile" if len(server_ports) == 1 else "three-nodes.Caddyfile"
        site = adapted(
            (PACKAGING / "caddy" / name).read_text(),
            {
                **addresses(server_ports),
                f"{NAME} {{": f"{NAME}, {LOCAL} {{\n\tbind 127.0.0.1\n\ttls {self.site.certificate} {self.site.key}",
            },
        )
        options = (
            f"{{\nadmin off\nauto_https disable_redirects\nhttps_port {self.site.port}\nskip_install_trust\n"
            # As fast as nginx, whoever still waits.
            "grace_period 1s\n}\n"
        )
        main = self.folder / "Caddyfile"
        main.write_text(options + site)
        home = {name: str(self.folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
        command = [str(self.found()), "start", "--adapter", "caddyfile", "--config", str(main)]
        command += ["--pidfile", str(self.pid_file)]
        log = (self.folder / "log").open("w")
        subprocess.run(
            command, env={**os.environ, **home}, stdout=log, stderr=log, check=True, timeout=TEST_TIMEOUT
        )
