"""Documents are fetched over real sockets, from the machine that was checked and is proven to be the one named."""

from __future__ import annotations

import socket
import ssl

import pytest

from invoice_capture.domain.errors import (
    DocumentTooLarge,
    EmptyDocument,
    LinkBroken,
    LinkForbidden,
    LinkUnanswered,
)
from invoice_capture.links.connection import system_resolver
from invoice_capture.links.fetcher import LinkFetcher
from invoice_capture.version import USER_AGENT
from tests.unit.links.servers import (
    CHUNKED,
    NAME,
    PUBLIC,
    PUBLIC_IPV6,
    UNTIL_THE_END,
    Authority,
    Internet,
    Server,
    answer,
    content_of,
    fetch,
    redirect,
    serving,
    trusting,
)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def routed(
    server: Server, port: int, authority: Authority | None = None, **names: list[str]
) -> tuple[LinkFetcher, Internet]:
    """A fetcher for which example.com is a public machine, whose port leads to the server."""
    world = Internet(
        {"example.com": [[PUBLIC]]} | {name: [addresses] for name, addresses in names.items()},
        {(PUBLIC, port): server.port},
    )
    ca_certs = str(authority.file) if authority else None
    http = port == 80
    link = LinkFetcher(
        maximum_bytes=1000, seconds=5, allow_http=http, resolve=world.resolve, connect=world.connect, ca_certs=ca_certs
    )
    return link, world


# --- documents -------------------------------------------------------------------------------------------------------


def test_a_document_is_fetched():
    with serving(answer(b"%PDF-1.7")) as server:
        with trusting(server).fetch(f"{server.url}/in/M%C3%A4rz.pdf?a=1&b=%2F#page=2", NAME) as file:
            assert file.tell() == 0
            assert file.read() == b"%PDF-1.7"
        line, *headers = server.requests[0].rstrip().split("\r\n")
    assert line == "GET /in/M%C3%A4rz.pdf?a=1&b=%2F HTTP/1.1"
    assert sorted(headers) == [
        "Accept-Encoding: identity",
        "Accept: */*",
        "Connection: close",
        f"Host: 127.0.0.1:{server.port}",
        f"User-Agent: {USER_AGENT}",
    ]


@pytest.mark.parametrize(
    "said",
    [
        answer(b"x" * 1000),
        answer(b"x" * 1000, Content_Encoding="identity"),
        UNTIL_THE_END + b"x" * 1000,
        CHUNKED + b"3e0\r\n" + b"x" * 992 + b"\r\n8;name=value\r\nxxxxxxxx\r\n0\r\nTrailer: x\r\n\r\n",
    ],
    ids=["length", "identity", "until the end", "chunked"],
)
def test_a_document_of_the_largest_size_is_taken_however_it_is_framed(said):
    with serving(said) as server:
        assert fetch(server) == b"x" * 1000


def test_a_large_document_does_not_stay_in_memory():
    content = bytes(5 * 1024**2)
    with (
        serving(answer(content)) as server,
        trusting(server, maximum_bytes=len(content)).fetch(server.url, NAME) as file,
    ):
        assert file.fileno() > 2
        assert file.read() == content


# --- certificates ----------------------------------------------------------------------------------------------------


def test_the_certificate_is_verified_for_the_name_though_the_connection_goes_to_the_address(authority):
    with serving(answer(b"document"), tls=authority.server("example.com")) as server:
        link, world = routed(server, 443, authority)
        assert content_of(link, "https://EXAMPLE.com./a") == b"document"
        assert "Host: example.com\r\n" in server.requests[0]
    assert world.connected == [(PUBLIC, 443)]


def test_an_address_may_have_a_certificate_too(authority):
    with serving(answer(b"document"), tls=authority.server(PUBLIC)) as server:
        link, world = routed(server, 8443, authority)
        assert content_of(link, f"https://{PUBLIC}:8443/") == b"document"
        assert f"Host: {PUBLIC}:8443\r\n" in server.requests[0]
    assert world.asked == []


@pytest.mark.parametrize(
    ("name", "days", "words"),
    [
        ("other.example", 30, "not valid for 'example.com'"),
        (PUBLIC, 30, "not valid for"),
        ("example.com", 0, "expired"),
    ],
)
def test_a_wrong_certificate_breaks_the_link_before_anything_is_sent(authority, name, days, words):
    with serving(answer(b"document"), tls=authority.server(name, days=days)) as server:
        link, _ = routed(server, 443, authority)
        with pytest.raises(LinkBroken, match=words):
            link.fetch("https://example.com/a", NAME)
        assert server.connections == 1
        assert server.requests == []


def test_a_certificate_of_an_authority_that_nobody_knows_breaks_the_link(authority):
    with serving(answer(b"document"), tls=authority.server("example.com")) as server:
        link, _ = routed(server, 443)
        with pytest.raises(LinkBroken, match="certificate"):
            link.fetch("https://example.com/a", NAME)


def test_a_server_without_tls_breaks_the_link(authority):
    def plain(connection: socket.socket) -> None:
        connection.sendall(answer(b"document"))
        connection.recv(4096)

    with serving(plain, listens=False) as server:
        link, _ = routed(server, 443, authority)
        with pytest.raises(LinkBroken, match="TLS"):
            link.fetch("https://example.com/a", NAME)


def test_a_document_that_was_cut_off_does_not_look_complete(authority):
    def cut(connection: socket.socket) -> None:
        connection.sendall(UNTIL_THE_END + b"%PDF-1.7 the first half")

    with serving(cut, tls=authority.server("example.com")) as server:
        link, _ = routed(server, 443, authority)
        with pytest.raises(LinkUnanswered, match="broke off"):
            link.fetch("https://example.com/a", NAME)
    with serving(UNTIL_THE_END + b"whole", tls=authority.server("example.com")) as server:
        link, _ = routed(server, 443, authority)
        assert content_of(link, "https://example.com/a") == b"whole"


# --- names and addresses ---------------------------------------------------------------------------------------------


def test_the_next_address_is_tried_when_one_does_not_answer():
    with serving(answer(b"document")) as server:
        link, world = routed(server, 80, **{"many.example": ["8.8.8.8", PUBLIC_IPV6, PUBLIC, "1.1.1.1"]})
        assert content_of(link, "http://many.example/") == b"document"
    assert world.connected == [("8.8.8.8", 80), (PUBLIC_IPV6, 80), (PUBLIC, 80)]
    assert world.asked == ["many.example"]


def test_a_server_that_refuses_connections_does_not_answer():
    world = Internet({"example.com": [["8.8.8.8", "1.1.1.1"]]})
    link = LinkFetcher(maximum_bytes=10, resolve=world.resolve, connect=world.connect)
    with pytest.raises(LinkUnanswered, match=r"https://example\.com.*march\.pdf.*ConnectionRefusedError"):
        link.fetch("https://example.com/", NAME)
    assert world.connected == [("8.8.8.8", 443), ("1.1.1.1", 443)]


def test_a_name_that_does_not_exist_breaks_the_link():
    world = Internet()
    link = LinkFetcher(maximum_bytes=10, resolve=world.resolve, connect=world.connect)
    with pytest.raises(LinkBroken, match="no host of this name"):
        link.fetch("https://example.com/", NAME)


def test_a_name_service_that_fails_does_not_answer():
    def resolve(name: str) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    with pytest.raises(LinkUnanswered, match="looked up"):
        LinkFetcher(maximum_bytes=10, resolve=resolve).fetch("https://example.com/", NAME)


def test_a_mistake_in_the_resolver_is_not_hidden():
    def resolve(name: str) -> list[str]:
        raise KeyError(name)

    with pytest.raises(KeyError):
        LinkFetcher(maximum_bytes=10, resolve=resolve).fetch("https://example.com/", NAME)


def test_the_system_knows_its_own_name():
    found = system_resolver("localhost")
    assert set(found) & {"127.0.0.1", "::1"}
    assert len(set(found)) == len(found)


def test_only_exactly_the_trusted_origin_is_trusted():
    with serving(answer(b"ours")) as server, serving(answer(b"other")) as other:
        link = trusting(server)
        for url in (other.url, f"http://localhost:{server.port}", f"https://127.0.0.1:{server.port}"):
            with pytest.raises(LinkForbidden):
                link.fetch(url, NAME)
        assert server.connections == other.connections == 0
        assert content_of(link, f"{server.url}/x") == b"ours"


def test_a_trusted_origin_may_be_a_name():
    with serving(answer(b"ours")) as server:
        origin = f"http://localhost:{server.port}"
        link = LinkFetcher(maximum_bytes=10, trusted_origins=frozenset({origin}))
        assert content_of(link, f"{origin}/x") == b"ours"


# --- redirects -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status):
    with serving(redirect("/b?x", status), answer(b"document")) as server:
        assert fetch(server) == b"document"
        assert [head.split(" ")[1] for head in server.requests] == ["/a?signature=s3cret", "/b?x"]


def test_a_redirect_to_another_host_takes_nothing_along():
    cookie = answer(status=302, Location="http://other.example/b", Set_Cookie="session=1")
    with serving(cookie, answer(b"document")) as server:
        link, world = routed(server, 80, **{"other.example": [PUBLIC]})
        assert content_of(link, "http://example.com/a") == b"document"
        assert "Host: other.example\r\n" in server.requests[1]
        assert not {"cookie", "referer", "authorization"} & {
            line.partition(":")[0].lower() for line in server.requests[1].splitlines()
        }
    assert world.asked == ["example.com", "other.example"]


def test_three_redirects_are_followed_and_no_fourth():
    with serving(redirect("/1"), redirect("/2"), redirect("/3"), answer(b"document")) as server:
        assert fetch(server) == b"document"
    with serving(redirect("/again")) as server:
        with pytest.raises(LinkBroken, match="redirects more than 3 times"):
            fetch(server)
        assert server.connections == 4


def test_a_redirect_without_a_target_is_no_document():
    with serving(answer(status=302)) as server, pytest.raises(LinkBroken, match="HTTP 302"):
        fetch(server)


def test_encryption_is_not_given_up_by_a_redirect(authority):
    with serving(redirect("http://example.com/b"), tls=authority.server("example.com")) as server:
        link, world = routed(server, 443, authority)
        with pytest.raises(LinkForbidden, match="without encryption"):
            link.fetch("https://example.com/a", NAME)
    assert world.connected == [(PUBLIC, 443)]


def test_http_is_not_taken_unless_it_is_allowed():
    world = Internet({"example.com": [[PUBLIC]]})
    link = LinkFetcher(maximum_bytes=10, resolve=world.resolve, connect=world.connect)
    with pytest.raises(LinkForbidden, match="without encryption"):
        link.fetch("http://example.com/", NAME)
    assert world.asked == world.connected == []


# --- surroundings and words ------------------------------------------------------------------------------------------


def test_nothing_of_the_environment_is_used(monkeypatch, tmp_path, authority):
    (tmp_path / ".netrc").write_text("machine example.com login me password secret\n")
    with serving(answer(b"proxy")) as proxy:
        for variable in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(variable, proxy.url)
            monkeypatch.setenv(variable.upper(), proxy.url)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        with serving(answer(b"document"), tls=authority.server("example.com")) as server:
            link, _ = routed(server, 443, authority)
            assert content_of(link, "https://example.com/") == b"document"
            assert "authorization" not in server.requests[0].lower()
            unknowing, _ = routed(server, 443)
            with pytest.raises(LinkBroken):
                unknowing.fetch("https://example.com/", NAME)
        assert proxy.connections == 0
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize(
    "script",
    [
        answer(b"", 404),
        answer(b"", 500),
        answer(b""),
        answer(b"x" * 1001),
        answer(b"x", Content_Encoding="gzip"),
        b"",
        b"nonsense\r\n\r\n",
        redirect("/other?signature=s3cret"),
        redirect("http://127.0.0.1:1/private?signature=s3cret"),
        redirect("ftp://example.com/private?signature=s3cret"),
        redirect("https://me:s3cret@example.com/private"),
    ],
)
def test_a_failure_says_which_document_and_never_the_query(script):
    failures = (LinkForbidden, LinkBroken, LinkUnanswered, EmptyDocument, DocumentTooLarge)
    with serving(script) as server, pytest.raises(failures) as caught:
        trusting(server).fetch(f"{server.url}/private?signature=s3cret", NAME)
    message = str(caught.value)
    assert NAME in message
    assert "s3cret" not in message
    assert "private" not in message
    assert message.endswith(".")


def test_old_tls_is_not_spoken(authority):
    old = authority.server("example.com")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with serving(answer(b"document"), tls=old) as server:
        link, _ = routed(server, 443, authority)
        with pytest.raises(LinkBroken, match="TLS"):
            link.fetch("https://example.com/", NAME)
