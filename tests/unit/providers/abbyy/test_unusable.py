"""What is no usable answer of ABBYY, or a broken download: refused, and never quoted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.errors import ProviderUnavailable, ResultUnusable
from invoice_capture.domain.invoice import Invoice
from invoice_capture.providers.abbyy.mapping import require_readable, to_invoice
from tests.unit.providers.abbyy.answers import EXPORT, SUMMARY, kept

SECRET = "what-stands-in-the-document"
BOMB = '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Document><InvoiceNumber>&b;</InvoiceNumber></Document>'


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        SECRET.encode(),
        b"[]",
        b"{}",
        json.dumps({"task": {"id": SECRET, "status": "Done"}}).encode(),
        json.dumps({"task": {"id": "t", "documents": SECRET}, "files": [SECRET]}).encode(),
        kept(documents=[]),
        kept(documents=[{"data": {"InvoiceNumber": SECRET}, "is_moved": True}]),
        kept(data=SECRET),
        kept(data={"Courier": SECRET}),
        kept(("a.json", SECRET), data=SUMMARY),
        kept(("a.json", "[" * 100_000), data=SUMMARY),
        kept((f"{SECRET}.xml", f"<Document>{SECRET}"), data=SUMMARY),
        kept(("a.xml", BOMB), data=SUMMARY),
        kept(("a.xml", "<a>" * 1000 + "</a>" * 1000), data=SUMMARY),
        kept(("a.csv", "\u0000%PDF"), data=None),
        kept(("a.json", "?"), encoding="base64", data=SUMMARY),
        kept(("a.json", '{"InvoiceNumber": "\\ud800"}'), data=SUMMARY),
    ],
)
def test_what_is_no_usable_answer_is_said_without_its_content(raw: bytes) -> None:
    with pytest.raises(ResultUnusable) as caught:
        to_invoice(raw)
    assert SECRET not in str(caught.value)


def assert_usable_or_said_so(raw: bytes) -> None:
    said = ""
    try:
        invoice = to_invoice(raw)
    except ResultUnusable as unusable:
        said = str(unusable)
    else:
        assert Invoice.model_validate(invoice.to_json()) == invoice
    assert SECRET not in said


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(SECRET),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *EXPORT,
                    "Value",
                    "Confidence",
                    "Name",
                    "Row",
                    "Rows",
                    "Document",
                    "TaxRate",
                    "Quantity",
                    "task",
                    "files",
                ]
            )
            | st.text(max_size=3),
            children,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(JSON)
def test_any_answer_is_an_invoice_or_unusable_without_being_quoted(answer: Any) -> None:
    text = json.dumps(answer)
    for raw in (text.encode(), kept(data=answer), kept(("a.json", text)), kept(data=text)):
        assert_usable_or_said_so(raw)


@given(st.sampled_from(["json", "xml", "csv"]), st.text() | st.text(alphabet='<>/aT;,"\n{}[]:1'))
def test_any_content_of_a_file_is_an_invoice_or_unusable(ending: str, content: str) -> None:
    raw = kept((f"a.{ending}", content.encode("utf-8", "replace").decode()))
    assert_usable_or_said_so(raw)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b"<html>"),
        ("a.json", b'{"cut'),
        ("a.xml", b"{}"),
        ("a.XML", BOMB.encode()),
        ("a.xls", b""),
        ("a.csv", b"\xff"),
        ("a.csv", b"\n<html>, maintenance</html>"),
        ("a.csv", b" "),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_downloaded_again(name: str, content: bytes) -> None:
    with pytest.raises(ProviderUnavailable):
        require_readable(name, None, content)


@pytest.mark.parametrize(
    ("name", "content"), [("a.json", b"{}"), ("a.xml", b"<a/>"), ("a.csv", b"A,B"), ("a.xls", b"\0")]
)
def test_a_file_that_is_what_its_name_says_is_kept(name: str, content: bytes) -> None:
    require_readable(name, None, content)
