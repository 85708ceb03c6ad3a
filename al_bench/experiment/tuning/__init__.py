"""Hyper-parameters of the learner, chosen by cross-validation on the labelled points alone."""
