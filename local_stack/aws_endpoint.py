"""The AWS API of a running stack on a loopback port, where other processes reach it with any client of AWS."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from local_stack.simulators.server import HOST


@contextmanager
def aws_endpoint() -> Iterator[str]:
    """Serve what moto mocks in this process; the URL is what AWS_ENDPOINT_URL should be elsewhere."""
    # Brings a web framework along, which nobody else needs.
    from moto.server import ThreadedMotoServer

    # The server tells of every request.
    chatty = logging.getLogger("werkzeug")
    level = chatty.level
    chatty.setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address=HOST, port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()
        chatty.setLevel(level)
