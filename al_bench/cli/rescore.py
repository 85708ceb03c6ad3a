"""`al-bench rescore`: a metric of the predictions that runs stored, computed after they have ended."""

from __future__ import annotations

import shlex
from pathlib import Path

from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status
from al_bench.errors import InputError

_DESCRIPTION = """\
Compute a metric of the predictions that runs have stored under evaluation.keep=probabilities, and write
it beside their records: compare, plot and report then take it by --metric."""

_EPILOG = """\
examples:
  al-bench rescore results/runs/mine --metric my_metrics:TOP_TWO
  al-bench compare results/runs/mine --metric top_two

The metric is imported from the current folder or from an installed package, as you type it; nothing that
a record names is ever run. Exit status: 0 done, 2 bad input."""


@bench_command("rescore", _DESCRIPTION, _EPILOG)
@options.folders()
@options.option(
    "--metric",
    "names",
    multiple=True,
    required=True,
    metavar="METRIC",
    help="module:NAME of an al_bench.metrics.Metric, the name by which a package offers one, or a metric of al-bench's "
    "that older runs lack; may be repeated",
)
def command(folders: tuple[Path, ...], names: tuple[str, ...]) -> None:
    """Compute and write the metrics, and print those of each run's last round."""
    # torch takes a second to import: not for --help.
    from al_bench.analysis.tables.table import aligned
    from al_bench.metrics.rescore import metrics_called, rescore, stored_predictions
    from al_bench.storage.runs import find_runs

    report = options.reporter("rescore")
    runs = find_runs(list(folders), report)
    with_predictions = [run for run in runs if stored_predictions(run).rounds]
    if not with_predictions:
        raise InputError(
            f"none of the {len(runs)} runs has stored predictions; al-bench run stores them with "
            "evaluation.keep=probabilities, in a study of another name: study=…"
        )
    for run in runs:
        if run not in with_predictions:
            report(f"left out {run.folder}: it stored no predictions (evaluation.keep=probabilities)")
    rows = [("run", "rounds", *names)]
    metric_names: list[str] = []
    for run in with_predictions:
        metrics = metrics_called(names, stored_predictions(run).log_probs(stored_predictions(run).rounds[0]).shape[1])
        metric_names = [metric.name for metric in metrics]
        done = rescore(run, metrics)
        last = [next(reversed(of_round.values()), None) for of_round in done.values.values()]
        shown = ["-" if value is None else metric.number(value, 2) for metric, value in zip(metrics, last, strict=True)]
        rows.append((str(run.folder), str(len(done.values[metric_names[0]])), *shown))
    print("\n".join(aligned(rows, "lr" + "r" * len(names))))
    print(f"next: al-bench compare {shlex.join(map(str, folders))} --metric {metric_names[0]}")


def main(argv: list[str]) -> int:
    """Run `al-bench rescore` with the words after `rescore`; returns the exit status, 0 or 2."""
    return exit_status(command, argv)
