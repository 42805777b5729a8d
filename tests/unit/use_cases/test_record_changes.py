"""What becomes of a change in a history: once, in its order, by whom; and what goes, or stays, with its job."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from invoice_capture.domain.audited import BY, BY_EXPIRY, NOT_OURS, UNNAMED, require_continued
from invoice_capture.domain.history import Entry, read_entries, require_whole, sha256_of
from invoice_capture.use_cases.steps.record_changes import ItemChange, RecordChanges
from tests.fakes.histories import MemoryHistoryStore

_JOB = "01JGYD1W00P7RSZ4K8Q6T3V5X9"
_AT = "2026-01-01T12:00:00.000Z"
_DOCUMENT = {"bucket": "documents", "key": "incoming/a.pdf", "version_id": "v1", "size": 3}


class _World:
    """One job, whose items are changed, and whose history is recorded."""

    def __init__(self, locked_for: timedelta | None = None) -> None:
        self.histories = MemoryHistoryStore()
        self.histories.objects["incoming/a.pdf", "v1"] = b"abc"
        self.record = RecordChanges(self.histories, locked_for)
        self.items: dict[str, dict[str, Any]] = {}
        self.count = 0

    def change(self, sort_key: str = "JOB", *, by: str | None = "SubmitDocument", **values: Any) -> ItemChange:
        before = self.items.get(sort_key, {})
        self.count += 1
        after = {**before, **values} | ({} if by is None else {BY: f"{by} {self.count:06x}"})
        self.items[sort_key] = after
        return ItemChange(f"c{self.count}", _AT, _JOB, sort_key, before, after)

    def removal(self, sort_key: str = "JOB", *, by_expiry: bool = False, at: str = _AT) -> ItemChange:
        self.count += 1
        return ItemChange(f"c{self.count}", at, _JOB, sort_key, self.items.pop(sort_key), {}, by_expiry)

    @property
    def entries(self) -> list[Entry]:
        entries = [entry for portion in self.histories.portions(_JOB) for entry in read_entries(portion)]
        require_whole(_JOB, entries)
        require_continued(entries)
        return entries


def test_who_changed_what_from_which_value_is_recorded() -> None:
    world = _World()
    changes = [world.change(by="ReceiveUpload", status="RECEIVED"), world.change(by="JobsApi acme", status="CANCELLED")]
    assert world.record(changes) == 2
    first, second = world.entries
    assert (first["by"], first["did"], first["what"]) == (
        "ReceiveUpload",
        "created",
        {"status": {"from": None, "to": "RECEIVED"}},
    )
    assert (second["by"], second["did"], second["item"]) == ("JobsApi acme", "changed", "job")
    assert second["what"] == {"status": {"from": "RECEIVED", "to": "CANCELLED"}}
    assert second["previous"] == first["hash"]
    assert world.histories.heads[_JOB].hash == second["hash"]


@pytest.mark.parametrize("again", [slice(0, 3), slice(0, 2), slice(1, 3), slice(2, 3)])
def test_a_batch_that_comes_again_in_whole_or_in_halves_is_recorded_once(again: slice) -> None:
    world = _World()
    changes = [world.change(status=status) for status in ("RECEIVED", "SUBMITTED", "CAPTURED")]
    world.record(changes)
    world.histories.heads.clear()  # The run ended between the two writes.
    assert world.record(changes[again]) == 0
    assert world.histories.heads[_JOB].hash == world.entries[-1]["hash"]
    later = world.change(remark="late")
    assert world.record([*changes[again], later]) == 1
    assert [entry["change"] for entry in world.entries] == ["c1", "c2", "c3", "c4"]


def test_two_runs_at_once_do_not_fork_a_history(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _World()
    first, second = world.change(status="RECEIVED"), world.change(status="SUBMITTED")
    portions = world.histories.portions

    def and_somebody_else_is_faster(job_id: str) -> Any:
        seen = portions(job_id)
        monkeypatch.undo()
        world.record([first])
        return seen

    monkeypatch.setattr(world.histories, "portions", and_somebody_else_is_faster)
    assert world.record([first, second]) == 1
    assert [entry["change"] for entry in world.entries] == ["c1", "c2"]


def test_a_write_that_does_not_say_whose_it_is_was_not_ours_and_tells_bookkeeping_as_well() -> None:
    world = _World()
    world.record([world.change(status="CAPTURED", ttl=1), world.change(by=None, status="FAILED", ttl=2)])
    _, foreign = world.entries
    assert foreign["by"] == NOT_OURS
    assert foreign["what"] == {"status": {"from": "CAPTURED", "to": "FAILED"}, "ttl": {"from": 1, "to": 2}}


def test_leases_and_counters_and_tokens_are_no_history() -> None:
    world = _World()
    world.record([world.change("SUBMISSION#1", state="PENDING", task_token="secret", checks=1), world.change()])
    assert world.record([world.change("SUBMISSION#1", checks=2, next_check_at="later", task_token="another")]) == 0
    assert [entry["item"] for entry in world.entries] == ["submission 1"]
    assert "secret" not in str(world.histories.kept)


def test_what_was_read_and_what_is_long_is_told_by_digest() -> None:
    world = _World()
    world.record([world.change("INVOICE", invoice="{}", findings="[]"), world.change(remark="x" * 1001, amount=1.5)])
    invoice, job = (entry["what"] for entry in world.entries)
    assert invoice["invoice"]["to"] == {"sha256": sha256_of(b"{}"), "bytes": 2}
    assert job["remark"]["to"] == {"sha256": sha256_of(b"x" * 1001), "bytes": 1001}
    assert job["amount"]["to"] == "1.5"


def test_documents_and_results_are_recorded_by_their_bytes() -> None:
    world = _World()
    world.histories.objects["results/1.json", None] = b"{}"
    world.record([world.change(document=_DOCUMENT), world.change("SUBMISSION#1", result_key="results/1.json")])
    document, result = world.entries
    assert document["objects"] == [{"key": "incoming/a.pdf", "version": "v1", "bytes": 3, "sha256": sha256_of(b"abc")}]
    assert result["objects"][0]["sha256"] == sha256_of(b"{}")
    assert world.histories.locks == {}


def test_a_history_goes_with_its_job() -> None:
    world = _World()
    world.record([world.change(status="CAPTURED"), world.change("INVOICE", invoice="{}")])
    end = [world.change(status="CANCELLED"), world.removal("INVOICE"), world.removal()]
    for _ in range(2):
        assert world.record(end) == 0
        assert (world.histories.kept, world.histories.heads) == ({}, {})
    # What a function wrote that did not know of it yet, and takes back.
    world.items["INVOICE#LINES#0002"] = {"lines": "[]"}
    assert world.record([world.removal("INVOICE#LINES#0002")]) == 0
    assert world.histories.kept == {}


def test_a_job_that_outlived_its_time_to_live_takes_its_history_along() -> None:
    world = _World()
    world.record([world.change(status="CAPTURED"), world.change("INVOICE", invoice="{}")])
    assert world.record([world.removal("INVOICE", by_expiry=True)]) == 0
    assert world.record([world.removal(by_expiry=True)]) == 0
    assert world.histories.kept == {}


def test_a_job_that_somebody_else_deletes_leaves_its_history() -> None:
    world = _World()
    world.record([world.change(status="CAPTURED"), world.change("INVOICE", invoice="{}")])
    assert world.record([world.removal("INVOICE"), world.removal()]) == 2
    assert [(entry["did"], entry["by"]) for entry in world.entries[2:]] == [("removed", UNNAMED), ("removed", NOT_OURS)]


def test_a_locked_history_stays_and_tells_the_end_of_its_job_until_the_lock_is_over() -> None:
    world = _World(locked_for=timedelta(days=10))
    until = datetime.fromisoformat(_AT) + timedelta(days=10)
    world.record([world.change(document=_DOCUMENT, status="CAPTURED")])
    assert world.histories.locks == {(_JOB, "1"): until, ("incoming/a.pdf", "v1"): until}
    assert world.record([world.change(status="CANCELLED"), world.removal()]) == 2
    assert world.entries[-1]["did"] == "removed"
    assert world.histories.locks[_JOB, "2"] == until
    world.items["JOB"] = {"status": "CANCELLED"}
    assert world.record([world.removal(at="2026-01-12T12:00:00.000Z")]) == 0
    assert world.histories.kept == {}


def test_expiry_under_a_lock_is_named() -> None:
    world = _World(locked_for=timedelta(days=10))
    world.record([world.change(status="CAPTURED"), world.removal(by_expiry=True)])
    assert world.entries[-1]["by"] == BY_EXPIRY


def test_a_history_that_was_tampered_with_goes_on_and_is_found() -> None:
    world = _World()
    world.record([world.change(status="RECEIVED"), world.change(status="SUBMITTED")])
    [portion] = world.histories.kept[_JOB]
    world.histories.kept[_JOB] = [portion.replace(b"RECEIVED", b"RECEIVER", 1)]
    assert world.record([world.change(status="CAPTURED")]) == 1
    with pytest.raises(ValueError, match="entry 1 was altered"):
        _ = world.entries
