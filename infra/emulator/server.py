"""The emulated services in one process: ``python -m infra.emulator.server PORT CALLS``.

Every call is written to the file CALLS, one JSON object a line: who (access key), which service and action, on what.
"""

from __future__ import annotations

import io
import json
import re
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

__all__ = ["Recorder", "call_of", "main"]

CREDENTIAL = re.compile(r"Credential=([^/]+)/[^/]+/([^/]+)/([^/]+)/")
FORM = "application/x-www-form-urlencoded"
INVOCATION = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
# The name that a signature gives a service, where IAM knows it under another.
IN_IAM = {"monitoring": "cloudwatch"}
S3_ACTIONS = {  # (method, marker of the query) -> the IAM action
    ("GET", "object-lock"): "GetBucketObjectLockConfiguration",
    ("GET", "versions"): "ListBucketVersions",
    ("GET", "versionId"): "GetObjectVersion",
    ("GET", "list-type"): "ListBucket",
    ("GET", ""): "GetObject",
    ("HEAD", ""): "GetObject",
    ("PUT", ""): "PutObject",
    ("DELETE", ""): "DeleteObject",
}


class Recorder:
    """WSGI middleware that notes each signed call before it is answered."""

    def __init__(self, app: Any, calls: Path) -> None:
        self._app = app
        self._calls = calls
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "HTTP_X_AMZ_TARGET" in environ or FORM in environ.get("CONTENT_TYPE", ""):
            size = int(environ.get("CONTENT_LENGTH") or 0)
            body = environ["wsgi.input"].read(size)
            environ["wsgi.input"] = io.BytesIO(body)
        else:
            body = b""
        call = call_of(environ, body)
        if call is not None:
            with self._lock, self._calls.open("a", encoding="utf-8") as file:
                file.write(json.dumps(call) + "\n")
        answer: Iterable[bytes] = self._app(environ, start_response)
        return answer


def call_of(environ: dict[str, Any], body: bytes) -> dict[str, Any] | None:
    """Who calls what on which resources; None for a call that nobody signed, or of no interest here.

    ``on`` holds what IAM would look at: table names, a secret's or key's id, or bucket and object.
    """
    signed = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if signed is None:
        return None
    who, _, service = signed.groups()
    service = IN_IAM.get(service, service)
    if "HTTP_X_AMZ_TARGET" in environ:
        action = environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2]
        return {"who": who, "service": service, "actions": _json_actions(action, json.loads(body or b"{}"))}
    if service == "s3":
        return {"who": who, "service": service, "actions": [_s3_action(environ)]}
    if FORM in environ.get("CONTENT_TYPE", ""):
        form = dict(parse_qsl(body.decode()))
        return {"who": who, "service": service, "actions": [[form["Action"], form.get("TopicArn", "")]]}
    invoked = INVOCATION.fullmatch(environ.get("PATH_INFO", ""))
    if invoked:
        return {"who": who, "service": service, "actions": [["InvokeFunction", unquote(invoked[1])]]}
    return {"who": who, "service": service, "actions": []}


def _json_actions(action: str, body: dict[str, Any]) -> list[list[str]]:
    """[action, resource] pairs: IAM asks for each part of a transaction, and each table of a batch."""
    if action == "TransactWriteItems":
        parts = [(kind, part["TableName"]) for item in body["TransactItems"] for kind, part in item.items()]
        return [[f"{kind}Item" if kind != "ConditionCheck" else "ConditionCheckItem", table] for kind, table in parts]
    if action in ("BatchGetItem", "BatchWriteItem"):
        return [[action, table] for table in body["RequestItems"]]
    if action in ("SendMessageBatch", "DeleteMessageBatch"):  # IAM knows no batch
        action = action.removesuffix("Batch")
    named = (body.get(key) for key in ("TableName", "SecretId", "KeyId", "QueueUrl"))
    if action == "PutEvents":
        return [["PutEvents", f"event-bus/{entry.get('EventBusName', 'default')}"] for entry in body["Entries"]]
    return [[action, next((name for name in named if name), "")]]


def _s3_action(environ: dict[str, Any]) -> list[str]:
    path = environ["PATH_INFO"].strip("/")
    bucket, _, key = path.partition("/")
    host = environ.get("HTTP_HOST", "").split(":")[0]
    if host.endswith((".localhost", ".amazonaws.com")):  # virtual-hosted style
        bucket, key = host.split(".")[0], path
    query = environ.get("QUERY_STRING", "")
    for (method, marker), action in S3_ACTIONS.items():
        if method == environ["REQUEST_METHOD"] and marker in query:
            return [action, f"{bucket}/{key}" if key else bucket]
    return [f"{environ['REQUEST_METHOD']}?{query}", bucket]


def main(arguments: list[str]) -> int:
    """Serve until the process is ended."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import run_simple

    from infra.emulator.plugin import install

    port, calls = int(arguments[0]), Path(arguments[1])
    install(f"http://127.0.0.1:{port}")
    app = Recorder(DomainDispatcherApplication(create_backend_app), calls)
    run_simple("127.0.0.1", port, app, threaded=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
