"""What the stream tells of items."""

from __future__ import annotations

import gzip
from base64 import b64encode
from decimal import Decimal

from invoice_capture.aws.stream_records import changes_in, plain_image
from invoice_capture.domain.audited import told

PACKED = gzip.compress(b'{"total":"10.00"}', mtime=0)


def test_what_is_packed_is_told_alike_by_the_stream_and_by_the_table() -> None:
    streamed = plain_image({"invoice": {"B": b64encode(PACKED).decode()}})
    stored = plain_image({"invoice": {"B": PACKED}})
    assert streamed == stored == {"invoice": PACKED}
    [(former, latter)] = told({}, stored, is_ours=True).values()
    assert former is None
    assert latter["bytes"] == 17
    header = bytes([*PACKED[:4], PACKED[4] ^ 1, *PACKED[5:]])
    [(_, other)] = told({}, {"invoice": header}, is_ours=True).values()
    assert other["sha256"] == latter["sha256"], "it says the same"
    assert other["packed"] != latter["packed"], "and is another byte"


def test_what_cannot_be_unpacked_is_told_as_it_is() -> None:
    for broken in (PACKED[:-1], b"junk", b"", PACKED[:12] + b"x" + PACKED[13:]):
        [(_, latter)] = told({}, {"invoice": broken}, is_ours=True).values()
        assert latter["bytes"] in {len(broken), 17}


def test_numbers_keep_every_digit_and_items_that_are_no_jobs_are_left_out() -> None:
    keys = {"PK": {"S": "JOB#1"}, "SK": {"S": "JOB"}}
    image = {
        **keys,
        "n": {"N": "1.10"},
        "m": {"M": {"a": {"L": [{"N": "2"}, {"NULL": True}]}}},
        "s": {"SS": ["b", "a"]},
    }
    record = {
        "eventID": "e1",
        "dynamodb": {"Keys": keys, "NewImage": image, "ApproximateCreationDateTime": 1_700_000_000},
        "userIdentity": {"principalId": "dynamodb.amazonaws.com", "type": "Service"},
    }
    other = {**record, "dynamodb": {**record["dynamodb"], "Keys": {"PK": {"S": "KEY#1"}, "SK": {"S": "KEY"}}}}
    [change] = changes_in({"Records": [record, other]})
    assert change["after"] == {
        "PK": "JOB#1",
        "SK": "JOB",
        "n": Decimal("1.10"),
        "m": {"a": [2, None]},
        "s": ["a", "b"],
    }
    assert (change["before"], change["job_id"], change["by_expiry"]) == ({}, "1", True)
