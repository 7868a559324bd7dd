"""The oracle and the traffic behind the figures of reasons."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
from _korean_oracle import attach, reading
from _reason_traffic import simulate, tokens, usd_per_call
from _rendered_reasons import check_rendered

from agents.reason_generator import particles


@pytest.mark.parametrize(
    ("text", "pair", "expected"),
    [("3", "이가", "3이"), ("1,235만 원", "을를", "1,235만 원을"), ("35%", "은는", "35%는"), ("2억", "으로", "2억으로"),
     ("서울", "으로", "서울로"), ("카드", "을를", "카드를"),
     ("적금(자유)", "은는", "적금(자유)은"), ("ETF", "이가", "ETF가"),
     ("ELS", "을를", "ELS를"), ("1,000", "을를", "1,000을"), ("0.25", "이가", "0.25가"), ("10조", "은는", "10조는")],
)  # fmt: skip
def test_the_oracle_knows_its_particles(text: str, pair: str, expected: str) -> None:
    assert attach(text, pair) == expected


def test_the_oracle_admits_what_it_cannot_read() -> None:
    with pytest.raises(ValueError, match="no reading"):
        reading("travel")


def test_rendered_reasons_are_grounded_and_their_particles_right() -> None:
    found = check_rendered(600, seed=1)
    assert found["numbers"] > 100
    assert found["particles"] > 200
    assert (found["ungrounded_numbers"], found["wrong_particles"], found["examples"]) == (0, 0, [])


def test_a_wrong_particle_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(particles, "final_sound", lambda text: "vowel")
    assert check_rendered(300, seed=1)["wrong_particles"] > 0


def test_a_wrong_number_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from agents.reason_generator import generator

    real = generator.render
    monkeypatch.setattr(generator, "render", lambda slot, value, *rest: real(slot, _twice(value), *rest))
    assert check_rendered(300, seed=1)["ungrounded_numbers"] > 0


def _twice(value: object) -> object:
    return value * 2 if isinstance(value, float) else value


def test_who_asks_again_hits() -> None:
    same = [[("a+-", "p")]] * 10
    daily = simulate(same, same, seed=1)[0]
    assert daily["recommendations"] == 300
    assert daily["sentences"] == 1
    assert daily["hit_rate"] == pytest.approx(29 / 30)
    assert daily["hit_rate_after_day_1"] == 1.0
    changed = simulate(same, [[("b+-", "p")]] * 10, seed=1)[0]
    assert changed["sentences"] == 2
    four = simulate(same, same, seed=1)[1]
    assert 1 < four["sentences"] <= 4, "a customer keeps to one language and tone"
    assert four["hit_rate_after_day_1"] == 1.0
    assert changed["growth"] == sorted(changed["growth"])


def test_what_is_written_before_is_missed_by_nobody() -> None:
    people = [[("a+-", "p")]] * 60 + [[("b+-", "p")]] * 20
    cold, *warm = simulate(people, people, seed=1)[2:]
    assert cold["hit_rate"] < 1
    assert all(traffic["hit_rate"] == 1.0 and traffic["sentences"] == 8 for traffic in warm)
    new = simulate(people, [[("c+-", "p")]] * 80, seed=1)[-1]
    assert new["missed_by_all_voices"] > 0
    assert new["missed_by_all_voices"] + new["missed_by_this_voice"] == pytest.approx(1 - new["hit_rate_after_day_1"])


def test_a_judgement_has_its_price() -> None:
    both = simulate([[("a+-", "p")]] * 10, [[("a+-", "p")]] * 10, seed=1)[0]
    assert set(both["usd_per_million_judged"]) == set(both["usd_per_million"])
    assert all(price > 0 for price in both["usd_per_million_judged"].values())


def test_tokens_are_counted_cautiously() -> None:
    assert tokens("abcd" * 10) == 10
    assert tokens("가나다") == 3
    assert 0 < usd_per_call()["amazon.nova-micro-v1:0"] < usd_per_call()["global.anthropic.claude-sonnet-4-6"] < 0.1
