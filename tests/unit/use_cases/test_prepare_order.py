"""Orders: a URL leads to a document of the client's own or is refused, and a template chooses the providers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.api_errors import InvalidRequest
from invoice_capture.domain.client import Principal
from invoice_capture.domain.document import client_of_key
from tests.fakes.stores import BUCKET
from tests.unit.use_cases.client_world import ACME, EVIL, OPS, ClientWorld, an_order


def document_of(url: str, principal: Principal = ACME, world: ClientWorld | None = None):
    order = an_order(document_url=url, client=principal.client)
    return (world or ClientWorld()).prepare.document(order, principal, "JOB")


@pytest.mark.parametrize("url", ["https://files.example/a.pdf?x=1#y", "HTTPS://files.example/a.pdf", "https:x"])
def test_what_is_fetched_will_lie_below_the_clients_own_prefix(url: str) -> None:
    document = document_of(url)
    assert (document.bucket, document.key) == (BUCKET, "documents/acme/JOB/a.pdf")
    assert (document.is_stored, document.version_id, document.size) == (False, None, 0)


@pytest.mark.parametrize(
    "url",
    ["http://files.example/a.pdf", "ftp://x/a", "file:///etc/passwd", "a.pdf", "", " https://x/a", "data:,x", "://"],
)
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(InvalidRequest, match="https://") as refused:
        document_of(url)
    assert refused.value.field == "documentUrl"


def test_http_is_fetched_only_when_it_is_allowed() -> None:
    world = ClientWorld()
    world.prepare = replace(world.prepare, accepts_http_urls=True)
    assert not document_of("http://files.example/a.pdf", world=world).is_stored
    with pytest.raises(InvalidRequest):
        document_of("httpx://files.example/a.pdf", world=world)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("s3://documents/uploads/acme/1/a.pdf", "uploads/acme/1/a.pdf"),
        # What the forms of the previous release answered with.
        ("s3://documents/documents/acme/1/a.pdf", "documents/acme/1/a.pdf"),
        ("S3://documents/documents/acme/1/a.pdf", "documents/acme/1/a.pdf"),
        ("s3://documents/documents/acme/1/a%20b%3F%23%2B+%C3%BC.pdf", "documents/acme/1/a b?#++ü.pdf"),
        ("s3://documents/documents/acme/1/%252e%252e", "documents/acme/1/%2e%2e"),
        ("s3://documents/documents%2Facme%2F1%2Fa.pdf", "documents/acme/1/a.pdf"),
        ("s3://documents/documents/acme/1/...", "documents/acme/1/..."),
    ],
)
def test_what_its_client_uploaded_will_lie_where_the_job_has_it_alone(url: str, key: str) -> None:
    assert an_order(document_url=url).object_key == key
    assert document_of(url).key == "documents/acme/JOB/a.pdf"


@pytest.mark.parametrize(
    "url",
    [
        "s3://documents/documents/acme-evil/1/a.pdf",
        "s3://documents/documents/acm/1/a.pdf",
        "s3://documents/documents/ACME/1/a.pdf",
        "s3://documents/documents/acme",
        "s3://documents/documents/acme/",
        "s3://documents/documents/acme/1/",
        "s3://documents/documents/acme//1/a.pdf",
        "s3://documents/documents//acme/1/a.pdf",
        "s3://documents//documents/acme/1/a.pdf",
        "s3://documents/documents/acme/../acme-evil/1/a.pdf",
        "s3://documents/documents/acme/%2e%2e/acme-evil/1/a.pdf",
        "s3://documents/documents/acme%2F..%2Facme-evil%2F1%2Fa.pdf",
        "s3://documents/documents/acme/./1/a.pdf",
        "s3://documents/uploads/acme-evil/1/a.pdf",
        "s3://documents/uploads/acme",
        "s3://documents/uploads/acme/../acme-evil/1/a.pdf",
        "s3://documents/uploads//acme/1/a.pdf",
        "s3://documents/Uploads/acme/1/a.pdf",
        "s3://documents/upload/acme/1/a.pdf",
        "s3://documents/incoming/a.pdf",
        "s3://documents/incoming/../documents/acme/1/a.pdf",
        "s3://documents/results/JOB/1-paid.json",
        "s3://documents/",
        "s3://documents",
        "s3://",
        "s3:documents/documents/acme/1/a.pdf",
        "s3:/documents/documents/acme/1/a.pdf",
        "s3://other/documents/acme/1/a.pdf",
        "s3://documents.evil.example/documents/acme/1/a.pdf",
        "s3://documents@other/documents/acme/1/a.pdf",
        "s3://user@documents/documents/acme/1/a.pdf",
        "s3://documents:80/documents/acme/1/a.pdf",
        "s3://DOCUMENTS/documents/acme/1/a.pdf",
        "s3://[documents/documents/acme/1/a.pdf",
        "s3://documents\u2100/documents/acme/1/a.pdf",
        "s3://documents/documents/acme/1/a.pdf?versionId=3",
        "s3://documents/documents/acme/1/a.pdf#page=2",
        "s3://documents/documents/acme/1/" + "a" * 1100,
        "s3://documents/documents/acme/1/" + "%C3%BC" * 350 + "/" + "a" * 400,
    ],
)
def test_what_is_not_the_clients_own_is_refused_without_telling_it_apart(url: str) -> None:
    with pytest.raises(InvalidRequest, match="names no document of yours") as refused:
        document_of(url)
    assert refused.value.field == "documentUrl"


def test_the_other_client_may_use_just_what_is_its_own() -> None:
    for prefix in ("uploads", "documents"):
        assert document_of(f"s3://documents/{prefix}/acme-evil/1/a.pdf", EVIL).key == "documents/acme-evil/JOB/a.pdf"
        with pytest.raises(InvalidRequest):
            document_of(f"s3://documents/{prefix}/acme/1/a.pdf", EVIL)


@pytest.mark.parametrize("key", ["incoming/a.pdf", "incoming/paid/a.pdf"])
def test_who_sees_all_may_use_what_was_dropped(key: str) -> None:
    assert document_of(f"s3://documents/{key}", OPS).key == key


@pytest.mark.parametrize(
    "key",
    [
        "results/JOB/1-paid.json",
        "documents/a.pdf",
        "incoming/",
        "x/incoming/a.pdf",
        "documents/acme/1/a.pdf",
        "uploads/acme/1/a",
    ],
)
def test_who_sees_all_may_use_nothing_but_documents(key: str) -> None:
    with pytest.raises(InvalidRequest):
        document_of(f"s3://documents/{key}", OPS)


@given(
    st.sampled_from(
        ["s3://documents/uploads/acme/", "s3://documents/documents/acme/", "s3://documents/", "s3:", "https:", ""]
    ),
    st.text(),
)
def test_any_url_is_the_clients_own_or_refused(prefix: str, rest: str) -> None:
    with suppress(InvalidRequest):
        document = document_of(prefix + rest)
        assert client_of_key(document.key) == "acme"
        named = an_order(document_url=prefix + rest).object_key
        assert not named or client_of_key(named) == "acme"
        assert document.bucket == BUCKET
        assert ".." not in document.key.split("/")


@given(st.text(min_size=1, max_size=255))
def test_an_offered_upload_can_be_ordered_by_the_url_it_was_offered_with(name: str) -> None:
    world = ClientWorld()
    upload = world.offer(name)
    assert an_order(document_url=upload.document_url).object_key == upload.form.fields["key"]
    assert not document_of(upload.document_url).is_stored
    assert len(upload.document_url) <= 2048
    with pytest.raises(InvalidRequest):
        document_of(upload.document_url, EVIL)


def test_an_upload_is_offered_for_a_quarter_of_an_hour_within_the_limits() -> None:
    world = ClientWorld()
    upload = world.offer("a.pdf")
    again = world.offer("a.pdf")
    key, media_type, maximum_bytes, seconds = world.documents.offered
    assert (media_type, maximum_bytes, seconds) == ("application/pdf", 1024**2, 900)
    assert (upload.expires_at - world.clock.now()).total_seconds() == seconds
    assert key.startswith("uploads/acme/")
    assert upload.document_url != again.document_url


@pytest.mark.parametrize(
    ("template", "route"),
    [
        ("60f7", ("paid", "embedded")),
        ("paid?,embedded", ("paid?", "embedded")),
        (" paid , embedded ", ("paid", "embedded")),
        ("invoice-standard", ("embedded",)),
        ("", ("embedded",)),
        ("paid,nobody", ("embedded",)),
    ],
)
def test_a_template_chooses_the_route(template: str, route: tuple[str, ...]) -> None:
    assert ClientWorld().prepare.route(an_order(template=template), ACME) == route


def test_a_template_that_is_set_up_goes_before_a_provider_of_its_name() -> None:
    prepare = replace(ClientWorld().prepare, template_routes={"paid": ("embedded",)})
    assert prepare.route(an_order(template="paid"), ACME) == ("embedded",)


@pytest.mark.parametrize(
    "template", ["paid,paid", "paid?,embedded,paid", ",".join(f"paid-{number}" for number in range(6))]
)
def test_a_route_is_short_and_has_each_provider_once(template: str) -> None:
    with pytest.raises(InvalidRequest, match="a route has") as refused:
        ClientWorld().prepare.route(an_order(template=template), ACME)
    assert refused.value.field == "template"
