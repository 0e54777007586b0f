"""How names and terms are cut into tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.search.rules import TERM_LENGTH, runs, tokens, wanted


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
    ],
)
def test_a_name_has_the_tokens_of_what_it_contains(name: str, term: str) -> None:
    assert set(wanted(term)) <= set(tokens(name).split())


@pytest.mark.parametrize("term", ["", "   ", "%", "_%", "'; --", "*", '"', "（）", "\x00"])
def test_a_term_without_letters_wants_nothing(term: str) -> None:
    assert wanted(term) == []


@given(st.text(alphabet="张三李四桥江abcXYZ019 .%_'\"", max_size=30), st.data())
def test_every_piece_of_a_name_is_found(name: str, data: st.DataObject) -> None:
    for run in runs(name):
        start = data.draw(st.integers(0, len(run) - 1))
        end = data.draw(st.integers(start + 1, len(run)))
        piece = run[start:end]
        if len(piece) == 1 and piece.isascii() and start > 0:
            continue  # a single Latin letter is looked for at the beginning of a word
        assert set(wanted(piece)) <= set(tokens(name).split()), (name, piece)
        assert piece in tokens(name)


@given(st.text(max_size=300))
def test_tokens_are_plain_words(text: str) -> None:
    assert all(token.isalnum() and token == token.lower() for token in wanted(text))
    assert len(wanted(text)) <= 4 * TERM_LENGTH
