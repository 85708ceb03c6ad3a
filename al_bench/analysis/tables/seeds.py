"""The table of seeds: in how many an arm is ahead of its baseline, and in how many it collapses."""

from __future__ import annotations

from collections.abc import Sequence

from al_bench.analysis.finding import Finding, collapse_text
from al_bench.analysis.study import Study
from al_bench.analysis.tables.table import Table, Value, interval, p_value, percent


def seeds_table(study: Study, findings: Sequence[Finding]) -> Table:
    """In how many seeds each arm is ahead over the whole curve, with the exact sign test, and how many collapse."""
    several = len(study.baselines) > 1
    rows: list[tuple[str, ...]] = []
    records: list[dict[str, Value]] = []
    for finding in findings:
        ahead = finding.ahead
        rows.append(
            (
                study.marked_title(finding.name),
                *([study.title(finding.baseline)] if several else []),
                f"{ahead.ahead} of {ahead.n}",
                interval(ahead.low, ahead.high, 0),
                p_value(finding.ahead_holm),
                str(finding.collapsed),
                percent(finding.unseen_collapse, 0),
            )
        )
        records.append(
            {
                **study.record_keys(finding.name),
                "baseline": finding.baseline,
                "seeds": ahead.n,
                "ahead": ahead.ahead,
                "tied": ahead.tied,
                "share_low": ahead.low,
                "share_high": ahead.high,
                "p": ahead.p,
                "p_holm": finding.ahead_holm,
                "tests": finding.ahead_tests,
                "collapsed": finding.collapsed,
                "collapse_not_excluded": finding.unseen_collapse,
            }
        )
    note = (
        "ahead: better in AUBC under the same seed (a tie is not ahead); the interval of the share of all seeds is "
        "exact (Clopper and Pearson), p that of the exact sign test that at most half of all seeds are ahead, "
        f"Holm-adjusted over the arms of the setting: no shape is assumed. Collapsed: {collapse_text(study.metric)} or "
        "more behind in AUBC; could: the largest share of all seeds that those seen do not exclude, one-sided at 95 %."
    )
    heads = ("arm", *(["against"] if several else []), "ahead in", "% of all seeds", "p", "collapsed", "could, %")
    title = f"Seeds ahead of {study.against}{study.in_metric} on {study.dataset}"
    return Table("seeds", title, heads, tuple(rows), note, tuple(records), "llrrrrr" if several else "lrrrrr")
