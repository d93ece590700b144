"""Tests of one group run on one worker: the whole stack is started once, not twice."""

from __future__ import annotations

import os

import pytest


@pytest.mark.xdist_group("setup")
def test_the_runner_knows_the_group_of_a_test(request: pytest.FixtureRequest) -> None:
    of_several = "PYTEST_XDIST_WORKER" in os.environ
    assert request.node.nodeid.endswith("@setup") is of_several
