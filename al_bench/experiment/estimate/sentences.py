"""What an estimate says: one line, or a few with a line a setting."""

from __future__ import annotations

from al_bench.experiment.estimate.quantities import Estimate, Setting, Span, SweepEstimate

CLOSE = 1.15
"""Two ends of a span whose ratio is below this are said as one number."""


def duration(seconds: float) -> str:
    """Seconds as people say them: 40 s, 3 min, 2.5 hours, 3 days."""
    if seconds < 0.95:
        return "under 1 s"
    if seconds < 10:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    if minutes < 99.5:
        return f"{minutes:.1f} min" if minutes < 10 else f"{minutes:.0f} min"
    hours = minutes / 60
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"


def size(count: float) -> str:
    """Bytes in kB, MB or GB, powers of ten."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if count >= factor:
            return f"{count / factor:,.1f} {unit}"
    return f"{max(1, round(count / 1e3))} kB"


def span_of_time(low: float, high: float) -> str:
    """`about 3 min`, or `3 min to 12 min` where the ends differ."""
    if high <= low * CLOSE or duration(low) == duration(high):
        middle = duration((low + high) / 2)
        return middle if middle.startswith("under") else f"about {middle}"
    return f"{duration(low)} to {duration(high)}"


def span_of_counts(low: int, high: int) -> str:
    """`210`, or `20 to 210`."""
    return f"{high:,}" if low == high else f"{low:,} to {high:,}"


def plural(count: int, noun: str) -> str:
    """`1 run`, `3 runs`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def wall(span: Span) -> str:
    """The time on the clock."""
    return span_of_time(span.low.wall, span.high.wall)


def short_line(estimate: Estimate, time: str) -> str:
    """One line on one run, before it or at its first round.

    Args:
        time: What is said of the time.
    """
    rounds = span_of_counts(*estimate.rounds)
    parts = [f"{span_of_counts(*estimate.labels)} labels in {rounds} {'round' if rounds == '1' else 'rounds'}", time]
    if estimate.memory_bytes:
        parts.append(f"{size(estimate.memory_bytes)} of memory")
    if estimate.disk_bytes:
        parts.append(f"{size(estimate.disk_bytes)} on disk")
    text = f"estimate: {', '.join(part for part in parts if part)}"
    notes = [*([estimate.basis] if estimate.basis else []), *estimate.remarks]
    return f"{text} ({'; '.join(notes)})" if notes else text


def page(estimate: SweepEstimate) -> list[str]:
    """What `--estimate` prints."""
    settings = estimate.settings
    complete = sum(setting.complete for setting in settings)
    faults = [setting for setting in settings if setting.fault]
    also = f", {complete} more complete already" if complete else ""
    head = f"{plural(estimate.runs, 'run')} to do{also}"
    if len(settings) > 1:
        head += f", of {len(settings)} settings"
    if estimate.workers > 1:
        head += f", {estimate.workers} at a time"
    lines = [f"estimate: {head}; calibrated in {duration(estimate.calibration)}"]
    if estimate.runs:
        processor = span_of_time(estimate.time.low.processor, estimate.time.high.processor)
        at_once = f", {estimate.workers} runs at once" if min(estimate.workers, estimate.runs) > 1 else ""
        shared = f", and {size(estimate.cache_bytes)} in the cache" if estimate.cache_bytes else ""
        lines += [
            f"  time    {wall(estimate.time)} ({processor} of processor time)",
            f"  memory  {size(estimate.memory_bytes)}{at_once}",
            f"  disk    {size(estimate.disk_bytes)} in {estimate.where}{shared}",
            f"  labels  {labels(estimate)}",
        ]
    if len(settings) > 1:
        width = max(len(setting.name) for setting in settings)
        lines += [f"  {setting.name:<{width}}  {setting_line(setting)}" for setting in settings]
    else:
        lines += [f"  {setting.fault}" for setting in faults]
    remarks = dict.fromkeys(remark for _, each in estimate.known for remark in each.remarks)
    if estimate.unknown_workers:
        remarks["how many runs the launcher has at work at one time: the time is that of one after another"] = None
    lines += [f"  not known: {remark}" for remark in remarks]
    return lines


def labels(estimate: SweepEstimate) -> str:
    """Labels of all runs, and of one where all are alike."""
    total = span_of_counts(*estimate.labels)
    kinds = {(each.labels, each.initial, each.rounds) for _, each in estimate.known}
    if len(kinds) > 1:
        return f"{total} in all"
    ((of_one, initial, rounds),) = kinds
    each = f"{span_of_counts(*of_one)} a run: " if estimate.runs > 1 else ""
    many = f"{total}, " if estimate.runs > 1 else ""
    return f"{many}{each or total + ': '}{initial:,} at the start, {span_of_counts(*rounds)} rounds"


def setting_line(setting: Setting) -> str:
    """One setting of several."""
    if setting.estimate is None:
        return setting.fault
    each = setting.estimate
    return (
        f"{plural(setting.runs, 'run')} of {wall(each.time)}, {size(each.memory_bytes)} of memory, "
        f"{span_of_counts(*each.labels)} labels"
    )
