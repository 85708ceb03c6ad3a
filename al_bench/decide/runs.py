"""The runs that the next look lacks: what is typed for each, how long it takes, and which fit into the time left."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path

from al_bench.analysis.advice.runs import lacking_paths, of_arm, typed_words
from al_bench.decide.start import Decision
from al_bench.errors import InputError, Terminated
from al_bench.experiment.outcome import Outcome
from al_bench.experiment.processes import ProcessGroup, run_in_process
from al_bench.storage.runs import read_run


@dataclass(frozen=True)
class NextRun:
    """A run to make.

    Args:
        arm, seed: Which.
        words: What is typed after `al-bench run`.
        folder: Where its record will be.
        seconds: What a run of its arm took, by those on record; NaN where none says.
    """

    arm: str
    seed: int
    words: tuple[str, ...]
    folder: Path
    seconds: float

    @property
    def name(self) -> str:
        """Arm and seed, for people."""
        return f"{self.arm} seed {self.seed}"


def missing_runs(decision: Decision, arms: Sequence[str], n: int, further: Sequence[str] = ()) -> list[NextRun]:
    """The runs that arms and the baseline lack of the first n seeds, seed by seed, so that whole seeds are done first.

    Args:
        decision: What is decided.
        arms: Those that go on.
        n: Seeds of the look.
        further: Words to type with each, such as `--config-dir` and its folder.

    Raises:
        InputError: The records do not say how their runs were begun, or it cannot be done from here.
    """
    lacking = []
    for seed in decision.seeds[:n]:
        for name in (decision.baseline, *arms):
            if decision.run_of(name, seed) is None:
                lacking.append((name, seed))
    words = {name: _words(decision, name) for name in dict.fromkeys(name for name, _ in lacking)}
    runs = []
    for name, seed in lacking:
        arm = decision.study.arm(name)
        wanted = of_arm(arm, [seed])
        typed = (*further, *words[name], f"strategy={wanted.strategy}", f"seed={seed}")
        folder = arm.runs[0].folder.with_name(f"seed-{seed}")
        runs.append(NextRun(name, seed, typed, folder, wanted.seconds))
    return runs


def _words(decision: Decision, name: str) -> tuple[str, ...]:
    """What was typed for the runs of an arm, but for the strategy and the seed.

    Raises:
        InputError: It is not known, or would not do the same from here.
    """
    typed = typed_words(of_arm(decision.study.arm(name), ()))
    if typed is None:
        raise InputError(
            f"the records of {name} do not say how its runs were begun: make the further runs by al-bench run, and "
            "al-bench compare judges them"
        )
    if lacking := lacking_paths(typed):
        raise InputError(f"{', '.join(lacking)} leads nowhere from here: decide where the runs of {name} were begun")
    if own := [word for word in typed if word.lstrip("+").startswith("seeds.")]:
        raise InputError(f"{name} was run with {own[0]}: further runs would share that seed and not be independent")
    return typed


@dataclass
class Clock:
    """The time that is left, and how long runs take here beside what the records say.

    Args:
        seconds: In all, from now on; infinite without a limit.
        jobs: Runs at a time.
        now: What tells the time, in seconds.
    """

    seconds: float
    jobs: int = 1
    now: Callable[[], float] = time.monotonic
    _began: float = field(init=False)
    _made: dict[str, list[tuple[float, float]]] = field(default_factory=dict)  # arm: seconds on record and here

    def __post_init__(self) -> None:
        self._began = self.now()

    @property
    def left(self) -> float:
        """Seconds left."""
        return self.seconds - (self.now() - self._began)

    def expected(self, run: NextRun) -> float:
        """What a run takes here, in seconds; 0 where nothing tells.

        As long as those of its arm made here, on average. Before there are any: as on record, and as much longer as
        those of other arms took longer here, since a process starts and reads the data first, which no record counts.
        """
        own = [here for _, here in self._made.get(run.arm, [])]
        if own:
            return sum(own) / len(own)
        longer = [here - known for pairs in self._made.values() for known, here in pairs]
        known = 0.0 if math.isnan(run.seconds) else run.seconds
        return known + max(0.0, sum(longer) / len(longer) if longer else 0.0)

    def learn(self, run: NextRun, seconds: float) -> None:
        """Take in what a run has taken here."""
        known = 0.0 if math.isnan(run.seconds) else run.seconds
        self._made.setdefault(run.arm, []).append((known, seconds))

    def fits(self, run: NextRun) -> bool:
        """Whether a run would end in time, as far as that is known."""
        return self.left > 0 and self.expected(run) <= self.left


def make_runs(runs: Sequence[NextRun], clock: Clock, report: Callable[[str], None]) -> list[tuple[NextRun, Outcome]]:
    """Make runs in their order, each in a process of its own, as long as the next one fits into the time left.

    After a failed run none is started any more.

    Args:
        runs: Those to make.
        clock: The time left, and how many at a time.
        report: Called with one line when a run ends.

    Returns:
        Those that were made, and how they ended.

    Raises:
        KeyboardInterrupt: passed on, after the processes that were running have written their status. Ctrl-C reaches
            them without help; SIGTERM is passed on to them.
    """
    processes, pool = ProcessGroup(), ThreadPoolExecutor(clock.jobs)
    waiting, ended = list(runs), list[tuple[NextRun, Outcome]]()
    going: dict[Future[tuple[Outcome, float]], NextRun] = {}
    try:
        while True:
            failed = any(outcome.status != "complete" for _, outcome in ended)
            while waiting and not failed and len(going) < clock.jobs and clock.fits(waiting[0]):
                run = waiting.pop(0)
                going[pool.submit(_timed, run, processes)] = run
            if not going:
                return ended
            for done in wait(going, return_when=FIRST_COMPLETED).done:
                run, (outcome, seconds) = going.pop(done), done.result()
                clock.learn(run, seconds)
                ended.append((run, outcome))
                report(f"[{len(ended)}/{len(runs)}] {outcome.status} {run.name}: {outcome.note}")
    except Terminated:
        processes.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _timed(run: NextRun, processes: ProcessGroup) -> tuple[Outcome, float]:
    """How a run ended, and the seconds that it took; one that left no complete record where it should be has failed."""
    began = time.monotonic()
    outcome = run_in_process(run.words, run.folder, processes, os.environ)
    if outcome.status == "complete" and not _is_complete(run):
        outcome = Outcome("failed", str(run.folder), f"it ended, and {run.folder} has no complete record of it")
    where, colon, note = outcome.note.partition(": ")
    if colon and Path(where).resolve() == run.folder:
        outcome = replace(outcome, note=note)
    return outcome, time.monotonic() - began


def _is_complete(run: NextRun) -> bool:
    try:
        recorded = read_run(run.folder)
    except InputError:
        return False
    return recorded.complete and (recorded.arm, recorded.seed) == (run.arm, run.seed)
