"""Record the exchanges of every operation of the providers' clients with their simulators.

    python -m tools.record_exchanges

writes ``tests/contract/recordings/<provider>.json``: the arguments of a call, the request that it sent, and the answer.
Time, ids and credentials are fixed, so that recording again changes only what became different. The simulators are
ours: a recording says what we take a service for, not what it is.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import secrets
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Protocol
from unittest.mock import patch

import requests
from werkzeug.wrappers import Request, Response

from invoice_capture.providers.extract_api import client as extract_api_client
from local_stack import simulators
from local_stack.simulators import Simulator
from local_stack.simulators.server import LoopbackServer
from tools.exchanges import (
    DOCUMENT,
    RECORDINGS,
    SETTINGS,
    ManualClock,
    body_from,
    client_of,
    description_of,
    invoke,
    resolved,
)

_DOCUMENTS_ORIGIN = "https://documents.example"
_CONTENT = MappingProxyType({"$bytes_of": DOCUMENT})
_HOP_BY_HOP = frozenset({"connection", "content-length", "host", "transfer-encoding"})
_HOUR = timedelta(hours=1)

Exchange = dict[str, Any]


class Call(Protocol):
    def __call__(self, operation: str, **arguments: Any) -> Any: ...


def main() -> None:
    RECORDINGS.mkdir(exist_ok=True)
    for provider in CALLS:
        exchanges = record(provider)
        text = json.dumps(exchanges, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        (RECORDINGS / f"{provider}.json").write_text(text, encoding="utf-8")
        print(f"{provider}: {len(exchanges)} exchanges of {len({one['operation'] for one in exchanges})} operations")


def record(provider: str) -> list[Exchange]:
    """Make all calls to a provider, and return what went to and fro."""
    clock = ManualClock()
    exchanges: list[Exchange] = []
    with ExitStack() as exits:
        exits.enter_context(_same_ids_every_time())
        documents = LoopbackServer(lambda _request: Response(resolved(_CONTENT)))
        exits.callback(documents.close)
        simulator = exits.enter_context(simulators.start(provider, clock=clock, settings=SETTINGS[provider]))
        heard: list[Exchange] = []
        between = LoopbackServer(lambda request: _passed_on(request, simulator, heard))
        exits.callback(between.close)
        client = client_of(provider, between.origin)

        def call(operation: str, **arguments: Any) -> Any:
            answer = invoke(client, operation, arguments)
            exchanges.append({"operation": operation, "arguments": arguments, **heard.pop()})
            return answer

        def wait_an_hour() -> None:
            clock.time += _HOUR

        CALLS[provider](call, wait_an_hour, documents.origin)
    # Wherever the document lay, and whatever its references were written as, the file says it in one way.
    text = json.dumps(exchanges, default=dict).replace(documents.origin, _DOCUMENTS_ORIGIN)
    return list(json.loads(text))


def _passed_on(request: Request, simulator: Simulator, heard: list[Exchange]) -> Response:
    """The simulator's answer to a request, of which both are remembered."""
    content = request.get_data(cache=True, parse_form_data=False)
    answer = requests.request(
        request.method,
        simulator.origin + request.environ["RAW_URI"],
        headers={name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP},
        data=content,
        timeout=30,
    )
    media_type = answer.headers["Content-Type"].partition(";")[0]
    described = {
        "status": answer.status_code,
        "content_type": media_type,
        "body": body_from(answer.content, media_type),
    }
    heard.append({"request": description_of(request), "response": described})
    return Response(answer.content, answer.status_code, content_type=media_type)


@contextmanager
def _same_ids_every_time() -> Iterator[None]:
    numbers = itertools.count(1)

    def digest() -> str:
        return hashlib.sha256(str(next(numbers)).encode()).hexdigest()

    def same_uuid() -> uuid.UUID:
        return uuid.UUID(digest()[:32], version=4)

    with (
        patch.object(secrets, "token_hex", lambda size: digest()[: 2 * size]),
        patch.object(secrets, "token_urlsafe", lambda size: digest()[:size]),
        patch.object(uuid, "uuid4", same_uuid),
        patch.object(extract_api_client, "uuid4", same_uuid),
    ):
        yield


# --- what is recorded ------------------------------------------------------------------------------------------------


def _abbyy(call: Call, wait_an_hour: Callable[[], None], _documents: str) -> None:
    file = call("upload_file", name="Façade 7.pdf", content=_CONTENT, media_type="application/pdf")
    link = {"id": file.id, "token": file.token}
    call("file_info", file=link)
    call("download_file", file=link)
    properties = {"region": "EU", "export_format": "Json", "verification_type": "NoVerification"}
    invoices = call("capture_invoices", files=[link], properties=properties)
    call("capture_documents", files=[link], properties={**properties, "verification_type": "UserVerification"})
    call("task", task_id=invoices.id)
    wait_an_hour()
    done = call("task", task_id=invoices.id)
    target = done.documents[0].files["target0"]
    call("download_file", file={"id": target.id, "token": target.token})
    unit = {"region": "EU", "external_id": "U 7ö", "name": ["Muster GmbH", "Muster"], "city": ["Köln"]}
    vendor = {"region": "EU", "external_id": "V 7", "name": ["Façade + Söhne"], "iban": ["DE00999900000000000007"]}
    _data_set(call, "business_unit", "units", unit)
    _data_set(call, "vendor", "vendors", vendor)
    training = call("start_training", body={"taskId": invoices.id})
    call("update_training", body={**training, "note": "ready"})
    call("training_layout", task_id=invoices.id, file_id=target.id)
    call("open_training_station", task_id=invoices.id, body={"invoice_number": "2026-7"})
    call("update_training_station", task_id=invoices.id, body={"invoice_number": "2026-8"})
    call("training_batch", region="EU")
    call("delete_file", file=link)
    call("delete_task", task_id=invoices.id)


def _data_set(call: Call, one: str, parameter: str, entry: Mapping[str, Any]) -> None:
    call(f"add_{one}s", **{parameter: [entry]})
    call(f"update_{one}s", **{parameter: [{**entry, "zip": ["50667"]}]})
    call(f"{one}s", region="EU", skip=0, take=100)
    call(f"{one}s", region="EU", external_id=entry["external_id"])
    call(f"delete_{one}", region="EU", external_id=entry["external_id"])
    call(f"delete_{one}s", region="EU")


def _extract_api(call: Call, wait_an_hour: Callable[[], None], _documents: str) -> None:
    first = call("parse", document=_CONTENT, file_name="Façade 7.pdf")
    wait_an_hour()
    webhook = "https://hooks.example/done"
    second = call("parse", document=_CONTENT, file_name="again.pdf", webhook_url=webhook)
    call("get_results", document_ids=[first.document_id, second.document_id, 4711])
    call("get_result", document_id=first.document_id)
    call("get_result", document_id=second.document_id)
    tax = {"amount": 100.0, "tax_amount": 21.0, "tax_amount_type": "percent", "tax_price_include": False}
    line = {
        "description": "Façade",
        "quantity": 2.0,
        "unit_price": 50.0,
        "product": "F-7",
        "taxes_amount": 21.0,
        "taxes": [{"amount": 21.0, "type": "percent", "price_include": False}],
        "subtotal": 100.0,
        "total": 121.0,
    }
    values = {
        "merged_lines": False,
        "swift_code": {"content": "XQZVBE99"},
        "date": {"content": "2026-01-15 00:00:00"},
        "global_taxes": {"content": [tax]},
        "total": {"content": 121.0},
        "invoice_lines": {"lines": [line]},
    }
    call("validate", document_id=first.document_id, values=values)


def _ocr_job(call: Call, wait_an_hour: Callable[[], None], documents: str) -> None:
    wanted = {
        "job_number": "01KN1W7MG0AYEVZ1JH1T0R8VT6",
        "document_name": "Façade 7.pdf",
        "document_url": f"{documents}/Fa%C3%A7ade%207.pdf?X-Amz-Expires=3600",
        "document_type": "pdf",
        "template": "invoices",
    }
    job = call("create_job", job=wanted)
    call("get_job", job_id=job.job_id)
    call("update_job", job_id=job.job_id, job={**wanted, "priority": "high", "metadata": {"entity": "7"}})
    call("process_job", job_id=job.job_id)
    call("list_jobs", filter={"jobNumber": wanted["job_number"]}, limit=100)
    wait_an_hour()
    call("list_jobs", limit=10, offset=0, sort="createdAt", order="asc", search="Façade", filter={"_id": job.job_id})
    call("get_job", job_id=job.job_id)
    call("get_results", job_id=job.job_id)
    call("delete_job", job_id=job.job_id)


CALLS: Mapping[str, Callable[[Call, Callable[[], None], str], None]] = MappingProxyType(
    {"abbyy": _abbyy, "extract_api": _extract_api, "ocr_job": _ocr_job}
)

if __name__ == "__main__":
    main()
