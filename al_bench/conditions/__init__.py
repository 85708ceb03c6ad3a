"""Stresses on a data set: what is wrong with real pools, added to any data set before a run begins."""
