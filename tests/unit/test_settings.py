"""A missing or malformed setting fails with its name, where it is read and never at import."""

from __future__ import annotations

from datetime import timedelta

import pytest

from invoice_capture.domain.errors import SettingMissing
from invoice_capture.settings import Settings
from invoice_capture.wiring import Application, application, using
from tests.template.steps import step_class


def test_values_are_read_with_their_units() -> None:
    settings = Settings(
        {
            "RETENTION_DAYS": "400",
            "JOB_DEADLINE_HOURS": "1.5",
            "MAXIMUM_DOCUMENT_MEGABYTES": "2",
            "DEFAULT_ROUTE": "a, b",
        }
    )
    assert settings.retention == timedelta(days=400)
    assert settings.deadline == timedelta(minutes=90)
    assert settings.maximum_bytes == 2 * 1024**2
    assert settings.names("DEFAULT_ROUTE") == ("a", "b")
    assert settings.optional_text("NOTHING") is None


def test_a_choice_is_one_of_the_known_words() -> None:
    assert Settings({"OCR": "none"}).choice("OCR", ("tesseract", "none")) == "none"
    with pytest.raises(SettingMissing, match="OCR must be one of tesseract, none, not 'nothing'"):
        Settings({"OCR": "nothing"}).choice("OCR", ("tesseract", "none"))
    with pytest.raises(SettingMissing, match="OCR is not set"):
        Settings({}).choice("OCR", ("tesseract", "none"))


@pytest.mark.parametrize(
    ("text", "routes"),
    [
        (None, {}),
        ("", {}),
        (" ; ;", {}),
        ("60f7=paid?,embedded; receipts = paid ", {"60f7": ("paid?", "embedded"), "receipts": ("paid",)}),
        ("a=b,,c,", {"a": ("b", "c")}),
        ("two words=paid", {"two words": ("paid",)}),
    ],
)
def test_routes_are_read_by_what_chooses_them(text: str | None, routes: dict[str, tuple[str, ...]]) -> None:
    settings = Settings({} if text is None else {"TEMPLATE_ROUTES": text})
    assert settings.routes("TEMPLATE_ROUTES") == routes


@pytest.mark.parametrize("entry", ["paid", "=paid", " = paid", "a=", "a=,", "a= ;b=c", "a"])
def test_a_route_that_is_none_is_named_with_its_variable(entry: str) -> None:
    with pytest.raises(SettingMissing, match=r"TEMPLATE_ROUTES has '.*' where NAME=ROUTE belongs"):
        Settings({"TEMPLATE_ROUTES": f"x=y;{entry}"}).routes("TEMPLATE_ROUTES")


@pytest.mark.parametrize(
    ("value", "names"),
    [(None, set()), ("", set()), (" , ", set()), ("https://a, https://b,", {"https://a", "https://b"})],
)
def test_names_that_may_be_left_out(value: str | None, names: set[str]) -> None:
    settings = Settings({} if value is None else {"TRUSTED_ORIGINS": value})
    assert settings.optional_names("TRUSTED_ORIGINS") == names


@pytest.mark.parametrize(
    ("value", "allowed"), [(None, False), ("", False), ("true", True), ("True", False), ("1", False), ("false", False)]
)
def test_unencrypted_documents_are_allowed_by_one_word_alone(value: str | None, allowed: bool) -> None:
    assert Settings({} if value is None else {"ALLOW_HTTP_DOCUMENTS": value}).allows_http is allowed


@pytest.mark.parametrize("value", ["", "many", "-1", "0", "nan", "inf"])
def test_a_number_that_is_none_is_named(value: str) -> None:
    with pytest.raises(SettingMissing, match="RETENTION_DAYS"):
        _ = Settings({"RETENTION_DAYS": value}).retention


@pytest.mark.parametrize(
    "step",
    ["receive_upload", "submit_document", "check_submissions", "store_invoice", "extract_document", "sweep_jobs"],
)
def test_a_step_without_its_settings_names_the_first_that_is_missing(step: str) -> None:
    empty = Application({})
    with pytest.raises(SettingMissing, match=r"The environment variable [A-Z_]+ is not set"):
        empty.step(step_class(step))


def test_an_unknown_provider_is_answered_with_those_there_are() -> None:
    with pytest.raises(SettingMissing, match=r"no provider 'nobody'; there are .*embedded"):
        Application({"PROVIDER_SECRET_PREFIX": "p/", "DOCUMENTS_BUCKET": "b"}).adapters.providers.get("nobody")


def test_handlers_use_the_application_they_are_called_with() -> None:
    mine = Application({})
    with using(mine):
        assert application() is mine
    assert application() is not mine
    assert application() is application()
