"""Keys: 63-bit numbers from one sequence, taken in blocks.

Within a process instance they grow with creation, whichever process gave them out: a block that lies behind the
instance's newest key is left for a fresh one.
"""

from __future__ import annotations

import threading

from workflow.persistence.connection import fetch

BLOCK = 1000
"""Must equal the INCREMENT of the sequence `workflow_key_seq`."""


class _Block:
    """What is left of the block that this server process holds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0
        self._end = 0

    def take(self, after: int = 0) -> int:
        """A key greater than `after` and than all that this process has given out before."""
        with self._lock:
            if self._next >= self._end or self._next <= after:
                [(first,)] = fetch("SELECT nextval('workflow_key_seq')")
                self._next, self._end = first, first + BLOCK
            key = self._next
            self._next += 1
            return key

    def forget(self) -> None:
        """Drop the rest of the block, for a database that was made anew."""
        with self._lock:
            self._next = self._end = 0


_block = _Block()

next_key = _block.take
forget_block = _block.forget
