"""Ask over a few connections, each as soon as it has its answer: how many answers a second a server can give.

Raw sockets and prepared requests, in a process of its own, so that asking costs little beside answering.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import socket
import sys
import time
from collections.abc import Sequence

__all__ = ["ask", "prepared"]


def prepared(customers: Sequence[str], path: str = "/v1/recommendations") -> list[bytes]:
    """One whole request for each customer."""
    found = []
    for customer in customers:
        body = json.dumps({"customer_id": customer}).encode()
        head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        found.append(f"{head}accept: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
    return found


class _Connection:
    def __init__(self, port: int, requests: Sequence[bytes], first: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = requests
        self._next = first
        self._received = b""
        self._missing = -1
        self._status = 0
        self._start = 0.0

    def send(self) -> None:
        self._received, self._missing = b"", -1
        self._start = time.perf_counter()
        self.socket.sendall(self._requests[self._next % len(self._requests)])
        self._next += 1

    def receive(self) -> tuple[float, int] | None:
        """Milliseconds and status of the answer, if it is whole now."""
        data = self.socket.recv(262_144)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._received += data
        if self._missing < 0:
            head, separator, rest = self._received.partition(b"\r\n\r\n")
            if not separator:
                return None
            lines = head.decode("latin-1").lower().split("\r\n")
            self._status = int(lines[0].split()[1])
            length = next(line.partition(":")[2] for line in lines if line.startswith("content-length:"))
            self._missing, self._received = int(length), rest
        if len(self._received) < self._missing:
            return None
        return (time.perf_counter() - self._start) * 1e3, self._status


def ask(port: int, customers: Sequence[str], connections: int, seconds: float) -> dict[str, object]:
    """``seconds`` (how long it took), ``ms`` of every answer, ``errors`` (answers other than 200)."""
    requests = prepared(customers)
    times: list[float] = []
    errors = 0
    with selectors.DefaultSelector() as selector:
        begun = time.perf_counter()
        for place in range(connections):
            connection = _Connection(port, requests, place * len(requests) // connections)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        while selector.get_map():
            for key, _ in selector.select():
                found = key.data.receive()
                if found is None:
                    continue
                times.append(found[0])
                errors += found[1] != 200
                if time.perf_counter() - begun < seconds:
                    key.data.send()
                else:
                    selector.unregister(key.fileobj)
                    key.data.socket.close()
    return {"seconds": time.perf_counter() - begun, "ms": times, "errors": errors}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("connections", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--core", type=int)
    asked = parser.parse_args()
    if asked.core is not None:
        os.sched_setaffinity(0, {asked.core})
    json.dump(ask(asked.port, json.load(sys.stdin), asked.connections, asked.seconds), sys.stdout)
