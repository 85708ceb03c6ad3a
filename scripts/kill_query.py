"""Kill `al-bench query`, and the people who fill its batches, at random instants: nothing is lost or asked twice.

    python scripts/kill_query.py --kills 200 --out results/labelling_kills.md

Walks through scikit-learn's 569 biopsies, without an audit, with a random and with an active one in turn, are done once
undisturbed, then with SIGKILL at random instants of the command
(a forked process, so that nothing but the work itself is killed) and of the saving of a filled file, which is truncated
and written a row at a time, as a program may do. Whoever fills looks at the file again after a kill; where rows are
gone, it is deleted and the command given again. After every call: all records can be read, no item is asked twice, and
every label of a file that was saved whole is known, and none of an audit's items is trained on. At the end the items
asked are those of the undisturbed walk.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import sklearn.datasets

import al_bench.labelling.query  # noqa: F401, so that a forked process begins with the work
from al_bench import __version__
from al_bench.cli.main import dispatch

BATCH, BUDGET = 6, 120
WORDS = ("query", "dataset=table", "dataset.path=pool.csv", "strategy=margin", "model=linear", "posterior=bootstrap")
AUDITS: dict[str, tuple[str, ...]] = {
    "no audit": (),
    "a random audit": ("audit=60",),
    "an active audit": ("audit=active", "audit_size=60"),
}
KEYS = (f"schedule.batch={BATCH}", f"schedule.budget={BUDGET}", "cache=off")


@dataclass
class Walk:
    """A study that is labelled.

    Args:
        study: Its name.
        audit: Words of the command that give an audit.
        truth: Item to label.
        kills: Kills left to do.
        chance: The random instants.
    """

    study: str
    audit: tuple[str, ...]
    truth: Mapping[str, str]
    kills: int
    chance: random.Random
    durations: dict[str, float] = field(default_factory=lambda: {"query": 0.5, "fill": 0.01})
    done: Counter[str] = field(default_factory=Counter)
    saved: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return Path("results/labelling", self.study)

    def act(self, kind: str, work: Callable[[], int]) -> int | None:
        """Do some work in a process of its own; its status, or None where it was killed."""
        killed = self.kills > 0 and self.chance.random() < (0.5 if kind == "query" else 0.8)
        began = time.perf_counter()
        child = os.fork()
        if child == 0:
            with open(os.devnull, "w") as nowhere:
                sys.stdout = sys.stderr = nowhere
                os._exit(work())
        if killed:
            time.sleep(self.chance.uniform(0, 1.1 * self.durations[kind]))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            self.kills -= 1
            self.done[kind] += 1
            return None
        if not killed:
            self.durations[kind] = time.perf_counter() - began
        return os.waitstatus_to_exitcode(status)

    def query(self) -> int:
        """Give the command until it is not killed; its status."""
        while True:
            status = self.act("query", lambda: dispatch([*WORDS, *KEYS, *self.audit, f"study={self.study}"]))
            self.check()
            if status is not None:
                return status

    def fill(self, number: int) -> None:
        """Fill a batch, with kills, until it is saved whole."""
        path, items = self.folder / f"batch-{number:03d}.csv", len(self.asked()[number])
        while True:
            rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
            if len(rows) < items:  # a kill while it was saved
                path.unlink()
                self.done["files written again"] += 1
                self.query()
                continue
            if self.act("fill", lambda: save(path, rows, self.truth)) is not None:  # noqa: B023, called at once
                break
        self.saved |= {row["item"]: self.truth[row["item"]] for row in rows}

    def asked(self) -> list[list[str]]:
        """The items of every batch on record."""
        records = sorted(self.folder.glob("record/*.json"))
        return [[entry["item"] for entry in json.loads(path.read_text())["asked"]] for path in records]

    def check(self) -> None:
        """The record is whole, no item is asked twice or trained on that judges, no saved label is unknown to it."""
        batches = self.asked()
        items = [item for batch in batches for item in batch]
        assert len(items) == len(set(items)), "an item was asked twice"
        if batches:
            first, last = (
                json.loads((self.folder / f"record/{n:03d}.json").read_text()) for n in (0, len(batches) - 1)
            )
            assert not set(last["labels"]) & set((first["audit"] or {"items": []})["items"]), "an audit was trained on"
            labels = last["labels"] | last["audit_labels"]
            known = [item for batch in batches[:-1] for item in batch]
            assert all(labels.get(item) == self.saved[item] for item in known), "a label was lost"

    def go(self) -> list[list[str]]:
        """From no label to the budget; the items asked."""
        while True:
            number = len(self.asked())
            assert self.query() == 0
            if len(self.asked()) == number:
                return self.asked()
            self.fill(number)


def save(path: Path, rows: list[dict[str, str]], truth: Mapping[str, str]) -> int:
    """Write a filled file over the one that is there, a row at a time."""
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for row in rows:
            writer.writerow(row | {"label": truth[row["item"]]})
            file.flush()
            time.sleep(0.001)
    return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    out = options.out.resolve() if options.out else None
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        frame = sklearn.datasets.load_breast_cancer(as_frame=True).frame
        target = frame.pop("target").map({0: "malignant", 1: "benign"})
        frame.to_csv("pool.csv", index=False)
        truth = {f"row-{row}": label for row, label in enumerate(target)}
        chance = random.Random(options.seed)
        undisturbed = {
            name: Walk(f"undisturbed-{number}", words, truth, 0, chance).go()
            for number, (name, words) in enumerate(AUDITS.items())
        }
        totals: Counter[str] = Counter()
        walks, left = 0, options.kills
        while left:
            name, words = list(AUDITS.items())[walks % len(AUDITS)]
            walk = Walk(f"killed-{walks}", words, truth, left, chance)
            assert walk.go() == undisturbed[name], "other items were asked than in the undisturbed walk"
            walks, left = walks + 1, walk.kills
            totals += walk.done
        os.chdir("/")
    lines = [
        f"# al-bench query, killed {options.kills} times",
        "",
        f"`python scripts/kill_query.py --kills {options.kills} --seed {options.seed}`, al-bench {__version__}: "
        f"{walks} walks of {len(undisturbed['no audit'])} batches to {BUDGET} labels, in turn with "
        f"{', '.join(AUDITS)}.",
        "",
        "| what | count |",
        "|---|---:|",
        f"| SIGKILL at a random instant of `al-bench query` | {totals['query']} |",
        f"| SIGKILL at a random instant of saving a filled batch | {totals['fill']} |",
        f"| truncated files that were deleted and written again from the record | {totals['files written again']} |",
        "| labels of saved files lost | 0 |",
        "| items asked twice | 0 |",
        "| items of an audit that were trained on | 0 |",
        "| walks that asked other items than the undisturbed one | 0 |",
        "",
        f"Any of the last four ends the script with an error. It took {time.perf_counter() - began:.0f} s.",
        "",
    ]
    print("\n".join(lines))
    if out:
        out.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
