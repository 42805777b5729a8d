"""A real server on the loopback interface that records what it is sent, and answers what a test says."""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    """Path and query, as they were sent."""
    headers: dict[str, str]
    body: bytes

    @property
    def route(self) -> str:
        return f"{self.method} {self.target}"

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, body: Any, status: int = 200, **headers: str) -> Answer:
        """Bytes as they are, anything else as JSON; an underscore in the name of a header stands for a hyphen."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return cls(status, content, {name.replace("_", "-"): value for name, value in headers.items()})


class CannedServer(ABC):
    """Answers at ``url`` while it is used as a context manager; ``requests`` are those that came."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._listener = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(
            target=self._listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.server_port}"

    @abstractmethod
    def answer_to(self, request: Request) -> Answer | None:
        """The answer; None breaks the connection off without one."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()


class OrderedServer(CannedServer):
    """Answers requests in the order of ``answers``; one that depends on its request is a function of it."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: deque[Answer | Callable[[Request], Answer] | None] = deque()

    def answer_to(self, request: Request) -> Answer | None:
        answer = self.answers.popleft() if self.answers else Answer(418, b'{"message": "no answer is canned"}')
        return answer(request) if callable(answer) else answer


def _handler(server: CannedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body of an answer leave in one packet, or a delayed acknowledgement costs every answer 40 ms.
        wbufsize = -1

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, dict(self.headers), body)
            server.requests.append(request)
            answer = server.answer_to(request)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
            self.wfile.flush()

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            """Tests read the recorded requests instead."""

    return Handler
