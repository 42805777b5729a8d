"""What every implementation of the key store must do. Subclasses offer the fixture ``keys``."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from invoice_capture.domain.api_key import ApiKey, digest_of

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


def a_key(key_id: str = "aaaabbbbcccc", secret: str = "the key's text") -> ApiKey:
    return ApiKey(
        key_id=key_id,
        client="acme",
        scopes=frozenset({"all"}),
        digest=digest_of(secret),
        usage_identifier="usage-identifier-0001",
        created_at=NOW,
        label="Büro 1",
    )


class KeysContract:
    def test_a_key_is_found_as_it_was_added(self, keys: Any) -> None:
        assert keys.add(a_key())
        assert keys.get("aaaabbbbcccc") == a_key()
        assert keys.get("ccccbbbbaaaa") is None

    def test_a_key_without_scopes_and_label_stays_without(self, keys: Any) -> None:
        plain = replace(a_key(), scopes=frozenset(), label=None)
        assert keys.add(plain)
        assert keys.get(plain.key_id) == plain

    def test_no_key_takes_the_place_of_another(self, keys: Any) -> None:
        assert keys.add(a_key())
        assert not keys.add(a_key(secret="another text"))
        assert keys.get("aaaabbbbcccc") == a_key()

    def test_adding_again_after_a_lost_answer_is_fine(self, keys: Any) -> None:
        assert keys.add(a_key())
        assert keys.add(a_key())
        assert list(keys.all()) == [a_key()]

    def test_all_keys_are_listed(self, keys: Any) -> None:
        assert list(keys.all()) == []
        names = {f"aaaabbbbccc{letter}" for letter in "abc"}
        for name in names:
            keys.add(a_key(name))
        keys.revoke("aaaabbbbccca", NOW)
        assert {key.key_id for key in keys.all()} == names

    def test_revoking_keeps_the_first_time(self, keys: Any) -> None:
        keys.add(a_key())
        assert keys.revoke("aaaabbbbcccc", NOW)
        assert keys.revoke("aaaabbbbcccc", NOW + timedelta(days=1))
        assert keys.get("aaaabbbbcccc") == replace(a_key(), revoked_at=NOW)

    def test_adding_again_does_not_bring_a_revoked_key_back(self, keys: Any) -> None:
        keys.add(a_key())
        keys.revoke("aaaabbbbcccc", NOW)
        assert not keys.add(a_key())
        assert keys.get("aaaabbbbcccc").revoked_at == NOW

    def test_an_unknown_key_cannot_be_revoked_and_does_not_appear(self, keys: Any) -> None:
        assert not keys.revoke("aaaabbbbcccc", NOW)
        assert keys.get("aaaabbbbcccc") is None
        assert list(keys.all()) == []
