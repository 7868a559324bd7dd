"""Connections that the server closes while nobody asks."""

from __future__ import annotations

import socket
import threading

import pytest

from understudy.client.errors import NoAnswerError
from understudy.client.transport import Transport

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def serve(listener: socket.socket, closed: threading.Event, times: int) -> None:
    """Answer one request a connection, keep it open by its headers, and close it all the same."""
    for _ in range(times):
        connection, _address = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(ANSWER)
        closed.set()


def test_an_idle_connection_that_was_closed_is_opened_anew() -> None:
    closed = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener, closed, 3), daemon=True)
        thread.start()
        transport = Transport(f"http://127.0.0.1:{listener.getsockname()[1]}", 10)
        for _ in range(3):
            assert transport.send("GET", "/", {}, None).body == b"ok"
            assert closed.wait(10)
            closed.clear()
        thread.join(10)
        transport.close()


def test_a_server_that_is_gone_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NoAnswerError, match="no answer"):
        Transport(f"http://127.0.0.1:{port}", 5).send("GET", "/", {}, None)
