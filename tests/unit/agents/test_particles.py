"""The resolver against an independent oracle: spell the value out in Hangul, look at its last decomposed letter."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.reason_generator.particles import PARTICLES, final_sound, with_particle
from agents.slots import render, render_money

LETTERS = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        [
            "에이",
            "비",
            "시",
            "디",
            "이",
            "에프",
            "지",
            "에이치",
            "아이",
            "제이",
            "케이",
            "엘",
            "엠",
            "엔",
            "오",
            "피",
            "큐",
            "알",
            "에스",
            "티",
            "유",
            "브이",
            "더블유",
            "엑스",
            "와이",
            "제트",
        ],
        strict=True,
    )
)
DIGITS = "영일이삼사오육칠팔구"
EXPECTED = {  # particle -> (consonant, rieul, vowel)
    "은는": ("은", "은", "는"),
    "이가": ("이", "이", "가"),
    "을를": ("을", "을", "를"),
    "과와": ("과", "과", "와"),
    "으로": ("으로", "로", "로"),
}


def spell(number: int) -> str:
    """Read a whole number in Sino-Korean: 1230 -> 천이백삼십."""
    if number == 0:
        return "영"
    words = ""
    for size, unit in ((10**16, "경"), (10**12, "조"), (10**8, "억"), (10**4, "만"), (1, "")):
        part, number = divmod(number, size)
        if not part:
            continue
        group = ""
        for small, name in ((1000, "천"), (100, "백"), (10, "십"), (1, "")):
            digit, part = divmod(part, small)
            group += (DIGITS[digit] if digit > 1 or small == 1 else "") + name if digit else ""
        words += group + unit
    return words


def oracle(hangul: str, particle: str) -> str:
    last = unicodedata.normalize("NFD", hangul)[-1]
    final = "\u11a8" <= last <= "\u11c2"
    return EXPECTED[particle][1 if last == "\u11af" else 0 if final else 2]


particles = st.sampled_from(sorted(PARTICLES))


@given(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=6), particles)
def test_hangul(word: str, particle: str) -> None:
    assert with_particle(word, particle) == word + oracle(word, particle)


@given(st.one_of(st.integers(0, 9999), st.integers(0, 10**17 - 1)), particles, st.booleans())
def test_numbers_as_they_are_read(number: int, particle: str, commas: bool) -> None:
    text = f"{number:,}" if commas else str(number)
    assert with_particle(text, particle) == text + oracle(spell(number), particle)


@given(st.integers(0, 16), st.integers(1, 9), particles)
def test_round_numbers_end_in_their_unit(zeros: int, digit: int, particle: str) -> None:
    text = f"{digit * 10**zeros:,}"
    assert with_particle(text, particle) == text + oracle(spell(digit * 10**zeros), particle)


@given(st.decimals(0, 999, places=2), particles)
def test_fractions_are_read_digit_by_digit(number: object, particle: str) -> None:
    text = str(number)
    assert with_particle(text, particle) == text + oracle(DIGITS[int(text[-1])], particle)


@given(st.text(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), min_size=1, max_size=5), particles)
def test_capitals_are_read_by_name(word: str, particle: str) -> None:
    assert with_particle(word, particle) == word + oracle(LETTERS[word[-1]], particle)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("35%", "퍼센트"), ("A+", "플러스"), ("Q&", "앤드"), ("$", "달러"), ("1,230만 원", "원"), ("3개월", "월"),
        ("“정기예금”", "금"), ("정기예금.", "금"), ("‘서울’ ", "울"), ("펀드…", "드"), ("「적금」", "금"),
        ("카드!", "드"),
        ("ISA(개인종합자산관리계좌)", "에이"), ("적금(자유)", "금"), ("통장 [특판]", "장"), ("(특판)", "판"),
        ("예금(단리)(세전)", "금"), ("카드 )", "드"), ("Gold", "드"), ("Travel", "블"), ("Premium", "엄"),
        ("Saving", "빙"),
        ("Mobile", "일"), ("Home", "홈"), ("Top", "톱"), ("Check Card", "드"), ("Pick", "픽"), ("Club", "럽"),
        ("Plus", "스"), ("Best", "트"), ("Simple", "플"), ("Point", "트"), ("Net", "넷"), ("Cafe", "페"),
    ],
)  # fmt: skip
def test_symbols_brackets_quotes_and_words(text: str, read: str) -> None:
    for particle in PARTICLES:
        assert with_particle(text, particle) == text + oracle(read, particle)


@pytest.mark.parametrize("text", ["", "!!!", "()", "カード", "…"])
def test_what_cannot_be_read_gets_both_forms(text: str) -> None:
    assert final_sound(text) is None
    assert with_particle(text, "을를") == text + "을(를)"
    assert with_particle(text, "으로") == text + "(으)로"


@given(st.floats(0, 1e13), particles)
def test_every_rendered_amount_ends_in_won(krw: float, particle: str) -> None:
    text = render_money(krw, "ko")
    assert with_particle(text, particle) == text + oracle("원", particle)


@given(st.floats(0, 1), st.floats(0, 600), particles)
def test_every_rendered_share_and_span(share: float, months: float, particle: str) -> None:
    percent, span = render("percent", share, "ko") or "", render("months", months, "ko") or ""
    assert with_particle(percent, particle) == percent + oracle("퍼센트", particle)
    assert with_particle(span, particle) == span + oracle("월", particle)


@given(st.text(max_size=40), particles)
def test_any_text_keeps_its_words_and_gets_one_particle(text: str, particle: str) -> None:
    result = with_particle(text, particle)
    assert result.startswith(text)
    assert result[len(text) :] in PARTICLES[particle]
