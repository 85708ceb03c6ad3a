"""A server that answers the requests of al-bench as Label Studio 1.23 does, with faults on order.

What it answers was taken from a running Label Studio; `scripts/label_studio.py` runs against the real one.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

TOKEN = "header.payload.signature"
"""A personal access token."""
LEGACY = "0123456789abcdef"

Answer = tuple[int, Any]


class FakeLabelStudio:
    """A server's state, and what it is told to do wrong.

    Args:
        url: Its address.
    """

    def __init__(self) -> None:
        self.url = ""
        self.projects: dict[int, dict[str, Any]] = {}
        self.tasks: list[dict[str, Any]] = []
        self.uploads: dict[int, dict[str, Any]] = {}
        self.requests: list[str] = []
        self.authorizations: list[str] = []
        self.faults: dict[str, Callable[[], Answer | bytes]] = {}
        self.renewals = 0
        self._annotation = 0

    def tasks_of(self, project: int = 1) -> list[dict[str, Any]]:
        return [task for task in self.tasks if task["project"] == project]

    def annotate(self, item: str, label: str | None, who: int = 1, when: str = "2026-01-01T00:00:00Z") -> None:
        """One annotator labels an item, or skips it (None)."""
        task = next(task for task in self.tasks if task["data"]["item"] == item)
        self._annotation += 1
        choice = {"from_name": "label", "to_name": "shown", "type": "choices", "value": {"choices": [label]}}
        task["annotations"].append(
            {
                "id": self._annotation,
                "completed_by": {"id": who, "email": "ann@example.com"},
                "was_cancelled": label is None,
                "result": [] if label is None else [choice],
                "updated_at": when,
            }
        )

    def annotate_all(self, truth: Mapping[str, str]) -> None:
        """One annotator labels what has no annotation yet."""
        for task in self.tasks:
            if not task["annotations"]:
                self.annotate(task["data"]["item"], truth[task["data"]["item"]])

    def project(self, title: str = "theirs", config: str = "") -> int:
        """A project that somebody made."""
        number = len(self.projects) + 1
        config = config or '<View><Image name="shown" value="$image"/><Choices name="label" toName="shown"/></View>'
        self.projects[number] = {
            "id": number,
            "title": title,
            "label_config": config,
            "parsed_label_config": parsed(config),
        }
        return number

    def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes, authorization: str) -> Answer:
        if path == "/api/version":
            return 200, {"release": "1.23.2"}
        if path == "/api/token/refresh":
            if json.loads(body) != {"refresh": TOKEN}:
                return 401, {"detail": "Token is invalid"}
            self.renewals += 1
            return 200, {"access": f"short{self.renewals}"}
        if authorization not in (f"Bearer short{self.renewals}", f"Token {LEGACY}"):
            return 401, {"detail": "Invalid token."}
        if path == "/api/current-user/whoami":
            return 200, {"id": 1}
        if path == "/api/projects/" and method == "POST":
            content = json.loads(body)
            number = self.project(content["title"], content["label_config"])
            self.projects[number] |= content
            return 201, self.projects[number]
        if path == "/api/tasks":
            tasks = self.tasks_of(int(query["project"]))
            size, page = int(query["page_size"]), int(query["page"])
            return 200, {"total": len(tasks), "tasks": tasks[(page - 1) * size : page * size]}
        match = re.fullmatch(r"/api/projects/(\d+)(/import|/file-uploads)?", path)
        if match is None or int(match[1]) not in self.projects:
            return 404, {"detail": "No Project matches the given query."}
        number = int(match[1])
        if match[2] == "/file-uploads":
            return 200, [self.uploads[one] for one in json.loads(query["ids"])]
        if match[2] == "/import":
            return self._import(number, query, body)
        return 200, self.projects[number]

    def _import(self, number: int, query: Mapping[str, str], body: bytes) -> Answer:
        if query.get("commit_to_project") == "false":
            ids = []
            for name in re.findall(rb'filename="([^"]+)"', body):
                ids.append(len(self.uploads) + 1)
                self.uploads[ids[-1]] = {"id": ids[-1], "file": f"upload/{number}/ab12cd34-{name.decode()}"}
            return 201, {"file_upload_ids": ids}
        for task in json.loads(body):
            self.tasks.append({"id": len(self.tasks) + 1, "project": number, "annotations": [], **task})
        return 201, {"task_count": len(json.loads(body))}


def parsed(config: str) -> dict[str, Any]:
    """A labelling configuration as Label Studio parses it."""
    root = ElementTree.fromstring(config)
    objects = {str(node.get("name")): node for node in root if node.get("value", "").startswith("$")}
    return {
        str(node.get("name")): {
            "type": "Choices",
            "to_name": [node.get("toName")],
            "inputs": [
                {
                    "type": objects[str(node.get("toName"))].tag,
                    "value": objects[str(node.get("toName"))].get("value", "")[1:],
                }
            ],
            "labels": [choice.get("value") for choice in node.iter("Choice")],
        }
        for node in root.iter("Choices")
    }


@contextmanager
def served() -> Iterator[FakeLabelStudio]:
    """A server at a free port of this machine."""
    fake = FakeLabelStudio()

    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1  # an answer in one packet

        def handle_one(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fake.requests.append(f"{self.command} {parts.path}")
            fake.authorizations.append(self.headers.get("Authorization", ""))
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            if parts.path in fake.faults:
                answer = fake.faults[parts.path]()
            else:
                answer = fake.answer(self.command, parts.path, query, body, self.headers.get("Authorization", ""))
            if isinstance(answer, bytes):  # no answer of HTTP at all
                self.wfile.write(answer)
                self.close_connection = True
                return
            status, content = answer
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", content)
            out = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            self.send_header("Content-Length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)

        do_GET = do_POST = handle_one

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
