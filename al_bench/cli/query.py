"""`al-bench query`: the next batch to label of a pool of your own, and the labels back."""

from __future__ import annotations

import sys
from pathlib import Path

from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status
from al_bench.errors import InputError, plain_line

_EPILOG = """\
examples:
  al-bench query dataset=images dataset.path=photos encoder=efficientnet_lite0 schedule.batch=50 study=birds
  al-bench query dataset=text dataset.path=mails.csv dataset.text=body strategy=badge study=mails
  al-bench query dataset=table dataset.path=rows.csv dataset.label=grade study=rows --labels more.csv
  al-bench query dataset=images dataset.path=photos dataset.classes=[cat,dog] --label-studio http://localhost:8080

The first call writes results/labelling/STUDY/batch-000.csv. Fill its column label and give the same command again: it
reads the labels, trains from scratch, and writes the next batch. Keys are those of al-bench run; al-bench guide
labelling says more. Exit status: 0 a batch was written, or nothing is left to ask; 2 bad input, nothing was changed."""


@bench_command("query", "Choose the next items to label, write them as a file, and read the labels back.", _EPILOG)
@options.argument("words", "KEY=VALUE", "overrides as for al-bench run", nargs=-1, required=True)
@options.option("--labels", "label_files", type=Path, multiple=True, metavar="FILE", help="a further file of labels")
@options.option(
    "--tasks",
    "formats",
    multiple=True,
    metavar="FORMAT",
    help="write the batch for label-studio, doccano, cvat or as a list of files, too",
)
@options.option(
    "--label-studio",
    "label_studio",
    metavar="URL",
    help="send the batch to a Label Studio server and take the labels from there",
)
@options.option("--partial", is_flag=True, help="go on although items of the last batch have no label")
@options.option("--where", metavar="predicted=NAME", default="", help="ask within one predicted class")
@options.option("--predict", is_flag=True, help="write predictions for all items and the learner, no batch")
@options.option("--config-dir", type=options.FOLDER, metavar="FOLDER", help="a folder of your own with dataset/, …")
def command(
    words: tuple[str, ...],
    label_files: tuple[Path, ...],
    formats: tuple[str, ...],
    label_studio: str | None,
    partial: bool,
    where: str,
    predict: bool,
    config_dir: Path | None,
) -> None:
    """Compose the configuration, and do one step of the labelling."""
    from al_bench.config.compose import compose_dataset
    from al_bench.config.query_schema import QueryConfig
    from al_bench.config.run_names import study_name
    from al_bench.experiment.typed_keys import typed_keys
    from al_bench.labelling.exchange.task_files import FORMATS
    from al_bench.labelling.query import query
    from al_bench.labelling.request import Request

    for name in formats:
        if name not in FORMATS:
            raise InputError(f"--tasks is {name!r}; it must be one of {', '.join(FORMATS)}")
    if bad := [word for word in words if "=" not in word]:
        raise InputError(f"{bad[0]!r} is no override: write key=value, such as dataset.path=mine.csv")
    composed = compose_dataset(words, None if config_dir is None else str(config_dir), QueryConfig)
    config = composed.build()
    assert isinstance(config, QueryConfig)
    settings = {key: str(value) for key, value in composed.identity.items() if value is not None and key != "labelling"}
    if composed.implied_line:
        say(composed.implied_line)
    reply = query(
        Request(
            config=config,
            strategy=composed.choices["strategy"],
            study=study_name(composed.choices, composed.config),
            settings=settings | composed.components,
            typed=frozenset(typed_keys(words)),
            label_files=label_files,
            partial=partial,
            where=predicted_class(where),
            predict=predict,
            formats=tuple(dict.fromkeys(formats)),
            label_studio=label_studio,
            say=say,
        )
    )
    for line in reply.lines:
        print(plain_line(line))


def predicted_class(where: str) -> str:
    """The class that `--where predicted=NAME` names; "" where nothing is given.

    Raises:
        InputError: it is something else.
    """
    key, equals, name = where.partition("=")
    if where and (key.strip() != "predicted" or not equals or not name.strip()):
        raise InputError(f"--where is {where!r}; it must be predicted=NAME, of a class")
    return name.strip()


def say(line: str) -> None:
    """Show a line while the command is at work."""
    print(f"al-bench: {plain_line(line)}", file=sys.stderr)


def main(argv: list[str]) -> int:
    """Run `al-bench query` with the words after `query`; returns the exit status."""
    return exit_status(command, argv)
