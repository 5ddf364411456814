"""What a scope can still reach: its end, markings in which nothing moves any more, and elements that hold several tokens.

The first two come from playing the token game. A token's next step takes nothing away from the others, so that it is enough to move
one token at a time and to look at all its ways; tokens upstream move first, which lets different ways meet again. The last one
comes from the relation 'may hold a token at the same time', computed without playing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter

from workflow.soundness.net import Join, Net

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


@dataclass(slots=True)
class _Game:
    net: Net
    budget: Budget
    completes: bool = False
    stuck: list[bytes] = field(default_factory=list)
    fired: set[int] = field(default_factory=set)

    def play(self, start: bytes) -> Exploration:
        seen, ahead, since = {start}, [start], 0
        while ahead:
            for state in self.following(ahead.pop()):
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

    def following(self, state: bytes) -> Iterator[bytes]:
        net = self.net
        waiting = state[net.moving :].strip(b"\0")
        if waiting:
            for number, join in enumerate(net.joins):
                fired = self._fire(state, join, at_once=True)
                if fired is not None:
                    self.fired.add(number)
                    yield from fired
                    return
        head = state[: net.moving].lstrip(b"\0")
        if head:
            yield from self._move(state, net.moving - len(head))
            return
        if not waiting:
            self.completes = True
            return
        for number, join in enumerate(net.joins):
            fired = self._fire(state, join, at_once=False)
            if fired is not None:
                self.fired.add(number)
                yield from fired
                return
        self.stuck.append(state)

    def _move(self, state: bytes, place: int) -> Iterator[bytes]:
        for move in self.net.moves[place]:
            if move.clears:
                self.completes = True
                continue
            following = bytearray(state)
            following[place] -= 1
            _add(following, move.to)
            yield bytes(following)

    def _fire(self, state: bytes, join: Join, *, at_once: bool) -> list[bytes] | None:
        """The markings after a join; None if it does not fire now."""
        come = [state[place] for place in join.inputs]
        total = sum(come)
        if not total:
            return None
        following = bytearray(state)
        is_full = total >= len(come) if self.net.counts_tokens else all(come)
        if is_full:
            _take(following, join.inputs, len(come), one_from_each=not self.net.counts_tokens)
        elif at_once or not join.is_inclusive or any(state[place] for place in join.upstream):
            return None
        else:
            for place in join.inputs:
                following[place] = 0
        results = []
        for output in join.outputs:
            each = bytearray(following)
            _add(each, output)
            results.append(bytes(each))
        return results


def _take(state: bytearray, inputs: Iterable[int], number: int, *, one_from_each: bool) -> None:
    for place in inputs:
        taken = 1 if one_from_each else min(state[place], number)
        state[place] -= taken
        number -= taken


def _add(state: bytearray, places: Iterable[int]) -> None:
    for place in places:
        state[place] = min(state[place] + 1, CAP)


def explore(net: Net, marking: Mapping[int, int], budget: Budget) -> Exploration:
    """Play the token game from a marking, tokens by place."""
    state = bytearray(len(net.places))
    for place, count in marking.items():
        state[place] = min(count, CAP)
    return _Game(net, budget).play(bytes(state))


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
        self._changed: list[int] = []
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
            place = self._changed.pop()
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
            self._changed.append(place)
        new = beside & ~self.beside[place]
        if not new:
            return
        self.beside[place] |= new
        self._changed.append(place)
        bit = 1 << place
        while new:
            lowest = new & -new
            new ^= lowest
            other = lowest.bit_length() - 1
            if not self.beside[other] & bit:
                self.beside[other] |= bit
                self._changed.append(other)

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
