"""`al-bench list`: every option with its line, a page for every strategy, a user's own among them, and no torch."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from al_bench.cli import list as list_command
from al_bench.config.components import load_class
from al_bench.config.options import files
from al_bench.config.page_text import LETTERS, as_markdown, as_text
from al_bench.config.registry import COMPONENTS
from al_bench.config.strategy_pages import SECTIONS, arguments, docstring, page
from tests.conftest import REPOSITORY

FOLDERS = [REPOSITORY / "conf"]
STRATEGIES = files(FOLDERS, "strategy")


@pytest.fixture
def listed(capsys):
    """What `al-bench list` prints with the arguments given, by lines."""

    def call(*words, status=0):
        assert list_command.main(list(words)) == status
        out, err = capsys.readouterr()
        return (err if status else out).splitlines()

    return call


def test_every_option_of_every_group_has_a_line(listed):
    lines = listed()
    for group in list_command.GROUPS:
        assert f"{group}:" in lines
        paths = (REPOSITORY / "conf" / list_command.GROUPS[group]).glob("*.yaml")
        names = [path.stem for path in paths if not path.stem.startswith("_")]
        assert len(names) >= 1
        for name in names:
            described = [line.split(maxsplit=1) for line in lines if line.split()[0] == name]
            assert described, name
            assert all(len(words) == 2 for words in described), name


def test_one_group_is_the_folder(listed):
    lines = listed("strategies")
    assert [line.split()[0] for line in lines] == sorted(path.stem for path in (REPOSITORY / "conf/strategy").glob("*"))
    assert "bald" in STRATEGIES
    assert any(line.startswith("qbc_vote_entropy ") and "@package" not in line for line in lines)


def test_the_metrics_are_listed_with_unit_direction_and_definition(listed):
    from al_bench.metrics import CLASS_METRICS, METRICS

    lines = {line.split()[0]: line for line in listed("metrics")}
    assert set(lines) == {*METRICS, *(f"{name}:CLASS" for name in CLASS_METRICS)}
    assert "(nats, lower is better)" in lines["nll"]
    assert "(%, higher is better)" in lines["recall:CLASS"]
    assert all(line.endswith(".") and ": ." not in line for line in lines.values())
    assert "metrics:" in listed()


def test_an_own_file_that_cannot_be_read_says_why_beside_the_others(listed, tmp_path):
    folder = tmp_path / "strategy"
    folder.mkdir()
    (folder / "packed.yaml").write_bytes(b"\x1f\x8b\x08")
    (folder / "latin.yaml").write_bytes("# für".encode("latin-1"))
    (folder / "inner.yaml").mkdir()
    lines = "\n".join(listed("--config-dir", str(tmp_path), "strategies"))
    assert lines.count("(cannot be chosen: the file is not UTF-8)") == 2
    assert "(cannot be chosen: it is no regular file)" in lines
    assert "bald" in lines


def test_partials_are_not_listed(listed, tmp_path):
    (tmp_path / "strategy").mkdir()
    (tmp_path / "strategy" / "_base.yaml").write_text("# A part.\nx: 1\n")
    assert not any(line.startswith("_base") for line in listed("strategies", "--config-dir", str(tmp_path)))


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_page_says_formula_needs_keys_cost_source_and_departures(name):
    made = page(name, STRATEGIES[name], FOLDERS)
    assert made.formula, made.text
    assert made.line
    assert made.formula[-1] == "."
    assert tuple(made.sections) == SECTIONS
    assert all(text.endswith(".") for text in made.sections.values())
    assert made.needs
    for key in made.keys:
        assert key.text, f"{name}: {key.name} is not described"


@pytest.mark.parametrize("schema", COMPONENTS["strategy"])
def test_the_docstring_of_a_class_names_every_key_and_no_other(schema):
    cls = load_class(COMPONENTS["strategy"][schema])
    assert set(arguments(cls)) == {entry.name for entry in fields(cls)}
    assert len(docstring(cls)[0][0]) < 120, "the formula is one line"


def test_a_page_has_the_values_of_its_file_not_those_of_the_class():
    by_name = {
        name: {key.name: key.value for key in page(name, STRATEGIES[name], FOLDERS).keys}
        for name in ("bald", "power_bald", "softmax_bald", "softrank_bald", "probcover", "qbc_vote_margin")
    }
    assert by_name["bald"] == {"stochastic": "none", "beta": "1.0"}
    assert {by_name[f"{mode}_bald"]["stochastic"] for mode in ("power", "softmax", "softrank")} == {
        "power",
        "softmax",
        "softrank",
    }
    assert by_name["probcover"]["delta"] == "null"
    assert by_name["qbc_vote_margin"]["soft"] == "false"


def test_a_page_says_what_the_posterior_must_have():
    def needs(name):
        return page(name, STRATEGIES[name], FOLDERS).needs

    assert needs("random") == ("nothing: the pool is not scored",)
    assert needs("bald")[0].startswith("`mc_log_probs` [N, K, C] log-probabilities of K posterior draws")
    assert needs("bald")[1] == "at least 2 distinct draws of the posterior"
    assert needs("qbc_vote_entropy")[1:] == ("at least 2 members of the posterior", "brings posterior=ensemble")
    assert "`true_labels` [N]" in needs("oracle_loss")[1]
    assert needs("oracle_loss")[2] == "the mark of an oracle, which the run's header shows"
    assert needs("variation_ratio")[0].endswith("(on a point prediction)")
    assert needs("variation_ratio")[1].endswith("(where the posterior gives draws)")


def test_verbose_prints_every_page_within_the_terminal(listed, monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")
    lines = listed("strategies", "--verbose")
    assert max(map(len, lines)) <= 90
    assert [line for line in lines if line in STRATEGIES] == sorted(STRATEGIES)
    text = " ".join(" ".join(lines).split())
    assert LETTERS in text
    for title in SECTIONS:
        assert text.count(f" {title.lower()} ") >= len(STRATEGIES)
    assert "strategy.stochastic=power" in text


def test_markdown_is_a_table_with_a_row_a_strategy_and_a_section_for_each(listed):
    lines = listed("strategies", "--markdown")
    rows = [line for line in lines if line.startswith("| [")]
    assert len(rows) == len(STRATEGIES)
    for row, name in zip(rows, sorted(STRATEGIES), strict=True):
        assert row.replace("\\|", "").count("|") == 5, row
        assert row.startswith(f"| [{name}](#{name})".replace("_", "\\_", name.count("_")))
    assert [line.replace("\\", "") for line in lines if line.startswith("## ")] == [
        f"## {n}" for n in sorted(STRATEGIES)
    ]
    assert "H[p(·\\|x)] = −Σ\\_c p log p" in next(row for row in rows if row.startswith("| [entropy]"))
    assert "`stochastic=power`" in next(row for row in rows if row.startswith("| [power"))


OWN = '''
from dataclasses import dataclass

from al_bench.evidence import Product
from al_bench.strategies.base import ScoreStrategy


@dataclass
class Lowest(ScoreStrategy):
    """(max_c p)^−power.

    Args:
        power: The exponent.

    Cost:
        O(N C).
    """

    power: float = 2.0

    def needs(self, draws):
        return frozenset({Product.mean_log_probs})

    def score(self, evidence):
        return -evidence.mean_log_probs.exp().amax(1) ** self.power


@dataclass
class Silent(ScoreStrategy):
    def needs(self, draws):
        return frozenset()

    def score(self, evidence):
        return None
'''


@pytest.fixture
def own(tmp_path, monkeypatch) -> list[Path]:
    """al-bench's folder of options and one of a user's own, whose module is in the current folder."""
    (tmp_path / "listed_here.py").write_text(OWN)
    (tmp_path / "conf" / "strategy").mkdir(parents=True)
    options = {
        "lowest": "# Mine.\n_target_: listed_here.Lowest\npower: 3\n",
        "silent": "# Says nothing.\n_target_: listed_here.Silent\n",
        "hotter": "# Softer.\ndefaults:\n  - softmax_bald\n  - _self_\nbeta: 8.0\n",
        "gone": "# Not there.\n_target_: listed_nowhere.Strategy\n",
        "wrong": "# A key too many.\ndefaults:\n  - /schema/strategy/bald@_here_\ngamma: 1\n",
        "margin": "# Mine, in place of al-bench's.\n_target_: listed_here.Lowest\n",
    }
    for name, text in options.items():
        (tmp_path / "conf" / "strategy" / f"{name}.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return [*FOLDERS, tmp_path / "conf"]


def test_the_page_of_a_users_own_strategy(own, listed):
    options = files(own, "strategy")
    made = page("lowest", options["lowest"], own)
    assert made.formula == "(max_c p)^−power."
    assert {key.name: (key.value, key.text) for key in made.keys}["power"] == ("3.0", "The exponent.")
    assert made.sections == {"Cost": "O(N C)."}
    assert made.needs[0].startswith("`mean_log_probs` [N, C]")
    assert page("margin", options["margin"], own).line == "Mine, in place of al-bench's."
    lines = listed("strategies", "--config-dir", str(own[1]), "--verbose")
    assert "lowest" in lines
    assert "lowest             Mine." in listed("strategies", "--config-dir", str(own[1]))


def test_an_option_built_on_another_has_its_class_and_values(own):
    options = files(own, "strategy")
    made = page("hotter", options["hotter"], own)
    assert made.given == ("stochastic=softmax", "beta=8.0")
    assert {key.name: key.value for key in made.keys} == {"stochastic": "softmax", "beta": "8.0"}


def test_a_class_without_a_docstring_has_no_invented_one(own):
    made = page("silent", files(own, "strategy")["silent"], own)
    assert (made.formula, made.text, made.sections) == ("", "", {})
    assert "beta" in {key.name for key in made.keys}


def test_what_cannot_be_loaded_keeps_its_line_and_the_other_pages(own):
    options = files(own, "strategy")
    gone, wrong = (page(name, options[name], own) for name in ("gone", "wrong"))
    assert gone.line == "Not there."
    assert "listed_nowhere" in gone.text
    assert "gamma" in wrong.text
    for text in (as_text([gone, wrong]), as_markdown([gone, wrong])):
        assert "A key too many." in text
        assert "listed" in text


def test_faults_are_one_line(listed):
    assert listed("strategies", "--config-dir", "nowhere", status=2) == [
        "al-bench list: --config-dir is nowhere, and there is no such folder"
    ]
    for words in (["--verbose"], ["datasets", "--markdown"]):
        assert listed(*words, status=2) == [
            f"al-bench list: only strategies have pages: al-bench list strategies {words[-1]}"
        ]


def test_the_pages_import_no_torch():
    code = (
        "import sys; from al_bench.cli.list import main; "
        "main(['strategies', '--verbose']); main(['strategies', '--markdown']); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'sklearn', 'pandas', 'scipy')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "qbc_vote_margin" in done.stdout
