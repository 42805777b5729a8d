"""Documents that are broken or made to do harm, made of our own samples; the same seed gives the same documents."""

from __future__ import annotations

import io
import random
import zlib
from collections.abc import Callable, Iterator

from PIL import Image

from tools.stage import SAMPLES

Mutator = Callable[[random.Random, bytes], bytes]

_HUGE = b"[0 0 99999999 99999999]"


def hostile_documents(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """So many documents, each with what was done to what: first the bombs, then mutated PDFs, XMLs and images."""
    bombs = list(_bombs())
    yield from bombs[:count]
    chance = random.Random(seed)
    seeds = list(_seeds())
    for number in range(count - len(bombs)):
        name, content = seeds[number % len(seeds)]
        mutator = chance.choice(_MUTATORS)
        times = chance.choice((1, 1, 2, 5))
        for _ in range(times):
            content = mutator(chance, content)
        yield f"{name}, {mutator.__name__.strip('_')} {times} x", content


def _seeds() -> Iterator[tuple[str, bytes]]:
    for path in sorted(SAMPLES.iterdir()):
        if path.stat().st_size > 100:
            yield path.name, path.read_bytes()
    picture = Image.new("L", (300, 200), 255)
    for kind in ("png", "jpeg", "tiff", "bmp"):
        target = io.BytesIO()
        picture.save(target, kind)
        yield f"picture.{kind}", target.getvalue()


def _bombs() -> Iterator[tuple[str, bytes]]:
    ubl = b"urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
    yield (
        "entity bomb",
        (
            b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
            + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(10))
            + b']><Invoice xmlns="'
            + ubl
            + b'">&k;</Invoice>'
        ),
    )
    yield "deep nesting", b'<Invoice xmlns="' + ubl + b'">' + b"<a>" * 200_000
    yield "many elements", b'<Invoice xmlns="' + ubl + b'">' + b"<a/>" * 2_000_000 + b"</Invoice>"
    yield "long attribute", b'<Invoice xmlns="' + ubl + b'" a="' + b"x" * 15_000_000 + b'"/>'
    yield "decompression bomb", _pdf(zlib.compress(bytes(300_000_000), 9), b"/Filter /FlateDecode")
    text = b"BT /F1 1 Tf 1 0 0 1 1 1 Tm " + b"(invoice total 1,00) Tj " * 400_000 + b"ET"
    yield "endless text", _pdf(zlib.compress(text, 9), b"/Filter /FlateDecode")
    yield "nested arrays", _pdf(b"", b"/X " + b"[" * 100_000)
    yield "huge page", _pdf(b"").replace(b"[0 0 595 842]", _HUGE)
    for kind, head in (
        ("png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0\0\xff\xff" * 2 + b"\x08\0\0\0\0\0\0\0\0"),
        ("bmp", b"BM" + bytes(12) + b"\x28\0\0\0" + b"\xff\xff\x7f\0" * 2 + b"\x01\0\x18\0" + bytes(24)),
    ):
        yield f"huge {kind}", head


def _pdf(stream: bytes, extra: bytes = b"") -> bytes:
    """A page with one content stream. Without a table of its objects, which readers then look for themselves."""
    objects = (
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj",
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj",
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox [0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>endobj",
        b"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj",
        b"4 0 obj<</Length " + str(len(stream)).encode() + extra + b">>stream\n" + stream + b"\nendstream endobj",
    )
    return b"\n".join((b"%PDF-1.7", *objects, b"trailer<</Root 1 0 R>>", b"%%EOF"))


def _truncated(chance: random.Random, content: bytes) -> bytes:
    return content[: chance.randrange(len(content) or 1)]


def _flipped(chance: random.Random, content: bytes) -> bytes:
    flipped = bytearray(content)
    for _ in range(max(1, len(flipped) // 500)):
        if flipped:
            flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
    return bytes(flipped)


def _repeated(chance: random.Random, content: bytes) -> bytes:
    start = chance.randrange(len(content) or 1)
    piece = content[start : start + chance.randrange(1, 2000)]
    return content[:start] + piece * chance.randrange(2, 50) + content[start:]


def _cut_out(chance: random.Random, content: bytes) -> bytes:
    start = chance.randrange(len(content) or 1)
    return content[:start] + content[start + chance.randrange(1, 500) :]


def _filled(chance: random.Random, content: bytes) -> bytes:
    start = chance.randrange(len(content) or 1)
    return content[:start] + chance.randbytes(chance.randrange(1, 200)) + content[start:]


def _numbered(chance: random.Random, content: bytes) -> bytes:
    """One number in the document becomes another that somebody may believe."""
    number = chance.choice((b"0", b"-1", b"4294967295", b"99999999999999999999", b"1e308"))
    digits = [place for place, byte in enumerate(content) if 48 <= byte <= 57]
    if not digits:
        return content
    place = chance.choice(digits)
    return content[:place] + number + content[place + 1 :]


_MUTATORS: tuple[Mutator, ...] = (_truncated, _flipped, _repeated, _cut_out, _filled, _numbered)
