"""The posterior and the learner that these tests use are the ones that the guide shows."""

from __future__ import annotations

import pytest

from tests.conftest import REPOSITORY
from tests.learners.conftest import OWN


@pytest.mark.parametrize("name", ["laplace.py", "logreg.py"])
def test_the_guide_shows_the_file_that_is_tested(name):
    guide = (REPOSITORY / "al_bench" / "guide" / "extend.md").read_text()
    assert f"`{name}`\n\n```python\n{(OWN / name).read_text()}```\n" in guide
