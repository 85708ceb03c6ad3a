"""The published numbers: they parse, cite their sources, and count labels as al-bench does."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from al_bench.analysis.papers.published import FILE, Paper, PapersFile, listing, paper, published
from al_bench.analysis.statistics.curves import labels_to_target
from al_bench.cli.plot import main
from al_bench.errors import InputError
from al_bench.storage.typed_toml import read_toml

PAPERS = published()


@pytest.mark.parametrize("entry", PAPERS.values(), ids=PAPERS)
def test_every_number_is_sound_and_has_a_source(entry: Paper) -> None:
    assert entry.authors
    assert entry.work
    assert 2016 < entry.year < 2030
    assert entry.source
    assert entry.datasets
    assert entry.curves or entry.targets
    for curve in entry.curves:
        assert curve.location, curve.arm
        assert list(curve.labels) == sorted(set(curve.labels)), curve.arm
        assert len(curve.centre) == len(curve.labels)
        assert all(0 < value < 1 for value in curve.centre)
        assert len(curve.q25) == len(curve.q75) in (0, len(curve.labels))
        for low, middle, high in zip(curve.q25, curve.centre, curve.q75, strict=False):
            assert low <= middle <= high
    for target in entry.targets:
        assert target.location, target.arm
        assert 0 < target.accuracy < 1
        assert len(target.labels) in (1, 3)
        assert list(target.labels) == sorted(target.labels)


def test_tables_that_are_a_batch_short_are_on_file_with_true_sizes() -> None:
    shifted = [target for entry in PAPERS.values() for target in entry.targets if target.printed]
    assert len(shifted) > 20
    for target in shifted:
        assert target.batch is not None
        assert all(true == printed + target.batch for true, printed in zip(target.labels, target.printed, strict=True))
    table_1 = [target for target in paper("batchbald2019_mnist").targets if target.arm == "BatchBALD, b=10"]
    assert [(target.accuracy, target.printed, target.labels) for target in table_1] == [
        (0.9, (70, 90, 110), (80, 100, 120)),
        (0.95, (190, 200, 230), (200, 210, 240)),
    ]


@pytest.mark.parametrize(
    ("arm", "to_90", "to_95"),
    [
        ("BatchBALD, b=5", 100, 210),
        ("BatchBALD, b=10", 110, 240),
        ("BatchBALD, b=40", 140, 300),
        ("BALD, b=1", 104, 237),
        ("BALD, b=10", 170, 290),
    ],
)
def test_crossings_of_the_published_median_curves(arm: str, to_90: int, to_95: int) -> None:
    (curve,) = (curve for curve in paper("batchbald2019_mnist").curves if curve.arm == arm)
    assert labels_to_target(curve.labels, curve.centre, 0.9) == to_90
    assert labels_to_target(curve.labels, curve.centre, 0.95) == to_95


def test_the_offset_by_one_batch_on_a_synthetic_log() -> None:
    """A log by acquisition: every point of a batch is given the accuracy after it, the printed mark is one less."""
    batch, sizes, accuracy = 10, [20, 30, 40, 50], [0.5, 0.8, 0.91, 0.95]
    expanded = {size - batch + step + 1: a for size, a in zip(sizes, accuracy, strict=True) for step in range(batch)}
    printed = min(index for index, a in expanded.items() if a >= 0.9) - 1
    assert printed == 30
    assert labels_to_target(sizes, accuracy, 0.9) == printed + batch


def test_what_papers_say_of_each_other() -> None:
    """Headlines that a wrong digit would turn around."""
    gal = {(target.arm, target.accuracy): target.middle for target in paper("gal2017_mnist").targets}
    assert gal["Variation ratio", 0.95] < gal["BALD", 0.95] < gal["Max entropy", 0.95] < gal["Random", 0.95] == 835
    repeated = {curve.arm: dict(zip(curve.labels, curve.centre, strict=True))[200]
                for curve in paper("batchbald2019_repeated_mnist_x5").curves}  # fmt: skip
    assert [round(100 * repeated[arm], 1) for arm in ("BatchBALD, b=10", "Random, b=10", "BALD, b=10")] == [
        93.0, 90.5, 85.0,
    ]  # fmt: skip
    missed = [target for target in paper("batchbald2019_repeated_mnist").targets if math.isinf(target.middle)]
    assert {target.accuracy for target in missed} == {0.95}
    assert paper("gal2017_mnist").short == "Gal et al. 2017"
    assert paper("learning_loss2019_cifar10").short == "Yoo & Kweon 2019"


def test_an_unknown_key_is_refused_with_its_position(tmp_path: Path) -> None:
    damaged = tmp_path / "published.toml"
    damaged.write_text(FILE.read_text(encoding="utf-8").replace("runs = 6", "rusn = 6", 1), encoding="utf-8")
    with pytest.raises(InputError, match=r"published\.toml: \$\.paper\[0\]\.curve\[0\]\.rusn: unknown field$"):
        read_toml(damaged, PapersFile)


def test_unknown_names_get_near_ones() -> None:
    with pytest.raises(InputError, match=r"called 'batchbald_mnist'; did you mean batchbald2019_mnist"):
        paper("batchbald_mnist")
    with pytest.raises(InputError, match=r"called 'zzz'; there are batchbald2019_mnist, .*; --paper list prints"):
        paper("zzz")


def test_the_list_names_arms_and_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--paper", "list"]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines() == listing()
    for name, entry in PAPERS.items():
        assert name in printed.splitlines()
        assert entry.authors in printed
        assert entry.source in printed
    assert "Variation ratio; BALD; Max entropy; Random; Mean STD" in printed
