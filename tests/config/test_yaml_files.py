"""A YAML file of a user's own with whatever fault: one line that names it, and nothing that it names is run."""

from __future__ import annotations

from pathlib import Path

import pytest

FAULTS = {
    "a header without a value": (b"# @package\nseed: 1\n", "Expected header format: KEY VALUE, got '@package'"),
    "a header of three words": (b"# @package a b\n", "Too many components in '@package a b'"),
    "Latin-1": ("# @package _global_\narm: Größe\n".encode("latin-1"), "is not UTF-8 (byte 27: invalid"),
    "UTF-16": ("seed: 1\n".encode("utf-16"), "is not UTF-8 (byte 0: invalid start byte)"),
    "lists within lists": (b"a: " + b"[" * 9_000 + b"]" * 9_000, "is nested too deeply"),
    "keys within keys": (b"{a: " * 3_000 + b"1" + b"}" * 3_000, "is nested too deeply"),
    "an alias within itself": (b"a: &b [*b]\n", "holds more than 100,000 values by its aliases"),
    "aliases of aliases": (
        b"a: &a0 [x]\n" + b"".join(b"b%d: &a%d [*a%d, *a%d]\n" % (n, n + 1, n, n) for n in range(30)),
        "holds more than 100,000 values by its aliases; write them out",
    ),
    "a list for a key": (b"? [1]\n: 2\n", "line 1, column 3: found unhashable key"),
    "a tag of Python's": (b"x: !!python/object/apply:os.system ['touch ran']\n", "could not determine a constructor"),
    "an object of Python's": (b"!!python/name:os.system\n", "could not determine a constructor"),
    "a list": (b"- 1\n- 2\n", "holds no keys with values"),
    "a number": (b"3\n", "holds no keys with values"),
    "two documents": (b"a: 1\n---\nb: 2\n", "but found another document"),
    "a zero byte": (b"a: \0\n", "special characters are not allowed"),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("group", ["experiment", "strategy"])
def test_a_faulty_file_is_a_line_that_names_it(run, tmp_path, group, name):
    content, message = FAULTS[name]
    (tmp_path / "own" / group).mkdir(parents=True)
    (tmp_path / "own" / group / "mine.yaml").write_bytes(content)
    done = run(f"{group}=mine", "--config-dir", "own")
    (line,) = done.err.splitlines()
    assert (done.status, done.out) == (2, "")
    assert message in line
    assert "mine.yaml" in line
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    "defaults",
    [
        "3",
        "x",
        "{}",
        "null",
        "{a: b}",
        "[3]",
        "[null]",
        "[[]]",
        "[{}]",
        "[{a: 1}]",
        "[{a: b, c: d}]",
        "[{a: [1]}]",
        "['']",
    ],
)
def test_a_faulty_defaults_list_is_a_line_that_says_what_it_must_be(run, tmp_path, defaults):
    (tmp_path / "own" / "strategy").mkdir(parents=True)
    (tmp_path / "own" / "strategy" / "mine.yaml").write_text(f"_target_: no.Class\ndefaults: {defaults}\n")
    done = run("strategy=mine", "--config-dir", "own")
    (line,) = done.err.splitlines()
    assert (done.status, done.out) == (2, "")
    assert "mine.yaml: defaults " in line
    assert "it must be a " in line


def test_a_few_aliases_are_no_fault(run, tmp_path):
    (tmp_path / "own" / "experiment").mkdir(parents=True)
    text = "# @package _global_\ntraining: {steps: &few 2}\nschedule: {rounds: *few}\n"
    (tmp_path / "own" / "experiment" / "mine.yaml").write_text(text)
    assert run("experiment=mine", "debug=smoke", "schedule.rounds=2", "--config-dir", "own").status == 0
