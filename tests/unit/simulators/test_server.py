"""The loopback server keeps connections, and each request apart from the next."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator

import pytest
import requests
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Request, Response

from local_stack.simulators import server
from local_stack.simulators.server import LoopbackServer


def application(request: Request) -> Response:
    if request.path == "/defect":
        raise RuntimeError("a defect")
    if request.path == "/read":
        return Response(str(len(request.get_data())))
    # Anything else leaves the body unread.
    return Response(f"{request.method} {request.path} {request.args.get('q', '')}")


@pytest.fixture
def origin() -> Iterator[str]:
    loopback = LoopbackServer(application)
    yield loopback.origin
    loopback.close()


def connections_of(session: requests.Session) -> int:
    adapter = session.get_adapter("http://")
    pool = next(iter(adapter.poolmanager.pools._container.values()))  # type: ignore[attr-defined]
    return int(pool.num_connections)


def test_a_connection_serves_many_requests_whether_their_bodies_are_read_or_not(origin: str) -> None:
    with requests.Session() as session:
        for path, content, answer in [
            ("/read", b"x" * 300_000, "300000"),
            ("/ignored", b"y" * 300_000, "POST /ignored "),
            ("/ignored", b"", "POST /ignored "),
            ("/read", b"z", "1"),
        ]:
            assert session.post(origin + path, data=content, timeout=10).text == answer
        assert session.head(origin + "/x", timeout=10).text == ""
        assert session.get(origin + "/ümlaut?q=%2B", timeout=10).text == "GET /ümlaut +"
        assert connections_of(session) == 1


def test_a_body_without_length_or_too_large_is_not_read(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert requests.post(origin, data=iter([b"x"]), timeout=10).status_code == 411
    monkeypatch.setattr(server, "MOST_BYTES", 10)
    assert requests.post(origin, data=b"x" * 11, timeout=10).status_code == 413


@pytest.mark.parametrize("path", ["/files", "/defect"])
def test_files_that_came_with_a_request_are_closed(path: str) -> None:
    kept: list[FileStorage] = []

    def keep(request: Request) -> Response:
        kept.extend(request.files.values())
        return application(request)

    loopback = LoopbackServer(keep)
    try:
        requests.post(loopback.origin + path, files={"file": b"x" * 600_000}, timeout=10)
    finally:
        loopback.close()
    assert [file.stream.closed for file in kept] == [True]


def test_a_defect_is_answered_and_logged(origin: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert requests.get(origin + "/defect", timeout=10).status_code == 500
    assert "GET /defect" in caplog.text


def test_closing_ends_the_connections_that_clients_keep() -> None:
    loopback = LoopbackServer(application)
    with requests.Session() as session:
        session.get(loopback.origin, timeout=10)
        loopback.close()
        with pytest.raises(requests.ConnectionError):
            session.get(loopback.origin, timeout=10)


def test_nonsense_on_the_socket_is_survived(origin: str) -> None:
    port = int(origin.rsplit(":", 1)[1])
    for junk in (
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-",
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(junk)
    assert requests.get(origin + "/x", timeout=10).text == "GET /x "
