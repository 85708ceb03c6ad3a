"""`strategy=recommended`: named by the table's cell, and refused with the reading where it cannot be told."""

from __future__ import annotations

import json

import pytest

from al_bench.cli import run
from al_bench.errors import InputError
from al_bench.experiment import recommended
from al_bench.experiment.recommended import recommend, resolve

WORTH = "In the low regime the table beats always-margin: +2.0 [+1.0, +3.0] points on data sets left out, n = 9."
TABLE = {
    "version": "t",
    "advice": {"image": {"low": "typiclust", "high": "margin"}, "table": {"low": "badge"}},
    "worth": {"low": WORTH},
}


@pytest.fixture(autouse=True)
def planted_table(tmp_path, monkeypatch):
    file = tmp_path / "table.json"
    file.write_text(json.dumps(TABLE))
    monkeypatch.setattr(recommended, "table_file", lambda: file)


def test_the_cell_is_that_of_the_kind_and_the_first_labels():
    assert recommend("digits", 20, 10).strategy == "typiclust"
    assert recommend("mnist", 300, 10).strategy == "margin"
    assert recommend("letter", 26, 26).strategy == "badge"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("npz", 20, 10), "does not say whether these are images, tables or texts"),
        (("digits", 5, 10), "read was image, 5 labels of 10 classes"),
        (("digits", 1000, 10), "1 to 100 labels a class"),
        (("digits", 100, 10), "no answer in the middle regime; read was image, 100 labels of 10 classes (10 a class)"),
    ],
)
def test_what_cannot_be_told_is_refused_with_the_reading(asked, said):
    with pytest.raises(InputError) as caught:
        recommend(*asked)
    assert said in str(caught.value)


def test_it_says_what_such_advice_is_worth():
    assert resolve(["dataset=digits", "strategy=recommended"])[1].endswith(f"the low regime). {WORTH}")
    assert resolve(["dataset=digits", "strategy=recommended", "initial.size=300"])[1].endswith("the high regime)")


def test_words_without_it_are_as_they_were():
    assert resolve(["strategy=margin"]) == (["strategy=margin"], "")


def test_a_forest_reads_its_inputs():
    words, _ = resolve(["dataset=digits", "model=random_forest", "strategy=recommended"])
    assert words == [
        "dataset=digits",
        "model=random_forest",
        "strategy=typiclust",
        "strategy.features=input",
        "recommended_by=t",
    ]


def test_a_sweep_over_settings_is_refused():
    with pytest.raises(InputError, match=r"initial\.size=20,40 sweeps over several"):
        resolve(["-m", "initial.size=20,40", "strategy=recommended", "seed=0,1"])


def test_the_arm_has_the_strategys_name(tmp_path, capsys):
    words = ["dataset=digits", "model=linear", "schedule.rounds=2", "strategy=recommended"]
    assert run.main([*words, f"results={tmp_path}"]) == 0
    assert (
        "strategy=recommended is strategy=typiclust (table t, image, 20 labels of 10 classes" in capsys.readouterr().err
    )
    (header,) = tmp_path.glob("*/digits/typiclust*/seed-0/header.json")
    assert json.loads(header.read_text())["strategy"] == "typiclust"
    assert "recommended_by: t\n" in (header.parent / "config.yaml").read_text()
    by_name = ["strategy=typiclust" if word == "strategy=recommended" else word for word in words]
    capsys.readouterr()
    assert run.main([*by_name, f"results={tmp_path}"]) == 0  # the same run, which is complete
    assert "complete" in "".join(capsys.readouterr())
    assert len(list(tmp_path.glob("*/digits/typiclust*/seed-0"))) == 1
