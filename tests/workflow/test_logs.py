"""Logs tell the story of every job and nothing of what its document says; no history holds a document either."""

from __future__ import annotations

import io
import json
from pathlib import Path

from local_stack.stack import LocalStack
from tests.workflow.conftest import Stacks
from tests.workflow.observing import finished
from tests.workflow.samples import EXPECTED, printed


def test_logs_name_jobs_and_providers_and_quote_no_document(stacks: Stacks) -> None:
    stacks.close()
    log = io.StringIO()
    with LocalStack(log=log) as stack:
        uploads = [stack.upload(f"incoming/{name}", Path("samples/documents", name).read_bytes()) for name in EXPECTED]
        job_ids = [finished(stack, upload) for upload in uploads]
        broken = stack.invoke_function("StoreInvoiceFunction", {"job_id": "J1", "provider": "embedded", "captured": {}})
    lines = [json.loads(line) for line in log.getvalue().splitlines() if line.startswith("{")]

    assert broken["errorType"] == "KeyError"
    assert {job_id for job_id in job_ids if not any(line.get("job_id") == job_id for line in lines)} == set()
    assert [line for line in lines if not line.get("job_id") or not line.get("provider")] == []
    assert [text for text in printed() if text in log.getvalue()] == []
    # Neither the functions nor what stands for AWS here says what a document is called.
    assert [line for line in log.getvalue().splitlines() if any(name in line for name in EXPECTED)] == []
