"""A stand-in for the Hugging Face Hub on loopback: what its client asks for when it uploads and downloads models."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import yaml

TOKEN = "hf_sesame"
"""May do everything; without it only what is public is given, and nothing taken."""
START = "0" * 40
"""The commit of a new repository."""


@dataclass
class Stored:
    """A repository: its files at each commit, the newest last."""

    private: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=lambda: {START: {".gitattributes": b""}})

    @property
    def head(self) -> str:
        return list(self.commits)[-1]

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[self.head]

    def commit(self, files: dict[str, bytes]) -> str:
        seed = f"{self.head} {sorted((name, hashlib.sha1(data).hexdigest()) for name, data in files.items())}"
        name = hashlib.sha1(seed.encode()).hexdigest()
        self.commits[name] = files
        return name


class Hub(ThreadingHTTPServer):
    """Repositories by name.

    Args:
        large: Content of Git LFS by its SHA-256, which weights are sent as where `by_lfs`.
        fault: A status that every request is answered with, or 0.
        asked: Methods and paths of all requests.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stored: dict[str, Stored] = {}
        self.large: dict[str, bytes] = {}
        self.by_lfs = False
        self.fault = 0
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def client_uses(self, monkeypatch: pytest.MonkeyPatch, token: str | None = TOKEN) -> None:
        """Make the client of this process, which reads its environment at import, use this server."""
        from huggingface_hub import constants

        monkeypatch.setattr(constants, "ENDPOINT", self.url)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", self.url + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        if token:
            monkeypatch.setenv("HF_TOKEN", token)
        else:
            monkeypatch.delenv("HF_TOKEN", raising=False)


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.large[hashlib.sha256(data).hexdigest()] = data
        self._send(200, {})

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0].replace("%2F", "/")
        self.server.asked.append(f"{self.command} {path}")
        known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if self.server.fault:
            self._send(self.server.fault, {"error": "not today"})
        elif path == "/api/validate-yaml":
            self._send(*_validated(json.loads(body)["content"]))
        elif self.command == "POST" and not known:
            self._send(401 if "Authorization" not in self.headers else 403, {"error": "Forbidden"})
        elif path == "/api/repos/create":
            self._create(json.loads(body))
        elif path.endswith("/info/lfs/objects/batch"):
            upload = {"upload": {"href": f"{self.server.url}/large"}}
            objects = [{**each, "actions": upload} for each in json.loads(body)["objects"]]
            self._send(200, {"transfer": "basic", "objects": objects})
        elif found := re.fullmatch(r"/(?:api/models/)?([^/]+/[^/]+)(?:/(\w+)/(.+))?", path):
            name, what, rest = found.groups()
            stored = self.server.stored.get(name)
            if stored is None or (stored.private and not known):
                self._send(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
            else:
                self._of(name, stored, what, rest, body)

    def _create(self, wanted: dict[str, Any]) -> None:
        name = f"{wanted['organization']}/{wanted['name']}"
        if name in self.server.stored:
            self._send(409, {"error": "You already created this model repo"})
            return
        self.server.stored[name] = Stored(private=wanted.get("visibility") == "private")
        self._send(200, {"url": f"{self.server.url}/{name}"})

    def _of(self, name: str, stored: Stored, what: str | None, rest: str, body: bytes) -> None:
        revision, _, file = rest.partition("/") if what == "resolve" else (rest or "main", "", "")
        commit = stored.head if revision == "main" else revision
        if commit not in stored.commits:
            self._send(404, {"error": "Invalid rev id"}, {"X-Error-Code": "RevisionNotFound"})
            return
        files = stored.commits[commit]
        if what in (None, "revision"):
            siblings = [{"rfilename": path} for path in files]
            self._send(200, {"id": name, "sha": commit, "private": stored.private, "siblings": siblings})
        elif what == "tree":
            entries = [(path, data, hashlib.sha1(data).hexdigest()) for path, data in files.items()]
            self._send(200, [{"type": "file", "path": p, "size": len(d), "oid": oid} for p, d, oid in entries])
        elif what == "preupload":
            paths = [each["path"] for each in json.loads(body)["files"]]
            lfs = [self.server.by_lfs and path.endswith(".safetensors") for path in paths]
            modes = [
                {"path": path, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}
                for path, large in zip(paths, lfs, strict=True)
            ]
            self._send(200, {"files": modes})
        elif what == "commit":
            self._commit(name, stored, [json.loads(line) for line in body.splitlines()])
        elif what == "resolve" and file in files:
            etag = f'"{hashlib.sha1(files[file]).hexdigest()}"'
            self._send(200, files[file], {"X-Repo-Commit": commit, "ETag": etag})
        else:
            self._send(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})

    def _commit(self, name: str, stored: Stored, lines: list[dict[str, Any]]) -> None:
        files = dict(stored.files)
        for line in lines:
            value = line["value"]
            if line["key"] == "header" and value.get("parentCommit") not in (None, stored.head):
                self._send(412, {"error": "A commit has happened since"})
                return
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.server.large[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        commit = stored.commit(files)
        self._send(
            200, {"success": True, "commitOid": commit, "commitUrl": f"{self.server.url}/{name}/commit/{commit}"}
        )

    def _send(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for key, text in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(key, text)
        self.send_header("Content-Type", "application/octet-stream" if value is body else "application/json")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output clean."""


def _validated(readme: str) -> tuple[int, dict[str, Any]]:
    """Refuses a card whose base model or data sets are no names of repositories, as the Hub does."""
    data = yaml.safe_load(readme.split("---\n")[1])
    names = [data.get("base_model", "a/b"), *data.get("datasets", [])]
    wrong = [name for name in names if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name)]
    errors = [{"message": f"{name} is not valid. See the documentation"} for name in wrong]
    return (400 if errors else 200), {"errors": errors, "warnings": []}


@contextmanager
def running_hub() -> Iterator[Hub]:
    """Run a server in a thread."""
    hub = Hub()
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join(5)
