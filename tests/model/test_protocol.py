"""The protocol of the loop holds in every order of its steps."""

from __future__ import annotations

import pytest

from tests.model.explorer import Explorer
from tests.model.setting import Setting
from tests.model.settings import IN_CI


@pytest.mark.parametrize("setting", IN_CI, ids=str)
def test_the_protocol_holds_in_every_state(setting: Setting) -> None:
    explored = Explorer(setting).explore()
    assert not explored.faults, str(explored.faults[0])
    assert explored.is_complete
    assert explored.ends > 0
