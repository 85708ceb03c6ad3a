"""The outcome as one page: a table of all presets, then claims, departures, figure, machine and dates of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from al_bench.errors import InputError
from al_bench.reproduce import presets, tables
from al_bench.reproduce.preset import Scale
from al_bench.reproduce.reproduction import Reproduction, judge_runs
from al_bench.reproduce.runs import plan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from al_bench.storage.runs import Run

BEGIN, END = "<!-- reproduction: begin -->", "<!-- reproduction: end -->"
_VERSIONS = ("python", "torch", "torchvision", "numpy", "scipy", "scikit-learn", "hydra-core")


def reproductions(scale: Scale, results: str, report: Callable[[str], None]) -> list[Reproduction]:
    """Every preset as the records stand.

    Args:
        scale: paper, laptop or smoke.
        results: Where studies live.
        report: Called with one line for every run that is left out.
    """
    every = map(presets.load, presets.names())
    return [judge_runs(preset, scale, plan(preset, scale, results), report) for preset in every]


def page(judged: Sequence[Reproduction], figures: str) -> str:
    """The page as Markdown.

    Args:
        judged: Every preset, as `reproductions` gives them.
        figures: The folder of figures and CSVs as linked from the page.
    """
    scale = judged[0].scale
    parts = [
        "# Reproduced papers",
        f"`al-bench reproduce NAME --check-only scale={scale}` prints each of these tables again from the records in "
        "`runs/`, without running anything. Claims and their margins were written down in "
        "`conf/experiment/NAME/claims.toml` before the sweeps they judge, where a preset does not say otherwise. The "
        "machine is described in [README.md](README.md).",
        tables.overview(judged).to_markdown(),
        tables.NOTE,
    ]
    for reproduction in judged:
        parts += _section(reproduction, figures)
    return "\n\n".join(parts) + "\n"


def _section(reproduction: Reproduction, figures: str) -> list[str]:
    preset, scale, claims = reproduction.preset, reproduction.scale, reproduction.claims
    name, size, runs = preset.name, preset.sizes[scale], reproduction.runs
    parts = [
        f"## {name}",
        f"{preset.paper}. {reproduction.progress} runs complete. {provenance(runs)}",
    ]
    if not runs:
        parts[-1] += f"`al-bench reproduce {name}` takes about {size.minutes:g} minutes ({size.basis})."
    else:
        parts[-1] += f"[Figure]({figures}/{name}.png), [claims as CSV]({figures}/{name}.csv)."
        # The note of the table stands once, at the top of the page.
        parts.append(replace(tables.claims_table(preset, scale, claims), note="").to_markdown())
        if any(each.claim.band is None for each in claims):
            parts.append(tables.claims_table(preset, scale, claims, judged=False).to_markdown())
    lists = [
        ("Departures from the paper", size.departures),
        ("Notes", preset.notes),
        ("What did not pass, and why", tables.reasons(claims) if runs else ()),
    ]
    return parts + [f"{title}:\n\n" + "\n".join(f"- {line}" for line in lines) for title, lines in lists if lines]


def provenance(runs: Sequence[Run]) -> str:
    """Machine, versions, commits and dates of runs, from their headers; empty without runs."""
    if not runs:
        return ""

    def distinct(values: Sequence[object]) -> str:
        return " and ".join(dict.fromkeys(str(value) for value in values))

    headers = [run.header for run in runs]
    days = sorted((header.started or "unknown")[:10] for header in headers)
    versions = ", ".join(
        f"{name} {distinct([header.versions.get(name, 'unknown') for header in headers])}" for name in _VERSIONS
    )
    commits = distinct([(header.commit or "unknown")[:7] for header in headers])
    period = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    device = distinct([header.device or "unknown" for header in headers])
    threads = distinct([header.threads or "unknown" for header in headers])
    platform = distinct([header.platform or "unknown" for header in headers])
    processors = {(header.processor, header.cores) for header in headers if header.processor is not None}
    machine = "".join(f"{name} ({cores} cores), " for name, cores in sorted(processors))
    return f"Run {period} on {device}, {threads} thread a run, {machine}{platform}; {versions}; commit {commits}. "


def readme_table(judged: Sequence[Reproduction]) -> str:
    """The README's table: the presets that have runs, claims by verdict."""
    heads = ("paper's experiment", "runs", "pass", "fail", "not enough seeds", "not run")
    lines = [f"| {' | '.join(heads)} |", f"| --- |{' ---: |' * (len(heads) - 1)}"]
    for reproduction in judged:
        if reproduction.runs:
            cells = map(str, tables.counts(reproduction.claims).values())
            lines.append(f"| `{reproduction.preset.name}` | {reproduction.progress} | {' | '.join(cells)} |")
    return "\n".join(lines)


def insert(text: str, table: str, where: str) -> str:
    """A page's text with the table between its two marks.

    Args:
        text: Of the page.
        table: As Markdown.
        where: The page's file, for the message.

    Raises:
        InputError: the page lacks the marks.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise InputError(f"{where} does not say where the table goes: write {BEGIN} and {END} on lines of their own")
    return f"{text[: text.index(BEGIN)]}{BEGIN}\n{table}\n{text[text.index(END) :]}"


def write(judged: Sequence[Reproduction], out: Path) -> list[Path]:
    """Write the page, and beside it a folder with a figure and a CSV for every preset that has runs.

    Args:
        judged: Every preset, as `reproductions` gives them.
        out: The page's file, such as results/reproduction.md.

    Returns:
        The files written.
    """
    from al_bench.analysis.figures.layout import save_figure

    folder = out.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    written = [out]
    out.write_text(page(judged, folder.name), encoding="utf-8")
    for reproduction in judged:
        if not reproduction.runs:
            continue
        name = reproduction.preset.name
        figure, data = folder / f"{name}.png", folder / f"{name}.csv"
        save_figure(_figure(reproduction), figure)
        table = tables.claims_table(reproduction.preset, reproduction.scale, reproduction.claims)
        data.write_text(table.to_csv(), encoding="utf-8")
        written += [figure, data]
    return written


def _figure(reproduction: Reproduction) -> Figure:
    from al_bench.analysis.figures.request import FigureRequest, draw, studies_of

    preset = reproduction.preset
    papers = [preset.published] if preset.published else []
    request = FigureRequest(papers=papers, title=preset.name)
    # The arms keep the names that the preset gives them, which say what their settings are.
    return draw([replace(study, titles={}) for study in studies_of(reproduction.runs, request)], request)
