"""AWS failures become ours where a repeat may help, and stay what they are where it cannot."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from invoice_capture.aws.clients import Clients, calling, error_code
from invoice_capture.aws.items import from_attributes, moment, to_attributes
from invoice_capture.aws.provider_settings import SecretSettings
from invoice_capture.domain.errors import SettingMissing, StoreUnavailable
from invoice_capture.domain.timestamps import timestamp
from invoice_capture.wiring import Application

JSON = st.recursive(
    st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(-1e9, 1e9).map(lambda x: round(x, 6))
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=9), JSON, max_size=5))
def test_attribute_values_read_back_as_the_same_values(values: dict) -> None:
    assert from_attributes(to_attributes(values)) == values


@given(st.datetimes(timezones=st.timezones()))
def test_timestamps_are_utc_with_milliseconds_and_sort_by_time(at) -> None:
    text = timestamp(at)
    assert len(text) == 24
    assert text.endswith("Z")
    assert abs((moment(text) - at).total_seconds()) < 0.001


@pytest.mark.parametrize(
    "code", ["ThrottlingException", "ProvisionedThroughputExceededException", "SlowDown", "InternalServerError"]
)
def test_throttling_and_outages_may_be_repeated(code: str) -> None:
    with pytest.raises(StoreUnavailable, match=code), calling("DynamoDB"):
        raise ClientError({"Error": {"Code": code}}, "PutItem")


def test_a_lost_connection_may_be_repeated() -> None:
    with pytest.raises(StoreUnavailable, match="S3 could not be reached"), calling("S3"):
        raise EndpointConnectionError(endpoint_url="https://example.com")


def test_a_missing_permission_stays_what_it_is() -> None:
    with pytest.raises(ClientError) as caught, calling("S3"):
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")
    assert error_code(caught.value) == "AccessDenied"
    assert error_code(ValueError()) == ""


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield Clients()


def test_provider_settings_are_the_secrets_keys_as_text(clients: Clients) -> None:
    written = {"key": "k", "rate": 2, "discard": False, "group": None, "user_infos": {"user_lang": "fr_FR"}}
    clients.secretsmanager.create_secret(Name="stack/providers/paid", SecretString=json.dumps(written))
    assert SecretSettings(clients, "stack/providers/").of("paid") == {
        "key": "k",
        "rate": "2",
        "discard": "false",
        "user_infos": '{"user_lang": "fr_FR"}',
    }


@pytest.mark.parametrize("secret", ["no json", "[1]", '"text"'])
def test_a_secret_that_is_no_object_is_named_and_not_shown(clients: Clients, secret: str) -> None:
    clients.secretsmanager.create_secret(Name="stack/providers/paid", SecretString=secret)
    with pytest.raises(SettingMissing, match="stack/providers/paid") as caught:
        SecretSettings(clients, "stack/providers/").of("paid")
    assert secret not in str(caught.value)


def test_a_secret_that_is_not_there_has_no_settings(clients: Clients) -> None:
    assert SecretSettings(clients, "stack/providers/").of("paid") == {}


def test_a_secret_is_kept_until_it_is_forgotten(clients: Clients) -> None:
    secrets, settings = clients.secretsmanager, SecretSettings(clients, "stack/providers/")
    for name in ("paid", "other"):
        secrets.create_secret(Name=f"stack/providers/{name}", SecretString='{"key": "old"}')
        assert settings.of(name) == {"key": "old"}
        secrets.put_secret_value(SecretId=f"stack/providers/{name}", SecretString='{"key": "new"}')
    settings.forget("paid")
    assert settings.of("paid") == {"key": "new"}
    assert settings.of("other") == {"key": "old"}
    secrets.put_secret_value(SecretId="stack/providers/paid", SecretString='{"key": "newer"}')
    assert settings.of("paid") == {"key": "new"}, "what was read again is kept again"


def test_a_provider_whose_settings_were_forgotten_is_another_one_if_they_changed(clients: Clients) -> None:
    secrets = clients.secretsmanager
    secrets.create_secret(Name="stack/providers/ocr_job", SecretString='{"api_key": "old"}')
    environment = {"PROVIDER_SECRET_PREFIX": "stack/providers/", "DOCUMENTS_BUCKET": "documents"}
    providers = Application(environment).adapters.providers
    providers.forget("ocr_job")
    old = providers.get("ocr_job")
    providers.forget("ocr_job")
    assert providers.get("ocr_job") is old
    secrets.put_secret_value(SecretId="stack/providers/ocr_job", SecretString='{"api_key": "new"}')
    assert providers.get("ocr_job") is old
    providers.forget("ocr_job")
    assert providers.get("ocr_job").setting("api_key") == "new"  # type: ignore[attr-defined]
