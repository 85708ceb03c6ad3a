#!/usr/bin/env python
"""How well curves can be foretold: results/forecast.csv, the guide's tables, and the numbers that `al-bench plan` uses.

    python scripts/forecast_calibration.py

Nothing is run. Each arm of the committed studies (results/own_data, results/runs) is cut off at 30 and at 50 % of its
labels (three label counts at least), for pilots of 1, 3, 5 and 10 of its seeds, and through simulated audits of 100
items of one seed; the forecast is compared with what came up to twice the labels seen. Coverage is with the quantiles
of all other data sets. The intervals of the means are from resampling data sets. About three minutes of one idle core.

A simulated audit: of 100 items each is right in round 0 with probability
A_0; from round to round a share of them (as many as the record says changed their predicted class, 0.15 where it does
not) is drawn anew so that the share expected right is A_t. So the same items judge each round, as in a real audit.
"""

from __future__ import annotations

import csv
import io
import itertools
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.forecast import FARTHEST, FEWEST, Forecast, Seen, lead
from al_bench.analysis.forecast_calibration import FILE, Calibration, Leads, Scores
from al_bench.config.page_text import between_marks
from al_bench.storage.runs import Run, find_runs

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
TABLE = RESULTS / "forecast.csv"
LEVEL = 0.9
SHARES = (30, 50)
"""Per cent of the labels that are seen."""
ITEMS = 100
"""Of an audit."""
LEAST_ROUNDS = 7
"""Label counts of a curve that is used."""
CHANGED = 0.15
"""Share of predictions taken to change from round to round where the record does not say."""
LEAD_CUTS = (0.0, 1.0, 2.0, 4.0)
"""Leads, in standard errors, at which pilots are divided."""
SAME = {"cifar10_12000": "cifar10", "repeated_mnist": "mnist"}
"""Data sets that are parts or copies of another one, and are left out together."""
PAGE = ROOT / "al_bench" / "guide" / "stopping.md"
MARKS = ("<!-- forecast: begin -->\n", "<!-- forecast: end -->\n")
NOT_COMMITTED = {"own_data", "stopping_long"}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """The curves of one arm.

    Args:
        study: The name of its archive or folder.
        data: The data set; copies and parts of one have one name.
        arm: Its name.
        labels: [T].
        values: Accuracies [S, T].
        changed: Share of predictions that changed since the round before [S, T]; NaN where not on record.
    """

    study: str
    data: str
    arm: str
    labels: Floats
    values: Floats
    changed: Floats


@dataclass(frozen=True)
class Case:
    """One forecast with what came.

    Args:
        curves: Of which arm.
        audit: Whether an audit's values were seen.
        seeds: S.
        share: Per cent of the labels seen.
        score: [B] (A − Â) / u at each later label count.
        scale, wrong: [B] u, and A − Â.
    """

    curves: Curves
    audit: bool
    seeds: int
    share: int
    score: Floats
    scale: Floats
    wrong: Floats = field(repr=False)


@dataclass(frozen=True)
class Pilot:
    """Who led a pilot and what became of it.

    Args:
        study, data: Of it.
        share: Per cent of the labels seen.
        seeds: S.
        lead: Over the second, in standard errors.
        behind: How far the leader is behind the first at the end of the forecast, a fraction; 0: it is the first.
    """

    study: str
    data: str
    share: int
    seeds: int
    lead: float
    behind: float


def sources() -> list[Path]:
    """The committed studies."""
    folders = [path for path in sorted((RESULTS / "runs").glob("*")) if path.is_dir() and path.name[0] != "."]
    return [*sorted((RESULTS / "own_data").glob("*.parquet")), *(p for p in folders if p.name not in NOT_COMMITTED)]


def curves_of(path: Path) -> list[Curves]:
    """The arms of a study whose curves are long enough; seeds of another grid than most are left out."""
    arms: dict[tuple[str, str], list[Run]] = {}
    for run in find_runs([path], lambda line: None):
        if run.complete and not run.reference and not run.header.oracle:
            arms.setdefault((run.dataset, run.arm), []).append(run)
    curves = []
    for (dataset, arm), runs in sorted(arms.items()):
        runs = sorted(runs, key=lambda run: run.seed)
        runs = [run for run in runs if run.labels == runs[0].labels]
        if len(runs[0].labels) >= LEAST_ROUNDS and runs[0].labels[0] > 0:
            changed = [
                [np.nan if record.stop_set is None or record.stop_set.changed is None else record.stop_set.changed
                 for record in run.rounds if record.accuracy is not None]
                for run in runs
            ]  # fmt: skip
            labels, values = np.array(runs[0].labels, float), np.array([run.values for run in runs])
            curves.append(Curves(path.stem, SAME.get(dataset, dataset), arm, labels, values, np.array(changed)))
    return curves


def seen_at(labels: Floats, share: int) -> int:
    """K, label counts seen at a share of the labels."""
    return max(FEWEST, int((labels <= share / 100 * labels[-1] + 1e-9).sum()))


def audited(values: Floats, changed: Floats, items: int, generator: np.random.Generator) -> Floats:
    """What an audit of some items says of the accuracies [T] of successive rounds (see the module), [T]."""
    right = generator.random(items) < values[0]
    said = [right.mean()]
    for before, now, share in zip(values[:-1], values[1:], changed[1:], strict=True):
        share = CHANGED if np.isnan(share) else share
        share = max(share, 1 - now / before if now < before else 1 - (1 - now) / (1 - before) if before < 1 else 0.0)
        anew = generator.random(items) < share
        chance = (now - (1 - share) * before) / share if share > 0 else now
        right = np.where(anew, generator.random(items) < np.clip(chance, 0, 1), right)
        said.append(right.mean())
    return np.array(said)


def groups(seeds: int) -> Iterator[tuple[int, ...]]:
    """The pilots that are made of an arm's seeds: disjoint ones of 1 (three of them), 3, 5 and 10."""
    for size, most in ((1, 3), (3, 3), (5, 2), (10, 1)):
        for number in range(min(most, seeds // size)):
            yield tuple(range(number * size, (number + 1) * size))


def cases_of(curves: Curves) -> Iterator[Case]:
    """All forecasts of an arm."""
    for share in SHARES:
        k = seen_at(curves.labels, share)
        later = (curves.labels > curves.labels[k - 1]) & (curves.labels <= FARTHEST * curves.labels[k - 1] + 1e-9)
        if not later.any():
            continue
        for rows in groups(len(curves.values)):
            truth = curves.values[list(rows)].mean(axis=0)
            yield case(curves, share, Seen(curves.labels[:k], truth[:k], len(rows)), truth[later], later)
            if len(rows) == 1:
                name = f"{curves.study}/{curves.arm}/{rows[0]}"
                generator = np.random.default_rng(zlib.crc32(name.encode()))
                said = audited(truth, curves.changed[rows[0]], ITEMS, generator)
                yield case(curves, share, Seen(curves.labels[:k], said[:k], 1, ITEMS), truth[later], later)


def case(curves: Curves, share: int, seen: Seen, truth: Floats, later: NDArray[np.bool_]) -> Case:
    """One forecast."""
    forecast = Forecast.of(seen)
    centre, scale = forecast.centre(curves.labels[later]), forecast.scale(curves.labels[later])
    wrong = truth - centre
    return Case(curves, seen.items is not None, seen.seeds, share, wrong / scale, scale, wrong)


def pilots_of(arms: Sequence[Curves]) -> Iterator[Pilot]:
    """Who led in the pilots of one study, by the forecast at twice the labels seen."""
    labels = arms[0].labels
    alike = [arm for arm in arms if len(arm.labels) == len(labels) and (arm.labels == labels).all()]
    seeds = min(len(arm.values) for arm in alike)
    if len(alike) < 3 or seeds < 3:
        return
    for share in SHARES:
        k = seen_at(labels, share)
        end = int((labels <= FARTHEST * labels[k - 1] + 1e-9).sum()) - 1
        if end < k:
            continue
        finally_ = np.array([arm.values[:, end].mean() for arm in alike])
        for rows in groups(seeds):
            if len(rows) < 3:
                continue
            means = [arm.values[list(rows), :k].mean(axis=0) for arm in alike]
            forecasts = [Forecast.of(Seen(labels[:k], mean, len(rows))) for mean in means]
            there = np.array([float(forecast.centre(labels[end : end + 1])[0]) for forecast in forecasts])
            first, second = np.argsort(-there, kind="stable")[:2]
            paired = alike[first].values[list(rows), k - 1] - alike[second].values[list(rows), k - 1]
            size = lead(there[first] - there[second], paired)
            yield Pilot(arms[0].study, arms[0].data, share, len(rows), size, float(finally_.max() - finally_[first]))


def quantiles(cases: Iterable[Case], level: float = LEVEL) -> tuple[float, float]:
    """The quantiles of scores that leave (1 − level) / 2 on either side; every data set has the same weight."""
    cases = list(cases)
    count: dict[str, int] = {}
    for each in cases:
        count[each.curves.data] = count.get(each.curves.data, 0) + 1
    scores = np.concatenate([each.score for each in cases])
    weights = np.concatenate(
        [np.full(len(each.score), 1 / len(each.score) / count[each.curves.data]) for each in cases]
    )
    order = np.argsort(scores)
    share = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    low, high = np.interp([(1 - level) / 2, (1 + level) / 2], share, scores[order])
    return float(low), float(high)


def covered(each: Case, ends: tuple[float, float]) -> tuple[float, float]:
    """The share of the later label counts whose accuracy lies in its interval, and the interval's mean width."""
    within = (each.score >= ends[0]) & (each.score <= ends[1])
    return float(within.mean()), float(each.scale.mean() * (ends[1] - ends[0]))


def resampled(by_data: Mapping[str, Sequence[float]], generator: np.random.Generator) -> tuple[float, float]:
    """A 95 % interval of the mean over data sets, from resampling them."""
    means = np.array([np.mean(values) for values in by_data.values()])
    draws = generator.choice(means, (4000, len(means))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def by_kind(cases: Sequence[Case]) -> dict[tuple[bool, int], list[Case]]:
    """Audit or not and seeds, to the cases."""
    kinds: dict[tuple[bool, int], list[Case]] = {}
    for each in cases:
        kinds.setdefault((each.audit, each.seeds), []).append(each)
    return dict(sorted(kinds.items()))


def analysed(cases: Sequence[Case], pilots: Sequence[Pilot]) -> tuple[Calibration, list[dict[str, object]]]:
    """The package's numbers and the rows of the table."""
    generator = np.random.default_rng(0)
    scores, rows = [], []
    for (audit, seeds), alike in by_kind(cases).items():
        data_sets = sorted({each.curves.data for each in alike})
        ends = {name: quantiles(each for each in alike if each.curves.data != name) for name in data_sets}
        coverage, width = {}, {}
        for share in SHARES:
            here = [each for each in alike if each.share == share]
            means: dict[str, list[float]] = {}
            for each in here:
                means.setdefault(each.curves.data, []).append(covered(each, ends[each.curves.data])[0])
            for study in sorted({each.curves.study for each in here}):
                own = [each for each in here if each.curves.study == study]
                rows.append(coverage_row(study, audit, seeds, share, own, ends))
            low, high = resampled(means, generator)
            total = coverage_row("all", audit, seeds, share, here, ends)
            total |= {"share": round(float(np.mean([np.mean(v) for v in means.values()])), 3)}
            rows.append(total | {"share_low": round(low, 3), "share_high": round(high, 3)})
            coverage[str(share)], width[str(share)] = float(total["share"]), float(total["width"])  # type: ignore[arg-type]
        low, high = quantiles(alike)
        scores.append(Scores(audit, seeds, len(alike), round(low, 3), round(high, 3), coverage, width))
    leads, lead_rows = leads_of(pilots, generator)
    studies = {each.curves.study for each in cases}
    data_sets = sorted({each.curves.data for each in cases})
    return Calibration(LEVEL, scores, leads, len(studies), len(data_sets)), rows + lead_rows


def coverage_row(
    study: str, audit: bool, seeds: int, share: int, cases: Sequence[Case], ends: Mapping[str, tuple[float, float]]
) -> dict[str, object]:
    """A row of the table: what intervals of one study covered, their quantiles from all other data sets."""
    results = [covered(each, ends[each.curves.data]) for each in cases]
    return {
        "what": "interval",
        "study": study,
        "judged_by": f"audit of {ITEMS}" if audit else "test part",
        "seeds": seeds,
        "seen_percent": share,
        "forecasts": len(cases),
        "share": round(float(np.mean([c for c, _ in results])), 3),
        "share_low": "",
        "share_high": "",
        "width": round(float(np.median([w for _, w in results])), 4),
        "error": round(float(np.mean([np.abs(each.wrong).mean() for each in cases])), 4),
    }


def leads_of(pilots: Sequence[Pilot], generator: np.random.Generator) -> tuple[list[Leads], list[dict[str, object]]]:
    """What became of leaders by the size of their lead, for the package, and rows of the table."""
    leads: list[Leads] = []
    rows: list[dict[str, object]] = []
    for least, most in zip(LEAD_CUTS, (*LEAD_CUTS[1:], np.inf), strict=True):
        alike = [pilot for pilot in pilots if least <= pilot.lead < most]
        stayed = float(np.mean([pilot.behind <= 0 for pilot in alike]))
        near = float(np.mean([pilot.behind <= 0.01 for pilot in alike]))
        leads.append(Leads(least, len(alike), round(stayed, 3), round(near, 3)))
        for share, (what, within) in itertools.product((*SHARES, 0), (("stays first", 0.0), ("within a point", 0.01))):
            here = [pilot for pilot in alike if share in (0, pilot.share)]
            if not here:
                continue
            by_data: dict[str, list[float]] = {}
            for pilot in here:
                by_data.setdefault(pilot.data, []).append(pilot.behind <= within)
            low, high = resampled(by_data, generator)
            rows.append({
                "what": f"leader {what}, lead of {least:g} to {most:g} standard errors",
                "study": "all",
                "judged_by": "test part",
                "seeds": "3 to 10",
                "seen_percent": share or "30 and 50",
                "forecasts": len(here),
                "share": round(float(np.mean([pilot.behind <= within for pilot in here])), 3),
                "share_low": round(low, 3),
                "share_high": round(high, 3),
                "width": "",
                "error": round(float(np.mean([pilot.behind for pilot in here])), 4),
            })  # fmt: skip
    return leads, rows


def everything(paths: Iterable[Path]) -> tuple[list[Case], list[Pilot]]:
    """All forecasts and pilots of some studies."""
    cases: list[Case] = []
    pilots: list[Pilot] = []
    for path in paths:
        arms = curves_of(path)
        for arm in arms:
            cases += cases_of(arm)
        for data in sorted({arm.data for arm in arms}):
            pilots += pilots_of([arm for arm in arms if arm.data == data])
        print(f"{path.stem}: {len(arms)} arms", file=sys.stderr, flush=True)
    return cases, pilots


def table_text(rows: Sequence[Mapping[str, object]]) -> str:
    """The rows as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def page(text: str, rows: Sequence[Mapping[str, object]]) -> str:
    """The guide's page with the tables of coverage and of leaders between its marks.

    Args:
        text: The page.
        rows: Of the table, or of its file.

    Raises:
        ValueError: it has lost its marks.
    """

    def share(row: Mapping[str, object]) -> str:
        value, low, high = (100 * float(str(row[key])) for key in ("share", "share_low", "share_high"))
        return f"{value:.0f} [{low:.0f}, {high:.0f}]"

    lines = ["| judged by | seeds | labels seen, % | forecasts | covered, % | width, points | error, points |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in rows:
        if row["what"] == "interval" and row["study"] == "all":
            sizes = [f"{100 * float(str(row[key])):.1f}" for key in ("width", "error")]
            counts = [str(row[key]) for key in ("judged_by", "seeds", "seen_percent", "forecasts")]
            lines.append(f"| {' | '.join([*counts, share(row), *sizes])} |")
    lines += ["", "| lead, standard errors | pilots | first at twice the labels, % | within a point of it, % |"]
    lines.append("| --- | ---: | ---: | ---: |")
    pairs = [row for row in rows if row["seen_percent"] == "30 and 50"]
    for first, near in zip(pairs[::2], pairs[1::2], strict=True):
        name = (
            str(first["what"])
            .partition("lead of ")[2]
            .removesuffix(" standard errors")
            .replace("4 to inf", "4 and more")
        )
        lines.append(f"| {name} | {first['forecasts']} | {share(first)} | {share(near)} |")
    part = "\n" + "\n".join(lines) + "\n\n"
    return between_marks(text, MARKS, part, "the tables of scripts/forecast_calibration.py")


def main() -> int:
    """Write the table, the package's file and the page; returns the exit status."""
    found, rows = analysed(*everything(sources()))
    TABLE.write_text(table_text(rows), encoding="utf-8")
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), rows), encoding="utf-8")
    print(f"wrote {TABLE}, {FILE} and {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
