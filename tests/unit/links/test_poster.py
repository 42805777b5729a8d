"""Webhooks leave by the same guarded way by which documents come, and no receiver can hold anybody up."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from invoice_capture.domain.errors import LinkBroken, LinkError, LinkForbidden, LinkUnanswered
from invoice_capture.links.poster import LinkPoster
from invoice_capture.ports import Answer
from tests.fakes import receiver
from tests.fakes.receiver import Handler, Receiver, Said, receiving

BODY = b'{"type":"webhook.test"}'


def post(to: Receiver, seconds: float = 5.0) -> Answer:
    poster = LinkPoster(trusted_origins=frozenset({to.origin}), seconds=seconds)
    return poster.post(f"{to.origin}/hook?token=s3cret", {"webhook-id": "msg_1"}, BODY)


def test_what_is_sent_is_what_comes() -> None:
    with receiving(202) as told:
        assert post(told) == Answer(202)
    [request] = told.received
    assert (request.path, request.body) == ("/hook?token=s3cret", BODY)
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == "msg_1"


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with receiving(204) as elsewhere, receiving(lambda handler: handler.answer(307, Location=elsewhere.origin)) as told:
        assert post(told) == Answer(307)
    assert elsewhere.received == []


def test_a_redirect_to_credentials_of_the_cloud_is_not_followed() -> None:
    with receiving(receiver.redirect_to_metadata) as told:
        assert post(told) == Answer(307)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (receiver.hang, LinkUnanswered),
        (receiver.reset, LinkUnanswered),
        (receiver.no_http, LinkBroken),
        (receiver.endless_head, LinkBroken),
    ],
)
def test_no_answer_is_a_failure_in_time(said: Said, error: type[LinkError]) -> None:
    with receiving(said) as told:
        began_at = time.monotonic()
        with pytest.raises(error) as failure:
            post(told, seconds=0.5)
        assert time.monotonic() - began_at < 5
    assert "s3cret" not in str(failure.value)
    assert "127.0.0.1" not in str(failure.value)


def test_the_body_of_an_answer_is_not_waited_for() -> None:
    with receiving(receiver.slow_body) as told:
        began_at = time.monotonic()
        assert post(told).status == 200
        assert time.monotonic() - began_at < 2


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("9" * 400, 24 * 3600),
        ("-1", 0),
        ("soon", 0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 24 * 3600),
    ],
)
def test_how_long_a_receiver_wants_to_be_left_alone(said: str, seconds: float) -> None:
    def busy(handler: Handler) -> None:
        handler.answer(429, Retry_After=said)

    with receiving(busy) as told:
        assert post(told) == Answer(429, timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("url", "addresses"),
    [
        ("https://internal.example/hook", ["10.0.0.5"]),
        ("https://both.example/hook", ["93.184.215.14", "169.254.169.254"]),
        ("https://169.254.169.254/latest/meta-data/", []),
        ("https://[::1]/hook", []),
        ("http://public.example/hook", ["93.184.215.14"]),
        ("https://user:password@public.example/", ["93.184.215.14"]),
        ("file:///etc/passwd", []),
        ("https://0x7f000001/", []),
    ],
)
def test_nothing_is_sent_into_a_private_network_or_without_encryption(url: str, addresses: list[str]) -> None:
    connected: list[str] = []

    def connect(address: str, _port: int, _seconds: float) -> None:
        connected.append(address)

    poster = LinkPoster(resolve=lambda _name: addresses, connect=connect)  # type: ignore[arg-type]
    with pytest.raises(LinkForbidden):
        poster.post(url, {}, BODY)
    assert connected == []


def test_a_host_that_is_not_there() -> None:
    import socket

    def resolve(_name: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(LinkBroken, match="no host of its name"):
        LinkPoster(resolve=resolve).post("https://gone.example/hook", {}, BODY)
