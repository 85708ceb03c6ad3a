"""The gallery shows the pictures that were picked, and says why where it shows none."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from al_bench.analysis.report.dataset import find_dataset
from al_bench.analysis.report.gallery import PICKS, gallery, spaced
from al_bench.analysis.report.pictures import LARGEST, SpriteSheet, sprite_sheet
from al_bench.analysis.studies import studies
from al_bench.analysis.study import Study
from al_bench.data.digits import Digits
from al_bench.data.synthetic import Synthetic
from al_bench.errors import InputError
from al_bench.storage.runs import read_run
from tests.analysis.illustrated import write_illustrated
from tests.analysis.records import readable


def tile(board: SpriteSheet, position: tuple[int, int] | None) -> NDArray[np.uint8]:
    """The pixels of one picture of a sheet, where the style sheet would show it."""
    assert position is not None
    image = Image.open(io.BytesIO(base64.b64decode(board.uri.partition(",")[2])))
    assert image.size == (board.columns * board.width, board.rows * board.height)
    left, top = position[0] * board.width, position[1] * board.height
    return np.asarray(image.crop((left, top, left + board.width, top + board.height)))


def one_study(root: Path, rounds: int = 4, **options: object) -> Study:
    for arm in ("random", "bald"):
        write_illustrated(root, [0.5] * rounds, arm=arm, scores=arm == "bald", **options)  # type: ignore[arg-type]
    return studies([root])[0]


def npz_study(root: Path, inputs: NDArray[np.generic]) -> Study:
    """A study on a user's own arrays."""
    rng = np.random.default_rng(0)
    np.savez(root / "own.npz", x=inputs, y=rng.permutation(len(inputs)) % 2)
    config = f"dataset:\n  path: {root / 'own.npz'}\n"
    folder = write_illustrated(root / "runs", [0.5] * 4, arm="random", config=config, choice="npz", fingerprint="?")
    with pytest.raises(InputError) as raised:
        find_dataset(read_run(folder))
    match = re.search(r"its fingerprint is (\w+), theirs \?", str(raised.value))
    assert match
    text = (folder / "header.json").read_text()
    (folder / "header.json").write_text(text.replace('"fingerprint": "?"', f'"fingerprint": "{match[1]}"'))
    return studies([root / "runs"])[0]


def test_every_picture_is_the_one_acquired(tmp_path: Path) -> None:
    shown = gallery(one_study(tmp_path))
    digits = Digits().load().inputs
    assert shown.kind == "images"
    assert shown.missing == ""
    assert [wall.title for wall in shown.strategies] == ["bald", "random"]
    assert shown.scale == "black is 0, white 1"
    for wall in shown.strategies:
        assert wall.sheet is not None
        assert [entry.number for entry in wall.rounds] == [0, 1, 2]
        assert [entry.labelled for entry in wall.rounds] == [20, 30, 40]
        for entry in wall.rounds:
            assert [pick.index for pick in entry.picks] == list(range(entry.labelled, entry.labelled + 10))
            for pick in entry.picks:
                expected = np.rint(255 * digits[pick.index, 0].double().numpy())
                assert (tile(wall.sheet, pick.position) == expected).all()


def test_labels_by_name_and_scores_where_there_are_any(tmp_path: Path) -> None:
    bald, random = gallery(one_study(tmp_path)).strategies
    assert [pick.label for pick in bald.rounds[1].picks[:3]] == ["class 0", "class 1", "class 2"]
    assert [pick.score for pick in bald.rounds[1].picks[:3]] == ["1.50", "1.49", "1.48"]
    assert {pick.score for entry in random.rounds for pick in entry.picks} == {""}


def test_rounds_and_picks_are_bounded(tmp_path: Path) -> None:
    wall = gallery(one_study(tmp_path, rounds=30, batch=15), rounds=5).strategies[0]
    assert [entry.number for entry in wall.rounds] == [0, 7, 14, 21, 28]
    assert wall.acquisitions == 29
    assert {(len(entry.picks), entry.more) for entry in wall.rounds} == {(PICKS, 3)}
    assert wall.sheet is not None
    assert wall.sheet.columns == PICKS


@pytest.mark.parametrize(
    ("count", "most", "rounds"),
    [(0, 3, []), (2, 3, [0, 1]), (3, 3, [0, 1, 2]), (9, 3, [0, 4, 8]), (5, 1, [0]), (4, 3, [0, 2, 3])],
    ids=readable,
)
def test_rounds_are_evenly_spaced_with_both_ends(count: int, most: int, rounds: list[int]) -> None:
    assert spaced(count, most) == rounds


def test_pictures_keep_to_their_bytes(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 40, 40), dtype=np.uint8)
    study = npz_study(tmp_path, noise)
    full = gallery(study).strategies[0]
    tight = gallery(study, budget=30_000).strategies[0]
    assert full.sheet is not None
    assert tight.sheet is not None
    assert len(full.sheet.uri) > 30_000 >= len(tight.sheet.uri)
    assert len(tight.rounds) < len(full.rounds)


def test_the_gallery_shows_a_seed_that_all_have(tmp_path: Path) -> None:
    for arm, seeds in (("random", (1, 2)), ("bald", (0, 2)), ("entropy", (2, 3))):
        for seed in seeds:
            write_illustrated(tmp_path, [0.5, 0.6], arm=arm, seed=seed)
    study = studies([tmp_path])[0]
    assert {wall.seed for wall in gallery(study).strategies} == {2}
    assert [wall.seed for wall in gallery(study, seed=3).strategies] == [0, 3, 1]


def test_colour_pictures_stay_recognisable(tmp_path: Path) -> None:
    colours = np.random.default_rng(2).integers(0, 256, (100, 3), dtype=np.uint8)
    flat = np.broadcast_to(colours[:, :, None, None], (100, 3, 16, 16)).copy()
    study = npz_study(tmp_path, flat)
    wall = gallery(study).strategies[0]
    inputs = find_dataset(study.arms[0].runs[0]).inputs
    assert wall.sheet is not None
    assert wall.sheet.uri.startswith("data:image/jpeg;base64,")
    for pick in wall.rounds[0].picks:
        match = tile(wall.sheet, pick.position).reshape(-1, 3).astype(float).mean(axis=0)
        assert np.abs(match - inputs[pick.index : pick.index + 1][0, :, 0, 0].numpy()).max() < 4


def test_large_pictures_are_made_smaller_and_keep_their_shape() -> None:
    board = sprite_sheet(np.full((3, 300, 150, 1), 77, dtype=np.uint8), 2)
    assert (board.width, board.height) == (LARGEST // 2, LARGEST)
    assert (board.columns, board.rows) == (2, 2)
    assert (tile(board, board.position(2)) == 77).all()


def test_rows_of_a_table_are_shown_as_the_network_sees_them(tmp_path: Path) -> None:
    data = Synthetic().load()
    config, print_ = "dataset:\n  points: 500\n", data.fingerprint()
    for arm in ("random", "bald"):
        write_illustrated(tmp_path, [0.5] * 3, arm=arm, config=config, choice="synthetic", fingerprint=print_)
    shown = gallery(studies([tmp_path])[0])
    assert shown.kind == "rows"
    assert shown.inputs == 16
    pick = shown.strategies[0].rounds[0].picks[3]
    expected = [f"{value:.3g}".replace("-", "−") for value in data.inputs[pick.index][:10].tolist()]
    assert list(pick.values) == expected


def test_missing_files_are_said_and_never_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AL_BENCH_DATA", str(tmp_path / "nothing"))
    monkeypatch.setattr("urllib.request.urlopen", lambda *_: pytest.fail("the report downloads"))
    config = f"dataset:\n  source: mnist\n  root: {tmp_path / 'elsewhere'}\n  normalise: standard\n"
    shown = gallery(one_study(tmp_path / "runs", config=config, choice="mnist"))
    assert shown.kind == "none"
    assert shown.missing.startswith(f"MNIST is not in {tmp_path / 'nothing'}")
    assert not (tmp_path / "nothing").exists()
    assert [pick.label for pick in shown.strategies[0].rounds[0].picks][:2] == ["class 0", "class 1"]
    assert shown.strategies[0].sheet is None


def test_other_data_than_the_runs_are_refused(tmp_path: Path) -> None:
    shown = gallery(one_study(tmp_path, config="dataset:\n  split_seed: 5\n"))
    assert shown.kind == "none"
    assert "the digits found here is not the data of these runs: its fingerprint is" in shown.missing
    assert "theirs c2d619c5633a1965" in shown.missing


def test_an_arm_on_other_data_is_left_out_and_named(tmp_path: Path) -> None:
    one_study(tmp_path)
    write_illustrated(tmp_path, [0.5] * 3, arm="entropy", seed=9, fingerprint="abc")  # a seed nothing else has
    shown = gallery(studies([tmp_path])[0])
    assert [wall.title for wall in shown.strategies] == ["bald", "random"]
    assert shown.remarks == ("entropy was run on other data (abc): not shown",)


@pytest.mark.parametrize(
    ("config", "choice", "said"),
    [
        ("dataset:\n  no_such_key: 1\n", "digits", "dataset=digits is not known here"),
        ("dataset: {}\n", "no_such_set", "dataset=no_such_set is not known here"),
        ("dataset:\n  _target_: no.such.Class\n", "own", "a class that is not al-bench's own"),
        ("dataset: [1\n", "digits", "config.yaml cannot be read"),
        ("other: 1\n", "npz", "dataset.path is not set"),
    ],
    ids=["unknown key", "unknown set", "unknown class", "broken YAML", "key not set"],
)
def test_a_configuration_that_is_no_use_is_one_line(tmp_path: Path, config: str, choice: str, said: str) -> None:
    folder = write_illustrated(tmp_path, [0.5], config=config, choice=choice)
    with pytest.raises(InputError, match=re.escape(said)) as raised:
        find_dataset(read_run(folder))
    assert "\n" not in str(raised.value)


def test_records_of_an_older_version_have_no_configuration(tmp_path: Path) -> None:
    folder = write_illustrated(tmp_path, [0.5])
    (folder / "config.yaml").unlink()
    with pytest.raises(InputError, match="how digits was configured is not on record"):
        find_dataset(read_run(folder))
