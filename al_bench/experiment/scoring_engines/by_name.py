"""The scoring engine of a run, refused before anything is read where it cannot be, or would compute something else."""

from __future__ import annotations

from al_bench.config.schema import Engine, RunConfig
from al_bench.errors import InputError
from al_bench.experiment.scoring_engines.engine import ScoringEngine
from al_bench.experiment.scoring_engines.local import LocalProcesses, check_workers
from al_bench.experiment.scoring_engines.ranks import under_torchrun, world_size


def make_scoring_engine(config: RunConfig, device: str) -> ScoringEngine:
    """The engine that the keys `engine` and `workers` name; nothing is started yet.

    Args:
        config: The run's.
        device: The type of its device.

    Raises:
        InputError: naming the keys.
    """
    engine = config.engine
    if engine is not Engine.torchrun and world_size() > 1:
        raise InputError(
            f"torchrun started {world_size()} processes for one run, of which engine={engine.name} uses one; add "
            "engine=torchrun, or type al-bench run in place of torchrun"
        )
    if engine is not Engine.local and config.threads != 1 and device == "cpu":
        raise InputError(
            f"engine is {engine.name} and threads is {config.threads}: it computes with one thread, and results depend "
            "on their number; set threads=1, or engine=local"
        )
    if engine is Engine.ray:
        return _ray(config, device)
    if engine is Engine.torchrun:
        return _torchrun(config)
    check_workers(config.workers, config.threads, device)
    return LocalProcesses(config.workers)


def _ray(config: RunConfig, device: str) -> ScoringEngine:
    from al_bench.experiment.scoring_engines.ray_actors import RayActors

    if device != "cpu":
        raise InputError(
            f"engine is ray and the run is on {device}: its actors use CPUs; set device=cpu, or engine=local"
        )
    return RayActors(config.workers)


def _torchrun(config: RunConfig) -> ScoringEngine:
    import torch

    if config.workers != 1:
        raise InputError(
            f"workers is {config.workers}, and with engine=torchrun its --nproc_per_node says how many; set workers=1"
        )
    if not world_size():
        raise InputError(f"engine is torchrun, which did not start this command; type {under_torchrun()}")
    if not torch.distributed.is_available() or not torch.distributed.is_gloo_available():
        raise InputError("engine is torchrun, and this PyTorch was built without gloo; set engine=local")
    from al_bench.experiment.scoring_engines.torchrun import TorchrunRanks

    return TorchrunRanks()
