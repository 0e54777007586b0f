"""REL-2: the walk over a graph, its budgets, and where its nodes are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from plugins.relations.rules import Edge, Node, layout, walk


def graph(pairs: Iterable[tuple[int, int]]) -> dict[int, Edge]:
    return {
        n: Edge(n, ("customer", a), ("customer", b), "family", 3) for n, (a, b) in enumerate(pairs) if a != b
    }


def neighbours_of(edges: dict[int, Edge]):
    def neighbours(frontier: Sequence[Node], _per_node: int) -> list[Edge]:
        near = set(frontier)
        return [e for e in edges.values() if e.source in near or e.target in near]

    return neighbours


def test_distance_is_the_fewest_steps_whatever_the_direction() -> None:
    edges = graph([(1, 2), (3, 2), (3, 4), (1, 4), (4, 5)])
    found = walk(("customer", 1), neighbours_of(edges), depth=2)
    assert found.distance == {("customer", n): d for n, d in {1: 0, 2: 1, 4: 1, 3: 2, 5: 2}.items()}


def test_a_hub_is_cut_and_says_so() -> None:
    edges = graph([(1, n) for n in range(2, 500)])
    found = walk(("customer", 1), neighbours_of(edges), depth=1, edges_per_node=100)
    assert len(found.distance) == 101
    assert found.cut == {("customer", 1)}


@given(st.lists(st.tuples(st.integers(1, 25), st.integers(1, 25)), max_size=80), st.integers(1, 4))
def test_every_walk_keeps_its_promises(pairs: list[tuple[int, int]], depth: int) -> None:
    edges = graph(pairs)
    found = walk(("customer", 1), neighbours_of(edges), depth=depth, node_budget=12, edges_per_node=5)
    assert len(found.distance) <= 12
    assert max(found.distance.values()) <= depth
    for edge in found.edges.values():
        assert {edge.source, edge.target} <= set(found.distance)
    places = layout(found)
    assert set(places) == set(found.distance)
    assert len(set(places.values())) == len(places)
