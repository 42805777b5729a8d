"""Whatever stands in an e-invoice, it is read or refused, and what is read has the canonical form."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from invoice_capture.providers.embedded.mapping import to_invoice
from invoice_engine import Extraction, extract
from tests.unit.engine import documents
from tests.unit.engine.national_einvoices import FACTURAE, FATTURAPA

DOCUMENTS = {
    "cii": documents.CII,
    "zugferd 1": documents.ZUGFERD_1,
    "ubl": documents.ubl(),
    "credit note": documents.ubl("CreditNote"),
    "fatturapa": FATTURAPA,
    "facturae": FACTURAE,
}
# XML cannot hold most control characters, and half of a surrogate pair is no character.
CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
NUMBERS = st.from_regex(r"-?[0-9]{1,24}(\.[0-9]{1,8})?", fullmatch=True)
TEXTS = (
    st.text(CHARACTERS, max_size=40) | NUMBERS | st.dates().map(str) | st.sampled_from(["", "0", "-0", "1E5", "NaN"])
)


def canonical(extraction: Extraction) -> None:
    result = json.dumps(extraction.to_json())
    assert to_invoice(result.encode()).to_json()


@pytest.mark.parametrize("name", DOCUMENTS)
@given(data=st.data())
def test_any_text_in_any_element_is_read(name: str, data: st.DataObject) -> None:
    root = etree.fromstring(DOCUMENTS[name].encode())
    leaves = [element for element in root.iter(etree.Element) if len(element) == 0]
    for index in data.draw(st.lists(st.integers(0, len(leaves) - 1), max_size=6)):
        leaves[index].text = data.draw(TEXTS)
    canonical(extract(etree.tostring(root)))


@pytest.mark.parametrize("name", DOCUMENTS)
@given(data=st.data())
def test_any_element_may_be_missing_or_repeated(name: str, data: st.DataObject) -> None:
    root = etree.fromstring(DOCUMENTS[name].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        below = [element for element in root.iter(etree.Element) if element is not root]
        if not below:
            break
        chosen = below[data.draw(st.integers(0, len(below) - 1))]
        parent = chosen.getparent()
        assert parent is not None
        if data.draw(st.booleans()):
            parent.remove(chosen)
        else:
            parent.append(etree.fromstring(etree.tostring(chosen, with_tail=False)))
    canonical(extract(etree.tostring(root)))
