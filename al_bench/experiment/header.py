"""What a run's header says: what ran, on which data, on which machine, with which versions."""

from __future__ import annotations

import hashlib
import platform
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import torch

from al_bench.experiment.setup import Experiment
from al_bench.learners.finetuning.pretrained_model import PretrainedModel
from al_bench.metrics import own
from al_bench.records import RunHeader
from al_bench.storage.environment import commit, cores, processor_name, versions

if TYPE_CHECKING:
    from al_bench.experiment.job import Job


def digest(table: torch.Tensor) -> str:
    """32 hex digits over the numbers of a table."""
    return hashlib.blake2b(table.contiguous().numpy().tobytes(), digest_size=16).hexdigest()


def describe(job: Job, experiment: Experiment) -> RunHeader:
    """The header of a run."""
    config, dataset = job.config, experiment.dataset
    has_items = dataset.origins is not None and config.reference.value == "none"
    items = dataset.items(experiment.start.asked) if has_items else None
    return RunHeader(
        study=job.folder.parents[2].name,
        dataset=dataset.name,
        arm=job.folder.parent.name,
        seed=config.seed,
        strategy=job.strategy,
        oracle=experiment.strategy.oracle,
        reference=config.reference.value,
        command=job.command,
        choices=job.choices,
        implied=dict(job.implied),
        classes=dataset.classes,
        class_names=list(dataset.class_names),
        pool=len(experiment.start.pool),
        validation=len(experiment.validation),
        test=len(dataset.test_labels),
        pool_classes=experiment.class_counts(experiment.start.pool),
        test_classes=torch.bincount(dataset.test_labels, minlength=dataset.classes).tolist(),
        initial=experiment.start.asked.tolist() if config.reference.value == "none" else None,
        initial_items=items,
        functions=experiment.learner.functions,
        fingerprint=dataset.fingerprint(),
        features=next((digest(table) for table in experiment.tables if table is not None), None),
        device=str(dataset.inputs.device),
        threads=config.threads,
        versions=versions(),
        **commit(),
        host=platform.node(),
        platform=platform.platform(),
        processor=processor_name(),
        cores=cores(),
        started=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        identity=job.identity,
        own_code=job.own_code,
        health=asdict(config.health),
        own_metrics=own.describe(experiment.metrics),
        encoding=None if dataset.encoding is None else dataset.encoding.for_header(),
        pretrained=config.model.facts() if isinstance(config.model, PretrainedModel) else None,
        successor=None if experiment.successor is None else experiment.successor.facts,
        test_class_counts=torch.bincount(dataset.test_labels, minlength=dataset.classes).tolist(),
    )
