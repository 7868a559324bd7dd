from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.safety_gate.normalise import normalise


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("ＡＢＣ１２３％", "abc123%"),
        ("  최고   금리  ", "최고 금리"),
        ("ÉCLAIR", "eclair"),
        ("㈜한빛", "(주)한빛"),
        ("원금\u200b보장", "원금보장"),
        ("가\n나", "가\n나"),
        ("Straße", "strasse"),
    ],
)
def test_plain(text: str, plain: str) -> None:
    # ß folds after its diacritics are looked at, so it arrives as one letter.
    assert normalise(text).plain in (plain, plain.replace("ss", "s"))


@pytest.mark.parametrize(
    "text",
    [
        "원\u200b금",
        "\u202e장보 금원",
        "a\x00b",
        "\ufeff원금",
        "원금\U000e0041",
        "원\u3164금",
        "\u2066x\u2069",
        "a\ufe0fb",
        "x\x1b[0m",
    ],
)
def test_hidden_characters_are_counted_and_removed(text: str) -> None:
    part = normalise(text)
    assert part.hidden >= 1
    assert part.plain.isprintable()


@pytest.mark.parametrize("text", ["최고 연 3.5%", "가\t나", "line\nline", "“따옴표”", "A·B", "Café?"[:3]])
def test_ordinary_text_hides_nothing(text: str) -> None:
    part = normalise(text)
    assert (part.hidden, part.jamo, part.foreign) == (0, 0, 0)


def test_foreign_letters_and_stray_jamo_are_counted() -> None:
    assert normalise("guаranteed").foreign == 1, "a Cyrillic letter in a Latin word"
    assert normalise("日本").foreign == 2
    assert normalise("٣%").foreign == 1
    assert normalise("٣%").plain == "3%"
    assert normalise("ㅊㅗㅣ고").jamo >= 3
    assert normalise("\u110e\u116c\u1100\u1169") == normalise("최고"), "decomposed syllables are ordinary"


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("최 고 의 금리", "최고의금리"),
        ("최·고 수익", "최고 수익"),
        ("원.금.보.장 상품", "원금보장 상품"),
        ("원금 보 장 상품", "원금 보장 상품"),
        ("최 고 금 리를", "최고금리를"),
        ("g u a r a n t e e d", "guaranteed"),
        ("r.i.s.k free", "risk free"),
    ],
)
def test_words_pulled_apart_are_joined_in_a_variant(text: str, joined: str) -> None:
    part = normalise(text)
    assert part.joined == joined
    assert len(part.variants) == 2


@pytest.mark.parametrize("text", ["할 수 있는 것", "두 개의 계좌", "최고 연 3.5%", "a b test", "이 상품은 한 번에"])
def test_ordinary_prose_is_left_alone(text: str) -> None:
    assert len(normalise(text).variants) <= 2
    assert normalise(text).plain == text


@given(st.text(max_size=200))
def test_any_text_normalises_to_visible_text_and_stays_so(text: str) -> None:
    part = normalise(text)
    again = normalise(part.plain)
    assert again.hidden == 0
    assert again.plain == part.plain or again.foreign or part.foreign


@pytest.mark.parametrize("unit", ["최 ", "가.", "a ", " ", "\u200b", "ㅋ", "·", "a.-"])
def test_repeats_take_bounded_time(unit: str) -> None:
    start = time.perf_counter()
    normalise((unit * 4000)[:4000])
    assert time.perf_counter() - start < 0.5
