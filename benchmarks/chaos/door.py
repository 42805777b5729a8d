"""What comes to a provider's door: which requests cost money, and what was done to whom.

A simulator's books have what it took. Whether a request may have been taken, from where its client stands, is written
down here, between the wire and the simulator; so is every fault of a script, by name, and who suffered from it.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from werkzeug.wrappers import Request, Response

from benchmarks.chaos.books import Spending
from benchmarks.chaos.judge import ABOUT_ANOTHER, FAILED, LINK_DIED, ONE_REFERENCE, POISONED, UNKNOWN_STATUS
from local_stack.simulators import Simulator
from local_stack.simulators.answers import Refused
from local_stack.simulators.documents import AcceptedDocument
from local_stack.simulators.script import Fault

SPENDING: Mapping[str, str] = MappingProxyType(
    {"abbyy": "capture_invoices", "extract_api": "parse", "ocr_job": "process_job"}
)
CHECKING: Mapping[str, str] = MappingProxyType({"abbyy": "task", "extract_api": "get_results", "ocr_job": "list_jobs"})
REFERENCING: Mapping[str, str] = MappingProxyType({**SPENDING, "ocr_job": "create_job"})
"""The operation whose answer has the reference by which a document is asked about."""
SPENT, NOT_SPENT = "when it is charged", "elsewhere"
_Responding = Callable[..., Response]
_Deciding = Callable[..., bool]
_PAGES_OF_REFUSAL = frozenset({302, 403, 404, 503})


def effect_of(fault: Fault) -> str:
    """The name of a fault in the books."""
    after = "charged, then " if fault.charged else ""
    if fault.page is not None:
        return f"{after}page {fault.page}"
    if fault.status is not None:
        return f"{after}status {fault.status}"
    if fault.body is not None:
        return {"truncated": "half an answer"}.get(fault.body, f"{fault.body} answer")
    names = {
        "hang_seconds": "silence",
        "reset": "reset before reading",
        "lose_answer": "answer lost",
        "break_tls": "TLS breaks in the answer",
        "another_id": ABOUT_ANOTHER,
        "repeat_id": ONE_REFERENCE,
        "code": f"status code {fault.code}",
    }
    return next(name for field, name in names.items() if getattr(fault, field) is not None)


def _refuses_for_certain(fault: Fault) -> bool:
    if fault.comes_after_work or fault.reset or fault.hang_seconds is not None:
        return False
    if fault.page is not None:
        return fault.page in _PAGES_OF_REFUSAL
    if fault.status is not None:
        return fault.status < 500 or (fault.status == 503 and fault.retry_after is not None)
    return fault.code is not None


class Door:
    """Watches one simulator from now on; for as long as that lives."""

    def __init__(self, simulator: Simulator) -> None:
        self.spending: list[Spending] = []
        self.injected: Counter[str] = Counter()
        self.fates: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._simulator = simulator
        self._name = simulator.name
        self._lock = threading.Lock()
        self._struck = threading.local()
        self._watch()

    def book(self, name: str) -> None:
        with self._lock:
            self.injected[name] += 1

    def _watch(self) -> None:
        simulator: Any = self._simulator
        respond: _Responding = simulator._respond
        struck_by: _Responding = simulator._struck_by
        maintenance: _Responding = simulator.maintenance
        is_within: _Deciding = simulator._is_within
        is_shown: _Deciding = simulator.is_shown
        shows_finished: _Deciding = simulator.shows_finished
        spoken = simulator.spoken

        def watched_respond(operation: str, request: Request, values: Mapping[str, str]) -> Response:
            if simulator.script.link is not None:
                self.book("slow link")
            if operation != SPENDING[self._name]:
                return respond(operation, request, values)
            return self._spent(operation, request, values, respond)

        def watched_struck_by(fault: Fault, operation: str, request: Request, values: Mapping[str, str]) -> Response:
            self._struck.fault = fault
            where = SPENT if operation == SPENDING[self._name] else NOT_SPENT
            self.book(ONE_REFERENCE if fault.repeat_id else f"{effect_of(fault)}, {where}")
            response = struck_by(fault, operation, request, values)
            if fault.repeat_id:
                self._holders_of(operation, request, values, response)
            return response

        def watched_is_within(limit: Any) -> bool:
            within = is_within(limit)
            if not within:
                self.book("rate limit")
            return within

        def watched_is_shown(key: str, document: AcceptedDocument) -> bool:
            try:
                shown = is_shown(key, document)
            except Refused:
                self._suffers(document, POISONED)
                raise
            if not shown:
                self.book("new document unknown")
            return shown

        def watched_spoken(status: Any, document: AcceptedDocument) -> Any:
            said = spoken(status, document)
            if said != status:
                self._suffers(document, UNKNOWN_STATUS)
            return said

        def watched_maintenance(operation: str, request: Request) -> Response:
            self.book("maintenance")
            return maintenance(operation, request)

        def watched_shows_finished(key: str, ready_at: datetime) -> bool:
            shown = shows_finished(key, ready_at)
            if not shown and simulator.clock.now() >= ready_at:
                self.book("finished, and not said so")
            return shown

        simulator._respond, simulator._struck_by, simulator._is_within = (
            watched_respond,
            watched_struck_by,
            watched_is_within,
        )
        simulator.is_shown, simulator.spoken, simulator.maintenance = (
            watched_is_shown,
            watched_spoken,
            watched_maintenance,
        )
        simulator.shows_finished = watched_shows_finished
        if self._name == "ocr_job":
            self._watch_links(simulator)

    def _watch_links(self, simulator: Any) -> None:
        error_of: Callable[..., str | None] = simulator._error_of

        def watched(run: Any) -> str | None:
            if run.error is not None:
                self.fates[self._name, run.document.name].add(LINK_DIED)
            return error_of(run)

        simulator._error_of = watched

    def _spent(self, operation: str, request: Request, values: Mapping[str, str], respond: _Responding) -> Response:
        document = self._document_of(request, values)
        before = self._simulator.submissions_of(document)
        self._struck.fault = None
        try:
            return respond(operation, request, values)
        finally:
            fault = self._struck.fault
            is_taken = self._simulator.submissions_of(document) > before
            is_clear = fault is None or fault.repeat_id is not None or _refuses_for_certain(fault)
            entry = Spending(
                self._name,
                document,
                may_be_taken=is_taken or not is_clear,
                is_clear=is_clear,
                effect="" if fault is None else effect_of(fault),
            )
            with self._lock:
                self.spending.append(entry)

    def _suffers(self, document: AcceptedDocument, fate: str) -> None:
        self.book(fate)
        with self._lock:
            self.fates[self._name, document.name].add(fate)

    def _holders_of(self, operation: str, request: Request, values: Mapping[str, str], response: Response) -> None:
        """The document that was to have a reference of its own, and the one that has it."""
        if operation != REFERENCING[self._name]:
            return
        simulator: Any = self._simulator
        told: Any = response.get_json()
        if self._name == "abbyy":
            names = [self._document_of(request, values), simulator._tasks[told["id"]].documents[0].accepted.name]
        elif self._name == "extract_api":
            held = simulator._documents[told["result"]["document_id"]].accepted
            names = [self._document_of(request, values), held.name]
        else:
            names = [told["data"]["documentName"], simulator._jobs[told["data"]["_id"]].given["documentName"]]
        with self._lock:
            for name in names:
                self.fates[self._name, name].add(ONE_REFERENCE)

    def _document_of(self, request: Request, values: Mapping[str, str]) -> str:
        simulator: Any = self._simulator
        if self._name == "abbyy":
            [link] = request.get_json()["files"]
            return str(simulator._files.get(link["id"], link["token"]).name)
        if self._name == "extract_api":
            [name] = request.get_json()["params"]["file_names"]
            return str(name)
        return str(simulator._jobs[values["job_id"]].given["documentName"])

    def fates_of(self) -> dict[tuple[str, str], frozenset[str]]:
        """By provider and document; those that the script had fail included."""
        for document in self._simulator.accepted:
            if document.fails:
                self._suffers(document, FAILED)
        return {key: frozenset(fates) for key, fates in self.fates.items()}
