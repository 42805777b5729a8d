"""Everything that may go wrong at a provider, through the whole pipeline: what becomes of the job, and what it cost."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter

from local_stack.simulators import Script, Simulator
from local_stack.simulators.script import Action, RateLimit
from local_stack.stack import LocalStack
from tests.waiting import wait_until
from tests.workflow.conftest import Stacks
from tests.workflow.observing import announced, finished

INVOICE = Path("samples/documents/dutch_eur_labels_below.pdf").read_bytes()
TWO_PAGES = Path("samples/documents/spanish_eur_two_pages.pdf").read_bytes()
# A busy machine answers in a third of it.
HANG_SECONDS = 6.0


@dataclass(frozen=True)
class Operations:
    """The operations of a contract by what the pipeline uses them for; ``finds``: lost answers can be looked up."""

    first: str
    spending: str
    checking: str
    discarding: str | None
    finds: bool = False


OPERATIONS = {
    "abbyy": Operations("upload_file", "capture_invoices", "task", "delete_task"),
    "extract_api": Operations("parse", "parse", "get_results", None),
    "ocr_job": Operations("create_job", "process_job", "list_jobs", "delete_job", finds=True),
}


@dataclass(frozen=True)
class Scene:
    """A stack with one provider simulated. Below ``alone`` it is the whole route; elsewhere the engine follows."""

    stack: LocalStack
    provider: str

    @property
    def simulator(self) -> Simulator:
        return self.stack.simulators[self.provider]

    @property
    def operations(self) -> Operations:
        return OPERATIONS[self.provider]

    def alone(self, content: bytes = INVOICE, name: str = "invoice.pdf") -> dict[str, Any]:
        """The job of a document that only this provider may read, once it has ended."""
        return self.job(finished(self.stack, self.stack.upload(f"incoming/{self.provider}/{name}", content)))

    def routed(self, content: bytes = INVOICE, name: str = "invoice.pdf") -> dict[str, Any]:
        """The job of a document that the engine may read after this provider."""
        return self.job(finished(self.stack, self.stack.upload(f"incoming/{name}", content)))

    def job(self, job_id: str) -> dict[str, Any]:
        job = self.stack.job(job_id)
        assert len(announced(self.stack, job_id)) == 1, "every job ends in exactly one announcement"
        return job


def staged(stacks: Stacks, provider: str, hours: int = 72) -> Scene:
    stack = stacks.get(
        time_scale=500,
        parameters={"DefaultRoute": f"{provider}?,embedded", "JobDeadlineHours": str(hours)},
        provider_settings={provider: {"timeout_seconds": str(HANG_SECONDS / 3)}},
    )
    return Scene(stack, provider)


@pytest.fixture(params=sorted(OPERATIONS))
def scene(request: pytest.FixtureRequest, stacks: Stacks) -> Scene:
    return staged(stacks, request.param)


def only(*providers: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("scene", providers, indirect=True)


# --- what is tried again  ----------------------------------------

TRANSIENT: list[dict[str, Any]] = [
    {"status": 429, "retry_after": 5},
    {"status": 503, "retry_after": 20},
]
TROUBLE: list[dict[str, Any]] = [{"status": 500, "times": 2}, {"status": 502}]
PAGES: list[dict[str, Any]] = [{"page": 302}, {"page": 503, "times": 2}]


def paid_once(scene: Scene, on: str, fault: dict[str, Any]) -> None:
    scene.simulator.fail(on=on, **fault)
    job = scene.alone()
    assert (job["status"], job.get("possible_double_charge", False)) == ("CAPTURED", False)
    assert len(scene.simulator.accepted) == 1


@pytest.mark.parametrize("fault", TRANSIENT + PAGES, ids=str)
@pytest.mark.parametrize("step", ["first", "spending", "checking"])
def test_what_passes_is_waited_for_and_paid_once(scene: Scene, step: str, fault: dict[str, Any]) -> None:
    paid_once(scene, getattr(scene.operations, step), fault)


@pytest.mark.parametrize("fault", TROUBLE, ids=str)
def test_trouble_with_what_costs_nothing_is_waited_for(scene: Scene, fault: dict[str, Any]) -> None:
    paid_once(scene, scene.operations.checking, fault)


@only("abbyy", "ocr_job")
@pytest.mark.parametrize("fault", TROUBLE, ids=str)
def test_trouble_before_anything_is_charged_is_waited_for(scene: Scene, fault: dict[str, Any]) -> None:
    paid_once(scene, scene.operations.first, fault)


@pytest.mark.parametrize(
    "fault",
    [
        {"reset": True},
        {"hang_seconds": HANG_SECONDS},
        {"lose_answer": True},
        *({"body": body} for body in ("malformed", "truncated", "html", "empty", "oversized")),
    ],
    ids=str,
)
def test_a_check_without_a_usable_answer_is_repeated(scene: Scene, fault: dict[str, Any]) -> None:
    scene.simulator.fail(on=scene.operations.checking, times=2, **fault)
    job = scene.alone()
    assert job["status"] == "CAPTURED"
    assert len(scene.simulator.accepted) == 1


@only("abbyy")
@pytest.mark.parametrize("fault", [{"status": 500}, {"reset": True}, {"body": "truncated"}], ids=str)
def test_a_result_that_cannot_be_fetched_yet_is_fetched_later(scene: Scene, fault: dict[str, Any]) -> None:
    scene.simulator.fail(on="download_file", times=2, **fault)
    assert scene.alone()["status"] == "CAPTURED"
    assert len(scene.simulator.accepted) == 1


def test_maintenance_is_waited_for(scene: Scene) -> None:
    scene.simulator.script.maintenance = True
    upload = scene.stack.upload(f"incoming/{scene.provider}/invoice.pdf", INVOICE)
    wait_until(lambda: sum(scene.simulator.requests.values()) >= 3)
    assert scene.simulator.accepted == []
    scene.simulator.script.maintenance = False
    assert scene.job(finished(scene.stack, upload))["status"] == "CAPTURED"


def test_a_rate_limit_slows_the_provider_down_and_fails_nobody(scene: Scene) -> None:
    scene.simulator.script.rate_limit = RateLimit(requests_per_second=2, retry_after=1)
    uploads = [scene.stack.upload(f"incoming/{scene.provider}/{n}.pdf", INVOICE + b"\n%%%d" % n) for n in range(12)]
    jobs = [scene.job(finished(scene.stack, upload)) for upload in uploads]
    assert {job["status"] for job in jobs} == {"CAPTURED"}
    assert len(scene.simulator.accepted) == 12


# --- lost answers  ----------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"lose_answer": True},
        {"hang_seconds": HANG_SECONDS},
        {"body": "malformed"},
        {"status": 500, "charged": True},
        {"page": 502, "charged": True},
    ],
    ids=str,
)
def test_a_lost_answer_is_looked_up_or_marked(scene: Scene, fault: dict[str, Any]) -> None:
    scene.simulator.fail(on=scene.operations.spending, **fault)
    job = scene.alone()
    assert job["status"] == "CAPTURED"
    assert job.get("possible_double_charge", False) is not scene.operations.finds
    # A request that hung is served, and charged, after we have long gone on.
    wait_until(lambda: len(scene.simulator.accepted) == (1 if scene.operations.finds else 2))


def test_nothing_is_paid_a_third_time(scene: Scene) -> None:
    scene.simulator.fail(on=scene.operations.spending, times=2, lose_answer=True)
    job = scene.alone()
    if scene.operations.finds:
        assert (job["status"], len(scene.simulator.accepted)) == ("CAPTURED", 1)
    else:
        assert (job["status"], job["error_code"]) == ("FAILED", "SubmissionInDoubt")
        assert len(scene.simulator.accepted) == 2
        assert "invoice.pdf" in job["error_message"]


# --- what the next provider takes over at once  ----------------------------------------

REFUSALS: dict[str, dict[str, Any]] = {
    "NoCredit": {"credit": 0},
    "CredentialsRefused": {"faults": {"status": 401}},
    "FormatRefused": {"faults": {"status": 415}},
    "UnreadableDocument": {"faults": {"status": 413}},
    "RequestRefused": {"faults": {"status": 422}},
    "CaptureFailed": {"fail_documents": "forever"},
}


def refusing(scene: Scene, script: dict[str, Any]) -> None:
    for name, value in script.items():
        if name == "faults":
            scene.simulator.fail(on=scene.operations.first, times="forever", **value)
        else:
            setattr(scene.simulator.script, name, value)


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_hands_over_to_the_next_provider_and_ends_the_job_without_one(scene: Scene, code: str) -> None:
    refusing(scene, REFUSALS[code])
    routed = scene.routed()
    assert (routed["status"], routed["provider"]) == ("CAPTURED", "embedded")
    [first, second] = scene.stack.submissions(routed["job_id"])
    assert (first["provider"], first["error_code"], second["provider"]) == (scene.provider, code, "embedded")

    alone = scene.alone(INVOICE + b"\n%", "another.pdf")
    assert (alone["status"], alone["error_code"]) == ("FAILED", code)
    assert "another.pdf" in alone["error_message"]


@only("extract_api")
@pytest.mark.parametrize(
    ("code", "error"), [(3, "NoCredit"), (6, "FormatRefused"), (10, "PasswordProtected"), (11, "TooManyPages")]
)
def test_status_codes_of_the_extract_api_hand_over(scene: Scene, code: int, error: str) -> None:
    scene.simulator.fail(on="parse", times="forever", code=code)
    job = scene.routed()
    assert (job["status"], job["provider"]) == ("CAPTURED", "embedded")
    assert scene.stack.submissions(job["job_id"])[0]["error_code"] == error
    assert scene.simulator.accepted == []


@only("extract_api")
def test_maintenance_by_status_code_is_waited_for(scene: Scene) -> None:
    scene.simulator.fail(on="parse", times=2, code=9)
    scene.simulator.fail(on="get_results", times=2, code=9)
    job = scene.alone()
    assert (job["status"], len(scene.simulator.accepted)) == ("CAPTURED", 1)


def test_too_many_pages_hand_over(scene: Scene) -> None:
    scene.simulator.script.page_limit = 1
    job = scene.routed(TWO_PAGES)
    assert (job["status"], job["provider"]) == ("CAPTURED", "embedded")
    code = scene.stack.submissions(job["job_id"])[0]["error_code"]
    assert code == ("TooManyPages" if scene.provider == "extract_api" else "CaptureFailed")


def test_a_password_fails_at_every_provider_and_says_so(scene: Scene) -> None:
    writer, protected = PdfWriter(PdfReader(io.BytesIO(INVOICE))), io.BytesIO()
    writer.encrypt("a password", algorithm="AES-256")
    writer.write(protected)
    job = scene.routed(protected.getvalue())
    assert (job["status"], job["error_code"]) == ("FAILED", "PasswordProtected")
    code = scene.stack.submissions(job["job_id"])[0]["error_code"]
    assert code == ("PasswordProtected" if scene.provider == "extract_api" else "CaptureFailed")


# --- an outage  ----------------------------------------


def test_in_an_outage_a_route_moves_on_where_it_says_so(scene: Scene) -> None:
    scene.simulator.fail(on="*", times="forever", status=500)
    uploads = [scene.stack.upload(f"incoming/{n}.pdf", INVOICE + b"\n%%%d" % n) for n in range(8)]
    jobs = [scene.job(finished(scene.stack, upload)) for upload in uploads]
    assert {(job["status"], job["provider"]) for job in jobs} == {("CAPTURED", "embedded")}
    assert scene.simulator.accepted == []


def test_in_an_outage_a_route_waits_where_it_does_not(scene: Scene) -> None:
    scene.simulator.fail(on="*", times="forever", status=500)
    uploads = [scene.stack.upload(f"incoming/{scene.provider}/{n}.pdf", INVOICE + b"\n%%%d" % n) for n in range(8)]
    breaker = lambda: scene.stack.rows(f"PROVIDER#{scene.provider}#0").get("BREAKER", {})  # noqa: E731
    wait_until(lambda: breaker().get("failures", 0) >= 6)
    asked = sum(scene.simulator.requests.values())
    # Eight steps may have asked before the breaker was open, and each failure since was a probe.
    assert asked <= 8 + breaker()["failures"], "an open breaker lets only probes through"
    scene.simulator.recover()
    jobs = [scene.job(finished(scene.stack, upload)) for upload in uploads]
    assert {(job["status"], job["provider"]) for job in jobs} == {("CAPTURED", scene.provider)}
    assert len(scene.simulator.accepted) == 8
    assert breaker()["failures"] == 0


# --- what ends with the deadline, or with a person  ----------------------------------------


@pytest.mark.parametrize("provider", OPERATIONS)
def test_what_is_never_ready_ends_with_the_deadline(stacks: Stacks, provider: str) -> None:
    scene = staged(stacks, provider, hours=3)
    scene.simulator.script.not_ready = "forever"
    scene.stack.clock.scale = 20_000
    job = scene.alone()
    assert (job["status"], job["error_code"]) == ("FAILED", "JobDeadlineExceeded")
    assert scene.simulator.requests[scene.operations.checking] < 80, "and is not asked for without end"


@only("abbyy")
def test_a_person_is_told_once_where_to_verify_and_the_job_goes_on_days_later(scene: Scene) -> None:
    scene.simulator.script.action = Action(until="told")
    upload = scene.stack.upload("incoming/abbyy/invoice.pdf", INVOICE)
    wait_until(scene.stack.notifications)
    job_id = scene.stack.job_id_of(upload) or ""
    assert scene.stack.job(job_id)["status"] == "ACTION_REQUIRED"
    # Two days, in steps that leave the loop its time.
    for _ in range(48):
        scene.stack.clock.advance(3600)
    [asked] = scene.stack.notifications(job_id)
    assert asked.message["event"] == "invoice.action_required"
    assert asked.message["action_url"].startswith(f"{scene.simulator.origin}/verification/")

    scene.simulator.finish_verification()
    finished(scene.stack, upload)
    assert scene.stack.job(job_id)["status"] == "CAPTURED"
    assert announced(scene.stack, job_id) == ["invoice.action_required", "invoice.captured"]
    assert "LATENCY" not in scene.stack.rows("PROVIDER#abbyy#0"), "how long a person took is not the provider's pace"


# --- afterwards  ----------------------------------------


def test_the_raw_answer_is_kept_and_the_providers_copy_is_not(scene: Scene) -> None:
    job = scene.alone()
    [submission] = scene.stack.submissions(job["job_id"])
    raw = scene.stack.s3.get_object(Bucket=scene.stack.bucket, Key=submission["result_key"])["Body"].read()
    assert b"26.0093" in raw
    if scene.operations.discarding is not None:
        discarding = scene.operations.discarding
        # By the loop, when the job was told.
        wait_until(lambda: scene.simulator.requests[discarding] == 1)


def test_a_copy_that_cannot_be_deleted_is_no_failure(scene: Scene) -> None:
    if scene.operations.discarding is not None:
        scene.simulator.fail(on=scene.operations.discarding, times="forever", status=500)
    assert scene.alone()["status"] == "CAPTURED"


def test_a_script_begins_anew_with_every_stack(scene: Scene) -> None:
    assert scene.simulator.script == Script()
    assert scene.simulator.accepted == []
