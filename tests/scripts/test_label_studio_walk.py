"""The round trip with a real Label Studio server: `scripts/check --services`."""

from __future__ import annotations

import pytest

from scripts import label_studio_walk


@pytest.mark.service
@pytest.mark.timeout(1200)
def test_images_and_texts_are_labelled_on_a_real_server_and_come_back(tmp_path):
    if label_studio_walk.command() is None:
        pytest.skip("no label-studio on the PATH: pip install label-studio, or name it by LABEL_STUDIO=FILE")
    release, seen = label_studio_walk.walk(tmp_path)
    assert release
    assert len(seen) == 6
