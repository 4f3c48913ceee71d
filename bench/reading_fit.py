"""Finds the weights of the reader under which the labelled readings are likeliest: a semi-Markov conditional random
field with hidden segments, all messages at once in numpy. Needs numpy and scipy.

A message is a graph whose nodes are the places between its atoms and whose edges are candidates for what lies between
two of them. The likelihood is the sum over the ways that give the labelled acts, as a share of the sum over all ways.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass
class Names:
    """Numbers for names, in the order in which they are asked for."""

    number: dict[str, int] = field(default_factory=dict)

    def __getitem__(self, name: str) -> int:
        return self.number.setdefault(name, len(self.number))


@dataclass
class Table:
    """A sparse matrix that grows by rows."""

    columns: Names = field(default_factory=Names)
    starts: list[int] = field(default_factory=lambda: [0])
    numbers: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, row: Sequence[tuple[str, float]]) -> int:
        """Append a row; return its number."""
        self.numbers += [self.columns[name] for name, _ in row]
        self.values += [value for _, value in row]
        self.starts.append(len(self.numbers))
        return len(self.starts) - 2

    def matrix(self) -> csr_matrix:
        shape = len(self.starts) - 1, len(self.columns.number)
        return csr_matrix((self.values, self.numbers, self.starts), shape=shape)


@dataclass
class Graph:
    """Edges between nodes. `level` of a node: every edge leads from a lower one to a higher one."""

    sources: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    level: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def node(self, level: int) -> int:
        self.level.append(level)
        return len(self.level) - 1

    def link(self, source: int, target: int, row: int) -> None:
        self.sources.append(source)
        self.targets.append(target)
        self.rows.append(row)


class Sums:
    """Sums over all ways through every message of a graph, one start and one end a message."""

    def __init__(self, graph: Graph) -> None:
        self.sources, self.targets = np.array(graph.sources), np.array(graph.targets)
        self.rows, level = np.array(graph.rows), np.array(graph.level)
        self.starts, self.ends = np.array(graph.starts), np.array(graph.ends)
        owner = np.zeros(len(level), np.int64)
        owner[self.starts] = 1
        self.owner: Numbers = (owner.cumsum() - 1)[self.sources]  # the nodes of a message follow its start
        self.nodes = len(level)
        self.ahead = self._steps(self.targets, level)
        self.behind = self._steps(self.sources, -level)

    @staticmethod
    def _steps(nodes: Numbers, level: Numbers) -> list[tuple[Numbers, Numbers, Numbers]]:
        """By level: the edges at its nodes, where each node's edges begin, the nodes."""
        order = np.lexsort((nodes, level[nodes]))
        found = []
        levels = level[nodes[order]]
        cuts = [0, *(np.flatnonzero(np.diff(levels)) + 1).tolist(), len(order)]
        for start, end in pairwise(cuts):
            edges = order[start:end]
            which, begin = np.unique(nodes[edges], return_index=True)
            found.append((edges, begin, which))
        return found

    def __call__(self, scores: Floats) -> tuple[Floats, Floats]:
        """Return by message the logarithm of the sum, and by row its share in its message's sum."""
        values = scores[self.rows]
        ahead, behind = np.full(self.nodes, -math.inf), np.full(self.nodes, -math.inf)
        ahead[self.starts] = 0.0
        behind[self.ends] = 0.0
        for edges, begin, nodes in self.ahead:
            ahead[nodes] = _log_sums(ahead[self.sources[edges]] + values[edges], begin)
        for edges, begin, nodes in self.behind:
            behind[nodes] = _log_sums(behind[self.targets[edges]] + values[edges], begin)
        totals = ahead[self.ends]
        shares = np.exp(ahead[self.sources] + values + behind[self.targets] - totals[self.owner])
        return totals, shares


def _log_sums(values: Floats, begin: Numbers) -> Floats:
    top = np.maximum.reduceat(values, begin)
    safe = np.where(np.isfinite(top), top, 0.0)
    sizes = np.diff([*begin, len(values)])
    with np.errstate(divide="ignore"):
        sums: Floats = np.log(np.add.reduceat(np.exp(values - np.repeat(safe, sizes)), begin)) + safe
    return sums


@dataclass
class Examples:
    """Messages as graphs: `every` with all readings, `right` with those that are as labelled. Row 0 is an edge that
    means nothing and costs nothing. `traits` has a row for each segment, `own` one for each candidate.
    """

    traits: Table = field(default_factory=Table)
    own: Table = field(default_factory=Table)
    kinds: Names = field(default_factory=Names)
    segment: list[int] = field(default_factory=list)
    rows: list[tuple[int, int]] = field(default_factory=list)  # (row, kind)
    cost: list[float] = field(default_factory=list)
    every: Graph = field(default_factory=Graph)
    right: Graph = field(default_factory=Graph)


@dataclass(frozen=True)
class Fitted:
    own: Floats
    traits: Floats
    """By trait and kind."""


class Problem:
    """Examples as arrays."""

    def __init__(self, examples: Examples) -> None:
        self.own, self.traits = examples.own.matrix(), examples.traits.matrix()
        self.segment = np.array(examples.segment)
        self.kinds = len(examples.kinds.number)
        self.row, self.kind = np.array(examples.rows).T
        self.cell = self.segment[self.row] * self.kinds + self.kind
        self.cost = np.array(examples.cost)
        self.every, self.right = Sums(examples.every), Sums(examples.right)

    def scores(self, own: Floats, traits: Floats) -> Floats:
        """Return the score of each candidate."""
        by_kind = (self.traits @ traits).ravel()
        count = len(self.segment)
        scores: Floats = self.own @ own + np.bincount(self.row, by_kind[self.cell], count)
        return scores

    def fit(self, weight: Floats, pull: tuple[float, Floats], rounds: int, start: Fitted | None = None) -> Fitted:
        """Return the weights that are likeliest: `weight` by message; `pull` towards zero of own features, and by
        trait.
        """
        size, (wide, high) = self.own.shape[1], (self.traits.shape[1], self.kinds)
        own_pull, trait_pull = pull
        pulls = np.concatenate([np.full(size, own_pull), np.repeat(trait_pull, high)])
        count = len(self.segment)
        flipped_own, flipped = self.own.T.tocsr(), self.traits.T.tocsr()

        def loss(values: Floats) -> tuple[float, Floats]:
            scores = self.scores(values[:size], values[size:].reshape(wide, high))
            every, shares = self.every(scores + self.cost)
            right, labelled = self.right(scores)
            slope = np.bincount(self.every.rows, shares * weight[self.every.owner], count)
            slope -= np.bincount(self.right.rows, labelled * weight[self.right.owner], count)
            by_kind = np.bincount(self.cell, slope[self.row], self.traits.shape[0] * high).reshape(-1, high)
            gradient = np.concatenate([flipped_own @ slope, (flipped @ by_kind).ravel()])
            total = float(weight @ (every - right)) + float(values @ (pulls * values)) / 2
            return total, gradient + pulls * values

        first = np.concatenate([start.own, start.traits.ravel()]) if start else np.zeros(len(pulls))
        best = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": rounds})
        return Fitted(best.x[:size], best.x[size:].reshape(wide, high))
