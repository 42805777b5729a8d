"""Keys are shown once, listed without their secret, and revoked for good."""

from __future__ import annotations

import pytest

from invoice_capture.domain.api_key import digest_of, parse
from invoice_capture.domain.client import KeyRefused, Unauthorized
from invoice_capture.use_cases.client.manage_keys import ManageKeys
from invoice_capture.use_cases.steps.authorize_request import AuthorizationRequest, AuthorizeRequest
from tests.fakes.keys import MemoryKeyStore, MemoryUsagePlans
from tests.fakes.world import START, ManualClock


class Desk:
    """Keys, and who manages them."""

    def __init__(self) -> None:
        self.keys = MemoryKeyStore()
        self.plans = MemoryUsagePlans()
        self.clock = ManualClock()
        self.manage = ManageKeys(self.keys, self.plans, self.clock)

    def client_of(self, text: str) -> str:
        request = AuthorizationRequest({"api-key": text}, "arn/stage/GET/x")
        return AuthorizeRequest(self.keys)(request).principal.client


def test_a_new_key_opens_the_api_for_its_client() -> None:
    desk = Desk()
    key, text = desk.manage.create("acme", ["all"], "Büro 1")
    assert parse(text) == key.key_id
    assert (key.client, key.scopes, key.label, key.created_at) == ("acme", frozenset({"all"}), "Büro 1", START)
    assert key.digest == digest_of(text)
    assert desk.client_of(text) == "acme"


def test_nothing_that_is_kept_holds_the_text_of_a_key() -> None:
    desk = Desk()
    key, text = desk.manage.create("acme")
    secret = text.removeprefix(f"ick_{key.key_id}_")
    assert secret not in str([vars(stored) for stored in desk.keys.keys.values()])


def test_no_two_keys_are_alike() -> None:
    desk = Desk()
    made = [desk.manage.create("acme") for _ in range(200)]
    assert len({text for _, text in made}) == len({key.key_id for key, _ in made}) == 200


def test_a_client_is_enrolled_once_however_many_keys_it_has() -> None:
    desk = Desk()
    first, second, other = (desk.manage.create(client)[0] for client in ("acme", "acme", "bauer"))
    assert first.usage_identifier == second.usage_identifier != other.usage_identifier
    assert list(desk.plans.enrolled) == ["acme", "bauer"]


def test_a_key_whose_id_is_taken_is_made_anew() -> None:
    desk = Desk()
    # The same id with another secret, and then something else.
    randomness = iter([bytes(40), bytes(39) + b"\1", bytes(range(40))])
    manage = ManageKeys(desk.keys, desk.plans, desk.clock, entropy=lambda count: next(randomness)[:count])
    first, first_text = manage.create("acme")
    second, second_text = manage.create("bauer")
    assert first.key_id != second.key_id
    assert desk.client_of(first_text) == "acme"
    assert desk.client_of(second_text) == "bauer"


@pytest.mark.parametrize(
    ("client", "scopes", "label"),
    [
        ("Acme GmbH", [], None),
        ("acme", ["everything"], None),
        ("acme", [], ""),
        ("acme", [], "two\nlines"),
        ("acme", [], "\x1b[2J"),
        ("acme", [], "x" * 101),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(client: str, scopes: list[str], label: str | None) -> None:
    desk = Desk()
    with pytest.raises(KeyRefused):
        desk.manage.create(client, scopes, label)
    assert desk.keys.keys == {}
    assert desk.plans.enrolled == {}


def test_keys_are_listed_the_oldest_first_and_revoked_ones_stay() -> None:
    desk = Desk()
    assert list(desk.manage.list()) == []
    made = []
    for client in ("zoll", "acme", "mueller"):
        made.append(desk.manage.create(client)[0].key_id)
        desk.clock.forward(60)
    desk.manage.revoke(made[1])
    listed = desk.manage.list()
    assert [key.key_id for key in listed] == made
    assert [key.revoked_at for key in listed] == [None, desk.clock.now(), None]


def test_a_revoked_key_opens_nothing_and_the_others_go_on() -> None:
    desk = Desk()
    key, text = desk.manage.create("acme")
    _, other = desk.manage.create("acme")
    desk.manage.revoke(key.key_id)
    with pytest.raises(Unauthorized):
        desk.client_of(text)
    assert desk.client_of(other) == "acme"


def test_revoking_again_keeps_the_first_time() -> None:
    desk = Desk()
    key, _ = desk.manage.create("acme")
    desk.manage.revoke(key.key_id)
    desk.clock.forward(3600)
    desk.manage.revoke(key.key_id)
    assert desk.manage.list()[0].revoked_at == START


def test_a_whole_key_can_be_given_to_revoke_it() -> None:
    desk = Desk()
    key, text = desk.manage.create("acme")
    desk.manage.revoke(text)
    assert desk.keys.keys[key.key_id].revoked_at == START


def test_an_unknown_key_is_said_to_be_without_quoting_it() -> None:
    desk = Desk()
    _, text = desk.manage.create("acme")
    with pytest.raises(KeyRefused, match="no key of this id") as caught:
        desk.manage.revoke(text + "x")
    assert text[:16] not in str(caught.value)
