"""Label images and texts on a real Label Studio server, which this script starts, and check what comes back.

    python scripts/label_studio_walk.py --out results/label_studio.md

`label-studio` (pip install label-studio, best in an environment of its own) is looked for on the PATH, or is named by
the environment variable LABEL_STUDIO. It is started on this machine with SQLite in a new folder; two people sign up,
take a personal access token each, and label what the server gives them next, as its pages do. Checked are: every item
is one task, also after the same command again; labels, skipped tasks and predictions arrive; the next batch is the one
that the same labels in CSV files lead to; two people's labels go through answers=majority and the agreement; a server
that stops costs one line and nothing else.
"""

from __future__ import annotations

import argparse
import csv
import http.cookiejar
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.datasets
from PIL import Image

from al_bench import __version__
from al_bench.labelling.exchange.label_studio_server import TOKEN

PASSWORD = "a-password-of-the-walk"
PATIENCE = 600.0
"""Seconds until the server answers."""


def command() -> str | None:
    """The program `label-studio`; None where it is not installed."""
    return os.environ.get("LABEL_STUDIO") or shutil.which("label-studio")


@dataclass
class LabelStudio:
    """A server on this machine.

    Args:
        folder: Of its data base.
        port: Where it listens.
    """

    folder: Path
    port: int
    release: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start the server, wait until it answers, and stop it at the end."""
        program = command()
        assert program is not None
        self.folder.mkdir(exist_ok=True)
        environment = os.environ | {
            "LABEL_STUDIO_BASE_DATA_DIR": str(self.folder),
            "DJANGO_DB": "sqlite",
            "COLLECT_ANALYTICS": "False",
            "LATEST_VERSION_CHECK": "False",
            "SENTRY_DSN": "",
            "FRONTEND_SENTRY_DSN": "",
        }
        for name in ("PYTHONPATH", TOKEN):
            environment.pop(name, None)
        words = [program, "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(self.port)]
        with open(self.folder / "server.log", "ab") as log:
            process = subprocess.Popen(words, env=environment, stdout=log, stderr=log, cwd=self.folder)
        try:
            self._wait(process)
            yield
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/api/version", timeout=10) as answer:
                    self.release = json.loads(answer.read())["release"]
                return
            except (OSError, ValueError):
                time.sleep(1)
        tail = (self.folder / "server.log").read_text(errors="replace")[-2000:]
        raise SystemExit(f"label-studio does not answer within {PATIENCE:.0f} s:\n{tail}")


@dataclass
class Person:
    """Somebody who signs up, has a token, and labels in the browser.

    Args:
        server: Where.
        name: Of the address.
    """

    server: LabelStudio
    name: str
    token: str = ""
    _cookies: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def __post_init__(self) -> None:
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies))
        self._send("/user/signup/")
        form = {"email": f"{self.name}@example.com", "password": PASSWORD, "allow_newsletters": "false"}
        self._send("/user/signup/", urllib.parse.urlencode(form | {"csrfmiddlewaretoken": self._csrf}).encode())
        self.token = self.answer("/api/token/", {})["token"]

    @property
    def _csrf(self) -> str:
        return next(cookie.value or "" for cookie in self._cookies if cookie.name == "csrftoken")

    def _send(self, path: str, body: bytes | None = None, kind: str = "application/x-www-form-urlencoded") -> bytes:
        request = urllib.request.Request(f"{self.server.url}{path}", body)
        request.add_header("Referer", self.server.url)
        if body is not None:
            request.add_header("Content-Type", kind)
            request.add_header("X-CSRFToken", self._csrf)
        with self._opener.open(request, timeout=300) as answer:
            return bytes(answer.read())

    def answer(self, path: str, content: Any = None) -> Any:
        """What the server answers to GET, or to POST of JSON."""
        body = None if content is None else json.dumps(content).encode()
        return json.loads(self._send(path, body, "application/json"))

    def label(self, project: int, truth: Mapping[str, str | None], most: int = 1000) -> list[dict[str, Any]]:
        """Label the tasks that the server gives next; None in `truth` skips one. Returns the tasks."""
        done: list[dict[str, Any]] = []
        while len(done) < most:
            try:
                task = self.answer(f"/api/projects/{project}/next")
            except urllib.error.HTTPError as error:
                if error.code == 404:  # nothing is left
                    return done
                raise
            if "image" in task["data"]:
                assert self._send(task["data"]["image"])[:2] == b"\xff\xd8", "the image is no JPEG"
            label = truth[task["data"]["item"]]
            choice = {"from_name": "label", "to_name": "shown", "type": "choices", "value": {"choices": [label]}}
            content = {"result": [] if label is None else [choice], "was_cancelled": label is None, "lead_time": 1.0}
            self.answer(f"/api/tasks/{task['id']}/annotations/?project={project}", content)
            done.append(task)
        return done

    def tasks(self, project: int) -> list[dict[str, Any]]:
        """All tasks of a project."""
        return list(self.answer(f"/api/tasks?project={project}&page_size=1000&fields=all")["tasks"])


@dataclass
class Study:
    """A study that is labelled by `al-bench query`, in the present folder.

    Args:
        name: Of the study.
        words: Its overrides.
    """

    name: str
    words: list[str]

    @property
    def folder(self) -> Path:
        return Path("results/labelling", self.name)

    @property
    def project(self) -> int:
        return int(json.loads((self.folder / "record/label-studio.json").read_bytes())["project"])

    def query(self, *more: str, token: str = "", status: int = 0) -> str:
        """Give the command; what it prints, or its last line where it fails."""
        environment = os.environ | ({TOKEN: token} if token else {})
        words = [sys.executable, "-m", "al_bench", "query", *self.words, f"study={self.name}", *more]
        ran = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == status, f"{' '.join(words)}\n{ran.stdout}{ran.stderr}"
        assert not token or token not in ran.stdout + ran.stderr
        return ran.stdout if status == 0 else ran.stderr.splitlines()[-1]

    def items(self, number: int) -> list[str]:
        with open(self.folder / f"batch-{number:03d}.csv", encoding="utf-8-sig", newline="") as file:
            return [row["item"] for row in csv.DictReader(file)]

    def fill(self, number: int, truth: Mapping[str, str | None]) -> None:
        """Label a batch in its CSV file."""
        path = self.folder / f"batch-{number:03d}.csv"
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        with open(path, "w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(row | {"label": truth[row["item"]] or "skip"} for row in rows)

    def files(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()}


def write_images(count: int = 120) -> dict[str, str]:
    """photos/ of scikit-learn's digits; item to label."""
    digits = sklearn.datasets.load_digits()
    Path("photos").mkdir()
    for number in range(count):
        image = Image.fromarray((digits.images[number] * 15).astype(np.uint8))
        image.resize((64, 64)).save(f"photos/scan-{number:03d}.png")
    return {f"scan-{number:03d}.png": f"d{digits.target[number]}" for number in range(count)}


def write_texts() -> dict[str, str]:
    """mails.csv of sentences about three data sets; item to label."""
    folder = Path(sklearn.datasets.__file__).parent / "descr"
    rows = {}
    for name in ("twenty_newsgroups", "breast_cancer", "wine_data"):
        for text in re.split(r"(?<=[.:])\s+|\n\n", (folder / f"{name}.rst").read_text()):
            if len(text.split()) > 4:
                rows[" ".join(text.split())] = name.partition("_")[0]
    texts = list(rows)
    np.random.default_rng(0).shuffle(texts)
    with open("mails.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([["sentence"], *([text] for text in texts)])
    return {f"row-{row}": rows[text] for row, text in enumerate(texts)}


def walk_images(server: LabelStudio, ann: Person) -> list[str]:
    """One person labels two batches of images, and skips one; what was seen."""
    truth: dict[str, str | None] = dict(write_images())
    classes = ",".join(f"d{digit}" for digit in range(10))
    words = ["dataset=images", "dataset.path=photos", f"dataset.classes=[{classes}]", "model=linear", "device=cpu"]
    words += ["strategy=margin", "schedule.batch=10", "cache=off"]
    study, by_file = Study("photos", words), Study("photos-csv", words)
    remote = ["--label-studio", server.url]
    study.query(*remote, token=ann.token)
    by_file.query()
    first = study.items(0)
    assert first == by_file.items(0)
    assert [task["data"]["item"] for task in ann.tasks(study.project)] == first
    before = study.files()
    error = study.query(*remote, token=ann.token, status=2)
    assert "10 of 10 items have no label yet" in error
    assert (len(ann.tasks(study.project)), study.files()) == (10, before)
    truth[first[3]] = None  # skipped
    done = ann.label(study.project, truth)
    assert [task["data"]["item"] for task in done] == first, "the server asks in the order of the batch"
    by_file.fill(0, truth)
    out = study.query(*remote, token=ann.token)
    by_file.query()
    assert "9 labels: " in out, out
    assert "1 skipped" in out, out
    assert study.items(1) == by_file.items(1)
    shown = ann.label(study.project, truth)
    assert [task["data"]["item"] for task in shown] == study.items(1)
    predicted = [task["predictions"][0] for task in shown]
    assert all(0 < one["score"] <= 1 for one in predicted)
    out = study.query(*remote, "--predict", token=ann.token)
    assert "19 labels: " in out, out
    assert len(ann.tasks(study.project)) == 20
    return [
        "batch 0: 10 images are 10 tasks, in the order of the batch; the same command again adds none",
        "batch 1, from 9 labels and 1 skipped task: the items that the same labels in a CSV file lead to, each task "
        "with the predicted class and its probability",
        "`--predict` with 19 labels from the server",
    ]


def walk_texts(server: LabelStudio, ann: Person, bob: Person) -> list[str]:
    """Two people label the same texts, and disagree on one; the server stops once."""
    truth: dict[str, str | None] = dict(write_texts())
    words = ["dataset=text", "dataset.path=mails.csv", "dataset.text=sentence", "strategy=entropy", "schedule.batch=12"]
    words += [
        "dataset.classes=[twenty,breast,wine]",
        "labels_per_item=2",
        "answers=majority",
        "cache=off",
        "device=cpu",
    ]
    study = Study("mails", words)
    remote = ["--label-studio", server.url]
    study.query(*remote, token=ann.token)
    items = study.items(0)
    ann.label(study.project, truth)
    error = study.query(*remote, token=bob.token, status=2)
    assert "12 items have labels that decide nothing yet" in error, error
    other = next(name for name in ("twenty", "breast", "wine") if name != truth[items[0]])
    bob.label(study.project, truth | {items[0]: other})
    error = study.query(*remote, token=bob.token, status=2)
    assert f"1 items have labels that decide nothing yet, such as {items[0]}" in error, error
    out = study.query(*remote, "--partial", token=bob.token)
    assert "2 annotators gave 12 items two labels or more; Krippendorff's α 0." in out, out
    assert "11 labels: " in out, out
    alpha = re.search(r"α (\S+ \[\S+ \S+\])", out)
    copies = b"".join(content for name, content in study.files().items() if "labels-" in name)
    assert b"example.com" not in copies
    return [
        "12 texts, each labelled by two people who disagree on one: answers=majority waits for that one, and goes on "
        f"with 11 labels under `--partial`; Krippendorff's α {alpha[1] if alpha else ''}",
    ]


def walk_stopped(server: LabelStudio, ann: Person) -> list[str]:
    """The server has stopped: one line, status 2, nothing changed."""
    words = ["dataset=images", "dataset.path=photos", "model=linear", "device=cpu", "schedule.batch=10", "cache=off"]
    classes = ",".join(f"d{digit}" for digit in range(10))
    study = Study("photos", [*words, "strategy=margin", f"dataset.classes=[{classes}]"])
    before = study.files()
    error = study.query("--label-studio", server.url, token=ann.token, status=2)
    assert "cannot be reached: " in error
    assert study.files() == before
    out = study.query()  # without the server: its labels lie in the folder
    assert "19 labels: " in out, out
    return ["server stopped: one line, status 2, nothing changed; without it the command goes on from the folder"]


def walk(folder: Path) -> tuple[str, list[str]]:
    """All walks in a folder.

    Args:
        folder: Empty; the data, the results and the server's data base go there.

    Returns:
        The server's version, and what was seen.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = LabelStudio(folder / "server", port)
    here = Path.cwd()
    os.chdir(folder)
    try:
        with server.running():
            ann, bob = Person(server, "ann"), Person(server, "bob")
            wrong = Study("none", ["dataset=images", "dataset.path=photos", "dataset.classes=[a,b]"])
            error = wrong.query("--label-studio", server.url, token="no.such.token", status=2)
            assert f"{server.url} does not take the token (Token is invalid)" in error, error
            seen = [*walk_images(server, ann), *walk_texts(server, ann, bob)]
            error = wrong.query("--label-studio", f"{server.url}/projects/999", token=ann.token, status=2)
            assert f"{server.url} has no project 999, or none that the token's owner may see" in error, error
        refused = "a token that the server does not know, and a project that is not there: one line, status 2"
        return server.release, [*seen, *walk_stopped(server, ann), refused]
    finally:
        os.chdir(here)


def main() -> None:
    """Walk, and write what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if command() is None:
        raise SystemExit("no label-studio on the PATH: pip install label-studio, or name it by LABEL_STUDIO=FILE")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        release, seen = walk(Path(folder))
    text = (
        "# al-bench query and a real Label Studio server\n\n"
        f"`python scripts/label_studio_walk.py`, al-bench {__version__}, Label Studio {release} (community, SQLite, "
        f"personal access tokens), {time.strftime('%Y-%m-%d', time.gmtime())}, {time.monotonic() - began:.0f} s. Every "
        "line was checked by the script, which ends with an error otherwise.\n\n"
    )
    text += "".join(f"- {line}\n" for line in seen)
    print(text)
    if arguments.out:
        arguments.out.write_text(text)


if __name__ == "__main__":
    main()
