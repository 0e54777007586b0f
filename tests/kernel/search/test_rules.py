"""How names and terms are cut into tokens: as they are written, as they are read, numbers by their end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.search.pinyin import readings
from app.search.rules import TERM_LENGTH, number_token, number_typed, runs, wanted
from app.search.tokens import marked, tokens


def finds(term: str, name: str) -> bool:
    """What both databases do with the tokens of a name and what a term wants."""
    have, needed = tokens(name).split(), wanted(term)

    def has(token: str, begins: bool) -> bool:
        return any(one.startswith(token) if begins else one == token for one in have)

    every = all(any(all(has(*probe) for probe in way) for way in ways) for ways in needed.runs)
    spelled = bool(needed.joined) and has(needed.joined, True)
    return bool(needed) and (every or spelled) and all(run in " ".join(have) for run in needed.whole)


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("张三丰", "三丰"),
        ("张三丰", "张三丰"),
        ("张三丰", "丰"),
        ("桥江（ABC）商贸有限公司", "abc"),
        ("桥江（ABC）商贸有限公司", "ＡＢ"),
        ("Acme Trading Co., Ltd.", "trad"),
        ("Acme Trading Co., Ltd.", "ding acm"),
        ("𠮷野家", "𠮷野"),
        ("O'Neil", "o'neil"),
        ("张三丰", "zhangsanfeng"),
        ("张三丰", "ZhangS"),
        ("张三丰", "zhang san feng"),
        ("张三丰", "sanfeng"),
        ("张三丰", "zsf"),
        ("张三丰", "zs"),
        ("张三丰", "zhangsf"),
        ("桥江瑞禾商贸有限公司", "ruihe"),
        ("桥江瑞禾商贸有限公司", "rhsm"),
        ("桥江瑞禾商贸有限公司", "qiaojiangruiheshangmao"),
        ("吕布", "lvbu"),
        ("吕布", "lubu"),
        ("重庆银行", "chongqingyinhang"),
        ("桥江ABC商贸", "shangmao"),
    ],
)
def test_a_name_is_found_by_what_it_contains_and_how_it_is_read(name: str, term: str) -> None:
    assert finds(term, name)


@pytest.mark.parametrize(
    ("surname", "said"),
    [
        *(("单", "shan"), ("曾", "zeng"), ("仇", "qiu"), ("解", "xie"), ("查", "zha"), ("区", "ou"), ("朴", "piao")),
        *(("盖", "ge"), ("尉", "wei"), ("覃", "qin"), ("缪", "miao"), ("翟", "zhai"), ("乐", "yue"), ("折", "she")),
        *(("万", "wan"), ("沈", "shen"), ("任", "ren"), ("华", "hua"), ("长", "zhang"), ("尉", "yu"), ("俟", "qi")),
    ],
)
def test_surnames_are_found_by_how_they_are_said_as_surnames(surname: str, said: str) -> None:
    assert finds(f"{said}wei", f"{surname}伟")
    assert finds(f"{said[0]}w", f"{surname}伟")


@pytest.mark.parametrize(("surname", "said"), [("单", "dan"), ("曾", "ceng"), ("查", "cha"), ("解", "jie")])
def test_the_common_reading_finds_them_too(surname: str, said: str) -> None:
    assert finds(f"{said}wei", f"{surname}伟")


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("张三", "三张"),
        ("张三丰", "zhangwu"),
        ("张三丰", "zw"),
        ("桥江瑞禾商贸", "瑞禾有限"),
        ("Acme", "acmes"),
        ("李四", "zhangls"),
    ],
)
def test_another_name_is_not_found(name: str, term: str) -> None:
    assert not finds(term, name)


@pytest.mark.parametrize("term", ["", "   ", "%", "_%", "'; --", "*", '"', "（）", "\x00"])
def test_a_term_without_letters_wants_nothing(term: str) -> None:
    assert not wanted(term)


@given(st.text(alphabet="张三李四桥江abcXYZ019 .%_'\"", max_size=30), st.data())
def test_every_piece_of_a_name_is_found(name: str, data: st.DataObject) -> None:
    for run in runs(name):
        start = data.draw(st.integers(0, len(run) - 1))
        end = data.draw(st.integers(start + 1, len(run)))
        piece = run[start:end]
        if len(piece) == 1 and piece.isascii() and start > 0:
            continue  # a single Latin letter is looked for at the beginning of a word
        assert finds(piece, name), (name, piece)


@given(
    st.text(alphabet="桥江瑞禾商贸有限公司", min_size=190, max_size=500),
    st.integers(0, 400),
    st.integers(4, TERM_LENGTH),
)
def test_a_piece_of_a_run_too_long_for_one_word_is_found(text: str, start: int, size: int) -> None:
    piece = text[start : start + size]
    assert len(piece) < 4 or finds(piece, text)


@given(st.text(max_size=300))
def test_tokens_are_plain_words(text: str) -> None:
    asked = wanted(text)
    probes = [probe for ways in asked.runs for way in ways for probe, _begins in way] + list(asked.whole)
    assert all(token.isalnum() for token in [*probes, *tokens(text).split()])
    assert len(probes) <= 5 * TERM_LENGTH and all(len(token.encode()) < 2000 for token in tokens(text).split())


@given(st.text(alphabet="张曾单重行a ", max_size=4))
def test_the_short_way_for_names_of_people_says_the_same(name: str) -> None:
    assert set(tokens(name).split()) == set(tokens(name, None).split())


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("138 0013 8000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("+86 138-0013-8000", "13800138000"),
        ("(010) 8000", ""),
        ("8000", "8000"),
        ("００３Ｘ", "003x"),
        *(("123", ""), ("8000a", ""), ("张8000", ""), ("", ""), ("----", ""), ("80%0", "")),
    ],
)
def test_numbers_are_read_as_people_type_them(typed: str, digits: str) -> None:
    assert number_typed(typed) == digits


def test_a_number_is_found_by_its_end_and_not_by_its_middle() -> None:
    kept = number_token("138 0013 8000")
    assert kept.startswith(number_token("8000")) and kept.startswith(number_token("13800138000"))
    assert not kept.startswith(number_token("0013"))
    assert number_token("123") == ""


@pytest.mark.parametrize(
    ("text", "term", "shown"),
    [
        ("王张三丰", "张三", "王[张三]丰"),
        ("张三丰", "zhangs", "[张三]丰"),
        ("曾国藩", "ceng gf", "[曾国藩]"),
        ("Acme Ltd", "ＡＣＭ", "[Acm]e Ltd"),
        ("<b>张三</b>", "张三", "<b>[张三]</b>"),
        ("李四", "zhang", "李四"),
        ("桥江瑞禾商贸", "rhsm", "桥江[瑞禾商贸]"),
        ("", "张", ""),
    ],
)
def test_the_part_that_was_meant_is_marked(text: str, term: str, shown: str) -> None:
    assert "".join(f"[{piece}]" if hit else piece for piece, hit in marked(text, term)) == shown


@given(st.text(max_size=60), st.text(max_size=60))
def test_marking_loses_nothing(text: str, term: str) -> None:
    assert "".join(piece for piece, _hit in marked(text, term)) == text


def test_marking_what_reads_alike_in_many_ways_ends() -> None:
    assert marked("阿" * 200, "a" * 59 + "b") == [("阿" * 200, False)]


def test_characters_have_readings_and_nothing_else_has() -> None:
    assert readings("重") == ("chong", "zhong")
    assert readings("女") == ("nv", "nu")
    assert (readings("a"), readings("。"), readings(" ")) == ((), (), ())
