"""Clusters of one machine, started for a test and ended by it."""
