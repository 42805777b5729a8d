"""Keys, ids, and how long a message is left that nobody took."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.webhook import (
    GIVEN_UP_AFTER,
    Delivery,
    Endpoint,
    compose_key,
    headers_of,
    key_bytes,
    pause_after,
    targets_of,
)
from tests.verifying import verified

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
SECONDS = st.floats(min_value=0, max_value=2 * GIVEN_UP_AFTER.total_seconds())


@given(SECONDS, SECONDS, st.floats(min_value=0, max_value=1))
def test_a_message_is_left_for_a_while_until_a_day_is_over(elapsed: float, asked_for: float, chance: float) -> None:
    pause = pause_after(timedelta(seconds=elapsed), timedelta(seconds=asked_for), chance)
    left = GIVEN_UP_AFTER - timedelta(seconds=elapsed)
    if left <= timedelta(0):
        assert pause is None
    else:
        assert pause is not None
        assert min(left, timedelta(seconds=5)) <= pause <= min(left, timedelta(hours=6.6))
        # Somebody who asks for less than that gets what he asks for.
        assert pause >= min(left, timedelta(seconds=asked_for), timedelta(hours=6))


@given(st.binary(min_size=24, max_size=64), st.binary(max_size=200).map(lambda text: b'"%s"' % text.hex().encode()))
def test_what_is_signed_by_any_key_is_verified_by_the_reference(randomness: bytes, body: bytes) -> None:
    key = compose_key(randomness)
    assert key_bytes(key) == randomness
    headers = headers_of("msg_1", body, [compose_key(bytes(24)), key], NOW)
    assert verified(key, body, headers, NOW) == body.decode().strip('"')


@pytest.mark.parametrize("late", [timedelta(minutes=6), -timedelta(minutes=6)])
def test_what_is_older_or_newer_than_five_minutes_is_refused_by_the_reference(late: timedelta) -> None:
    key = compose_key(bytes(32))
    headers = headers_of("msg_1", b"{}", [key], NOW)
    with pytest.raises(Exception, match=r"too (old|new)"):
        verified(key, b"{}", headers, NOW + late)


def test_one_changed_letter_is_refused_by_the_reference() -> None:
    key = compose_key(bytes(32))
    headers = headers_of("msg_1", b'{"total": "1.00"}', [key], NOW)
    for body, told in ((b'{"total": "9.00"}', headers), (b'{"total": "1.00"}', {**headers, "webhook-id": "msg_2"})):
        with pytest.raises(Exception, match="No matching signature"):
            verified(key, body, told, NOW)


@pytest.mark.parametrize(
    "key",
    ["", "whsec_", "whsec_AAAA", base64.b64encode(bytes(32)).decode(), "whsec_!" + "A" * 44, compose_key(bytes(65))],
)
def test_what_is_no_key_is_refused_without_being_quoted(key: str) -> None:
    with pytest.raises(ValueError, match="A key is whsec_") as refused:
        key_bytes(key)
    assert not key[6:] or key[6:] not in str(refused.value)


def test_keys_and_urls_are_not_printed() -> None:
    endpoint = Endpoint("https://a.example/token", "whsec_1", "whsec_2", NOW)
    assert "whsec" not in repr(endpoint)
    assert "a.example" not in repr(endpoint)


def test_a_delivery_survives_its_queue() -> None:
    delivery = Delivery("acme", NOW, {"event": "job.cancelled", "job_id": "ä"})
    assert Delivery.from_json(delivery.to_json()) == delivery


def test_only_a_document_below_a_clients_prefix_is_a_clients() -> None:
    for key, wanted in (
        ("documents/acme/job/a.pdf", ["acme", "*"]),
        ("incoming/acme/job/a.pdf", ["*"]),
        ("documents/a.pdf", ["*"]),
    ):
        assert targets_of({"event": "job.cancelled", "document": {"key": key}}) == wanted
