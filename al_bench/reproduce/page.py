"""The outcome as one page: a table of all presets, then claims, departures, figure, machine and dates of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from al_bench.errors import InputError
from al_bench.reproduce import tables
from al_bench.reproduce.judge import Judgement, Verdict
from al_bench.reproduce.preset import Preset

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from al_bench.storage.runs import Run

BEGIN, END = "<!-- reproduction: begin -->", "<!-- reproduction: end -->"
_VERSIONS = ("python", "torch", "torchvision", "numpy", "scipy", "scikit-learn", "hydra-core")


@dataclass(frozen=True)
class Outcome:
    """A preset at a scale, with its complete runs by arm and seed, out of `planned`, and its judgements."""

    preset: Preset
    scale: str
    arms: Mapping[str, Mapping[int, Run]]
    planned: int
    judgements: tuple[Judgement, ...]

    @property
    def runs(self) -> list[Run]:
        """The complete runs."""
        return [run for seeds in self.arms.values() for run in seeds.values()]


def outcomes(scale: str, results: str, report: Callable[[str], None]) -> list[Outcome]:
    """Every preset as the records stand.

    Args:
        scale: paper, laptop or smoke.
        results: Where studies live.
        report: Called with one line for every run that is left out.
    """
    from al_bench.reproduce import judge, presets
    from al_bench.reproduce import runs as records

    found = []
    for name in presets.names():
        preset = presets.preset(name)
        planned = records.plan(preset, scale, results)
        arms = records.read(planned, report)
        found.append(Outcome(preset, scale, arms, len(planned), judge.judge(preset, scale, arms)))
    return found


def page(found: Sequence[Outcome], figures: str) -> str:
    """The page as Markdown.

    Args:
        found: What was judged.
        figures: The folder of figures and CSVs as linked from the page.
    """
    scale = found[0].scale
    parts = [
        "# Reproduced papers",
        f"`al-bench reproduce NAME --check-only scale={scale}` prints each of these tables again from the records in "
        "`runs/`, without running anything. Claims and their margins were written down in "
        "`conf/experiment/NAME/claims.toml` before the sweeps they judge, where a preset does not say otherwise. The "
        "machine is described in [README.md](README.md).",
        _overview(found).to_markdown(),
        tables.NOTE,
    ]
    for one in found:
        parts += _section(one, figures)
    return "\n\n".join(parts) + "\n"


def _overview(found: Sequence[Outcome]) -> tables.Table:
    return tables.overview([(one.preset, one.scale, len(one.runs), one.planned, one.judgements) for one in found])


def _section(one: Outcome, figures: str) -> list[str]:
    name, size = one.preset.name, one.preset.sizes[one.scale]
    parts = [
        f"## {name}",
        f"{one.preset.paper}. {len(one.runs)} of {one.planned} runs complete. {provenance(one.runs)}",
    ]
    if not one.runs:
        parts[-1] += f"`al-bench reproduce {name}` takes about {size.minutes:g} minutes ({size.basis})."
    else:
        parts[-1] += f"[Figure]({figures}/{name}.png), [claims as CSV]({figures}/{name}.csv)."
        parts.append(tables.table(one.preset, one.scale, one.judgements).to_markdown().split("\n\nPublished:")[0])
        if any(judged.claim.band is None and judged.verdict is Verdict.reported for judged in one.judgements):
            parts.append(tables.table(one.preset, one.scale, one.judgements, judged=False).to_markdown())
    lists = [
        ("Departures from the paper", size.departures),
        ("Notes", one.preset.notes),
        ("What did not pass, and why", tables.reasons(one.judgements) if one.runs else ()),
    ]
    return parts + [f"{title}:\n\n" + "\n".join(f"- {line}" for line in lines) for title, lines in lists if lines]


def provenance(runs: Sequence[Run]) -> str:
    """Machine, versions, commits and dates of runs, from their headers; empty without runs."""
    if not runs:
        return ""

    def each(values: Sequence[object]) -> str:
        return " and ".join(dict.fromkeys(str(value) for value in values))

    headers = [run.header for run in runs]
    days = sorted(str(header.get("started", "unknown"))[:10] for header in headers)
    versions = ", ".join(
        f"{name} {each([header.get('versions', {}).get(name, 'unknown') for header in headers])}" for name in _VERSIONS
    )
    commits = each([str(header.get("commit", "unknown"))[:7] for header in headers])
    when = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    device = each([header.get("device", "unknown") for header in headers])
    threads = each([header.get("threads", "unknown") for header in headers])
    platform = each([header.get("platform", "unknown") for header in headers])
    told = {(header["processor"], header["cores"]) for header in headers if "processor" in header}
    machine = "".join(f"{name} ({cores} cores), " for name, cores in sorted(told))
    return f"Run {when} on {device}, {threads} thread a run, {machine}{platform}; {versions}; commit {commits}. "


def readme_table(found: Sequence[Outcome]) -> str:
    """The README's table: the presets that have runs, claims by verdict."""
    chosen = [one for one in found if one.runs]
    heads = ("paper's experiment", "runs", "pass", "fail", "not enough seeds", "not run")
    lines = [f"| {' | '.join(heads)} |", f"| --- |{' ---: |' * (len(heads) - 1)}"]
    for one in chosen:
        cells = map(str, tables.counts(one.judgements).values())
        lines.append(f"| `{one.preset.name}` | {len(one.runs)} of {one.planned} | {' | '.join(cells)} |")
    return "\n".join(lines)


def insert(text: str, table: str, where: str) -> str:
    """A page's text with the table between its two marks.

    Raises:
        InputError: the page lacks the marks.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise InputError(f"{where} has no place for the table: write {BEGIN} and {END} on lines of their own")
    return f"{text[: text.index(BEGIN)]}{BEGIN}\n{table}\n{text[text.index(END) :]}"


def write(found: Sequence[Outcome], out: Path) -> list[Path]:
    """Write the page, and beside it a folder with a figure and a CSV for every preset that has runs.

    Args:
        found: What was judged.
        out: The page's file, such as results/reproduction.md.

    Returns:
        What was written.
    """
    from al_bench.analysis.figures.layout import save_figure

    folder = out.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    written = [out]
    out.write_text(page(found, folder.name), encoding="utf-8")
    for one in found:
        if not one.runs:
            continue
        figure, data = folder / f"{one.preset.name}.png", folder / f"{one.preset.name}.csv"
        save_figure(_figure(one), figure)
        data.write_text(tables.table(one.preset, one.scale, one.judgements).to_csv(), encoding="utf-8")
        written += [figure, data]
    return written


def _figure(one: Outcome) -> Figure:
    from al_bench.analysis.figures.kinds import FigureRequest, draw, studies_of

    papers = [one.preset.published] if one.preset.published else []
    request = FigureRequest(papers=papers, title=one.preset.name)
    # A preset's arms are called what it calls them: their settings are in it.
    return draw([replace(study, titles={}) for study in studies_of(one.runs, request)], request)
