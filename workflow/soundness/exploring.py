"""What a scope can still reach: its end, markings in which nothing moves any more, and elements that hold several tokens.

The first two come from playing the token game. A token's next step takes nothing away from the others, so that it is enough to move
one token at a time and to look at all its ways; tokens upstream move first, which lets different ways meet again. The last one
comes from the relation 'may hold a token at the same time', computed without playing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from time import perf_counter

from workflow.soundness.net import Join, Move, Net

CAP = 4
"""More tokens than these in one place behave like this many."""
CHECKED_EVERY = 256


@dataclass(slots=True)
class Budget:
    """How much may be looked at, for all scopes of an analysis together."""

    states: int = 20_000
    seconds: float = 0.2
    is_used_up: bool = False
    _until: float | None = None

    def allows(self, seen: int) -> bool:
        """Whether there is something left, after so many more states."""
        if self._until is None:
            self._until = perf_counter() + self.seconds
        self.states -= seen
        if self.states <= 0 or perf_counter() > self._until:
            self.is_used_up = True
        return not self.is_used_up


@dataclass(frozen=True, slots=True)
class Exploration:
    """What playing from one marking has shown."""

    completes: bool
    """Whether some way leads to the end of the scope."""
    stuck: tuple[Mapping[int, int], ...] = ()
    """Markings that nothing leads out of, tokens by place."""
    fired: frozenset[int] = frozenset()
    """The joins that fire on some way, by their position in the net."""
    is_complete: bool = True
    states: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Board:
    """A net without the places that a token passes in one way only: it goes straight on to where there is a choice or a wait."""

    net: Net
    ahead: tuple[tuple[int, ...], ...]
    """Where a token really comes to that is put on a place."""
    moves: tuple[tuple[Move, ...], ...]
    joins: tuple[Join, ...]
    join_at: Mapping[int, int]
    """The join that a place leads into, by its position."""


@lru_cache(maxsize=1000)
def _board(net: Net) -> _Board:
    ahead: dict[int, tuple[int, ...]] = {}

    def find(place: int, path: frozenset[int]) -> tuple[int, ...]:
        known = ahead.get(place)
        if known is not None:
            return known
        moves = net.moves[place]
        if len(moves) != 1 or moves[0].clears or place in path:
            return (place,)
        return tuple(end for each in moves[0].to for end in find(each, path | {place}))

    for place in range(len(net.places) - 1, -1, -1):  # downstream first, so that little is left to be found
        ahead[place] = find(place, frozenset())
    go = tuple(ahead[place] for place in range(len(net.places)))

    def straight(places: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(end for place in places for end in go[place])

    moves = tuple(tuple(Move(straight(move.to), move.clears) for move in each) for each in net.moves)
    joins = tuple(replace(join, outputs=tuple(straight(output) for output in join.outputs)) for join in net.joins)
    join_at = {place: number for number, join in enumerate(joins) for place in join.inputs}
    return _Board(net, go, moves, joins, join_at)


@dataclass(slots=True)
class _Game:
    board: _Board
    budget: Budget
    completes: bool = False
    stuck: list[bytes] = field(default_factory=list)
    fired: set[int] = field(default_factory=set)

    def play(self, marking: Mapping[int, int]) -> Exploration:
        net = self.board.net
        ahead = [bytes(len(net.places))]
        for place, count in marking.items():
            for _ in range(min(count, CAP)):
                ahead = [each for state in ahead for each in self._after(state, self.board.ahead[place])]
        seen, since = set(ahead), 0
        while ahead:
            for state in self._following(ahead.pop()):
                if state not in seen:
                    seen.add(state)
                    ahead.append(state)
            since += 1
            if since == CHECKED_EVERY:
                since = 0
                if not self.budget.allows(CHECKED_EVERY):
                    break
        self.budget.allows(since)
        stuck = tuple({place: count for place, count in enumerate(state) if count} for state in self.stuck)
        return Exploration(self.completes, stuck, frozenset(self.fired), not ahead, len(seen))

    def _following(self, state: bytes) -> Iterator[bytes]:
        moving = self.board.net.moving
        head = state[:moving].lstrip(b"\0")
        if head:
            place = moving - len(head)
            for move in self.board.moves[place]:
                if move.clears:
                    self.completes = True
                    continue
                left = bytearray(state)
                left[place] -= 1
                yield from self._after(bytes(left), move.to)
        elif not any(state):
            self.completes = True
        else:
            yield from self._last_joins(state)

    def _last_joins(self, state: bytes) -> Iterator[bytes]:
        """Nothing else moves: an inclusive join takes what has come, unless something stands upstream for ever."""
        for number, join in enumerate(self.board.joins):
            if join.is_inclusive and any(state[place] for place in join.inputs):
                if any(state[place] for place in join.upstream):
                    continue
                self.fired.add(number)
                left = bytearray(state)
                for place in join.inputs:
                    left[place] = 0
                for output in join.outputs:
                    yield from self._after(bytes(left), output)
                return
        self.stuck.append(state)

    def _after(self, state: bytes, arriving: Sequence[int]) -> list[bytes]:
        """The markings once these tokens have come, and the joins that were full have fired."""
        if not arriving:
            return [state]
        following = bytearray(state)
        for position, place in enumerate(arriving):
            following[place] = min(following[place] + 1, CAP)
            number = self.board.join_at.get(place)
            if number is not None and self._take(following, self.board.joins[number]):
                self.fired.add(number)
                rest = tuple(arriving[position + 1 :])
                outputs = self.board.joins[number].outputs
                return [each for output in outputs for each in self._after(bytes(following), (*output, *rest))]
        return [bytes(following)]

    def _take(self, state: bytearray, join: Join) -> bool:
        """Whether a join is full; then its tokens are taken."""
        if not self.board.net.counts_tokens:
            if not all(state[place] for place in join.inputs):
                return False
            for place in join.inputs:
                state[place] -= 1
            return True
        left = len(join.inputs)
        if sum(state[place] for place in join.inputs) < left:
            return False
        for place in join.inputs:
            taken = min(state[place], left)
            state[place] -= taken
            left -= taken
        return True


def explore(net: Net, marking: Mapping[int, int], budget: Budget) -> Exploration:
    """Play the token game from a marking, tokens by place."""
    return _Game(_board(net), budget).play(marking)


# ---- what may be active at the same time


def doubled(net: Net, marking: Mapping[int, int]) -> frozenset[int]:
    """The places that may hold two tokens at once, reached from a marking."""
    relation = _Together(net)
    relation.begin(marking)
    relation.spread()
    return frozenset(place for place, beside in enumerate(relation.beside) if beside >> place & 1)


class _Together:
    """Which places may hold a token at the same time; of each place a bit for every other."""

    def __init__(self, net: Net) -> None:
        self._net = net
        self.beside = [0] * len(net.places)
        self._reached = [False] * len(net.places)
        self._changed = 0
        """The places whose neighbours have changed, a bit each; those upstream come first."""
        self._joins: dict[int, list[Join]] = {}
        for join in net.joins:
            for place in join.inputs:
                self._joins.setdefault(place, []).append(join)

    def begin(self, marking: Mapping[int, int]) -> None:
        """Put tokens on places."""
        mask = sum(1 << place for place, count in marking.items() if count)
        for place, count in marking.items():
            if count:
                self._reach(place, mask if count > 1 else mask & ~(1 << place))

    def spread(self) -> None:
        """Let everything that can happen happen, until no more places meet."""
        while self._changed:
            lowest = self._changed & -self._changed
            self._changed ^= lowest
            place = lowest.bit_length() - 1
            for move in self._net.moves[place]:
                self._go(move.to, self.beside[place])
            for join in self._joins.get(place, ()):
                beside = self._beside_join(join)
                if beside is not None:
                    for output in join.outputs:
                        self._go(output, beside)

    def _go(self, to: tuple[int, ...], beside: int) -> None:
        for position, place in enumerate(to):
            others = sum(1 << other for index, other in enumerate(to) if index != position) if len(to) > 1 else 0
            self._reach(place, beside | others)

    def _reach(self, place: int, beside: int) -> None:
        if not self._reached[place]:
            self._reached[place] = True
            self._changed |= 1 << place
        new = beside & ~self.beside[place]
        if not new:
            return
        self.beside[place] |= new
        bit = 1 << place
        self._changed |= bit
        while new:
            lowest = new & -new
            new ^= lowest
            other = lowest.bit_length() - 1
            if not self.beside[other] & bit:
                self.beside[other] |= bit
                self._changed |= lowest

    def _beside_join(self, join: Join) -> int | None:
        """The places that may hold a token when a join fires; None if it does not."""
        come = [place for place in join.inputs if self._reached[place]]
        if not come:
            return None
        if join.is_inclusive:
            found = 0
            for place in come:
                found |= self.beside[place]
            for place in (*join.inputs, *join.upstream):
                found &= ~(1 << place)
            return found
        if len(come) < len(join.inputs):
            return None
        if not all(self.beside[one] >> other & 1 for one in come for other in come if one != other):
            return None
        beside = -1
        for place in come:
            beside &= self.beside[place]
        return beside
