"""Two rounds of three strategies, pinned: a change of results is seen, and is then made on purpose.

Selections are pinned exactly: neighbouring scores, the highest of those left out among them, are further apart than
rounding on another CPU can move them (a test makes sure). Accuracy and negative log-likelihood are pinned within a
tolerance, since the sums of a matrix product have another order on another CPU.

To regenerate after a change that is meant: `python -m tests.experiment.test_golden` in the repository, and say why in
the commit.
"""

from __future__ import annotations

import json
import os
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conftest import Record

GOLDEN = Path(__file__).parent / "golden"
STRATEGIES = ("random", "bald", "entropy")
SEED = 1  # of the first fourteen, that whose closest scores are furthest apart
WORDS = ("debug=smoke", "schedule.batch=3", "training.steps=40", "posterior.draws=20", "arm=golden", f"seed={SEED}")
KEPT = ("round", "labelled", "class_counts", "candidates", "acquired", "acquired_labels")
NEAR = ("accuracy", "nll", "ece", "scores")


def pinned(strategy: str) -> dict:
    return json.loads((GOLDEN / f"{strategy}.json").read_text())


def folder(strategy: str) -> Path:
    return Path("results/runs") / strategy / "synthetic" / "golden" / f"seed-{SEED}"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_two_rounds_are_those_pinned(run, strategy):
    assert run(*WORDS, f"strategy={strategy}", f"study={strategy}").status == 0
    found, golden = Record(folder(strategy)), pinned(strategy)
    assert found.header["initial"] == golden["initial"]
    assert found.header["fingerprint"] == golden["fingerprint"]
    for entry, expected in zip(found.rounds[:2], golden["rounds"], strict=True):
        assert {key: entry[key] for key in KEPT} == {key: expected[key] for key in KEPT}
        assert entry["accuracy"] == pytest.approx(expected["accuracy"], abs=0.01)
        assert entry["nll"] == pytest.approx(expected["nll"], rel=1e-3)
        assert entry["ece"] == pytest.approx(expected["ece"], abs=0.02)
        if expected["scores"]:
            assert entry["scores"] == pytest.approx(expected["scores"], abs=1e-3)


def test_the_seed_set_and_first_network_are_one_for_all():
    goldens = [pinned(strategy) for strategy in STRATEGIES]
    assert len({str(golden["initial"]) for golden in goldens}) == 1
    assert len({golden["rounds"][0]["nll"] for golden in goldens}) == 1


@pytest.mark.parametrize("strategy", ["bald", "entropy"])
def test_the_scores_pinned_are_far_enough_apart_for_any_cpu(strategy):
    """Neighbouring scores differ by two hundred times the error of a float32 score, about 1e-6."""
    for entry in pinned(strategy)["rounds"]:
        scores = [*entry["scores"], entry["next_score"]]
        gaps = [one - other for one, other in pairwise(scores)]
        assert min(gaps) > 2e-4, gaps


def regenerate() -> None:
    """Write the golden records anew."""
    import torch

    from al_bench.cli.run import main
    from al_bench.experiment import loop

    left_out: list[float] = []
    select = loop.select

    def noting(scored, strategy, batch, *rest):
        if isinstance(scored, torch.Tensor):
            left_out.append(float(scored.sort(descending=True).values[batch]))
        return select(scored, strategy, batch, *rest)

    loop.select = noting
    GOLDEN.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as here:
        os.chdir(here)
        for strategy in STRATEGIES:
            left_out.clear()
            main([*WORDS, f"strategy={strategy}", f"study={strategy}"])
            record = Record(folder(strategy))
            rounds = [{key: entry[key] for key in (*KEPT, *NEAR)} for entry in record.rounds[:2]]
            for entry, score in zip(rounds, left_out, strict=False):
                entry["next_score"] = score
            golden = {key: record.header[key] for key in ("initial", "fingerprint")} | {"rounds": rounds}
            (GOLDEN / f"{strategy}.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    regenerate()
