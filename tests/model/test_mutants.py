"""The explorer finds what is put into the use cases on purpose."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from tests.model.explorer import Explorer
from tests.model.mutants import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_fault_that_is_put_in_is_found(mutant: Mutant) -> None:
    with patch.object(mutant.where, mutant.attribute, mutant.replacement):
        explored = Explorer(mutant.setting).explore(most_faults=5)
    assert any(mutant.said in fault.what for fault in explored.faults), [fault.what for fault in explored.faults]


def test_the_way_to_a_fault_is_told_step_by_step() -> None:
    [mutant] = [mutant for mutant in MUTANTS if mutant.name == "nobody starts a loop"]
    with patch.object(mutant.where, mutant.attribute, mutant.replacement):
        [fault] = Explorer(mutant.setting).explore().faults
    assert str(fault).splitlines()[1] == "    1 job1 comes"
    assert "provider.submit(job1) is taken" in str(fault)
