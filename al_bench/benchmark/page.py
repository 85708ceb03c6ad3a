"""The benchmark's page, from its archives alone: as Markdown and as one HTML file."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from al_bench.benchmark import tables
from al_bench.benchmark.answer import Validation, plain, table, validate
from al_bench.benchmark.outcomes import SettingOutcome, outcomes
from al_bench.benchmark.paper_claims import CLAIMS, effect, verdict
from al_bench.benchmark.protocol import BASELINE, Protocol, Regime
from al_bench.benchmark.tables import PageTable, points
from al_bench.storage.files import write_output
from al_bench.storage.runs import Run

Block = str | PageTable
"""A paragraph or a table; a heading is a paragraph that begins with #."""


def write_page(content: Page, folder: Path) -> tuple[Path, Path]:
    """Write README.md and index.html into a folder; returns both."""
    markdown, page_file = folder / "README.md", folder / "index.html"
    write_output(markdown, content.to_markdown())
    write_output(page_file, content.to_html())
    return markdown, page_file


def advice_file(protocol: Protocol, archives: Mapping[str, Sequence[Run]]) -> str:
    """The table as `strategy=recommended` reads it, as JSON.

    Its keys: version; advice, kind to regime to strategy; worth, regime to the sentence on data sets left out.
    """
    every = outcomes(protocol, archives)
    advice: dict[str, dict[str, str]] = {}
    for (kind, regime), each in table(every).items():
        advice.setdefault(kind, {})[regime] = each.strategy
    regimes = dict.fromkeys(regime for of_kind in advice.values() for regime in of_kind)
    worth = {regime: _judgement(regime, validate(every, [regime])) for regime in regimes}
    return json.dumps({"version": protocol.version, "advice": advice, "worth": worth}, indent=1) + "\n"


@dataclass(frozen=True)
class Page:
    """The page.

    Args:
        blocks: From top to bottom.
    """

    blocks: tuple[Block, ...]

    def to_markdown(self) -> str:
        """As Markdown."""
        return "\n\n".join(_markdown(block) for block in self.blocks) + "\n"

    def to_html(self) -> str:
        """As one HTML file without anything from elsewhere."""
        body = "\n".join(_html(block) for block in self.blocks)
        style = (
            "body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem}"
            "table{border-collapse:collapse;font-size:13px;display:block;overflow-x:auto}"
            "td,th{border-bottom:1px solid #ccc;padding:2px 8px;text-align:right}td:first-child,th:first-child"
            "{text-align:left}"
        )
        return (
            f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Which strategy?</title><style>{style}'
            f"</style>\n<body>\n{body}\n</body></html>\n"
        )


def _markdown(block: Block) -> str:
    if isinstance(block, str):
        return block
    heads = f"| {' | '.join(block.heads)} |"
    line = "| --- " + "| ---: " * (len(block.heads) - 1) + "|"
    return "\n".join([heads, line, *(f"| {' | '.join(row)} |" for row in block.rows)])


def _html(block: Block) -> str:
    if isinstance(block, str):
        level = len(block) - len(block.lstrip("#"))
        text = re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(block[level:].strip()))
        return f"<h{level}>{text}</h{level}>" if level else f"<p>{text}</p>"
    cells = "".join(f"<th>{html.escape(head)}</th>" for head in block.heads)
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>\n" for row in block.rows)
    return f"<table><tr>{cells}</tr>\n{rows}</table>"


def page(protocol: Protocol, archives: Mapping[str, Sequence[Run]]) -> Page:
    """The page that archives give.

    Args:
        protocol: Its settings.
        archives: Runs by the archive's name.
    """
    every = outcomes(protocol, archives)
    runs = sum(len(each) for each in archives.values())
    blocks: list[Block] = [
        "# Which strategy should I use?",
        f"`al-bench benchmark {protocol.version} --check-only` makes this page from the archives beside it; the "
        f"protocol is conf/benchmark/{protocol.version}.yaml, which was fixed before its runs. {runs:,} runs, "
        f"{len(every)} of {len(protocol.settings())} settings, {protocol.seeds} seeds each. Gains are points of the "
        "metric over Random on average over the labels of a run. Intervals are 95 %, Student's: over the seeds of a "
        "setting, or over data sets, as said, and not corrected for their number. Archives leave the points picked "
        f"out but for a digest; `al-bench benchmark {protocol.version} --only SETTING` makes the runs again.",
        f"The learners are fixed, not tuned to a data set: {_learners(protocol)}.",
        *_answer(protocol, every),
    ]
    for name, regime in protocol.regimes.items():
        blocks += _regime(protocol, name, regime, [each for each in plain(every) if each.regime == name])
    if plain(every):
        blocks += ["## Worse than Random?", _SHARES, tables.shares_table(plain(every))]
        blocks += ["## What it costs", _COSTS, tables.cost_table(plain(every))]
    stress = tables.stress_table(every)
    blocks += ["## Under stress", *([_STRESSES, stress] if stress else ["Not run."])]
    blocks += _claims(every)
    return Page((*blocks, *_not_run(protocol, every)))


_SHARES = "By the interval of the gain over the seeds of each setting; in brackets the exact interval of the share."
_COSTS = (
    "Seconds of scoring the pool and choosing a batch, without training; the highest memory of the process in a round. "
    "Median over settings with the least and the most. The machine was busy with other work at the time."
)
_STRESSES = (
    "Points over Random without and with the stress, in the low regime, the mean over data sets with its interval."
)


def _learners(protocol: Protocol) -> str:
    kinds = {
        name: ", ".join(dict.fromkeys(each.kind for each in protocol.datasets.values() if each.learner == name))
        for name in protocol.learners
    }
    return "; ".join(f"`{' '.join(words)}` ({kinds[name]})" for name, words in protocol.learners.items())


def _answer(protocol: Protocol, every: Sequence[SettingOutcome]) -> list[Block]:
    advices = table(every)
    if not advices:
        return ["## The answer", "Not enough was run."]
    rows = [
        (
            kind,
            f"{regime} ({_labels(protocol.regimes[regime], protocol.rounds)} labels a class)",
            advice.strategy,
            str(advice.gain.n),
            points(advice.gain),
            points(advice.over_margin),
        )
        for (kind, regime), advice in advices.items()
    ]
    heads = ("your data", "your budget", "use", "n data sets", "points over Random", "points over margin")
    here = list(dict.fromkeys(regime for _, regime in advices))
    checked = [(name, validate(every, [name])) for name in here]
    checked += [("all", validate(every))] if len(here) > 1 else []
    return [
        "## The answer",
        "The strategy of the largest mean gain in each cell; chosen by these very numbers, so the gains of this table "
        "are too good. What the advice is worth on a data set not seen is below it.",
        PageTable(heads, tuple(rows)),
        "`al-bench run strategy=recommended` takes the strategy of this table for the data and the first labels of the "
        "run, and says which.",
        "Each data set left out in turn, the table made without it and held against it: regret is how many points "
        "worse than the best strategy in hindsight.",
        _validation_table(checked),
        *(_judgement(name, each) for name, each in checked),
    ]


def _labels(regime: Regime, rounds: int) -> str:
    return f"{regime.start} to {regime.start + (rounds - 1) * regime.batch}"


def _validation_table(checked: Sequence[tuple[str, Validation]]) -> PageTable:
    heads = ("regime", "n data sets", "regret of the table", "of always-margin", "of Random", "table less margin")
    rows = [
        (
            name,
            str(each.n),
            points(each.regret),
            points(each.margin_regret),
            points(each.random_regret),
            points(each.over_margin),
        )
        for name, each in checked
    ]
    return PageTable(heads, tuple(rows))


def _judgement(regime: str, validation: Validation) -> str:
    """The sentence that says whether the advice beats always-margin."""
    difference = validation.over_margin
    where = "In all regimes together" if regime == "all" else f"In the {regime} regime"
    if difference.n < 3:
        said = "there are too few data sets to tell whether the table beats always-margin"
    elif difference.low > 0:
        said = "the table beats always-margin"
    elif difference.high < 0:
        said = "the table is worse than always-margin: use margin"
    else:
        said = "the table does not beat always-margin"
    return f"{where} {said}: {points(difference)} points on data sets left out, n = {difference.n}."


def _regime(protocol: Protocol, name: str, regime: Regime, here: Sequence[SettingOutcome]) -> list[Block]:
    title = f"## {name.capitalize()}: {_labels(regime, protocol.rounds)} labels a class"
    if not here:
        return [title, "Not run."]
    blocks: list[Block] = [
        title,
        "Labels saved against Random, %: 1 less the quotient of the labels that both mean curves need to the highest "
        "value that both reach; the geometric mean over data sets, n of them, with its interval.",
        tables.savings_table(here),
    ]
    if (ranked := tables.rank_table(here)) is not None:
        blocks += [f"Mean ranks by the area under the curve. {ranked[1]}", ranked[0]]
    return [
        *blocks,
        f"Points over Random in each setting, n = {protocol.seeds} seeds:",
        tables.gains_table(here),
    ]


def _claims(every: Sequence[SettingOutcome]) -> list[Block]:
    rows = []
    for claim in CLAIMS:
        value = effect(claim, every)
        where = ", ".join([*claim.regimes, *claim.kinds]) or "all"
        rows.append((claim.text, claim.paper, where, str(value.n), points(value), verdict(value)))
    heads = ("claim", "paper", "settings", "n data sets", "points", "verdict")
    return [
        "## Claims of papers",
        "Written down while the first runs were running, before a result was read. The difference in points, its "
        "interval over data sets; the papers' own "
        "networks and budgets are others, which `al-bench reproduce` has.",
        PageTable(heads, tuple(rows)),
    ]


def _not_run(protocol: Protocol, every: Sequence[SettingOutcome]) -> list[Block]:
    done = {(each.dataset, each.regime, each.stress): each for each in every}
    missing = []
    for setting in protocol.settings():
        each = done.get((setting.dataset, setting.regime, setting.stress))
        lacking = [name for name in setting.strategies if each is None or name not in each.strategies]
        if each is None or BASELINE in lacking:
            missing.append(setting.name)
        elif lacking:
            missing.append(f"{setting.name} ({', '.join(lacking)})")
    if not missing:
        return []
    return ["## Not run", f"Not complete, and in no number above: {', '.join(missing)}."]
