"""What may end a run before its rounds or its budget; imports nothing that takes long, as every sweep asks it."""

from __future__ import annotations

from al_bench.config.schema import Reference, RunConfig
from al_bench.stopping.rules import GoOn


def early_end(config: RunConfig) -> str:
    """The key by which a run may end before its rounds or its budget; empty where there is none."""
    if config.reference is Reference.full:
        return ""
    if config.schedule.stop_at_accuracy is not None:
        return f"schedule.stop_at_accuracy={config.schedule.stop_at_accuracy:g}"
    return "" if isinstance(config.stopping, GoOn) else "the rule chosen by stopping=…"
