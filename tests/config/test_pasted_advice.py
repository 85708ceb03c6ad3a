"""Overrides that messages print work when they are pasted into a shell, whatever the names in them are."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from al_bench.cli import check
from al_bench.config.compose import compose, register
from al_bench.config.shell_words import quote_values
from al_bench.errors import InputError, override, typed_path

NAMES = [
    *(
        "plain",
        "two words",
        "image path (jpg)",
        "name, first",
        "Größe",
        "it's",
        'say "x"',
        "both ' and \"",
        "a=b",
        "a:b",
    ),
    *(
        "[x]",
        "{x}",
        "(x",
        "x)",
        "$HOME",
        "${oc.env:HOME}",
        "${x}",
        "\\${x}",
        "a\\b",
        "ends\\",
        'ends\\"',
        "-dash",
        "--out",
    ),
    *(
        "~tilde",
        "!bang",
        "#hash",
        "a|b",
        "a&b",
        "a;b",
        "<a>",
        "`ls`",
        "*",
        "?",
        "100%",
        "@x",
        "日本",
        "🙂",
        "null",
        "true",
    ),
    *(
        "nan",
        "-inf",
        "inf",
        "007",
        "1e5",
        "1.50",
        "1_000",
        "+1",
        "0",
        "12",
        "",
        " lead",
        "trail ",
        "tab\there",
        "choice(a)",
    ),
    *(
        "range(1,3)",
        "glob(*)",
        "a,b",
        ",",
        "=",
        "'",
        '"',
        "\\",
        "\\\\",
        "$(id)",
        "%s",
        "~",
        "+",
        "...",
        "a\\\\'b",
        "{a: 1}",
    ),
]


@pytest.fixture(scope="module", autouse=True)
def _registered() -> None:
    register()


def pasted(line: str) -> list[str]:
    """The words that a real shell makes of a line."""
    script = f'printf "%s\\0" {line}'
    return subprocess.run(["bash", "-c", script], capture_output=True, check=True, text=True).stdout.split("\0")[:-1]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_arrives_as_it_was(name: str) -> None:
    words = pasted(f"{override('dataset.label', name)} {override('dataset.drop', [name, 'other'])}")
    assert len(words) == 2
    dataset = compose(["dataset=csv", "dataset.path=x", *quote_values(words)]).build().dataset
    assert dataset.label == name
    assert dataset.drop == [name, "other"]


def test_lists_are_in_quotes_since_brackets_are_patterns_to_a_shell() -> None:
    assert override("dataset.drop", ["id"]) == "'dataset.drop=[id]'"
    assert override("dataset.label", "grade") == "dataset.label=grade"


@pytest.mark.parametrize("path", ["-x", "--out", "a b", "it's", "$HOME"])
def test_a_path_is_no_option(path: str) -> None:
    (word,) = pasted(shlex.quote(typed_path(path)))
    assert Path(word) == Path(path)
    assert not word.startswith("-")


FILES = [
    "a,b.csv",
    "data (1).csv",
    "{a}.csv",
    "[a,b].csv",
    " x.csv",
    "range(1,2).csv",
    "a=b,c=d.csv",
    "~x.csv",
    "$x.csv",
]


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_as_typed_or_the_refusal_says_how_to_type_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text("a,label\n" + "".join(f"{n % 7},{'xy'[n % 2]}\n" for n in range(40)))
    typed = f"dataset.path={name}"
    if check.main(["dataset=csv", typed]) == 2:
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert override("dataset.path", name) in said
        assert check.main(["dataset=csv", *pasted(override("dataset.path", name))]) == 0
    assert capsys.readouterr().out.startswith(f"{name}: 40 rows")


@pytest.mark.parametrize("column", ["a, b", "[x]", "it's", "-x", "${x}", "Größe (cm)", "null"])
def test_the_advice_on_a_column_of_free_text_works_when_pasted(column: str, tmp_path: Path) -> None:
    from al_bench.data.csv_table import CsvDataset

    quoted = '"' + column.replace('"', '""') + '"'
    rows = "".join(f"text {n},{n % 5},{'xy'[n % 2]}\n" for n in range(80))
    (tmp_path / "t.csv").write_text(f"{quoted},v,label\n{rows}")
    with pytest.raises(InputError) as caught:
        CsvDataset(path=str(tmp_path / "t.csv")).load()
    (word,) = pasted(str(caught.value).partition("leave it out with ")[2])
    words = ["dataset=csv", f"dataset.path={tmp_path / 't.csv'}", *quote_values([word])]
    assert compose(words).build().dataset.load().shape == (1,)
