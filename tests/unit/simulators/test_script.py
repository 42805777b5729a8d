"""A script is read completely, or refused in one sentence that names the place."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_stack.errors import UserError
from local_stack.simulators import script
from local_stack.simulators.script import Fault, Script


def example() -> str:
    """The script in the documentation, without the effects below it."""
    lines = (script.__doc__ or "").split("A rule skips")[0].splitlines()
    return "\n".join(line[4:] for line in lines if line.startswith("    "))


def test_the_documented_example_is_a_script() -> None:
    read = script.parse(example())
    assert [fault.on for fault in read.faults] == ["capture_invoices", "*"]
    assert (read.latency, read.not_ready, read.credit) == (
        script.Latency(median=20, sigma=0.8, seed=1),
        2,
        10,
    )
    assert read.action == script.Action(until="told")


@pytest.mark.parametrize("text", ["", "{}", "# nothing\n", '{"credit": null}'])
def test_an_empty_script_changes_nothing(text: str) -> None:
    assert script.parse(text) == Script()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("stauts: 1", "there is no 'stauts'; there are latency, rate_limit, faults"),
        ("latency: {meen: 1, median: 2}", "there is no 'meen' in latency; there are median, sigma, seed"),
        ("faults: [{on: x, stauts: 500}]", "there is no 'stauts' in faults[0]; there are on, after, times"),
        (
            "faults: [{on: x}]",
            "faults[0]: a rule has one effect of status, hang_seconds, reset, lose_answer, body, code",
        ),
        ("faults: [{reset: true, status: 500}]", "faults[0]: a rule has one effect"),
        ("faults: [{reset: true, retry_after: 1}]", "faults[0]: retry_after belongs to a status"),
        ("faults: [{status: 200}]", "faults[0].status: input should be greater than or equal to 400"),
        ("faults: [{body: wrong}]", "faults[0].body: input should be 'malformed', 'truncated', 'oversized', 'html'"),
        ("not_ready: sometimes", "not_ready: input should be a valid integer"),
        ("not_ready: sometimes", "or input should be 'forever'"),
        ("latency: {median: -1}", "latency.median: input should be greater than or equal to 0"),
        ("latency: {sigma: 1}", "latency.median: field required"),
        ("action: {}", "action: give either until: told or seconds"),
        ("credit: many", "credit: input should be a valid integer"),
        ("[1]", "input should be a valid dictionary"),
        ("a: [", "this is no YAML at line 1"),
        ("a: \x00", "this is no YAML"),
    ],
)
def test_a_wrong_script_is_told_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(UserError) as told:
        script.parse(text, "faults.yaml")
    assert str(told.value).startswith("faults.yaml: ")
    assert sentence in str(told.value)
    assert "\n" not in str(told.value)


@given(st.text(alphabet=st.sampled_from("{}[]:,- \n\t'\"#&*!|>%@`01aofaults.not_rdy"), max_size=60))
def test_any_text_is_a_script_or_a_user_error(text: str) -> None:
    with suppress(UserError):
        assert isinstance(script.parse(text), Script)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        script.load(tmp_path / "missing.yaml")
    (tmp_path / "latin.yaml").write_bytes("# Müller".encode("latin-1"))
    with pytest.raises(UserError, match="no text in UTF-8"):
        script.load(tmp_path / "latin.yaml")


def test_a_rule_strikes_after_and_as_often_as_it_says() -> None:
    rule = Fault(on="parse", after=1, times=2, status=500)
    assert [rule.strikes("parse") for _ in range(5)] == [False, True, True, False, False]
    assert not Fault(on="parse", status=500).strikes("validate")
    endless = Fault(times="forever", reset=True)
    assert all(endless.strikes("anything") for _ in range(10))
