"""Studies: one grid, the baseline, pairing, titles, and what is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from al_bench.analysis.arms import split_arm
from al_bench.analysis.studies import studies
from al_bench.analysis.study import Study
from al_bench.errors import InputError
from tests.analysis.records import write_run

CURVE = [0.5, 0.6, 0.7]


def amend(folder: Path, **changes: Any) -> None:
    """Change keys of a run's header."""
    path = folder / "header.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def only_study(root: Path, **options: Any) -> Study:
    (study,) = studies([root], **options)
    return study


def test_arms_lie_on_one_grid(tmp_path: Path) -> None:
    write_run(tmp_path, [0.5, 0.6, 0.7, 0.8], arm="random", batch=10)
    write_run(tmp_path, [0.5, 0.75], arm="bald,batch=20", batch=20)
    study = only_study(tmp_path)
    assert study.labels.tolist() == [20, 30, 40, 50]
    assert study.values["random"].tolist() == [[0.5, 0.6, 0.7, 0.8]]
    np.testing.assert_array_equal(study.values["bald,batch=20"], [[0.5, np.nan, 0.75, np.nan]])
    assert study.baseline == "random"
    assert [arm.name for arm in study.others] == ["bald,batch=20"]


def test_pairs_hold_shared_seeds_in_one_order(tmp_path: Path) -> None:
    for seed in (0, 1, 2):
        write_run(tmp_path, [0.5, 0.6 + seed / 100], arm="random", seed=seed)
    for seed in (2, 1, 5):
        write_run(tmp_path, [0.5, 0.7 + seed / 100], arm="bald", seed=seed)
    study = only_study(tmp_path)
    seeds, ours, theirs = study.pairs("bald", "random")
    assert seeds == (1, 2)
    assert ours[:, 1].tolist() == [0.71, 0.72]
    assert theirs[:, 1].tolist() == [0.61, 0.62]
    assert study.seeds["bald"] == (1, 2, 5)


def test_no_shared_seed_gives_empty_pairs(tmp_path: Path) -> None:
    write_run(tmp_path, CURVE, arm="random", seed=0)
    write_run(tmp_path, CURVE, arm="bald", seed=1)
    study = only_study(tmp_path)
    seeds, ours, theirs = study.pairs("bald", "random")
    assert seeds == ()
    assert ours.shape == theirs.shape == (0, 3)
    assert study.unpaired == {"bald"}


def test_unpaired_by_accuracy_of_round_zero(tmp_path: Path) -> None:
    write_run(tmp_path, CURVE, arm="random")
    write_run(tmp_path, CURVE, arm="bald")
    write_run(tmp_path, [0.51, 0.6, 0.7], arm="learning_loss")
    assert only_study(tmp_path).unpaired == {"learning_loss"}


def test_unpaired_by_configuration_even_where_round_zero_agrees(tmp_path: Path) -> None:
    amend(write_run(tmp_path, CURVE, arm="random"), identity={"posterior.members": 1, "strategy.beta": 1})
    amend(write_run(tmp_path, CURVE, arm="qbc"), identity={"posterior.members": 5, "strategy.beta": 1})
    amend(write_run(tmp_path, CURVE, arm="power_bald"), identity={"posterior.members": 1, "strategy.beta": 2})
    study = only_study(tmp_path)
    assert study.unpaired == {"qbc"}
    assert study.title("qbc") == "qbc (members=5)"
    assert study.title("power_bald") == "power_bald"


def test_incomplete_runs_are_listed_and_not_averaged(tmp_path: Path) -> None:
    write_run(tmp_path, CURVE, arm="random", seed=0)
    for seed, status in enumerate(("running", "failed", "interrupted"), start=1):
        write_run(tmp_path, [0.1, 0.1], arm="random", seed=seed, status=status)
    said: list[str] = []
    study = only_study(tmp_path, report=said.append)
    assert study.seeds["random"] == (0,)
    assert [status for line, status in zip(study.left_out, ("running", "failed", "interrupted"), strict=True)
            if status in line] == ["running", "failed", "interrupted"]  # fmt: skip
    assert all(line in said for line in study.left_out)
    assert only_study(tmp_path, include_incomplete=True).seeds["random"] == (0, 1, 2, 3)


def test_damaged_runs_are_listed(tmp_path: Path) -> None:
    write_run(tmp_path, CURVE, arm="random")
    (write_run(tmp_path, CURVE, arm="bald") / "header.json").write_text("{")
    study = only_study(tmp_path, report=lambda line: None)
    assert len(study.left_out) == 1
    assert "header.json cannot be read" in study.left_out[0]


def test_a_dataset_is_a_study(tmp_path: Path) -> None:
    for dataset in ("mnist", "digits"):
        write_run(tmp_path, CURVE, dataset=dataset, arm="random")
    write_run(tmp_path, [0.5], dataset="letter", arm="random", status="running")
    assert [study.dataset for study in studies([tmp_path])] == ["digits", "mnist"]


def test_references_are_apart(tmp_path: Path) -> None:
    write_run(tmp_path, CURVE, arm="random")
    write_run(tmp_path, [0.99], arm="full", reference="full", start=1438)
    study = only_study(tmp_path)
    assert [arm.name for arm in study.arms] == ["random"]
    assert [arm.name for arm in study.references] == ["full"]
    assert 1438 not in study.labels


def test_references_alone_are_nothing_to_compare(tmp_path: Path) -> None:
    write_run(tmp_path, [0.99], arm="full", reference="full")
    with pytest.raises(InputError, match="nothing to compare: all complete runs are whole-pool references"):
        studies([tmp_path])


def test_overrides_that_all_share_are_said_once(tmp_path: Path) -> None:
    write_run(tmp_path, CURVE, arm="random,batch=10,steps=100")
    write_run(tmp_path, CURVE, arm="bald,batch=10,draws=[5,6],steps=100")
    study = only_study(tmp_path)
    assert study.title("bald,batch=10,draws=[5,6],steps=100") == "bald,draws=[5,6]"
    assert study.baseline == "random,batch=10,steps=100"
    assert study.title(study.baseline) == "random"
    assert study.shared == ("batch=10", "steps=100")


def test_a_title_has_no_room_for_every_key(tmp_path: Path) -> None:
    usual = {f"training.k{number}": 0 for number in range(6)} | {"initial.indices": None}
    for arm in ("random", "bald", "entropy"):
        amend(write_run(tmp_path, CURVE, arm=arm), identity=usual)
    other = dict.fromkeys(usual, 1) | {"initial.indices": list(range(20))}
    amend(write_run(tmp_path, CURVE, arm="margin"), identity=other)
    assert only_study(tmp_path).title("margin") == "margin (indices=[0, 1, 2, 3, 4, 5, 6,…, k0=1, k1=1, 4 keys more)"


def test_titles_stay_apart(tmp_path: Path) -> None:
    write_run(tmp_path, CURVE, study="a", arm="bald,steps=1")
    write_run(tmp_path, CURVE, study="a", arm="bald,steps=2")
    study = only_study(tmp_path)
    assert sorted(study.titles.values()) == ["bald,steps=1", "bald,steps=2"]
    assert study.baseline is None
    assert study.unpaired == frozenset()


def test_one_arm_keeps_its_name(tmp_path: Path) -> None:
    write_run(tmp_path, CURVE, arm="bald,steps=1")
    assert only_study(tmp_path).title("bald,steps=1") == "bald,steps=1"


@pytest.mark.parametrize(
    ("arm", "parts"),
    [("bald", ["bald"]), ("bald,a=[1,2],b={c:1,d:2}", ["bald", "a=[1,2]", "b={c:1,d:2}"]), ("", [""])],
    ids=["no override", "commas in brackets", "no name"],
)
def test_split_arm(arm: str, parts: list[str]) -> None:
    assert split_arm(arm) == parts


def test_baseline_by_name_arm_and_strategy(tmp_path: Path) -> None:
    write_run(tmp_path, CURVE, arm="random")
    write_run(tmp_path, CURVE, arm="mine", strategy="bald")
    assert only_study(tmp_path, baseline="mine").baseline == "mine"
    assert only_study(tmp_path, baseline="bald").baseline == "mine"
    with pytest.raises(InputError, match="'badge' is no arm of these runs; they have mine, random"):
        studies([tmp_path], baseline="badge")


def test_several_baselines_are_settled_and_said(tmp_path: Path) -> None:
    write_run(tmp_path, CURVE, arm="random,batch=40")
    write_run(tmp_path, CURVE, arm="random,batch=5")
    said: list[str] = []
    study = only_study(tmp_path, report=said.append)
    assert study.baseline == "random,batch=5"
    assert said == ["digits: several arms fit the baseline 'random': compared with random,batch=5, "
                    "not with random,batch=40"]  # fmt: skip


def test_seeds_configured_differently_are_remarked(tmp_path: Path) -> None:
    amend(write_run(tmp_path, CURVE, arm="random", seed=0), identity={"seed": 0, "training.lr": 0.1, "since": 1})
    amend(write_run(tmp_path, CURVE, arm="random", seed=1), identity={"seed": 1, "training.lr": 0.2})
    write_run(tmp_path, CURVE[:2], arm="bald", seed=0)
    write_run(tmp_path, CURVE, arm="bald", seed=1)
    remarks = only_study(tmp_path).remarks
    assert "the seeds of random differ in training.lr" in remarks  # a key that a record lacks is no difference
    assert "the seeds of bald end at 30 to 40 labels" in remarks


def test_oracles_are_known(tmp_path: Path) -> None:
    write_run(tmp_path, CURVE, arm="random")
    amend(write_run(tmp_path, CURVE, arm="oracle_loss"), oracle=True)
    study = only_study(tmp_path)
    assert study.is_oracle("oracle_loss")
    assert not study.is_oracle("random")
