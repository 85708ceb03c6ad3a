"""What one job takes: its objects are made as for a run, a little of each stage is tried, and nothing is written."""

from __future__ import annotations

import time
from dataclasses import replace

from al_bench.experiment.estimate.calibrate import SECONDS, Calibrator
from al_bench.experiment.estimate.curve import Cost, timed
from al_bench.experiment.estimate.encoding_cost import encoded_or_stand_in
from al_bench.experiment.estimate.quantities import Estimate, Span
from al_bench.experiment.estimate.run_cost import estimate_run
from al_bench.experiment.job import Job, check_typed
from al_bench.storage.header import header_text

ENCODING = 0.3
"""The share of the calibration's time for a sample of the items to encode."""
REPEATED = 3.0
"""Seconds: a set-up shorter than this is repeated, to tell what is paid once a process from what each run pays."""


def estimate_job(job: Job, start: Cost, seconds: float = SECONDS) -> Estimate:
    """Calibrate a job and say what it takes.

    Args:
        job: The run; its folder stays as it is.
        start: What a process takes before its first run.
        seconds: How long the calibration may take, reading the data not counted.

    Raises:
        InputError: the run would be refused.
        BenchError: a training diverged.
    """
    from al_bench.experiment.header import describe
    from al_bench.experiment.layer_features import refuse_layer_features
    from al_bench.experiment.process import keep_freed_memory, set_threads
    from al_bench.experiment.setup import set_up

    refuse_layer_features(job.config, job.choices)
    set_threads(job.config.threads)
    keep_freed_memory()
    encoded = encoded_or_stand_in(job.config, time.perf_counter() + ENCODING * seconds)
    job = replace(job, config=encoded.config)
    with timed() as setting_up:
        experiment = set_up(job.config, job.strategy)
        header = describe(job, experiment)
    check_typed(job, experiment)
    first = setup = setting_up.cost
    if setup.wall < REPEATED:
        with timed() as again:
            experiment = set_up(job.config, job.strategy)
            describe(job, experiment)
        setup = again.cost
    calibration = Calibrator(experiment, seconds).run()
    header_bytes = len(header_text(header).encode()) + len(job.resolved.encode())
    estimate = estimate_run(experiment, calibration, setup, start + (first - setup), header_bytes)
    if not encoded.remark:
        return estimate
    remarks = (encoded.remark, *estimate.remarks)
    if not encoded.cache_bytes:  # every run encodes for itself
        time_with = Span(estimate.time.low + encoded.cost, estimate.time.high + encoded.cost)
        return replace(estimate, time=time_with, remarks=remarks)
    return replace(estimate, encoding=encoded.cost, encoding_bytes=encoded.cache_bytes, remarks=remarks)
