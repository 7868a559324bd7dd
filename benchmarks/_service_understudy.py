"""The product's function in three dresses. Started by `against_services`.

``uvicorn _service_understudy:app``: the packaged handler behind the HTTP server that the comparators have.
``python _service_understudy.py handler``: no HTTP at all; for each line of the standard input (seconds), calls the
handler for so long and prints the milliseconds of every call.
``python _service_understudy.py front PORT ZIP``: the local front, with the Lambda runtime client behind it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

Message = dict[str, Any]


def event(method: str, path: str, headers: dict[str, str], body: str) -> dict[str, Any]:
    """What API Gateway would send."""
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
        "body": body,
        "isBase64Encoded": False,
    }


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """ASGI."""
    from lambda_app import handler as entry

    if scope["type"] == "lifespan":
        entry.application()
        for _ in range(2):
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    response = entry.handler(event(scope["method"], scope["path"], headers, body.decode()), None)
    content = response["body"].encode()
    length = {"content-length": str(len(content))}
    sent = [(name.encode(), value.encode()) for name, value in (response["headers"] | length).items()]
    await send({"type": "http.response.start", "status": response["statusCode"], "headers": sent})
    await send({"type": "http.response.body", "body": content})


def handler_loop() -> None:
    """See the module."""
    from lambda_app import handler as entry

    entry.application()
    customers = json.loads(os.environ["SERVICE_CUSTOMERS"])
    said, sys.stdout = sys.stdout, sys.stderr  # the handler's own lines go where those of the others go
    for line in sys.stdin:
        until, times, number = time.perf_counter() + float(line), [], 0
        while (start := time.perf_counter()) < until:
            body = json.dumps({"customer_id": customers[number % len(customers)]})
            sent = event("POST", "/v1/recommendations", {"content-type": "application/json"}, body)
            if entry.handler(sent, None)["statusCode"] != 200:
                raise SystemExit("the handler refused")
            times.append((time.perf_counter() - start) * 1e3)
            number += 1
        said.write(json.dumps(times) + "\n")
        said.flush()


def front(port: int, package: Path) -> None:
    """See the module."""
    from understudy.local import LocalFunction

    env = {name: value for name, value in os.environ.items() if name.startswith("UNDERSTUDY_")}
    with LocalFunction(package, env, port=port, log=Path(os.devnull)):
        sys.stdin.read()  # until it is closed


if __name__ == "__main__":
    if sys.argv[1] == "handler":
        handler_loop()
    else:
        front(int(sys.argv[2]), Path(sys.argv[3]))
