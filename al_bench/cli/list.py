"""`al-bench list`: what can be chosen, from the first line of each YAML file; with --verbose a page a strategy."""

from __future__ import annotations

from pathlib import Path

from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status
from al_bench.config.options import list_options
from al_bench.config.page_text import as_markdown, as_text
from al_bench.config.strategy_pages import page_of
from al_bench.errors import InputError

GROUPS = {
    "strategies": "strategy",
    "datasets": "dataset",
    "stresses": "stress",
    "encoders": "encoder",
    "models": "model",
    "posteriors": "posterior",
    "trainings": "training",
    "tunings": "tuning",
    "annotators": "annotator",
    "stopping": "stopping",
    "experiments": "experiment",
}
METRICS_GROUP = "metrics"
"""The kind that is no folder of options, but a table."""


@bench_command(
    "list",
    "List what can be chosen, one line each.",
    "examples:\n  al-bench list\n  al-bench list strategies --verbose\n  al-bench list datasets --config-dir conf",
)
@options.argument(
    "group",
    "GROUP",
    f"one kind only: {', '.join((*GROUPS, METRICS_GROUP))}",
    required=False,
    type=options.OneOf((*GROUPS, METRICS_GROUP)),
)
@options.option(
    "--config-dir", type=options.FOLDER, metavar="FOLDER", help="a folder of your own with strategy/, dataset/, …"
)
@options.option("--verbose", is_flag=True, help="of strategies: formula, needs, keys, cost, source")
@options.option("--markdown", is_flag=True, help="the same as Markdown")
def command(group: str | None, config_dir: Path | None, verbose: bool, markdown: bool) -> None:
    """Print the options of one group or of all, or the pages of the strategies."""
    from al_bench.config.registry import conf_dir

    folders = [Path(conf_dir())]
    if config_dir is not None:
        if not config_dir.is_dir():
            raise InputError(f"--config-dir is {config_dir}, and there is no such folder")
        folders.append(config_dir)
    if verbose or markdown:
        if group != "strategies":
            flag = "--markdown" if markdown else "--verbose"
            raise InputError(f"only strategies have pages: al-bench list strategies {flag}")
        pages = [page_of(option, folders) for _, option in sorted(list_options(folders, "strategy").items())]
        print(as_markdown(pages) if markdown else as_text(pages))
        return
    for title in (*GROUPS, METRICS_GROUP) if group is None else (group,):
        lines = _metric_lines() if title == METRICS_GROUP else _option_lines(folders, title)
        width = max(map(len, lines), default=0)
        if group is None:
            print(f"{title}:")
        for name, line in lines.items():
            print(f"{'' if group else '  '}{name:<{width}}  {line}".rstrip())


def _option_lines(folders: list[Path], title: str) -> dict[str, str]:
    """Option to its line, of one group."""
    return {name: option.line for name, option in list_options(folders, GROUPS[title]).items()}


def _metric_lines() -> dict[str, str]:
    """What --metric takes, and what it means: al-bench's metrics, then those that installed packages offer."""
    from al_bench.entry_points import offers
    from al_bench.metrics import CLASS_METRICS, METRICS
    from al_bench.metrics.table import BuiltInMetric

    lines = {}
    for metric in (*METRICS.values(), *CLASS_METRICS.values()):
        assert isinstance(metric, BuiltInMetric)
        unit = {"%": "%, ", "": ""}.get(metric.unit, f"{metric.unit}, ")
        name = f"{metric.name}:CLASS" if metric.name in CLASS_METRICS else metric.name
        direction = "higher" if metric.higher_is_better else "lower"
        lines[name] = f"{metric.label} ({unit}{direction} is better): {metric.definition}."
    offered = offers("metrics").items()
    return lines | {name: f"A metric of {given[0].package}." for name, given in offered if name not in lines}


def main(argv: list[str]) -> int:
    """Run `al-bench list` with the words after `list`; returns the exit status, 0 or 2."""
    return exit_status(command, argv)
