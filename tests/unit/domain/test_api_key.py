"""A key is opened by its exact text and by nothing else."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from invoice_capture.domain.api_key import NO_DIGEST, RANDOM_BYTES, ApiKey, compose, digest_of, matches, parse
from invoice_capture.domain.client import CLIENT_NAME, KeyRefused, Principal, require_client

RANDOMNESS = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)
KEY_ID, TEXT = compose(bytes(range(RANDOM_BYTES)))


@given(RANDOMNESS)
def test_a_key_has_the_form_that_is_documented(randomness: bytes) -> None:
    key_id, text = compose(randomness)
    assert re.fullmatch(r"ick_[a-z2-7]{12}_[A-Za-z0-9_-]{43}", text)
    assert parse(text) == key_id == text[4:16]


@given(RANDOMNESS, st.integers(0, RANDOM_BYTES * 8 - 1))
def test_every_bit_of_the_secret_counts_and_the_id_keeps_sixty(randomness: bytes, place: int) -> None:
    number = int.from_bytes(randomness, "big") ^ (1 << place)
    other = compose(number.to_bytes(RANDOM_BYTES, "big"))
    # 8 bytes have 4 bits more than 12 characters of base 32 hold.
    is_beyond_the_id = 256 <= place < 260
    assert (other == compose(randomness)) == is_beyond_the_id


@pytest.mark.parametrize("length", [0, RANDOM_BYTES - 1, RANDOM_BYTES + 1])
def test_a_key_is_never_made_of_less(length: int) -> None:
    with pytest.raises(ValueError, match=f"not of {length}"):
        compose(bytes(length))


ANYTHING = st.one_of(
    st.text(),
    st.text(st.characters(codec=None)),
    st.binary(),
    st.none(),
    st.integers(),
    st.lists(st.text()),
    st.from_regex(r"ick_[a-z2-7]{11,13}_[A-Za-z0-9_-]{42,44}"),
)


@given(ANYTHING)
@example("\ud800")
@example(TEXT + "\n")
def test_anything_may_be_parsed(text: object) -> None:
    key_id = parse(text)
    assert key_id is None or (isinstance(text, str) and text.startswith(f"ick_{key_id}_") and len(text) == 60)


@pytest.mark.parametrize(
    "text",
    [
        "",
        KEY_ID,
        TEXT[:-1],
        TEXT + "A",
        TEXT + "=",
        TEXT + "\n",
        " " + TEXT,
        TEXT.upper(),
        TEXT.replace("ick_", "ICK_"),
        TEXT.replace("_", "-"),
        TEXT.replace(KEY_ID, "aaaaaaaa1111"),
        TEXT.replace(KEY_ID, "aaaaaaaaaaaé"),
        f"{TEXT},{TEXT}",
        TEXT[:-1] + "٣",
    ],
)
def test_what_is_nearly_a_key_is_none(text: str) -> None:
    assert parse(TEXT) == KEY_ID
    assert parse(text) is None


@given(st.one_of(st.text(), st.text(st.characters(codec=None)), RANDOMNESS.map(lambda random: compose(random)[1])))
@example(TEXT[:-1] + "A")
@example("\ud800")
def test_only_the_exact_key_verifies(text: str) -> None:
    assert matches(TEXT, digest_of(TEXT))
    assert matches(text, digest_of(TEXT)) == (text == TEXT)


@given(st.integers(0, len(TEXT) - 1), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_key_with_one_other_character_does_not_verify(place: int, character: str) -> None:
    text = TEXT[:place] + character + TEXT[place + 1 :]
    assert matches(text, digest_of(TEXT)) == (text == TEXT)


def test_the_digest_is_the_sha_256_of_the_whole_key() -> None:
    assert digest_of(TEXT) == hashlib.sha256(TEXT.encode()).hexdigest()
    assert len(NO_DIGEST) == len(digest_of(TEXT))


def test_a_key_that_is_printed_tells_nothing_that_opens_anything() -> None:
    key = ApiKey(KEY_ID, "acme", frozenset(), digest_of(TEXT), "usage-identifier", datetime(2026, 1, 1, tzinfo=UTC))
    assert KEY_ID in repr(key)
    assert digest_of(TEXT) not in repr(key)
    assert "usage-identifier" not in repr(key)
    assert key.principal == Principal("acme", frozenset())


# --- clients ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "0", "acme", "acme-2", "a--", "a" * 63])
def test_names_of_clients(name: str) -> None:
    assert require_client(name, []) == Principal(name, frozenset())
    assert not require_client(name, []).sees_all
    assert require_client(name, ["all", "all"]).sees_all


@pytest.mark.parametrize(
    "name", ["", "-a", "Acme", "a b", "a/b", "a#b", "a_b", "..", "a.b", "é", "a\n", "a" * 64, "²", "٣"]
)
def test_names_that_would_break_a_key_are_refused(name: str) -> None:
    with pytest.raises(KeyRefused, match="lower-case letters, digits and hyphens"):
        require_client(name, [])


@given(st.text(max_size=70))
def test_a_name_that_is_taken_is_harmless_in_keys(name: str) -> None:
    if CLIENT_NAME.fullmatch(name):
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert 0 < len(name) < 64


@pytest.mark.parametrize("scope", ["ALL", "", "read", "all "])
def test_a_scope_that_does_not_exist_is_named(scope: str) -> None:
    with pytest.raises(KeyRefused, match=f"no scope {scope!r}; there is all"):
        require_client("acme", ["all", scope])
