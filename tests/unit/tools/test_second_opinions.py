"""Which expressions of the state machines a rehearsal has not evaluated."""

from __future__ import annotations

from tools.second_opinions.__main__ import unrecorded
from tools.state_machines import definitions, expressions


def test_an_expression_is_missing_in_the_state_that_never_evaluated_it() -> None:
    machines = {"arn": "CaptureInvoiceStateMachine", "another": "PollProviderStateMachine"}
    made = {"machine_arn": "arn", "state": "Fetch Document", "expression": "$states.input.job_id"}
    nothing, one_less = unrecorded([], machines), unrecorded([made], machines)
    [place] = set(nothing) - set(one_less)
    assert place == "CaptureInvoiceStateMachine, Fetch Document: $states.input.job_id"
    assert {place.split(",")[0] for place in nothing} == set(definitions())


def test_all_expressions_are_asked_for() -> None:
    everywhere = [expression for machine in definitions().values() for _, expression in expressions(machine)]
    assert {place.partition(": ")[2] for place in unrecorded([], {})} == set(everywhere)
