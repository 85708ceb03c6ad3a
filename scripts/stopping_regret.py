#!/usr/bin/env python
"""What each stopping rule would have cost: results/stopping.csv and the tables of the guide's page "When to stop".

    python scripts/stopping_regret.py

Nothing is run. Each rule is replayed on the archives of scripts/own_data.sh and scripts/stopping_long.sh, as
`al-bench compare ARCHIVE --stopping` does it, by the metric that was fixed for each setting. Runs of `results/runs`
whose rounds have no stop set on record cannot be replayed; they are counted. A test holds page, table and archives
equal.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from al_bench.analysis.stop_replay import Replay, has_signals, replay
from al_bench.config.page_text import between_marks
from al_bench.metrics import METRICS
from al_bench.stopping.rule import StoppingRule
from al_bench.stopping.rules import AnyOf, ClassificationChange, OverallUncertainty, StabilizingPredictions
from al_bench.storage.runs import Run, find_runs

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
TABLE = RESULTS / "stopping.csv"
PAGE = ROOT / "al_bench" / "guide" / "stopping.md"
MARKS = ("<!-- regret: begin -->\n", "<!-- regret: end -->\n")
SOURCES = {"to a small budget": RESULTS / "own_data", "until flat": RESULTS / "stopping_long"}
"""What the studies of a folder have in common, to that folder of archives."""

RULES: dict[str, StoppingRule] = {
    "stabilizing_predictions": StabilizingPredictions(),
    "stabilizing_predictions, threshold=0.97": StabilizingPredictions(threshold=0.97),
    "stabilizing_predictions, threshold=0.95": StabilizingPredictions(threshold=0.95),
    "classification_change": ClassificationChange(),
    "classification_change, threshold=0.02 window=3": ClassificationChange(threshold=0.02, window=3),
    "overall_uncertainty": OverallUncertainty(),
    "any_of": AnyOf(),
}
"""The rules with their defaults, and looser thresholds, which are al-bench's own."""
KINDS = {
    "trec6": "texts",
    "sst2": "texts",
    "ag_news": "texts",
    "cifar10": "images",
    "digits": "images",
    "letter": "tables",
    "pendigits": "tables",
    "satimage": "tables",
    "pokerhand": "tables",
}
"""The beginning of an archive's name to the kind of its data."""
LEARNERS = {
    "tfidf": "linear",
    "minilm": "linear",
    "efficientnet_lite0": "linear",
    "linear": "linear",
    "random_forest": "forest",
    "hist_gradient_boosting": "boosting",
    "mlp": "MLP",
}
"""The end of an archive's name to the kind of its learner."""
BALANCED = "pokerhand"
"""Its classes are rare: judged by balanced accuracy, as was fixed for it."""


@dataclass(frozen=True)
class Group:
    """What the runs of a row have in common.

    Args:
        studies: A key of `SOURCES`.
        data, learner: Their kinds.
        arms: "active", or "random" for runs that pick at random.
    """

    studies: str
    data: str
    learner: str
    arms: str


Replays = dict[tuple[Group, str], dict[str, list[Replay]]]
"""Group and rule to the replays of each archive, by its name."""


def kind_of(name: str) -> tuple[str, str]:
    """The kinds of the data and of the learner of an archive, by its name.

    Raises:
        ValueError: it is not known here.
    """
    for data, kind in KINDS.items():
        learner = name.removeprefix(f"{data}_")
        if learner != name and learner in LEARNERS:
            return kind, LEARNERS[learner]
    raise ValueError(f"{name}: add its data to KINDS and its learner to LEARNERS")


def replays_of(folders: Mapping[str, Path] = SOURCES) -> Replays:
    """Every rule on every run of the archives."""
    results: Replays = {}
    for studies, folder in folders.items():
        for path in sorted(folder.glob("*.parquet")):
            metric = METRICS["balanced_accuracy" if path.stem.startswith(BALANCED) else "accuracy"]
            for run in find_runs([path]):
                if not has_signals(run):
                    continue
                group = Group(studies, *kind_of(path.stem), "random" if run.strategy == "random" else "active")
                for name, rule in RULES.items():
                    if (result := replay(run, rule, metric)) is not None:
                        results.setdefault((group, name), {}).setdefault(path.stem, []).append(result)
    return results


def left_out(folder: Path = RESULTS / "runs") -> tuple[int, int]:
    """Runs of a folder, and how many of them cannot be replayed; those that train once on the whole pool do not count.

    What scripts run anew into the folder and is not committed is no part of it.
    """
    uncommitted = {"own_data", "stopping_long"}
    studies = [path for path in sorted(folder.glob("*")) if path.is_dir() and not path.name.startswith(".")]
    runs: list[Run] = [
        run
        for path in studies
        if path.name not in uncommitted
        for run in find_runs([path], lambda line: None)
        if not run.reference
    ]
    return len(runs), sum(not has_signals(run) for run in runs)


def row(group: Group, rule: str, by_setting: Mapping[str, Sequence[Replay]]) -> dict[str, object]:
    """One row of the table."""
    every = [result for results in by_setting.values() for result in results]
    early = [np.mean([result.too_early for result in results]) for results in by_setting.values()]
    late = [max(0, result.regret) for result in every]
    return {
        "studies": group.studies,
        "data": group.data,
        "learner": group.learner,
        "arms": group.arms,
        "rule": rule,
        "settings": len(by_setting),
        "runs": len(every),
        "never_fired": sum(not result.fired for result in every),
        "too_early": sum(result.too_early for result in every),
        "too_early_lowest_setting": round(float(min(early)), 3),
        "too_early_highest_setting": round(float(max(early)), 3),
        "saved_median": round(float(np.median([result.saved for result in every])), 3),
        "regret_labels_median": float(np.median(late)),
        "lost_points_median": round(100 * float(np.median([result.lost for result in every])), 2),
        "lost_points_largest": round(100 * max(result.lost for result in every), 2),
        "needed_labels_median": float(np.median([result.needed for result in every])),
        "end_labels_median": float(np.median([result.end for result in every])),
        "still_rising": sum(result.needed == result.end for result in every),
    }


def rows_of(results: Replays) -> list[dict[str, object]]:
    """The rows, in the order of the sources, kinds and rules."""
    return [row(group, rule, by_setting) for (group, rule), by_setting in results.items()]


def merged(results: Replays, studies: str, arms: str) -> dict[str, dict[str, list[Replay]]]:
    """Rule to the replays of each archive, over the kinds of data and learners of one source."""
    joined: dict[str, dict[str, list[Replay]]] = {}
    for (group, rule), by_setting in results.items():
        if (group.studies, group.arms) == (studies, arms):
            joined.setdefault(rule, {}).update(by_setting)
    return joined


HEAD = ("rule", "n", "never fires", "too early", "labels too many", "points lost", "at worst")


def cells(by_setting: Mapping[str, Sequence[Replay]]) -> list[str]:
    """The cells of a row of the page, but for its names."""
    every = [result for results in by_setting.values() for result in results]
    early = [float(np.mean([result.too_early for result in results])) for results in by_setting.values()]
    n = len(every)
    share = f"{100 * sum(result.too_early for result in every) / n:.0f} %"
    if len(early) > 1:
        share += f" ({100 * min(early):.0f} to {100 * max(early):.0f})"
    return [
        f"{n} in {len(by_setting)}",
        f"{100 * sum(not result.fired for result in every) / n:.0f} %",
        share,
        f"{np.median([max(0, result.regret) for result in every]):.0f}",
        f"{100 * float(np.median([result.lost for result in every])):.1f}".replace("-", "−"),
        f"{100 * max(result.lost for result in every):.1f}",
    ]


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]], texts: int) -> list[str]:
    """A table in Markdown whose first columns are texts."""
    rule = ["---"] * texts + ["---:"] * (len(head) - texts)
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]


def generated(results: Replays, before: tuple[int, int]) -> str:
    """What stands between the marks."""
    small, long = SOURCES
    by_rule = merged(results, small, "active")
    flat = merged(results, long, "active")
    first = next(iter(by_rule.values()))
    every = [result for results in first.values() for result in results]
    rising = sum(result.needed == result.end for result in every)
    lines = [
        "",
        f"**To a small budget**: the {len(first)} settings of [Your own data](own-data.md), 160 to 1,000 labels, all "
        f"strategies but random. {100 * rising / len(every):.0f} % of these runs need their last label to be within a "
        "point of their end, so nobody should stop there. n is runs in settings.",
        "",
        *markdown(HEAD, [[rule, *cells(by_setting)] for rule, by_setting in by_rule.items()], 1),
        "",
        f"**Until curves are flat**: `scripts/stopping_long.sh`, {len(next(iter(flat.values())))} settings, 40 to "
        "1,200 labels by 40, margin, five seeds.",
        "",
        *markdown(HEAD, [[rule, *cells(by_setting)] for rule, by_setting in flat.items()], 1),
        "",
        "The same by kind of data and learner:",
        "",
    ]
    by_kind = [
        [group.data, group.learner, rule, *cells(by_setting)]
        for (group, rule), by_setting in results.items()
        if (group.studies, group.arms) == (long, "active")
    ]
    lines += markdown(("data", "learner", *HEAD), by_kind, 3)
    lines += [
        "",
        f"{before[1]} of the {before[0]} runs in `results/runs` are left out: they recorded no stop set.",
        "",
    ]
    return "\n".join(lines)


def page(text: str, block: str) -> str:
    """The guide's page with a block between its marks.

    Raises:
        ValueError: it has lost its marks.
    """
    return between_marks(text, MARKS, block, "the tables of scripts/stopping_regret.py")


def table_text(rows: Sequence[Mapping[str, object]]) -> str:
    """The rows as CSV."""
    import io

    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def main() -> int:
    """Write the table and the page; returns the exit status."""
    results = replays_of()
    TABLE.write_text(table_text(rows_of(results)), encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), generated(results, left_out())), encoding="utf-8")
    print(f"wrote {TABLE} and {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
