"""`al-bench check`: what a dataset is read as, before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status
from al_bench.errors import InputError

_EPILOG = """\
examples:
  al-bench check dataset=table dataset.path=mine.csv
  al-bench check dataset=table dataset.path=mine.csv dataset.label=grade initial.size=40
  al-bench check dataset=images dataset.path=photos
  al-bench check dataset=text dataset.path=mails.csv dataset.text=body
  al-bench check dataset=npz dataset.path=mine.npz

Nothing is trained or written. Exit status: 0 the data can be used, 2 bad input."""


@bench_command(
    "check", "Read a dataset and say what was understood: rows, columns, label, classes, split, costs.", _EPILOG
)
@options.argument("words", "KEY=VALUE", "overrides as for al-bench run", nargs=-1, required=True)
@options.option("--config-dir", type=options.FOLDER, metavar="FOLDER", help="a folder of your own with dataset/, …")
def command(words: tuple[str, ...], config_dir: Path | None) -> None:
    """Load the dataset that the overrides name, and print what it is."""
    from al_bench.config.compose import compose_dataset
    from al_bench.data.user_data import VALIDATION_FILE
    from al_bench.experiment.own_components import describe_encoder, load_checked
    from al_bench.experiment.process import pick_device

    if bad := [word for word in words if "=" not in word]:
        raise InputError(f"{bad[0]!r} is no override: write key=value, such as dataset.path=mine.csv")
    composed = compose_dataset(words, None if config_dir is None else str(config_dir))
    config = composed.build()
    dataset = load_checked(
        config.dataset, config.cache, config.initial.rows or (), config.validation == VALIDATION_FILE
    )
    for line in describe(dataset):
        print(line)
    for line in start_lines(config, dataset):
        print(line)
    if (encoder := composed.choices.get("encoder", "none")) != "none":
        device = pick_device(config.device)
        print(f"  encoder: {encoder}: {describe_encoder(config.encoder, dataset, device, config.cache)}")
    if composed.implied_line:
        print(f"  {composed.implied_line}")


def describe(dataset: Any) -> list[str]:
    """Lines about a data set; of one that says nothing of its reading the plain facts."""
    if dataset.reading is not None:
        return list(dataset.reading.lines())
    shape = "×".join(map(str, dataset.shape))
    return [
        f"{dataset.name}: {dataset.size:,} training rows of shape {shape}, {len(dataset.test_labels):,} test rows",
        f"  classes: {dataset.classes} ({', '.join(dataset.class_names[:20])}{', …' if dataset.classes > 20 else ''})",
    ]


def start_lines(config: Any, dataset: Any) -> list[str]:
    """What the start is, and what a balanced one costs in labels."""
    import numpy as np

    from al_bench.health.start_cost import describe_start

    initial = config.initial
    named = initial.rows is not None or initial.indices is not None
    counts = np.bincount(dataset.hidden_labels.cpu().numpy(), minlength=dataset.classes)
    sentence = describe_start("named" if named else initial.kind.value, initial.points, counts)
    return [f"  start: {sentence}"]


def main(argv: list[str]) -> int:
    """Run `al-bench check` with the words after `check`; returns the exit status, 0 or 2."""
    return exit_status(command, argv)
