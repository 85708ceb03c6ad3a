"""Logistic regression in place of a network."""

from dataclasses import dataclass

import torch
from sklearn.linear_model import LogisticRegression

from al_bench.learners.learner import Learner


@dataclass(eq=False)
class LogReg(Learner):
    """Logistic regression on the flattened inputs.

    Args:
        C: Inverse strength of the L2 penalty.
    """

    C: float = 1.0

    def fit(self, labelled, validation, streams, round_):
        inputs = self.dataset.prepare(self.dataset.inputs[labelled]).flatten(1)
        self.estimator = LogisticRegression(C=self.C, max_iter=1000)
        self.estimator.fit(inputs.numpy(), self.dataset.labels(labelled).numpy())
        return []  # nothing about the training for the record

    def predict(self, inputs):
        log_probs = torch.full((len(inputs), self.dataset.classes), -20.0)  # for classes without a labelled point
        columns = torch.from_numpy(self.estimator.classes_)
        predicted = self.estimator.predict_log_proba(inputs.flatten(1).numpy())
        log_probs[:, columns] = torch.from_numpy(predicted).float()
        return log_probs.log_softmax(1)
