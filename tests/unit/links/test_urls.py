"""URLs are read strictly, and refused in words that give nothing of them away."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.errors import LinkForbidden
from invoice_capture.links.urls import Link, read_link

SUBJECT = "The link to march.pdf"


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://example.com", Link("https", "example.com", 443, "/")),
        ("HTTPS://EXAMPLE.com:443/A/b.PDF?x=%2F#page=2", Link("https", "example.com", 443, "/A/b.PDF?x=%2F")),
        ("http://example.com.:8080?q", Link("http", "example.com", 8080, "/?q")),
        ("https://example.com:/x", Link("https", "example.com", 443, "/x")),
        ("https://my_bucket.s3.example/a+b//c;d=1,2~3", Link("https", "my_bucket.s3.example", 443, "/a+b//c;d=1,2~3")),
        ("https://bücher.example/März.pdf", Link("https", "xn--bcher-kva.example", 443, "/M%C3%A4rz.pdf")),
        ("https://８.８.８。８/x", Link("https", "8.8.8.8", 443, "/x")),
        ("https://[2606:2800:021F::1]/x", Link("https", "2606:2800:21f::1", 443, "/x")),
        (
            "https://example.com/?to=http://a@b\\c".replace("\\", "/"),
            Link("https", "example.com", 443, "/?to=http://a@b/c"),
        ),
    ],
)
def test_a_plain_url_is_read(url, link):
    assert read_link(url, SUBJECT) == link


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "https://"),
        ("example.com/x", "https://"),
        ("//example.com/x", "https://"),
        ("s3://bucket/key", "https://"),
        ("file:///etc/passwd", "https://"),
        ("javascript:alert(1)", "https://"),
        ("https:example.com", "understood"),
        ("https:///example.com", "understood"),
        ("https://:443/x", "understood"),
        ("https://example.com:0/x", "understood"),
        ("https://example.com:65536/x", "understood"),
        ("https://example.com:8o/x", "understood"),
        ("https://example.com:80:80/x", "understood"),
        ("https://example.com:-1/x", "understood"),
        ("https://example..com/x", "understood"),
        ("https://.example.com/x", "understood"),
        ("https://example.com../x", "understood"),
        ("https://-example.com/x", "understood"),
        ("https://exa%6dple.com/x", "understood"),
        ("https://exa$mple.com/x", "understood"),
        ("https://*.example.com/x", "understood"),
        (f"https://{'a' * 64}.com/x", "understood"),
        (f"https://{'abcdefgh.' * 30}com/x", "understood"),
        ("https://example.com℀.evil/x", "understood"),
        ("https://[::1/x", "understood"),
        ("https://::1]/x", "understood"),
        ("https://[::1]evil.com/x", "understood"),
        ("https://[v1.fe80]/x", "number|understood"),
        ("https://[127.0.0.1]/x", "number|understood"),
        ("https://[fe80::1%25eth0]/x", "number|understood"),
        ("https://0x7f.1/x", "number"),
        ("https://user@example.com/x", "password"),
        ("https://user:word@example.com/x", "password"),
        ("https://@example.com/x", "password"),
        ("https://example.com\\@evil.com/x", "backslash"),
        ("https://example.com/a b", "blank"),
        (" https://example.com/x", "blank"),
        ("https://example.com/x\n", "blank"),
        ("ht\ttps://example.com/x", "blank"),
        ("https://example.com/\x00", "blank"),
        ("https://example.com/\u202efdp.exe", "invisible"),
        ("https://exa\u200bmple.com/x", "invisible"),
        ("https://example.com/\ud800", "invisible"),
        ("https://example.com/" + "x" * 2029, "2,049 characters"),
    ],
)
def test_anything_else_is_refused_with_a_reason(url, words):
    with pytest.raises(LinkForbidden, match=words) as caught:
        read_link(url, SUBJECT)
    assert str(caught.value).startswith(SUBJECT)


def test_the_longest_url_is_taken():
    assert len(read_link("https://example.com/" + "x" * 2028, SUBJECT).target) == 2029


@given(st.text())
def test_any_text_is_read_or_refused(text):
    for url in (text, f"https://{text}", f"https://example.com/{text}"):
        try:
            link = read_link(url, SUBJECT)
        except LinkForbidden:
            continue
        # Whatever goes into a request head is one word of ASCII, so nothing can be smuggled into it.
        for part in (link.authority, link.target):
            assert part.isascii()
            assert part.isprintable()
            assert " " not in part
        assert replace(link, target="/") == read_link(link.origin, SUBJECT)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8))
def test_what_may_be_told_of_an_url_has_no_path_and_no_query(secret):
    link = read_link("https://example.com/path?signature=" + secret.replace("\\", "/"), SUBJECT)
    assert link.origin == "https://example.com"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/other?x=1", "https://example.com/other?x=1"),
        ("other", "https://example.com/a/other"),
        ("../other", "https://example.com/other"),
        ("?y", "https://example.com/a/b?y"),
        ("//other.example/x", "https://other.example/x"),
        ("http://other.example:81/x#part", "http://other.example:81/x"),
        ("/M\u00c3\u00a4rz.pdf", "https://example.com/M%C3%A4rz.pdf"),  # UTF-8, as http.client reads it
    ],
)
def test_a_redirect_leads_where_a_browser_would_go(location, url):
    link = read_link("https://example.com/a/b?x", SUBJECT).redirected(location, SUBJECT)
    assert link.origin + link.target == url


@pytest.mark.parametrize(
    "location", ["s3://bucket/key", "file:///etc/passwd", "//user@host/x", "/a b", "https://[::1", "/\\x"]
)
def test_a_redirect_is_checked_anew(location):
    with pytest.raises(LinkForbidden, match=r"^A redirect"):
        read_link("https://example.com/", SUBJECT).redirected(location, "A redirect")
