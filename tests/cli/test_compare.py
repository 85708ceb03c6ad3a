"""`al-bench compare`: the tables in every format, the label counts they mean, and bad folders."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from al_bench.analysis.pairwise import study_penalty
from al_bench.analysis.studies import studies
from al_bench.analysis.tables.accuracy import compare_tables
from al_bench.analysis.tables.cost import cost
from al_bench.analysis.tables.pairwise import ranks_table, total_table
from al_bench.analysis.tables.table import Table, interval, p_value, percent, spread
from al_bench.cli.compare import main
from tests.analysis.records import saturating, write_run

TABLE = Table(
    "key", "Title, 50 %", ("arm", "saved %"), (("a_b|c", "−3.0 ± 1.0"), ("d", "> 40")), "note & more",
    ({"arm": "a_b|c", "saved": -0.03, "low": float("nan")}, {"arm": "d", "saved": float("inf"), "seeds": 3}),
)  # fmt: skip


def sweep(root: Path, arms: dict[str, float], seeds: int = 4, dataset: str = "digits", rounds: int = 12) -> None:
    for number, (arm, rate) in enumerate(arms.items()):
        for seed in range(seeds):
            shift = 0.004 * ((seed * 7 + number * 3) % 5 - 2)
            values = [0.5, *saturating(0.95, rate, rounds, shift)[1:]]
            write_run(root, values, arm=arm, seed=seed, dataset=dataset)


def test_terminal_aligns_and_wraps() -> None:
    lines = TABLE.to_terminal().splitlines()
    assert lines == ["Title, 50 %", "arm       saved %", "a_b|c  −3.0 ± 1.0", "d            > 40", "note & more"]
    long = Table("k", "t", ("arm",), (("a",),), "word " * 60, ()).to_terminal()
    assert max(len(line) for line in long.splitlines()) <= 110


def test_csv_has_all_keys_and_no_nan() -> None:
    rows = list(csv.DictReader(io.StringIO(TABLE.to_csv())))
    assert rows[0] == {"arm": "a_b|c", "saved": "-0.03", "low": "", "seeds": ""}
    assert rows[1]["saved"] == "inf"
    assert rows[1]["seeds"] == "3"


def test_json_is_strict() -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    plain = json.loads(TABLE.to_json(), parse_constant=refuse)
    assert plain["records"] == [{"arm": "a_b|c", "saved": -0.03, "low": None}, {"arm": "d", "saved": None, "seeds": 3}]


def test_markdown_escapes_pipes() -> None:
    lines = TABLE.to_markdown().splitlines()
    assert lines[2:5] == ["| arm | saved % |", "| --- | ---: |", "| a_b\\|c | −3.0 ± 1.0 |"]
    assert lines[-1] == "note & more"


def test_latex_escapes() -> None:
    text = TABLE.to_latex()
    assert r"\caption{Title, 50 \%. note \& more}" in text
    assert r"a\_b|c & $-$3.0 $\pm$ 1.0 \\" in text
    assert r"\ensuremath{>} 40 \\" in text
    assert r"\begin{tabular}{lr}" in text


def test_numbers_as_text() -> None:
    assert percent(0.1234) == "12.3"
    assert percent(-0.05, 0, sign=True) == "−5"
    assert percent(float("nan")) == "-"
    assert interval(-0.01, 0.02, 1, sign=True) == "[−1.0, +2.0]"
    assert interval(float("nan"), 1) == ""
    assert spread([0.8, 0.9]) == "85.0 ± 7.1"
    assert spread([0.8]) == "80.0"
    assert p_value(0.0001) == "< 0.001"
    assert p_value(float("nan")) == "-"


def test_the_count_is_the_set_that_the_model_was_trained_on(tmp_path: Path) -> None:
    # Trained on 20, 30, 40 labels; 40 is the set whose model reaches 90 %. BatchBALD's table prints one batch less.
    for seed in range(3):
        write_run(tmp_path, [0.70, 0.80, 0.91], arm="random", seed=seed, start=20, batch=10)
    (study,) = studies([tmp_path])
    labels = next(table for table in compare_tables(study, (0.9,)) if table.key == "labels")
    assert labels.rows == (("90 %", "random", "40", "40", "40"),)
    assert {record["median"] for record in labels.records} == {40}


def test_first_sustained_and_median_curve_differ_as_defined(tmp_path: Path) -> None:
    curves = [[0.5, 0.9, 0.8, 0.9], [0.5, 0.6, 0.7, 0.9], [0.5, 0.6, 0.7, 0.8]]
    for seed, values in enumerate(curves):
        write_run(tmp_path, values, arm="random", seed=seed)
    (study,) = studies([tmp_path])
    labels = next(table for table in compare_tables(study, (0.85,)) if table.key == "labels")
    # first: 30, 50, > 50; sustained: 50, 50, > 50; the median curve is 0.5, 0.6, 0.7, 0.9
    assert labels.rows == (("85 %", "random", "50 [40, > 50]", "50 [50, > 50]", "50"),)
    first = next(record for record in labels.records if record["rule"] == "first")
    assert (first["not_reached"], first["seeds"]) == (1, 3)


def test_every_table_is_there_and_consistent(tmp_path: Path) -> None:
    sweep(tmp_path, {"random": 0.2, "bald": 0.4, "entropy": 0.21})
    (study,) = studies([tmp_path])
    tables = compare_tables(study, (0.8, 0.9))
    keys = [table.key for table in tables]
    assert keys == [
        "accuracy",
        "labels",
        "saved",
        "difference",
        "seeds",
        "warm_up",
        "budgets",
        "penalty",
        "errors",
        "cost",
    ]
    for table in tables:
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert table.records
    saved = {record["arm"]: record for record in tables[2].records if record["target"] == 0.8}
    assert saved["bald"]["low"] < saved["bald"]["saved"] < saved["bald"]["high"]
    assert saved["bald"]["saved"] > 0.3
    assert len(tables[6].records) == 2 * 12
    assert "n = 4 seeds per comparison, the paper has 5" in tables[7].note


def test_log_areas_weigh_early_labels(tmp_path: Path) -> None:
    sweep(tmp_path, {"random": 0.2, "bald": 0.4})
    (study,) = studies([tmp_path])
    plain, log = (compare_tables(study, (0.8,), log)[0] for log in (False, True))
    assert "ln scale" in log.note
    assert log.records[0]["aubc"] < plain.records[0]["aubc"]


def test_unpaired_and_oracle_arms_are_marked(tmp_path: Path) -> None:
    sweep(tmp_path, {"random": 0.2, "oracle_loss": 0.3})
    for seed in range(4):
        write_run(tmp_path, [0.55, 0.6, 0.7], arm="learning_loss", seed=seed)
    for path in tmp_path.rglob("oracle_loss/*/header.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "oracle": True}))
    (study,) = studies([tmp_path])
    accuracy = compare_tables(study, ())[0]
    assert {row[0] for row in accuracy.rows} == {"random", "oracle_loss ‡", "learning_loss †"}
    assert "† unpaired" in accuracy.note
    assert "‡ reads the pool's true labels" in accuracy.note


def test_two_seeds_are_not_tested(tmp_path: Path) -> None:
    sweep(tmp_path, {"random": 0.2, "bald": 0.9}, seeds=2)
    (study,) = studies([tmp_path])
    tables = {table.key: table for table in compare_tables(study, (0.8,))}
    assert "too few seeds to tell: fewer than 3 are not tested" in tables["budgets"].note
    assert all("*" not in cell for row in tables["budgets"].rows for cell in row)
    assert tables["difference"].rows[0][-1].startswith("too few seeds to tell")
    assert tables["difference"].rows[0][3] == "-"


def test_one_seed_has_no_penalties(tmp_path: Path) -> None:
    sweep(tmp_path, {"random": 0.2, "bald": 0.9}, seeds=1)
    (study,) = studies([tmp_path])
    assert "penalty" not in [table.key for table in compare_tables(study, (0.8,))]


def test_the_batch_of_the_penalty_budgets_is_the_runs(tmp_path: Path) -> None:
    sweep(tmp_path, {"random": 0.05, "bald": 0.06})
    (study,) = studies([tmp_path])
    assert study_penalty(study).budgets == (20, 30, 40, 60, 100)
    for path in tmp_path.rglob("header.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "identity": {"schedule.batch": 20}}))
    (study,) = studies([tmp_path])
    assert study_penalty(study).budgets == (20, 40, 60, 100)


def test_costs_split_the_phases(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [0.5, 0.7, 0.9], arm="random")
    lines = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
    for number, entry in enumerate(lines):
        entry["seconds"] = {"train": 2.0, "score": 1.0, "select": 0.5, "evaluate": 9.0}
        entry["peak_memory_bytes"] = {"train": 2**20 * (5 + number), "score": 2**20}
    (folder / "rounds.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in lines))
    (study,) = studies([tmp_path])
    spent = cost(study.arms[0])
    assert spent.seconds == {"train": 6.0, "score": 3.0, "select": 1.5, "evaluate": 27.0, "metrics": 0.0}
    assert spent.total == 10.5
    assert spent.memory["train"] == 7 * 2**20
    assert spent.per_label == pytest.approx(0.4 / 20)
    assert spent.per_second == pytest.approx(0.4 / 10.5)
    row = compare_tables(study, ())[-1].rows[0]
    assert row[:7] == ("random", "6.0", "3.0", "1.5", "10.5", "200", "229")
    assert row[-1] == "-"  # select recorded no memory


def test_over_datasets_ranks_and_summed_penalties(tmp_path: Path) -> None:
    for dataset in ("digits", "letter", "mnist"):
        sweep(tmp_path, {"random": 0.2, "bald": 0.4, "entropy": 0.3}, dataset=dataset)
    sweep(tmp_path, {"badge": 0.4}, dataset="mnist")
    compared = studies([tmp_path])
    ranks, total = ranks_table(compared), total_table(compared)
    assert ranks is not None
    assert total is not None
    assert [row[:2] for row in ranks.rows] == [("bald", "1.00"), ("entropy", "2.00"), ("random", "3.00")]
    assert "critical difference 1.91" in ranks.note  # 2.343 · √(3·4 / (6·3))
    single = study_penalty(compared[0]).matrix
    row = [arm.name for arm in compared[0].arms].index("bald")
    wins = next(record for record in total.records if record["arm"] == "bald" and record["beats"] == "random")
    column = [arm.name for arm in compared[0].arms].index("random")
    assert wins["penalty"] == pytest.approx(3 * single[row, column])
    assert ranks_table(compared[:1]) is None
    assert total_table(compared[:1]) is None


def test_the_command_prints_the_verdict_first_and_writes_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, out = tmp_path / "runs", tmp_path / "out"
    sweep(runs, {"random": 0.2, "bald": 0.4})
    write_run(runs, [0.5, 0.6], arm="bald", seed=9, status="failed")
    status = main([str(runs), "--target", "0.8", "--csv", str(out), "--json", str(out / "a.json"),
                   "--markdown", str(out / "a.md"), "--latex", str(out / "a.tex")])  # fmt: skip
    captured = capsys.readouterr()
    assert status == 0
    assert captured.out.startswith("Active learning saves labels on digits: bald needs ")
    assert "1 run is not complete or damaged" in captured.out
    assert "seed-9: failed at 30 labels" in captured.err
    whole = json.loads((out / "a.json").read_text())
    (dataset,) = whole["datasets"]
    assert dataset["winners"] == ["bald"]
    assert " ".join(captured.out.split()).startswith(dataset["verdict"][0])
    assert len(dataset["left_out"]) == 1
    names = {path.name for path in out.glob("*.csv")}
    assert names == {f"digits_{table['key']}.csv" for table in dataset["tables"]}
    assert "| bald |" in (out / "a.md").read_text()
    assert "seed-9" in (out / "a.md").read_text()
    assert (out / "a.tex").read_text().count(r"\begin{table}") == len(dataset["tables"])


def test_another_baseline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep(tmp_path, {"random": 0.2, "bald": 0.4})
    assert main([str(tmp_path), "--baseline", "bald"]) == 0
    assert "Difference to bald in AUBC" in capsys.readouterr().out
    assert main([str(tmp_path), "--baseline", "badge"]) == 2
    assert "'badge' is no arm of these runs" in capsys.readouterr().err


def test_planned_arms_are_tested_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep(tmp_path, {"random": 0.2, "bald": 0.4, "entropy": 0.3})
    assert main([str(tmp_path), "--planned", "bald", "--json", str(tmp_path / "a.json")]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Tested against random: 1 planned arm, 2 tests" in out
    assert "Tested against random: 1 further arm, 2 tests" in out
    (dataset,) = json.loads((tmp_path / "a.json").read_text())["datasets"]
    assert dataset["planned"] == ["bald"]
    assert dataset["settings"] == [{"arms": ["bald", "entropy", "random"], "baseline": "random", "own_baseline": True}]
    assert main([str(tmp_path), "--planned", "badge"]) == 2
    assert "--planned badge is no arm of these runs; those tested are bald, entropy" in capsys.readouterr().err


def test_without_random_there_are_tables_and_no_claim(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep(tmp_path, {"bald": 0.2, "entropy": 0.4})
    assert main([str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert "cannot be said" in captured.out
    assert "Pairwise penalty matrix" in captured.out
    assert "Labels saved" not in captured.out


def _missing(root: Path) -> Path:
    return root / "nowhere"


def _empty(root: Path) -> Path:
    (root / "empty").mkdir()
    return root / "empty"


def _foreign(root: Path) -> Path:
    folder = root / "foreign"
    folder.mkdir()
    (folder / "rounds.jsonl").write_text("step,loss\n1,0.5\n")
    (folder / "header.json").write_text('{"experiment": "mine"}')
    return folder


def _file(root: Path) -> Path:
    (root / "file").write_text("x")
    return root / "file"


def _damaged(root: Path) -> Path:
    folder = write_run(root, [0.5, 0.6], arm="random")
    (folder / "rounds.jsonl").write_text('{"schema": 1, "round": 0, "labelled": 20, "accuracy": 7}\n')
    return folder


def _truncated(root: Path) -> Path:
    folder = write_run(root, [0.5, 0.6], arm="random")
    path = folder / "rounds.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    return folder


def _headless(root: Path) -> Path:
    folder = write_run(root, [0.5, 0.6], arm="random")
    (folder / "header.json").unlink()
    return folder


def _running(root: Path) -> Path:
    return write_run(root, [0.5, 0.6], arm="random", status="running")


def _unstarted(root: Path) -> Path:
    return write_run(root, [], arm="random", status="running")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_missing, "does not exist"),
        (_empty, "no runs found under"),
        (_foreign, "header.json has schema None, this al-bench reads 1"),
        (_file, "is a file"),
        (_damaged, "line 1 of rounds.jsonl is no round of a run: Expected `float` <= 1.0"),
        (_truncated, "status.json says complete, but rounds.jsonl ends in a torn line"),
        (_headless, "header.json is missing"),
        (_running, "no complete run among the 1 found"),
        (_unstarted, "no complete run among the 1 found"),
    ],
    ids=lambda value: value.__name__.lstrip("_") if callable(value) else "",
)
def test_bad_folders_get_one_clear_line_and_status_2(
    make, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(make(tmp_path))]) == 2
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert captured.out == ""
    assert message in captured.err
    assert 1 <= len(lines) <= 2  # the run that was left out, then why there is nothing left
    assert all(line.startswith("al-bench compare: ") for line in lines)


def test_one_bad_run_beside_good_ones_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep(tmp_path, {"random": 0.2, "bald": 0.4})
    path = tmp_path / "study" / "digits" / "bald" / "seed-3" / "rounds.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert main([str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == 1
    assert "skipped" in captured.err
    assert "1 run is not complete or damaged" in captured.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--target", "95"], "--target is 95; it must be a fraction above 0 and at most 1"),
        (["--nonsense"], "there is no option --nonsense; see al-bench compare --help"),
        (["--json", "-"], "--json is '-'; name a file, such as /dev/stdout"),
    ],
    ids=["a target in percent", "an unknown option", "a dash for a file"],
)
def test_bad_words(words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), *words]) == 2
    assert message in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep(tmp_path / "runs", {"random": 0.2, "bald": 0.4})
    (tmp_path / "file").write_text("")
    assert main([str(tmp_path / "runs"), "--json", str(tmp_path / "file" / "a.json")]) == 2
    err = capsys.readouterr().err
    assert err == f"al-bench compare: {tmp_path}/file/a.json cannot be written: File exists; choose another file\n"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom al_bench.cli.main import dispatch\n"
        "assert dispatch(['compare', '--help']) == 0\n"
        "print(sorted({'numpy', 'scipy', 'pandas', 'torch', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "usage: al-bench compare" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
