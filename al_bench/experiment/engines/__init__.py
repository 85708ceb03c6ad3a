"""Sweeps on engines that people have: runs are handed to Slurm or Ray, and every run is one `al-bench run`."""
