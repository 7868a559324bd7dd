"""Ten thousand rendered reasons over random facts and products: all pass the gate, none holds an ungrounded number."""

from __future__ import annotations

import random
from typing import Any, get_args

import pytest

from agents.feature_selector import Selection
from agents.reason_generator import ReasonGenerator, load_templates
from agents.safety_gate import SafetyGate, load_rules
from understudy.contracts._model import Text
from understudy.contracts.catalog import Driver, Product, ProductType, Terms
from understudy.contracts.reasons import Fact, FactDef, Glossary

COUNT = 10_000
NAMES = [
    ("한빛 정기예금", "Hanbit Time Deposit"), ("청년 ISA(중개형)", "Youth ISA"), ("Travel 카드", "Travel Card"),
    ("든든 펀드 2호", "Steady Fund 2"), ("신한빛 MMF", "Hanbit MMF"), ("생활비 통장 36", "Everyday Account 36"),
]  # fmt: skip
PHRASES: dict[str | None, tuple[str, str]] = {
    "count": ("최근 해외 결제 {value}건", "{value|overseas purchase|overseas purchases} of late"),
    "money": ("입출금 잔액 {value}", "an account balance of {value}"),
    "percent": ("식비 비중 {value}", "{value} of spending on food"),
    "number": ("하루 평균 거래 {value}회", "{value} transactions a day on average"),
    "months": ("{value|이가} 넘은 거래 기간", "{value} as a customer"),
    "years": ("{value} 동안의 급여 이체", "{value} of salary payments"),
    "category": ("{value|을를} 중심으로 한 소비", "spending centred on {value}"),
    None: ("꾸준한 저축", "regular saving"),
}
CATEGORIES = {"a": Text(ko="편의점", en="convenience stores"), "b": Text(ko="카페", en="cafes")}


@pytest.fixture(scope="module")
def glossary() -> Glossary:
    facts = [
        FactDef(
            key=f"fact-{slot or 'plain'}",
            features=["x"],
            value_feature="x" if slot else None,
            slot=slot,  # type: ignore[arg-type]
            phrase=Text(ko=ko, en=en),
            categories=CATEGORIES,
        )
        for slot, (ko, en) in PHRASES.items()
    ]
    return Glossary(schema_version=1, facts=facts)


def a_fact(rng: random.Random, definition: FactDef) -> Fact:
    values: dict[str | None, Any] = {
        "count": rng.randrange(10 ** rng.randrange(1, 6)),
        "money": rng.choice([rng.uniform(0, 1e6), rng.uniform(0, 10 ** rng.randrange(6, 14))]),
        "percent": rng.random(),
        "number": rng.uniform(0, 10 ** rng.randrange(0, 5)),
        "months": rng.choice([rng.randrange(600), rng.uniform(0, 600)]),
        "years": rng.randrange(60),
        "category": rng.choice(sorted(CATEGORIES)),
        None: None,
    }
    value = values[definition.slot]
    return Fact(key=definition.key, direction="for", share=0.1, slot=definition.slot, value=value, features={})


def a_product(rng: random.Random) -> Product:
    kind = rng.choice(get_args(ProductType))
    low = round(rng.uniform(0.1, 15), rng.randrange(3))
    high = rng.choice([low, round(low + rng.uniform(0.1, 5), 2)])
    ko, en = rng.choice(NAMES)
    terms = Terms(
        rate_min=low,
        rate_max=high,
        rate_basis=Text(ko=f"만기 {rng.randrange(1, 61)}개월", en="a fixed term"),
        late_rate_max=round(rng.uniform(1, 20), 1),
        preferential_condition=Text(ko="급여 이체 실적이 있는 경우", en="with a salary paid in"),
        eligibility=Text(ko="실명의 개인", en="individuals under their real name"),
        deposit_protected=rng.random() < 0.5 if kind in ("deposit", "account") else False,
        principal_loss_possible=True if kind == "investment" else None,
    )
    return Product(
        id="p",
        name=Text(ko=ko, en=en),
        family="any",
        type=kind,
        risk_level=rng.randrange(1, 4),
        seller=Text(ko="언더스터디은행", en="Understudy Bank"),
        terms=terms,
        drivers=[Driver(task="t", weight=1)],
    )


def test_every_rendered_reason_passes(glossary: Glossary) -> None:
    rng = random.Random(7)
    gate = SafetyGate(load_rules())
    generator = ReasonGenerator(load_templates(), glossary)
    told = 0
    for _ in range(COUNT):
        definitions = rng.sample(glossary.facts, rng.randrange(4))
        selection = Selection(tuple(a_fact(rng, definition) for definition in definitions), "s")
        product, locale, channel = a_product(rng), rng.choice(("ko", "en")), rng.choice(("branch", "app"))
        reason = generator.reason(selection, product, locale, channel)  # type: ignore[arg-type]
        assert reason.source == "template", reason.note
        verdict = gate.check(
            reason.text,
            product=product,
            facts=reason.facts,
            locale=locale,  # type: ignore[arg-type]
            disclosure=reason.disclosure,
            risk_cap=3,
            origin="template",
        )
        assert verdict.findings == [], (reason.text, reason.disclosure)
        assert "은(는)" not in reason.text
        assert "(으)로" not in reason.text
        told += len(reason.facts)
    assert told > COUNT


@pytest.mark.parametrize("tamper", [lambda digit: str((int(digit) + 1) % 10), lambda digit: digit + "7"])
def test_a_changed_digit_never_passes(tamper: Any, glossary: Glossary) -> None:
    """The same reasons with one digit changed after rendering: the gate sees it."""
    rng = random.Random(11)
    gate = SafetyGate(load_rules())
    generator = ReasonGenerator(load_templates(), glossary)
    money = next(definition for definition in glossary.facts if definition.slot == "money")
    for _ in range(300):
        fact = a_fact(rng, money)
        product = a_product(rng).model_copy(update={"name": Text(ko="한빛 예금", en="Hanbit Deposit")})
        reason = generator.reason(Selection((fact,), "s"), product, "ko", "branch")
        place = max(position for position, character in enumerate(reason.text) if character.isdigit())
        text = reason.text[:place] + tamper(reason.text[place]) + reason.text[place + 1 :]
        verdict = gate.check(
            text, product=product, facts=reason.facts, locale="ko", disclosure=reason.disclosure, risk_cap=3
        )
        assert [f.rule_id for f in verdict.findings] == ["untraceable-number"], (reason.text, text)
