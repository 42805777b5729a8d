"""The embedded engine's answer, or its refusal, reaches the waiting execution."""

from __future__ import annotations

import pytest

from invoice_capture.domain.errors import DocumentMissing, PasswordProtected, ProviderUnavailable, StoreUnavailable
from invoice_capture.domain.submission import SubmissionState
from invoice_capture.ports import Capabilities
from invoice_capture.use_cases.extract_document import ExtractDocument, ExtractRequest
from tests.fakes.world import ServerProvider, World


def extracted(world: World, job, token: str, engine, charges: bool = False) -> None:
    ExtractDocument(
        engine=engine,
        charges=charges,
        documents=world.documents,
        submissions=world.submissions,
        callbacks=world.tokens,
        clock=world.clock,
    )(ExtractRequest(job.job_id, 1, "paid", job.document, token))


@pytest.fixture
def world() -> World:
    return World(ServerProvider(capabilities=Capabilities(calls_back=True, charges=False)))


def test_the_answer_is_kept_and_told(world: World) -> None:
    job = world.receive()
    token = world.submit(job)
    extracted(world, job, token, lambda content: b'{"read": %d}' % len(content))

    key = f"results/{job.job_id}/1-paid.json"
    assert world.documents.results[key] == b'{"read": %d}' % job.document.size
    assert world.tokens.outcomes[token]["result_key"] == key
    assert world.row(job).state is SubmissionState.DONE


def test_a_refusal_is_told_by_name(world: World) -> None:
    def refuse(_content: bytes) -> bytes:
        raise PasswordProtected("locked.pdf needs a password.")

    job = world.receive()
    token = world.submit(job)
    extracted(world, job, token, refuse)
    assert isinstance(world.tokens.outcomes[token], PasswordProtected)
    assert str(world.tokens.outcomes[token]).startswith(f"{job.document.name}: ")
    assert world.row(job).error_code == "PasswordProtected"


def test_a_document_that_was_removed_is_told_by_name(world: World) -> None:
    job = world.receive()
    token = world.submit(job)
    world.documents.objects.clear()
    extracted(world, job, token, lambda content: content)
    assert isinstance(world.tokens.outcomes[token], DocumentMissing)


def test_a_store_that_is_down_tells_nobody_so_that_lambda_repeats(world: World) -> None:
    def down(*_arguments: object) -> str:
        raise StoreUnavailable("S3 did not answer.")

    job = world.receive()
    token = world.submit(job)
    world.documents.write_result = down
    with pytest.raises(StoreUnavailable):
        extracted(world, job, token, lambda content: content)
    assert token in world.tokens.open


def test_a_repeated_invocation_changes_nothing(world: World) -> None:
    job = world.receive()
    token = world.submit(job)
    extracted(world, job, token, lambda _content: b"first")
    extracted(world, job, token, lambda _content: b"second")
    assert len(world.tokens.outcomes) == 1
    assert world.row(job).state is SubmissionState.DONE


def test_an_engine_whose_ocr_is_busy_tells_nobody_so_that_lambda_repeats(world: World) -> None:
    def busy(_content: bytes) -> bytes:
        raise ProviderUnavailable("Textract is busy.")

    job = world.receive()
    token = world.submit(job)
    with pytest.raises(ProviderUnavailable):
        extracted(world, job, token, busy, charges=True)
    assert token in world.tokens.open
    assert not world.row(job).state.is_closed
    extracted(world, job, token, lambda _content: b"read", charges=True)
    assert world.tokens.outcomes[token]["result_key"] == f"results/{job.job_id}/1-paid.json"


def test_what_was_read_for_money_is_not_read_again(world: World) -> None:
    """The first run was ended after it had kept its answer and before it told anyone."""
    job = world.receive()
    token = world.submit(job)
    read = []

    def engine(content: bytes) -> bytes:
        read.append(content)
        return b"{}"

    def ended(*_arguments: object) -> None:
        raise StoreUnavailable("Step Functions did not answer.")

    succeed, world.tokens.succeed = world.tokens.succeed, ended
    with pytest.raises(StoreUnavailable):
        extracted(world, job, token, engine, charges=True)
    world.tokens.succeed = succeed
    extracted(world, job, token, engine, charges=True)
    assert len(read) == 1
    assert world.tokens.outcomes[token]["result_key"] == f"results/{job.job_id}/1-paid.json"
    assert world.row(job).state is SubmissionState.DONE
