"""What the runs share, where they differ, and the commands that run them again."""

from __future__ import annotations

from pathlib import Path

from al_bench.analysis.report.configuration import Difference, command, compare_configurations, recipe, strategy_keys
from al_bench.analysis.studies import studies
from al_bench.analysis.study import Study
from tests.analysis.illustrated import write_illustrated


def mixed(root: Path) -> Study:
    for arm in ("random", "bald"):
        for seed in (0, 1):
            identity = {"training.steps": 300, "schedule.batch": 10, "seed": seed, "model.hidden": [8, 8]}
            if arm == "bald":
                identity |= {"strategy.beta": 2.0, "training.steps": 300 - 100 * seed}
            versions = {"torch": "2.14.1" if seed else "2.13.0"}
            head = {"identity": identity, "versions": versions, "dirty": arm == "bald"}
            write_illustrated(root, [0.5, 0.6], arm=arm, seed=seed, header=head)
    return studies([root], report=lambda line: None)[0]


def test_what_is_shared_and_what_differs(tmp_path: Path) -> None:
    result = compare_configurations(mixed(tmp_path))
    assert dict(result.shared) == {
        "dataset": "digits", "model": "mlp", "model.hidden": "[8, 8]", "schedule.batch": "10",
    }  # fmt: skip
    rest = ("bald (seed 0)", "random")
    assert result.differences == (Difference("training.steps", (("300", rest), ("200", ("bald (seed 1)",)))),)


def test_a_strategys_own_settings_stand_apart(tmp_path: Path) -> None:
    assert strategy_keys(mixed(tmp_path)) == (("bald", (("strategy.beta", "2.0"),)), ("random", ()))


def test_versions_commits_and_keys_that_are_not_on_record(tmp_path: Path) -> None:
    study = mixed(tmp_path)
    result = recipe(study).environment
    differing = {difference.key: dict(difference.values) for difference in result.differences}
    assert differing["torch"] == {"2.13.0": ("bald (seed 0)", "random (seed 0)"),
                                  "2.14.1": ("bald (seed 1)", "random (seed 1)")}  # fmt: skip
    assert differing["al-bench commit"] == {"0" * 40: ("random",), "0" * 40 + " with uncommitted changes": ("bald",)}
    write_illustrated(tmp_path, [0.5, 0.6], arm="old", header={"identity": {"training.steps": 300}, "choices": {}})
    result = compare_configurations(studies([tmp_path], report=lambda line: None)[0])
    keys = {difference.key: dict(difference.values) for difference in result.differences}
    assert [name.split()[0] for name in keys["model.hidden"]["not recorded"]] == ["old"]


def test_seeds_of_one_arm_are_one_command(tmp_path: Path) -> None:
    result = recipe(mixed(tmp_path))
    assert result.commands == (
        "al-bench run -m strategy=bald study=study seed=0,1",
        "al-bench run -m strategy=random study=study seed=0,1",
    )
    assert (result.missing, result.commits) == (0, ("0" * 40,))
    assert result.first == result.last == "2026-01-01T00:00:00+0000"


def test_words_are_quoted_for_the_shell() -> None:
    assert (
        command(("strategy=bald", "model.hidden=[8,8]"), [3])
        == "al-bench run strategy=bald 'model.hidden=[8,8]' seed=3"
    )


def test_a_command_that_was_not_recorded_is_counted(tmp_path: Path) -> None:
    write_illustrated(tmp_path, [0.5], arm="random", header={"command": None})
    result = recipe(studies([tmp_path])[0])
    assert (result.commands, result.missing) == ((), 1)
