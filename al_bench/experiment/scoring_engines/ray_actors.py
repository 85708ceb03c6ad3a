"""`engine=ray`: pieces of a round's work in actors of a Ray cluster.

The actors are handed parts by Ray's own `ActorPool`, which gives results in the order of the parts and hands out no
more than the pool holds actors, so that what waits is bounded. Ray starts an actor anew whose process ended, and gives
it what it had been given (`max_restarts`, `max_task_retries`). Ray Data was the other candidate: its blocks are of its
own making and come in any order, so that ids would have to travel with the rows, and it takes twice as long. What the
actors compute with is put once a round into the object store, where those of one machine share it.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from al_bench.errors import InputError
from al_bench.experiment.engines.ray_connection import connect_to_ray, require_ray, start_own_ray
from al_bench.experiment.engines.task import passed_on
from al_bench.experiment.process import keep_freed_memory, set_threads
from al_bench.experiment.scoring_engines.engine import ScoringEngine, WorkerError, as_arrays, as_tensors, in_parts
from al_bench.experiment.scoring_engines.parcel import pack, unpack

T = TypeVar("T")

AHEAD = 2
"""Parts that an actor has at a time: the next one waits with it while its result is fetched."""
RESTARTS = 3
"""How often an actor is started anew."""
PATIENCE_S = 30.0
"""Seconds until it is said that the actors have not started yet."""

logger = logging.getLogger("al_bench")


class RayActors(ScoringEngine):
    """Actors that live as long as the run.

    Args:
        workers: Their number.

    Raises:
        InputError: Ray is not installed.
    """

    def __init__(self, workers: int) -> None:
        require_ray("engine=ray")
        self.workers = workers
        self._actors: list[Any] = []
        self._rounds = 0

    def __enter__(self) -> Self:
        """Connect, and have the actors started while the run goes on.

        Raises:
            InputError: There is no cluster at RAY_ADDRESS, or it has fewer processors than the actors ask for.
        """
        import ray

        if address := os.environ.get("RAY_ADDRESS"):
            connect_to_ray(address, "RAY_ADDRESS")
        else:  # not one that another command has started for itself, and that ends with that
            start_own_ray(self.workers)
        if (there := int(ray.cluster_resources().get("CPU", 0))) < self.workers:
            raise InputError(
                f"workers is {self.workers} and the Ray cluster has {there} processors, of which each takes one; type "
                f"workers={max(1, there)}, or add machines"
            )
        actor = ray.remote(num_cpus=1, max_restarts=RESTARTS, max_task_retries=RESTARTS)(Scorer)
        self._actors = [actor.remote(passed_on(), sys.path, os.getcwd()) for _ in range(self.workers)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import ray

        for actor in self._actors:
            ray.kill(actor)
        self._actors = []
        ray.shutdown()

    def map(self, work: Callable[[slice], T], pieces: Sequence[slice]) -> Generator[T, None, None]:
        import ray
        from ray.exceptions import RayError, RayTaskError
        from ray.util import ActorPool

        self._rounds += 1
        number, parts = self._rounds, in_parts(pieces, self.workers)
        try:
            self._wait_for_actors()
            held = [ray.put(pack(work))]  # in a list, so that an actor fetches it once and not with every part
            pool = ActorPool(self._actors * AHEAD)
            for started_anew, results in pool.map(lambda actor, part: actor.score.remote(number, held, part), parts):
                if started_anew:
                    _say("an actor of Ray was ended from outside and started anew; its pieces were computed again")
                yield from map(as_tensors, results)
        except RayTaskError as error:
            raise error.cause from None
        except RayError as error:
            reason = " ".join(str(error).split())[:300]
            raise WorkerError(
                f"an actor of Ray was ended from outside {RESTARTS + 1} times, or could not start ({reason}); the same "
                "command goes on after the last round on record"
            ) from error

    def _wait_for_actors(self) -> None:
        """Until all have started; says so where that takes long."""
        import ray

        ready = [actor.is_ready.remote() for actor in self._actors]
        started, waiting = ray.wait(ready, num_returns=len(ready), timeout=PATIENCE_S)
        if waiting:
            free = ray.available_resources().get("CPU", 0)
            _say(f"{len(started)} of {len(ready)} actors of Ray have started; {free:g} processors are free for others")
        ray.get(ready)


def _say(line: str) -> None:
    print(f"al-bench: {line}", file=sys.stderr)
    logger.info("%s", line)


class Scorer:
    """What an actor does, with one thread.

    Args:
        environment: Variables that it gets beside those of its cluster.
        path: Where modules are found, beside its own.
        directory: Where the command was typed.
    """

    def __init__(self, environment: Mapping[str, str], path: Sequence[str], directory: str) -> None:
        os.environ.update(environment)
        sys.path += [folder for folder in path if folder not in sys.path]
        if Path(directory).is_dir():
            os.chdir(directory)
        set_threads(1)
        keep_freed_memory()
        self._number = 0
        self._work: Callable[[slice], Any] | None = None
        self._is_new = True

    def is_ready(self) -> None:
        """Returns once the actor has started."""

    def score(self, number: int, held: Sequence[Any], pieces: Sequence[slice]) -> tuple[bool, list[Any]]:
        """Do the work of a round with some pieces.

        Args:
            number: Of the round.
            held: The reference of its work.
            pieces: Those to do.

        Returns:
            Whether the actor was started anew since it had work for the first time, said once; and the results.
        """
        import ray

        if number != self._number or self._work is None:
            self._work = None  # before there are two
            self._work, self._number = unpack(ray.get(held[0])), number
        anew, self._is_new = self._is_new and ray.get_runtime_context().was_current_actor_reconstructed, False
        return anew, [as_arrays(self._work(piece)) for piece in pieces]
