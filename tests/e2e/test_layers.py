"""Each layer of the fallback router, reached by its trigger, in the built zip under the Lambda runtime client."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

import pytest
import tiny_bundle
from built_zip import HOST, built_zip
from python_313 import client_313, python_313

from understudy.atomic import canonical_json
from understudy.audit import Keyring
from understudy.contracts.api import RecommendationResponse, TaskScore
from understudy.local import LocalFunction
from understudy.stores import open_store

MODEL = tiny_bundle.models()["models/signups.distilled.txt"]
RECORDS = [
    tiny_bundle.customer(),
    tiny_bundle.customer("some-missing", balance=None, noise=None),
    tiny_bundle.customer("most-missing", **dict.fromkeys(tiny_bundle.NUMERIC)),
    tiny_bundle.customer("other-schema").model_copy(update={"schema_version": "1" * 16}),
    tiny_bundle.customer("new-category", region="the moon"),
    tiny_bundle.customer("young", age=20),
]
Serve = Callable[..., str]
Speaker = TaskScore.model_fields["layer"].annotation


@pytest.fixture(scope="module")
def serve(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Serve a bundle with some files replaced, and return the URL; the same bundle is served once."""
    known: dict[str, str] = {}
    with ExitStack() as stack:

        def start(name: str = "whole", python: str = HOST, **files: bytes) -> str:
            if name not in known:
                folder = tmp_path_factory.mktemp("serve")
                options: dict[str, Any] = {}
                zipped = package
                if python != HOST:
                    zipped = built_zip(folder, python)
                    options = {"executable": python_313(), "client": client_313(folder / "client")}
                function = LocalFunction(zipped, _variables(folder, files), log=folder / "log", **options)
                known[name] = stack.enter_context(function).url
            return known[name]

        yield start


def _variables(folder: Path, files: dict[str, bytes]) -> dict[str, str]:
    Keyring.create(folder / "keys.json")
    store = open_store(f"sqlite://{folder / 'store.sqlite'}")
    store.put_records(RECORDS)
    store.close()
    return {
        "UNDERSTUDY_BUNDLE": str(tiny_bundle.write(folder / "bundle.zip", tiny_bundle.files(**files))),
        "UNDERSTUDY_STORE": f"sqlite://{folder / 'store.sqlite'}",
        "UNDERSTUDY_AUDIT_KEYS": f"file://{folder / 'keys.json'}",
    }


def _ask(url: str, customer_id: str = "c-1") -> dict[str, Any]:
    body = json.dumps({"customer_id": customer_id, "locale": "en"}).encode()
    request = urllib.request.Request(f"{url}/v1/recommendations", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: dict[str, Any] = json.loads(response.read())
    RecommendationResponse.model_validate(answer)
    return answer


def _health(url: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"{url}/v1/health", timeout=30) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_layer_1_speaks_when_all_is_well(serve: Serve) -> None:
    task = _ask(serve())["tasks"]["signups"]
    assert (task["layer"], task["steps"]) == ("distilled", [])
    assert _health(serve())[1]["status"] == "ok"


def test_layer_1_still_speaks_with_some_features_missing_or_never_seen(serve: Serve) -> None:
    for customer, missing in (("some-missing", ["balance", "noise"]), ("new-category", ["region"])):
        answer = _ask(serve(), customer)
        assert answer["features_missing"] == missing
        assert answer["tasks"]["signups"]["layer"] == "distilled"


@pytest.mark.parametrize(
    ("name", "broken", "reason"),
    [
        ("cut", MODEL[: len(MODEL) // 2], "the text ends before"),
        ("garbage", b"\0\xff" * 500, "not a LightGBM text model"),
        ("children", MODEL.replace(b"left_child=", b"left_child=-99 ", 1), "do not form one tree"),
    ],
)
def test_layer_2_speaks_for_the_one_task_whose_student_is_corrupt(
    serve: Serve, name: str, broken: bytes, reason: str
) -> None:
    url = serve(name, **{"models/signups.distilled.txt": broken})
    tasks = _ask(url)["tasks"]
    assert tasks["signups"]["layer"] == "direct"
    assert reason in tasks["signups"]["steps"][0]
    assert tasks["family"]["layer"] == "distilled"
    status, health = _health(url)
    assert (status, health["status"], health["layers"]["signups"]) == (200, "degraded", "direct")


def test_layer_3_speaks_when_both_students_of_a_task_are_lost(serve: Serve) -> None:
    lost = {f"models/signups.{layer}.txt": b"" for layer in ("distilled", "direct")}
    task = _ask(serve("lost", **lost))["tasks"]["signups"]
    assert task["layer"] == "rules"
    assert [step.split(":")[0] for step in task["steps"]] == ["distilled", "direct"]


@pytest.mark.parametrize(
    ("customer", "reason"),
    [("other-schema", "the record has feature schema"), ("most-missing", "7 of 8 features are missing")],
)
def test_layer_3_speaks_for_a_record_that_no_student_can_read(serve: Serve, customer: str, reason: str) -> None:
    tasks = _ask(serve(), customer)["tasks"]
    assert {task["layer"] for task in tasks.values()} == {"rules"}
    assert all(reason in task["steps"][-1] for name, task in tasks.items() if name != "rules_only")


def test_layer_3_reads_the_record_by_its_rules(serve: Serve) -> None:
    assert _ask(serve())["tasks"]["rules_only"]["value"] == 0.3
    assert _ask(serve(), "young")["tasks"]["rules_only"]["value"] == 0.4


def test_layer_4_asks_a_person_only_where_the_bundle_says_so(serve: Serve) -> None:
    catalog = json.loads(tiny_bundle.documents()["catalog.json"])
    catalog["policy"]["ask_person"] = True
    url = serve("person", **{"catalog.json": canonical_json(catalog)})
    answer = _ask(url, "other-schema")
    assert {task["layer"] for task in answer["tasks"].values()} == {"person"}
    assert answer["tasks"]["signups"]["steps"][-1] == "rules: no rule knows the customer"
    # Nothing is delivered; what might be waits for a person.
    assert answer["recommendations"] == []
    assert {(review["tier"], review["withheld"]) for review in answer["reviews"]} == {(3, True)}
    assert answer["reviews"]
    assert {task["layer"] for task in _ask(serve(), "other-schema")["tasks"].values()} == {"rules"}


SPEAKING = {
    # layer -> the bundle's broken files, the customer, the task for which it then speaks
    "distilled": ({}, "c-1", "signups"),
    "direct": ({"models/signups.distilled.txt": b""}, "c-1", "signups"),
    "rules": ({f"models/signups.{layer}.txt": b"" for layer in ("distilled", "direct")}, "c-1", "signups"),
    "person": (None, "other-schema", "signups"),
}


@pytest.mark.parametrize("layer", [one for part in get_args(Speaker) for one in get_args(part)])
def test_every_layer_that_an_answer_may_name_is_reached(serve: Serve, layer: str) -> None:
    broken, customer, task = SPEAKING[layer]
    if broken is None:
        catalog = json.loads(tiny_bundle.documents()["catalog.json"])
        catalog["policy"]["ask_person"] = True
        broken = {"catalog.json": canonical_json(catalog)}
    assert _ask(serve(f"all-{layer}", **broken), customer)["tasks"][task]["layer"] == layer


def test_the_package_runs_on_the_interpreter_it_is_deployed_on(serve: Serve) -> None:
    python_313()
    answer = _ask(serve("3.13", python="3.13"))
    assert answer["tasks"] == _ask(serve())["tasks"]
    assert answer["recommendations"] == _ask(serve())["recommendations"]
