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
    assert read.odd_status == script.OddStatus(word="paused", seconds=60)
    assert read.poisoned_documents == 1


def test_every_effect_is_documented_with_one_that_is_a_rule() -> None:
    effects = (script.__doc__ or "").split("It has one effect:")[1].split("With ``charged")[0]
    lines = [line.split("#")[0].strip() for line in effects.strip().splitlines()]
    rules = [script.parse(f"faults: [{{{line}}}]").faults[0] for line in lines]
    assert {name for rule in rules for name in script._EFFECTS if getattr(rule, name) is not None} == set(
        script._EFFECTS
    )


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
        ("faults: [{reset: true, retry_after: 1}]", "faults[0]: retry_after belongs to a status or a page"),
        ("faults: [{reset: true, charged: true}]", "faults[0]: charged belongs to hang_seconds, page, status"),
        ("faults: [{page: 204}]", "faults[0].page: input should be 200 or input should be greater than or equal"),
        ("faults: [{reset: true, chance: 0}]", "faults[0].chance: input should be greater than 0"),
        ("link: {up: 0}", "link.up: input should be greater than 0"),
        ("link: {sideways: 1}", "there is no 'sideways' in link; there are up, down"),
        ("unknown_at_first: {}", "unknown_at_first: give either seconds or polls"),
        ("odd_status: {documents: 1}", "odd_status.word: field required"),
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


def test_chance_strikes_as_often_as_it_says_and_repeats_with_its_seed() -> None:
    def struck(**fields: float | str) -> list[bool]:
        rule = Fault(status=500, **{"times": "forever", **fields})  # type: ignore[arg-type]
        return [rule.strikes("parse") for _ in range(1000)]

    assert struck(chance=0.2, seed=1) == struck(chance=0.2, seed=1) != struck(chance=0.2, seed=2)
    assert 150 < sum(struck(chance=0.2)) < 250
    assert sum(struck(chance=0.2, times=7)) == 7
    assert not any(struck(chance=0.5, after=100)[:100])
