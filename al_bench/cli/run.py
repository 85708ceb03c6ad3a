"""`al-bench run`: Hydra composes the configuration, a job plays it."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from al_bench.config import compose as configuration
from al_bench.config import messages, run_names
from al_bench.config.registry import COMPONENTS
from al_bench.errors import InputError
from al_bench.experiment import sweep
from al_bench.experiment.job import Job, Outcome, perform

_OUTCOMES: list[Outcome] = []
"""The outcome of a single run, for the exit status."""


def make_job(config: DictConfig) -> Job:
    """The job that a composed configuration describes."""
    hydra_config = HydraConfig.get()
    multirun = hydra_config.mode is RunMode.MULTIRUN
    choices = run_names.chosen(hydra_config)
    parallel = multirun and "basic" not in str(hydra_config.runtime.choices["hydra/launcher"])
    return Job(
        config=configuration.build(config),
        folder=run_names.run_folder(config, hydra_config),
        identity=run_names.identity(config),
        components=run_names.components(choices, config),
        resolved=OmegaConf.to_yaml(config, resolve=True),
        choices=choices,
        command=list(hydra_config.overrides.task),
        bar=not parallel,
    )


def task(config: DictConfig) -> Outcome:
    """What Hydra calls for every run, in this process or in a launcher's worker."""
    try:
        job = make_job(config)
    except InputError as error:
        outcome = Outcome("failed", None, str(error), bad_input=True)
    except OmegaConfBaseException as error:
        outcome = Outcome("failed", None, messages.explain(error), bad_input=True)
    else:
        outcome = perform(job)
    if HydraConfig.get().mode is RunMode.RUN:
        _OUTCOMES.append(outcome)
    return outcome


def main(argv: list[str]) -> int:
    """Run Hydra on the arguments of `al-bench run`.

    Returns:
        0: every run is complete. 1: a run failed. 2: bad input, nothing ran. 130: interrupted.
    """
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises, and this function words the error
    argv = sorted(argv, key=lambda word: word not in ("-m", "--multirun"))  # argparse wants it before the overrides
    sys.argv = ["al-bench run", *argv]
    logging.getLogger("al_bench").propagate = False
    _OUTCOMES.clear()
    sweep.RESULTS.clear()
    configuration.register()
    sweep.register()
    app: Any = hydra.main(version_base="1.3", config_path=configuration.conf_dir(), config_name="config")(task)
    try:
        if nameless := [word for word in argv if word.lstrip("+~").startswith("=")]:
            raise InputError(f"'{nameless[0]}' names no key: write key=value")
        nothing = {f"{group}={said}" for group in COMPONENTS for said in ("", "null")}
        if empty := [word for word in argv if word in nothing]:
            raise InputError(f"{empty[0]!r} names none; choose one, see al-bench list")
        app()
    except KeyboardInterrupt:
        print(
            "\nal-bench run: interrupted; the same command goes on from the last recorded round",
            file=sys.stderr,
        )
        return 130
    except (HydraException, OmegaConfBaseException, InputError) as error:
        print(f"al-bench run: {messages.explain(error, _known_keys(argv))}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"al-bench run: {error.strerror}: {error.filename}; choose another place", file=sys.stderr)
        return 2
    return close()


def _known_keys(argv: Sequence[str]) -> Iterator[str]:
    """Dotted keys of the options chosen (of a sweep: of each), else of the default ones; composed when asked for."""
    from hydra import compose, initialize_config_dir

    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config-dir", type=Path)
    given, words = parser.parse_known_args(argv)
    own = [f"hydra.searchpath=[file://{given.config_dir.resolve()}]"] if given.config_dir else []
    groups = Path(configuration.conf_dir())
    pairs = [word.split("=", 1) for word in words if "=" in word and (groups / word.partition("=")[0]).is_dir()]
    options = [(group, said.split(",")) for group, said in pairs]
    turns = range(max((len(said) for _, said in options), default=1))
    chosen = [[*own, *(f"{group}={said[min(turn, len(said) - 1)]}" for group, said in options)] for turn in turns]
    found: set[str] = set()
    for overrides in [*chosen, []]:
        if found and not overrides:
            break
        try:
            with initialize_config_dir(configuration.conf_dir(), version_base="1.3"):
                found |= set(run_names.flatten(OmegaConf.to_container(compose("config", overrides))))  # type: ignore[arg-type]
        except Exception:
            continue
    yield from sorted(found)


def close() -> int:
    """Say how the run or the sweep ended and what to type next; return the exit status."""
    if sweep.RESULTS:
        print(sweep.table(sweep.RESULTS))
        outcomes = [outcome for _, outcome in sweep.RESULTS]
        study = {str(Path(o.folder).parents[2]) for o in outcomes if o.folder and o.status == "complete"}
        if study:
            print(f"next: al-bench plot {' '.join(sorted(study))} --out curves.png")
        if all(outcome.status == "complete" for outcome in outcomes):
            return 0
        return 2 if all(outcome.bad_input for outcome in outcomes) else 1
    for outcome in _OUTCOMES:
        if outcome.status != "complete":
            log = Path(outcome.folder or "", "run.log")
            where = f" (see {log})" if not outcome.bad_input and log.exists() else ""
            print(f"al-bench run: {outcome.note}{where}", file=sys.stderr)
            return 2 if outcome.bad_input else 1
        assert outcome.folder is not None
        print(f"{outcome.folder}: {outcome.note}")
        print(f"next: al-bench plot {Path(outcome.folder).parents[2]} --out curves.png")
    return 0
