"""The schemas are those of the models, describe what is documented, and refuse what is damaged."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from invoice_capture.domain.announcement import TOLD
from tools.schemas import FOLDER, MESSAGES, check, texts
from tools.stage import PROJECT

DOCUMENT = {"bucket": "b", "key": "incoming/a.pdf", "version_id": None, "size": 3}
OF_A_JOB = {"job_id": "job", "document": DOCUMENT}
BUDGET = {"month": "2026-01", "spent": "1.00", "limit": "2.00", "currency": "USD", "percent": 50}
ENDED = OF_A_JOB | {"ended_at": "2026-01-14T09:30:12.480Z"}
ERROR = {"error": {"code": "CaptureFailed", "message": "It is illegible."}}
EXAMPLES: list[dict[str, Any]] = [
    ENDED
    | {"event": "invoice.captured", "status": "CAPTURED", "provider": "abbyy", "findings": ["TotalsDiffer"]}
    | {"invoice": dict.fromkeys(("invoice_number", "issue_date", "type", "currency", "total", "supplier"))},
    ENDED | {"event": "invoice.failed", "status": "FAILED"} | ERROR,
    ENDED | {"event": "document.rejected", "status": "REJECTED"} | ERROR,
    ENDED | {"event": "document.duplicate", "status": "DUPLICATE", "duplicate_of": "other"},
    OF_A_JOB
    | {"event": "invoice.action_required", "status": "ACTION_REQUIRED", "provider": "abbyy", "action_url": None},
    OF_A_JOB | {"event": "job.cancelled", "status": "CANCELLED"},
    BUDGET | {"event": "budget.warning"},
    BUDGET | {"event": "budget.exceeded"},
    {"event": "webhook.test", "webhook": "acme", "sent_at": "2026-01-14T09:30:12.480Z"},
]


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def damaged(value: Any) -> Iterator[Any]:
    """The same with each of its parts missing, or of another kind."""
    if not isinstance(value, dict):
        return
    for name, part in value.items():
        yield {other: kept for other, kept in value.items() if other != name}
        yield value | {name: ["something else"] if not isinstance(part, list) else "something else"}
        for worse in damaged(part):
            yield value | {name: worse}


def test_the_files_are_what_the_models_say() -> None:
    assert {path: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()} == texts(), "python -m tools.schemas"


def test_every_message_has_a_schema() -> None:
    assert set(MESSAGES) == TOLD | {"webhook.test"}
    assert sorted(example["event"] for example in EXAMPLES) == sorted(MESSAGES)


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: message["event"])
def test_a_message_fits_its_schema_and_a_damaged_one_does_not(message: dict[str, Any]) -> None:
    schema = validator(message["event"])
    schema.validate(message)
    check(message)
    schema.validate(message | {"of a later release": 1})
    request = {"type": message["event"], "timestamp": "2026-01-14T09:30:12.480Z", "data": message}
    validator("webhook").validate(request)
    detail = message | {"message_id": f"msg_{'0' * 32}"}
    assert validator("event").is_valid(detail) is (message["event"] != "webhook.test")
    wrong = list(damaged(copy.deepcopy(message)))
    assert len(wrong) >= 6
    for other in wrong:
        assert not schema.is_valid(other), other
        assert not validator("webhook").is_valid(request | {"data": other}), other
        assert not validator("event").is_valid(other | {"message_id": detail["message_id"]}), other
    assert not validator("event").is_valid(message)


def test_what_no_model_has_is_found() -> None:
    with pytest.raises(ValueError, match="forbidden"):
        check(EXAMPLES[0] | {"undocumented": 1})


def test_the_examples_of_the_page_fit_and_every_message_is_in_its_table() -> None:
    page = (PROJECT / "docs" / "messages.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`((?:invoice|document|job|budget|webhook)\.[a-z_]+)`", page)) == set(MESSAGES)
    examples = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    for example in examples:
        if "type" in example:
            validator("webhook").validate(example)
        elif "detail-type" in example:
            validator("event").validate(example["detail"])
            assert example["detail-type"] == example["detail"]["event"]
        else:
            validator(example["event"]).validate(example)
            check(example)
    assert len(examples) >= 5
