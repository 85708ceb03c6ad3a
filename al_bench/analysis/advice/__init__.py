"""What to do after a comparison: use a strategy, stay with the baseline, or make the runs that would tell."""
