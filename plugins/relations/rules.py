"""What relations there are, and how a neighbourhood is walked: breadth first, within budgets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

#: Kinds of relation in the order of the picker.
KINDS = (
    "influence",
    "family",
    "shareholder",
    "management",
    "supply",
    "guarantee",
    "agent",
    "colleague",
    "other",
)

#: A party: ("customer", id) or ("contact", id).
Node = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Edge:
    """One relation as the walk sees it."""

    id: int
    source: Node
    target: Node
    kind: str
    strength: int
    percent: Decimal | None = None


@dataclass(slots=True)
class Walk:
    """What a walk found: the distance of every node from the start, the edges, and what was left out."""

    distance: dict[Node, int] = field(default_factory=dict)
    edges: dict[int, Edge] = field(default_factory=dict)
    #: Nodes some of whose neighbours were left out, because there are too many.
    cut: set[Node] = field(default_factory=set)


def walk(
    start: Node,
    neighbours: Callable[[Sequence[Node], int], Iterable[Edge]],
    *,
    depth: int,
    node_budget: int = 300,
    edges_per_node: int = 100,
) -> Walk:
    """Breadth-first neighbourhood of `start` up to `depth` steps.

    `neighbours(frontier, edges_per_node)` answers all edges touching the frontier in one go (one query
    per level). At most `edges_per_node` edges are followed per node and `node_budget` nodes are kept: a hub
    with tens of thousands of edges must not fill the screen. Nodes with neighbours left out are in `cut`.
    """
    found = Walk(distance={start: 0})
    frontier: list[Node] = [start]
    for step in range(1, depth + 1):
        if not frontier:
            break
        used: dict[Node, int] = dict.fromkeys(frontier, 0)
        following: list[Node] = []
        for edge in neighbours(frontier, edges_per_node):
            inner = edge.source if edge.source in used else edge.target
            outer = edge.target if inner == edge.source else edge.source
            if used[inner] >= edges_per_node:
                found.cut.add(inner)
                continue
            used[inner] += 1
            if outer not in found.distance:
                if len(found.distance) >= node_budget:
                    found.cut.add(inner)
                    continue
                found.distance[outer] = step
                following.append(outer)
            found.edges[edge.id] = edge
        frontier = following
    return found


def layout(found: Walk) -> dict[Node, tuple[float, float]]:
    """Positions for drawing: the start in the middle, each step a ring, neighbours near their parent.

    The same graph always gets the same picture; positions are in a plane whose rings are 160 units apart.
    """
    rings: dict[int, list[Node]] = {}
    for node, distance in found.distance.items():
        rings.setdefault(distance, []).append(node)
    angle: dict[Node, float] = {}
    places: dict[Node, tuple[float, float]] = {}
    for distance in sorted(rings):
        nodes = rings[distance]
        if distance == 0:
            angle[nodes[0]], places[nodes[0]] = 0.0, (0.0, 0.0)
            continue
        parents = _parents(found, distance)
        beside = {node: angle[parents[node]] if node in parents else 0.0 for node in nodes}
        nodes[:] = [node for _angle, node in sorted((beside[node], node) for node in nodes)]
        radius = max(160.0 * distance, len(nodes) * 60.0 / (2 * math.pi))
        for number, node in enumerate(nodes):
            angle[node] = 2 * math.pi * number / len(nodes)
            places[node] = (
                round(radius * math.cos(angle[node]), 1),
                round(radius * math.sin(angle[node]), 1),
            )
    return places


def _parents(found: Walk, distance: int) -> dict[Node, Node]:
    parents: dict[Node, Node] = {}
    for edge in found.edges.values():
        for inner, outer in ((edge.source, edge.target), (edge.target, edge.source)):
            if found.distance.get(outer) == distance and found.distance.get(inner) == distance - 1:
                parents.setdefault(outer, inner)
    return parents
