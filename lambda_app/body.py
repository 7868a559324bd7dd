"""From the bytes of a body to a contract; a refusal names the field and never repeats its value."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError

from lambda_app.http import HttpError, HttpRequest
from understudy.contracts._model import Contract
from understudy.contracts.api import FieldError

__all__ = ["read_body"]

C = TypeVar("C", bound=Contract)


def read_body(model: type[C], request: HttpRequest) -> C:
    """Parse the request's JSON body as ``model``.

    JSON is taken strictly (RFC 8259): no NaN or infinity, no key twice, UTF-8 only.

    Raises:
        HttpError: 415 if the body is not declared as JSON; 400 with the fields at fault.
    """
    _check_type(request.headers.get("content-type", ""))
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
        raise _refused([_field_error(item, _names(model)) for item in found[:10]]) from None


def _check_type(content_type: str) -> None:
    media_type, *parameters = [part.strip().lower() for part in content_type.split(";")]
    charsets = [value.strip('"') for name, _, value in (p.partition("=") for p in parameters) if name == "charset"]
    if media_type != "application/json" or any(charset not in ("utf-8", "utf8", "us-ascii") for charset in charsets):
        raise HttpError(415, "Send the body with content-type application/json, in UTF-8.")


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


def _field_error(item: Any, names: frozenset[str]) -> FieldError:
    """Where and what, in words of the contract alone: also a key may be somebody's data."""
    *path, last = [*item["loc"]] or ["(body)"]
    parts = [str(part) if isinstance(part, int) or part in names else "(key)" for part in path]
    if item["type"] == "extra_forbidden":
        from difflib import get_close_matches

        meant = get_close_matches(str(last), names, n=1)
        hint = f"; did you mean {meant[0]}?" if meant else ""
        return FieldError(field=".".join([*parts, "(unknown key)"]), message=f"unknown key{hint}")
    known = isinstance(last, int) or last in names or last == "(body)"
    return FieldError(field=".".join([*parts, str(last) if known else "(key)"]), message=item["msg"])


@cache
def _names(model: type[Contract]) -> frozenset[str]:
    """The names of all fields of ``model`` and of the contracts in it."""
    schema = model.model_json_schema()
    return frozenset(
        name for part in (schema, *schema.get("$defs", {}).values()) for name in part.get("properties", {})
    )
