"""Who scores the pool of a run: forked processes of this machine, actors of a Ray cluster, or the ranks of torchrun."""
