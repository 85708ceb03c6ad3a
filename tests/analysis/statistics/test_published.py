"""Labels to reach an accuracy, read from the published median curves of BatchBALD (Kirsch et al. 2019).

The medians are those of the raw logs that the authors published, at the true sizes of the labelled set (6 runs an
experiment). Of the two long curves only the stretches around the crossings are cited.
"""

from __future__ import annotations

import numpy as np
import pytest

from al_bench.analysis.statistics.curves import labels_to_target

MEDIANS = {
    "BatchBALD b=5": {
        75: 0.8887,
        80: 0.8826,
        85: 0.8865,
        90: 0.8954,
        95: 0.8975,
        100: 0.9010,
        105: 0.9082,
        110: 0.9171,
        185: 0.9460,
        190: 0.9495,
        195: 0.9455,
        200: 0.9493,
        205: 0.9497,
        210: 0.9543,
        215: 0.9518,
        220: 0.9531,
    },
    "BatchBALD b=10": {
        20: 0.6661,
        30: 0.7293,
        40: 0.7877,
        50: 0.8161,
        60: 0.8528,
        70: 0.8467,
        80: 0.8816,
        90: 0.8848,
        100: 0.8959,
        110: 0.9132,
        120: 0.9159,
        130: 0.9268,
        140: 0.9259,
        150: 0.9248,
        160: 0.9367,
        170: 0.9377,
        180: 0.9387,
        190: 0.9420,
        200: 0.9465,
        210: 0.9459,
        220: 0.9443,
        230: 0.9481,
        240: 0.9517,
        250: 0.9545,
        260: 0.9558,
        270: 0.9557,
        280: 0.9587,
        290: 0.9595,
    },
    "BatchBALD b=40": {
        20: 0.6491,
        60: 0.8283,
        100: 0.8775,
        140: 0.9036,
        180: 0.9294,
        220: 0.9423,
        260: 0.9476,
        300: 0.9567,
    },
    "BALD b=1": {
        99: 0.8877,
        100: 0.8912,
        101: 0.8957,
        102: 0.8965,
        103: 0.8908,
        104: 0.9003,
        105: 0.9040,
        106: 0.9013,
        232: 0.9441,
        233: 0.9456,
        234: 0.9456,
        235: 0.9476,
        236: 0.9462,
        237: 0.9502,
        238: 0.9476,
        239: 0.9477,
    },
    "BALD b=10": {
        20: 0.6624,
        30: 0.7103,
        40: 0.7540,
        50: 0.7678,
        60: 0.7874,
        70: 0.7945,
        80: 0.8283,
        90: 0.8417,
        100: 0.8605,
        110: 0.8740,
        120: 0.8800,
        130: 0.8992,
        140: 0.8906,
        150: 0.8964,
        160: 0.8982,
        170: 0.9040,
        180: 0.9110,
        190: 0.9244,
        200: 0.9204,
        210: 0.9242,
        220: 0.9297,
        230: 0.9354,
        240: 0.9380,
        250: 0.9443,
        260: 0.9454,
        270: 0.9474,
        280: 0.9438,
        290: 0.9505,
    },
}


@pytest.mark.parametrize(
    ("experiment", "to_90", "to_95"),
    [
        ("BatchBALD b=5", 100, 210),
        ("BatchBALD b=10", 110, 240),
        ("BatchBALD b=40", 140, 300),
        ("BALD b=1", 104, 237),
        ("BALD b=10", 170, 290),
    ],
)
def test_crossings_of_the_published_median_curves(experiment: str, to_90: int, to_95: int) -> None:
    labels, medians = (np.array(list(column)) for column in zip(*MEDIANS[experiment].items(), strict=True))
    assert labels_to_target(labels, medians, 0.90) == to_90
    assert labels_to_target(labels, medians, 0.95) == to_95
    three_alike = np.stack([medians] * 3)
    assert labels_to_target(labels, three_alike, 0.90, "median_curve") == to_90
    assert labels_to_target(labels, three_alike, 0.95, "median_curve") == to_95
