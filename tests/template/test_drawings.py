"""Drawings in docs/images are text, can be read in both schemes, and name only what there is."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from tools.stage import PROJECT

SVG = "{http://www.w3.org/2000/svg}"
DRAWINGS = sorted((PROJECT / "docs" / "images").glob("*.svg"))
_NARROWEST = 360  # pixels: a phone
_SMALLEST_LETTERS = 8.5  # pixels high, at that width
_CONTRAST = 4.5  # WCAG 2.2, AA
_DARK = re.compile(r"@media \(prefers-color-scheme: dark\) \{(.*?\})\s*\}", re.DOTALL)
_LETTERS = {"text", "state", "thing", "machine", "function", "note", "label"}
_SURFACES = {"card", "frame", "box", "good", "bad", "same", "outside"}


def _root(path: Path) -> ElementTree.Element:
    return ElementTree.fromstring(path.read_text(encoding="utf-8"))


def _texts(path: Path, kind: str) -> list[str]:
    return ["".join(one.itertext()) for one in _root(path).iter() if kind in (one.get("class") or "").split()]


def _fills(rules: str) -> dict[str, str]:
    """Classes, and ``text``, with the colours that they fill with; a later rule goes before an earlier one."""
    fills = {}
    for selectors, declarations in re.findall(r"([^{}]+)\{([^{}]*)\}", rules):
        if colour := re.search(r"fill: (#[0-9a-f]{6})", declarations):
            fills |= {selector.strip().removeprefix("."): colour[1] for selector in selectors.split(",")}
    return fills


def _luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_there_is_a_drawing():
    assert DRAWINGS


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.name)
def test_a_drawing_stands_alone_and_tells_what_it_shows(path):
    root = _root(path)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    named = [root.find(f"{SVG}{name}") for name in ("title", "desc")]
    assert all(one is not None and (one.text or "").strip() for one in named)
    assert root.get("aria-labelledby") == " ".join(one.get("id") or "" for one in named if one is not None)
    assert {one.tag for one in root.iter()}.isdisjoint({f"{SVG}{name}" for name in ("script", "image", "use", "a")})
    text = path.read_text(encoding="utf-8").replace(SVG.strip("{}"), "")
    assert re.findall(r"https?:|href|@import|url\((?!#)", text) == []


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.name)
def test_its_letters_are_large_enough_on_a_phone(path):
    width = float((_root(path).get("viewBox") or "").split()[2])
    sizes = [float(size) for size in re.findall(r"font(?:-size)?: (\d+)px", path.read_text(encoding="utf-8"))]
    assert sizes
    assert min(sizes) * _NARROWEST / width >= _SMALLEST_LETTERS


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.name)
def test_it_can_be_read_in_both_schemes(path):
    style = path.read_text(encoding="utf-8")
    light = _fills(_DARK.sub("", re.search(r"<style>(.*)</style>", style, re.DOTALL)[1]))
    dark = light | _fills(_DARK.search(style)[1])
    assert {*_LETTERS, *_SURFACES} & light.keys() == {*_LETTERS, *_SURFACES} & _fills(_DARK.search(style)[1]).keys()
    for scheme in (light, dark):
        for letters in _LETTERS & scheme.keys():
            for surface in _SURFACES & scheme.keys():
                darker, lighter = sorted(_luminance(scheme[name]) for name in (letters, surface))
                assert (lighter + 0.05) / (darker + 0.05) >= _CONTRAST, f"{letters} on {surface}"


def test_the_architecture_names_what_there_is():
    path = PROJECT / "docs" / "images" / "architecture.svg"
    machines = {file.name.partition(".")[0]: file for file in (PROJECT / "statemachines").glob("*.asl.yaml")}
    states = {name for file in machines.values() for name in yaml.safe_load(file.read_text(encoding="utf-8"))["States"]}
    functions = {folder.parent.name for folder in (PROJECT / "functions").glob("*/app.py")}
    assert set(_texts(path, "machine")) == set(machines)
    assert len(drawn := set(_texts(path, "state"))) >= 8
    assert drawn <= states
    assert {"receive_upload", "jobs_api"} <= set(_texts(path, "function")) <= functions


def test_the_architecture_leads_where_the_state_machine_leads():
    """The green, the red and the yellow way are those of the definition."""
    text = (PROJECT / "statemachines" / "capture_invoice.asl.yaml").read_text(encoding="utf-8")
    states = yaml.safe_load(text)["States"]
    for begin, end in (
        ("Submit Document", "Store Invoice"),
        ("Record Failure", "Announce Outcome"),
        ("Record Duplicate", "Announce Outcome"),
    ):
        assert states[begin]["Next"] == end
    assert states["Store Invoice"]["End"]
    assert states["Next Provider?"]["Default"] == "Record Failure"
    assert states["Next Provider?"]["Choices"][0]["Next"] == "Submit Document"
    assert {"Next Provider?", "Record Duplicate"} <= {catch["Next"] for catch in states["Submit Document"]["Catch"]}
