"""`al-bench run`: Hydra composes the configuration, a job runs it."""

from __future__ import annotations

import logging
import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from al_bench import __version__
from al_bench.cli import completion
from al_bench.cli.estimate import estimating, show, without_flag
from al_bench.config.compose import COMPOSE_ERRORS, application, known_keys, register
from al_bench.config.composed import Composed, current, is_sweep
from al_bench.config.hydra_adapter import options_first
from al_bench.config.launcher import engine_name
from al_bench.config.messages import one_line
from al_bench.config.options import files
from al_bench.config.registry import COMPONENTS, conf_dir
from al_bench.config.schema import InitialKind
from al_bench.config.shell_words import quote_values, rules_by_names, set_apart_keys_of_swept_groups
from al_bench.errors import InputError, plain_line, typed_path
from al_bench.experiment import sweep
from al_bench.experiment.announce import SAID
from al_bench.experiment.composed_job import composed_job
from al_bench.experiment.estimate.quantities import SweepEstimate
from al_bench.experiment.job import Job, perform
from al_bench.experiment.outcome import Outcome
from al_bench.experiment.recommended import resolve
from al_bench.experiment.scoring_engines import ranks
from al_bench.storage.identity import FORMER_DEFAULTS, began_balanced, began_without


class RunCommand(click.Command):
    """`al-bench run`, whose words all go to Hydra as they are, `--help` among them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.args = list(args)
        return ctx.args

    def invoke(self, ctx: click.Context) -> int:
        if "--version" in ctx.args:
            print(f"al-bench {__version__}")
            return 0
        if shell := completion.shell_to_install(ctx.args):
            return completion.complete(f"{shell}_source")
        return main(ctx.args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(word) for word in completion.hydra_completions(ctx.args, incomplete)]


command = RunCommand("run")


def make_job(composed: Composed) -> Job:
    """The job that a composed configuration describes."""
    note = go_on_from_balanced(composed) + go_on_by_former_rule(composed)
    return composed_job(composed, start_note=note)


def go_on_from_balanced(composed: Composed) -> str:
    """Go on from a balanced start where a former version began a run so without being asked; return what to say of it.

    The default start of data other than al-bench's benchmarks was balanced and is random. A run on record goes on as it
    began.
    """
    initial = composed.config.initial
    if not composed.has_default_start or initial.kind is InitialKind.balanced:
        return ""
    if not began_balanced(composed.folder):
        return ""
    composed.set("initial.kind", InitialKind.balanced)
    drawn = initial.size and initial.indices is None and initial.rows is None
    return "" if not drawn else ", as the run on record began: today's default is initial.kind=random"


FORMER_RULES = {"bait": ("BAIT", "strategy.labelled_weighting"), "typiclust": ("TypiClust", "strategy.clustering")}
"""Strategy whose default rule was another in former versions, to its name and the key of the rule."""


def go_on_by_former_rule(composed: Composed) -> str:
    """Go on by a strategy's former rule where a former version began a run so; return what to say of it."""
    name, key = FORMER_RULES.get(str(composed.choices.get("strategy")), ("", ""))
    if not key or any(word.lstrip("+").startswith(f"{key}=") for word in composed.overrides):
        return ""
    if not began_without(composed.folder, key):
        return ""
    composed.set(key, FORMER_DEFAULTS[key])
    return f"; {name} goes on with {key}={FORMER_DEFAULTS[key]}, the rule when the run on record began"


def run_job(config: Any) -> Outcome:
    """Do the run that a composed configuration describes; Hydra calls this in this process or in a worker."""
    try:
        composed = current(config)
        if not is_sweep() and (engine := engine_name(composed.hydra)) is not None:
            raise InputError(f"hydra/launcher={engine} hands over sweeps: type al-bench run -m and the same words")
        job = make_job(composed)
    except InputError as error:
        return Outcome("failed", None, str(error), bad_input=True)
    except COMPOSE_ERRORS as error:
        return Outcome("failed", None, one_line(error), bad_input=True)
    except OSError as error:  # Hydra would print the overrides above what main says
        if error.filename is None:
            raise
        return Outcome("failed", None, f"{error.strerror}: {error.filename}; choose another place", bad_input=True)
    return perform(job)


def check_groups(argv: Sequence[str]) -> None:
    """Refuse a number, a list or keys in the place of an option's name, with which Hydra cannot deal.

    Raises:
        InputError: naming the group and its options.
    """
    for word in argv:
        key, equals, value = word.lstrip("+").partition("=")
        is_group = key in COMPONENTS or Path(conf_dir(), key).is_dir()
        if equals and key and is_group and (value[:1] in tuple("[{") or is_number(value)):
            known = ", ".join(files([Path(conf_dir())], key))
            raise InputError(f"{key} is {value}; it is the name of an option: choose one of {known}")


def raise_output_error(handler: logging.Handler, record: logging.LogRecord) -> None:
    """Raise what a line of the log could not be written for, such as a full disk; the log would print a traceback."""
    error = sys.exception()
    if isinstance(error, OSError):
        raise error


def is_number(text: str) -> bool:
    """Whether a text is a number, true, false or no word at all, which is no name of an option."""
    try:
        float(text)
    except ValueError:
        return text.lower() in ("true", "false", "")
    return True


def main(argv: list[str]) -> int:
    """`al-bench run`: in the first process of torchrun or in any other; its further ones help that.

    Returns:
        0: every run is complete. 1: a run failed. 2: bad input, nothing ran. 130: interrupted.
    """
    if ranks.is_helper():
        from al_bench.experiment.scoring_engines.torchrun import serve

        return serve()
    status = compose_and_run(argv)
    if status == 0 and ranks.world_size() > 1:  # torchrun ends them where it is another
        from al_bench.experiment.scoring_engines.torchrun import dismiss

        dismiss()
    return status


def compose_and_run(argv: list[str]) -> int:
    """Run Hydra on the arguments of `al-bench run`; returns the exit status, as `main`."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises, and this function explains the error in one line
    logging.StreamHandler.handleError = raise_output_error  # type: ignore[method-assign,assignment]
    logging.getLogger("al_bench").propagate = False
    sweep.RESULTS.clear()
    SAID.clear()
    register()
    sweep.register()
    single: list[Outcome] = []
    estimates: list[SweepEstimate] = []

    def task(config: Any) -> Outcome:
        outcome = run_job(config)
        if not is_sweep():  # Hydra gives back the outcomes of a sweep, and none of a single run
            single.append(outcome)
        return outcome

    try:
        argv, is_estimate = without_flag(argv)
        argv = set_apart_keys_of_swept_groups(quote_values(rules_by_names(options_first(argv))))
        if nameless := [word for word in argv if word.lstrip("+~").startswith("=")]:
            raise InputError(f"'{nameless[0]}' names no key: write key=value")
        nothing = {f"{group}={option}" for group in COMPONENTS for option in ("", "null")}
        if empty := [word for word in argv if word in nothing]:
            raise InputError(f"{empty[0]!r} names none; choose one, see al-bench list")
        check_groups(argv)
        argv, recommended = resolve(argv)
        if recommended:
            print(f"al-bench: {recommended}", file=sys.stderr)
        sys.argv = ["al-bench run", *argv]
        if is_estimate:
            with tempfile.TemporaryDirectory() as folder:  # where Hydra describes a sweep
                sys.argv.append(f"hydra.sweep.dir={folder}")
                application(estimating(estimates, make_job))()
        else:
            application(task)()
    except KeyboardInterrupt as interrupt:
        what_now = str(interrupt) or "the same command goes on from the last recorded round"
        print(f"\nal-bench run: interrupted; {what_now}", file=sys.stderr)
        return 130
    except (*COMPOSE_ERRORS, InputError, OverflowError) as error:
        print(f"al-bench run: {one_line(error, known_keys(argv))}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        raise  # no fault of the input: al_bench.cli.main ends quietly
    except OSError as error:
        if error.filename is None:
            raise  # the output: al_bench.cli.main says so
        line = plain_line(f"{error.strerror}: {error.filename}; choose another place")
        print(f"al-bench run: {line}", file=sys.stderr)
        return 2
    return show(estimates[0], "run") if estimates else conclude(single)


def conclude(single: Sequence[Outcome]) -> int:
    """Print how the run or the sweep ended and what to type next; return the exit status.

    Args:
        single: The outcome of a single run; empty for a sweep, whose outcomes are in sweep.RESULTS.
    """
    if sweep.RESULTS:
        print(sweep.table(sweep.RESULTS))
        outcomes = [outcome for _, outcome in sweep.RESULTS]
        study = {str(Path(o.folder).parents[2]) for o in outcomes if o.folder and o.status == "complete"}
        if study:
            print(f"next: al-bench plot {shlex.join(map(typed_path, sorted(study)))} --out curves.png")
        if all(outcome.status == "complete" for outcome in outcomes):
            return 0
        return 2 if all(outcome.bad_input for outcome in outcomes) else 1
    for outcome in single:
        if outcome.status != "complete":
            log = Path(outcome.folder or "", "run.log")
            where = f" (see {log})" if not outcome.bad_input and log.exists() else ""
            print(f"al-bench run: {plain_line(outcome.note)}{where}", file=sys.stderr)
            return 2 if outcome.bad_input else 1
        assert outcome.folder is not None
        print(f"{outcome.folder}: {outcome.note}")
        print(f"next: al-bench plot {shlex.quote(typed_path(str(Path(outcome.folder).parents[2])))} --out curves.png")
    return 0
