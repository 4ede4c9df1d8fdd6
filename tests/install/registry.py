"""A registry of npm on this machine, which has the packages of a folder and nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote


class Registry:
    """It answers until it is closed. What it does not have is a 404, as in any registry."""

    def __init__(self, folder: Path) -> None:
        self._tarballs = {path.name: path.read_bytes() for path in folder.glob("*.tgz")}
        self._manifests = {path.name: _manifest(path) for path in folder.glob("*.tgz")}
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, body = registry.answer(unquote(self.path.partition("?")[0]).strip("/"))
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, path: str) -> tuple[int, bytes]:
        """A tarball by its name, or the versions of a package."""
        if path.startswith("-/") and path[2:] in self._tarballs:
            return 200, self._tarballs[path[2:]]
        for file, manifest in self._manifests.items():
            if manifest["name"] == path:
                return 200, json.dumps(self._document(file, manifest)).encode()
        return 404, b'{"error": "not found"}'

    def _document(self, file: str, manifest: dict[str, Any]) -> dict[str, Any]:
        version = manifest["version"]
        digest = base64.b64encode(hashlib.sha512(self._tarballs[file]).digest()).decode()
        dist = {"tarball": f"{self.url}/-/{file}", "integrity": f"sha512-{digest}"}
        return {
            "name": manifest["name"],
            "dist-tags": {"latest": version},
            "versions": {version: {**manifest, "dist": dist}},
            "time": {version: "2020-01-01T00:00:00.000Z"},
        }

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _manifest(path: Path) -> dict[str, Any]:
    with tarfile.open(path) as archive:
        member = archive.extractfile("package/package.json")
        assert member is not None
        manifest: dict[str, Any] = json.load(member)
        return manifest
