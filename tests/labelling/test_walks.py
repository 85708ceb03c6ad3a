"""From no label to a budget, with simulated people: what is asked equals what `al-bench run` picks, batch by batch."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from al_bench.cli.main import dispatch
from tests.labelling import people

STUDY = Path("results/labelling/walk")


@dataclass(frozen=True)
class Walk:
    """A kind of data.

    Args:
        write: Writes it, and gives every item's label.
        both: Words of both commands.
        query, run: Words of one.
        cold: How the first batch is chosen.
    """

    write: Callable[[], dict[str, str]]
    both: tuple[str, ...]
    query: tuple[str, ...]
    run: tuple[str, ...]
    cold: str


TABLE = ("dataset.test_path=test.csv", "dataset.label=tumour", "dataset.classes=[malignant,benign]")
TEXT = ("dataset.test_path=test.csv", "dataset.label=about", "dataset.classes=[news,cancer,faces,wine]")
DIGITS = f"dataset.classes=[{','.join(f'd{digit}' for digit in range(10))}]"
WALKS = {
    "images": Walk(
        people.write_images,
        ("dataset=images", "dataset.path=photos", "dataset.test_path=test.csv", DIGITS, "strategy=badge"),
        (),
        ("dataset.label_file=labels.csv",),
        "at random, as there is no encoder",
    ),
    "texts": Walk(
        people.write_texts,
        ("dataset=text", "dataset.text=sentence", *TEXT, "strategy=entropy"),
        ("dataset.path=pool.csv",),
        ("dataset.path=full.csv",),
        "TypiClust on the encoder's features",
    ),
    "table": Walk(
        people.write_table,
        ("dataset=table", *TABLE, "strategy=bald", "training.steps=60", "posterior.draws=10"),
        ("dataset.path=pool.csv",),
        ("dataset.path=full.csv",),
        "at random, as there is no encoder",
    ),
}
NETWORK = {"images": ("posterior=deterministic", "training.steps=60")}


@pytest.mark.slow
@pytest.mark.parametrize("kind", WALKS)
def test_a_walk_asks_what_a_run_with_the_same_start_picks(kind, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    walk = WALKS[kind]
    truth = walk.write()
    words = [*walk.both, *NETWORK.get(kind, ()), "schedule.batch=8", "schedule.budget=40", "seed=3"]
    command = ["query", *words, *walk.query, "study=walk"]
    asked: list[list[str]] = []
    for number in range(5):
        assert dispatch(command) == 0, capsys.readouterr().err
        batch = STUDY / f"batch-{number:03d}.csv"
        asked.append(people.items_of(batch))
        people.fill(batch, truth)
    out = capsys.readouterr().out
    assert f"cold start, {walk.cold}" in out
    assert out.count("on the test part: accuracy") == 4
    assert dispatch(command) == 0
    assert "schedule.budget=40 is reached: no further batch" in capsys.readouterr().out
    assert len({item for batch in asked for item in batch}) == 40

    start = ",".join(asked[0])
    assert dispatch(["run", *words, *walk.run, f"initial.rows=[{start}]", "study=walk", "arm=walk"]) == 0, (
        capsys.readouterr().err
    )
    (rounds,) = Path("results/runs/walk").glob("*/*/seed-3/rounds.jsonl")
    records = [json.loads(line) for line in rounds.read_text().splitlines()]
    picked = [[named(item) for item in record["acquired_items"]] for record in records if record.get("acquired_items")]
    assert asked[1:] == picked


@pytest.mark.slow
@pytest.mark.parametrize("audit", [("audit=30",), ("audit=active", "audit_size=30")], ids=["random", "active"])
@pytest.mark.parametrize("kind", WALKS)
def test_an_audited_walk_says_how_good_the_model_is_on_labels_that_nobody_chose(
    kind, audit, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    walk = WALKS[kind]
    truth = walk.write()
    words = [*walk.both, *NETWORK.get(kind, ()), "schedule.batch=8", "schedule.budget=24", "seed=3"]
    command = ["query", *words, *walk.query, *audit, "study=walk"]
    for number in range(3):
        assert dispatch(command) == 0, capsys.readouterr().err
        people.fill(STUDY / f"batch-{number:03d}.csv", truth)
    capsys.readouterr()
    assert dispatch([*command, "--predict"]) == 0
    said = re.search(r"30 of them labelled and none trained on: accuracy .* \[(\S+), (\S+)\]", capsys.readouterr().out)
    predicted = {row["item"]: row["predicted"] for row in people.read_batch(STUDY / "predictions-000.csv")}
    first, last = (json.loads((STUDY / f"record/{number:03d}.json").read_text()) for number in (0, 2))
    held_out = set(first["audit"]["items"])
    assert not held_out & set(last["labels"])
    others = [item for item in predicted if item not in held_out and item not in last["labels"]]
    accuracy = sum(predicted[item] == truth[item] for item in others) / len(others)
    assert float(said[1]) <= accuracy <= float(said[2])


def named(item: int | str) -> str:
    """An item of a run's record, as batches call it."""
    return item if isinstance(item, str) else f"row-{item}"
