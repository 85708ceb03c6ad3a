"""The archive of a study written: its complete runs, without what would tell whose machine and whose data they are of.

Left out unless asked for: the host's name ("host"), the folders in paths, of which the last part stays ("paths"), and
what the user calls the items labelled ("items"). As the chain of digests begins with a run's identity, in which paths
may be, the lines are chained anew.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any

import msgspec
import yaml  # type: ignore[import-untyped]

from al_bench.errors import InputError
from al_bench.storage.archive import DECISION, END, SCHEMA, SUFFIX, digest
from al_bench.storage.decision_plan import decision_text, read_decision
from al_bench.storage.files import output_file
from al_bench.storage.header import header_text
from al_bench.storage.items import LEFT_OUT, ROWS, refuse_items_in_arms, without_items
from al_bench.storage.parquet import connect
from al_bench.storage.recorded_config import recorded_config
from al_bench.storage.rounds import ALGORITHM, chain_start, encode
from al_bench.storage.runs import Run, read_run

PRIVATE = ("items", "paths", "host")
"""What an archive has only where it is asked for."""
_WITH_PATHS = ("command", "identity", "first_round", "own_code", "encoding", "extended")
"""Fields of a header in which paths may be."""
_PATH_KEYS = (
    *("path", "test_path", "root", "test", "validation", "label_file"),
    *("results", "cache", "features", "file", "weights"),
)
"""Last parts of keys whose values are paths, where they are texts with a slash."""
_PATH = re.compile(r"(/|~|\.{1,2}[/\\]|[A-Za-z]:[/\\])")
"""How a text begins that is a path whatever its key."""
_OF_RUN = ("study", "dataset", "arm", "seed", "strategy")
_COLUMNS = ("folder", "file", "line", "text", *_OF_RUN, "round", "labelled", "accuracy")
_NUMBERS = {"line": "BIGINT", "seed": "BIGINT", "round": "BIGINT", "labelled": "BIGINT", "accuracy": "DOUBLE"}
"""Columns that are no texts, with their types as DuckDB calls them."""
_MEMORY = 2048


def default_archive(folder: Path) -> Path:
    """Where the archive of a folder goes: beside it, so that `al-bench reproduce` takes it where the folder is gone."""
    resolved = folder.resolve()
    return folder.with_name(resolved.name + SUFFIX) if folder.name else resolved.with_name(resolved.name + SUFFIX)


def write_archive(
    runs: Sequence[Run], root: Path, out: Path, include: Collection[str] = (), configurations: bool = True
) -> None:
    """Write the archive of some runs, and read it back.

    Args:
        runs: Complete runs below `root`.
        root: The folder that is archived.
        out: The file.
        include: Of `PRIVATE`.
        configurations: Whether each run's config.yaml goes into it; the keys that change results are in the header.

    Raises:
        InputError: The file is there already, cannot be written, or a run cannot be read.
    """
    if out.exists():
        raise InputError(f"{out} exists, and an archive is written once: name another file with --out, or delete it")
    if "items" not in include:
        refuse_items_in_arms(runs, "without --include items")
        runs = [without_items(run) for run in runs]
    rows = [row for run in runs for row in _run_rows(run, root, include, configurations)]
    rows += _decision_rows(runs, root)
    end = json.dumps({"schema": SCHEMA, "runs": len(runs), "digest": digest(row[:4] for row in rows)})
    rows.append(("", END, 0, end, *[None] * (len(_COLUMNS) - 4)))
    with output_file(out), tempfile.TemporaryDirectory(prefix=".archive-", dir=out.parent) as folder:
        part = Path(folder, "archive.parquet")
        _write_table(rows, part)
        part.replace(out)
    for run in runs:
        stored = read_run(out / run.folder.resolve().relative_to(root.resolve()))
        if run.rounds != stored.rounds:
            raise InputError(f"{out} does not give {run.folder} back; report this")


def _write_table(rows: Sequence[tuple[Any, ...]], path: Path) -> None:
    import pandas as pd

    whole = {name: "Int64" for name, kind in _NUMBERS.items() if kind == "BIGINT"}
    frame = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(whole | {"accuracy": "float64"})
    columns = ", ".join(f'"{name}"::{_NUMBERS.get(name, "VARCHAR")} AS "{name}"' for name in _COLUMNS)
    plain = path.resolve()
    with connect(plain, _MEMORY) as connection:
        connection.register("lines", frame)
        target = str(plain).replace("'", "''")
        connection.execute(f"COPY (SELECT {columns} FROM lines) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


def _run_rows(run: Run, root: Path, include: Collection[str], configurations: bool) -> Iterator[tuple[Any, ...]]:
    """The rows of one run."""
    folder = run.folder.resolve().relative_to(root.resolve()).as_posix()
    of_run = [getattr(run, name) for name in _OF_RUN]
    header = _public_header(run, include)
    config = recorded_config(run.folder) if configurations else None
    if config is not None and "items" not in include:
        group, _, key = ROWS.partition(".")
        if isinstance(config.get(group), dict) and config[group].get(key) is not None:
            config[group][key] = LEFT_OUT
    if config is not None and "paths" not in include:
        config = without_folders(config)
    texts = {"header.json": header_text(header), "status.json": json.dumps({"status": "complete"})}
    if config is not None:
        texts["config.yaml"] = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    for name, text in texts.items():
        for line, content in enumerate(text.rstrip("\n").split("\n")):
            yield (folder, name, line, content, *of_run, None, None, None)
    before = chain_start(header)
    for record in run.rounds:
        line_bytes, before = encode(record, before)
        of_round = (record.round, record.labelled, record.accuracy)
        yield (folder, "rounds.jsonl", record.round, line_bytes.decode().rstrip("\n"), *of_run, *of_round)


def _decision_rows(runs: Sequence[Run], root: Path) -> Iterator[tuple[Any, ...]]:
    """The rows of what `al-bench decide` fixed and looked at: without it the number of runs would seem planned."""
    for home in dict.fromkeys(run.folder.resolve().parent.parent for run in runs):
        if not home.is_relative_to(root.resolve()) or (plan := read_decision(home)) is None:
            continue
        folder = home.relative_to(root.resolve()).as_posix()
        for line, content in enumerate(decision_text(plan).rstrip("\n").split("\n")):
            yield (folder, DECISION, line, content, *[None] * (len(_COLUMNS) - 4))


def _public_header(run: Run, include: Collection[str]) -> Any:
    """The header without what was not asked for."""
    changed: dict[str, Any] = {"digests": ALGORITHM}
    if "host" not in include:
        changed["host"] = None
    if "paths" not in include:
        changed |= {name: without_folders(getattr(run.header, name)) for name in _WITH_PATHS}
    return msgspec.structs.replace(run.header, **changed)


def without_folders(value: Any, key: str = "") -> Any:
    """Plain values with every path cut to its last part, also that of an override `key=path`.

    Args:
        value: Texts, numbers, lists and tables of them.
        key: Of the value.
    """
    if isinstance(value, str):
        before, equals, text = value.partition("=")
        if equals and re.fullmatch(r"[+~\w.@/]+", before):
            return f"{before}={without_folders(text, before)}"
        return _last_part(value) if _PATH.match(value.lstrip("'\"")) or key.split(".")[-1] in _PATH_KEYS else value
    if isinstance(value, dict):
        return {without_folders(name): without_folders(entry, str(name)) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [without_folders(entry, key) for entry in value]
    return value


def _last_part(path: str) -> str:
    """The last part of a path of any system, which may be in quotes."""
    quote = path[-1] if path[-1:] in ("'", '"') else ""
    return quote + PureWindowsPath(path.strip("'\"")).name + quote
