"""From the bytes of a body to a contract; a refusal names the field and never repeats its value."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError

from lambda_app.http import HttpError, HttpRequest
from understudy.contracts._model import Contract
from understudy.contracts.api import FieldError

__all__ = ["read_body"]

C = TypeVar("C", bound=Contract)
# An unknown key is named only if it looks like one: anything else may be somebody's data.
PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,31}")


def read_body(model: type[C], request: HttpRequest) -> C:
    """Parse the request's JSON body as ``model``.

    JSON is taken strictly (RFC 8259): no NaN or infinity, no key twice, UTF-8 only.

    Raises:
        HttpError: 415 if the body is not declared as JSON; 400 with the fields at fault.
    """
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/json":
        raise HttpError(415, "Send the body with content-type application/json.")
    try:
        data = json.loads(request.body.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_once)
    except RecursionError:
        raise _refused([FieldError(field="(body)", message="nested too deeply")]) from None
    except _BadJsonError as error:
        raise _refused([FieldError(field="(body)", message=str(error))]) from None
    except UnicodeDecodeError:
        raise _refused([FieldError(field="(body)", message="not valid UTF-8")]) from None
    except ValueError:
        raise _refused([FieldError(field="(body)", message="not valid JSON")]) from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise _refused([_field_error(item) for item in found[:10]]) from None


class _BadJsonError(ValueError):
    """JSON that Python would take and the standard does not."""


def _no_constant(name: str) -> NoReturn:
    del name
    raise _BadJsonError("NaN and Infinity are not JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _BadJsonError("a key appears twice")
    return found


def _refused(errors: list[FieldError]) -> HttpError:
    return HttpError(400, "The body was refused.", errors=errors)


def _field_error(item: Any) -> FieldError:
    parts = [str(part) for part in item["loc"]] or ["(body)"]
    if item["type"] != "extra_forbidden":
        return FieldError(field=".".join(parts), message=item["msg"])
    name = parts[-1] if PLAIN_NAME.fullmatch(parts[-1]) else "(unknown key)"
    return FieldError(field=name, message="unknown key")
