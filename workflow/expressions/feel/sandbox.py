"""The V8 isolate that interprets FEEL, kept on a short leash: time, memory, threads and forks.

V8 starts with the first evaluation that needs it. An isolate runs one script at a time, so a lock serializes the
callers; one that ran out of time or memory is replaced by a fresh one. Scripts see no network, files or host functions.
"""

from __future__ import annotations

import ctypes
import os
import queue
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from py_mini_racer import MiniRacer
    from py_mini_racer._value_handle import ValueHandle

BUNDLE: Final = Path(__file__).parent / "dist" / "feelin.js"
TIME_LIMIT_MS: Final = 1000
MEMORY_LIMIT_MB: Final = 64

_GRACE_S: Final = 5.0  # for V8 to notice that it was told to stop


class SandboxError(Exception):
    """A script that failed or was stopped because of a limit; `str()` says which."""


class OutOfMemory(SandboxError):
    """A script that was stopped because of its memory."""


class BundleMissing(RuntimeError):
    """The installation lacks the FEEL interpreter: a fault of the installation, not of a model."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"Expected the FEEL interpreter in '{path}', but there is no such file. Build it: make assets")


class ForkedAfterStart(RuntimeError):
    """This process was forked from one that had used V8, whose inner locks may be held for ever: a fault of the set-up."""

    def __init__(self) -> None:
        super().__init__(
            "Expected to evaluate FEEL in a process of its own, but this one was forked after its parent had begun to. "
            "Fork before the first evaluation, or start processes with 'spawn'."
        )


class Sandbox:
    """A V8 isolate with one script loaded, which answers calls of its functions with text."""

    def __init__(
        self, bundle: Path = BUNDLE, *, time_limit_ms: int = TIME_LIMIT_MS, memory_limit_mb: int = MEMORY_LIMIT_MB
    ) -> None:
        self._bundle = bundle
        self._time_limit_ms = time_limit_ms
        self._memory_limit_mb = memory_limit_mb
        self._lock = threading.Lock()
        self._isolate: MiniRacer | None = None
        self._started_in: int | None = None
        os.register_at_fork(after_in_child=self._leave_isolate_to_parent)

    def call(self, script: str) -> str:
        """Evaluate a script and return its text, or raise SandboxError."""
        with self._lock:
            # Taken out while it works: whatever interrupts the script must not leave its answer to the next caller.
            used, self._isolate = self._isolate, None
            answer = self._run(used or self._start(), script)
            if used is not None and isinstance(answer, OutOfMemory):
                # what earlier scripts have left is no fault of this one
                answer = self._run(self._start(), script)
        if isinstance(answer, SandboxError):
            raise answer
        return answer

    def close(self) -> None:
        """Free the isolate; the next call starts another one."""
        with self._lock:
            isolate, self._isolate = self._isolate, None
            if isolate is not None:
                isolate.close()

    def _start(self) -> MiniRacer:
        if self._started_in not in (None, os.getpid()):
            raise ForkedAfterStart
        self._started_in = os.getpid()
        from py_mini_racer import MiniRacer  # here, so that importing the engine does not load V8

        if not self._bundle.is_file():
            raise BundleMissing(self._bundle)
        isolate = MiniRacer()
        isolate.set_soft_memory_limit(self._memory_limit_mb << 20)
        isolate.set_hard_memory_limit(self._memory_limit_mb << 20)
        isolate.eval(self._bundle.read_text(encoding="utf-8"))
        return isolate

    def _run(self, isolate: MiniRacer, script: str) -> str | SandboxError:
        """Return the answer or the failure of a script, and keep the isolate if it can go on."""
        from py_mini_racer import JSEvalException, JSOOMException

        try:
            value = self._result(isolate, script)
        except queue.Empty:
            return SandboxError(f"it took longer than {self._time_limit_ms} ms")
        except JSOOMException:
            isolate.close()
            return OutOfMemory(f"it needed more than {self._memory_limit_mb} MB of memory")
        except JSEvalException as failure:
            value = SandboxError(_first_line(failure))
        self._isolate = isolate
        return value if isinstance(value, str | SandboxError) else SandboxError(f"it returned {value!r}, not text")

    def _result(self, isolate: MiniRacer, script: str) -> object:
        # MiniRacer.eval does the same in another thread, which it talks to by an event loop: 0.2 ms more for each call.
        context = isolate._ctx
        if context is None:
            raise RuntimeError("the isolate is closed")
        results = context._non_cancelable_mr_task_results_queue
        handle = context._python_to_value_handle(script)
        task = context._dll.mr_eval(context._ctx, handle.raw, 0)
        try:
            result = results.get(timeout=self._time_limit_ms / 1000)
        except BaseException:
            context._dll.mr_cancel_task(context._ctx, task)
            _free_when_stopped(isolate, results)
            raise
        return context._value_handle_to_python(result)

    def _leave_isolate_to_parent(self) -> None:
        """In a forked process: the isolate's thread did not come along, so freeing it would wait for ever or abort."""
        self._lock = threading.Lock()
        if self._isolate is not None:
            _leak(self._isolate)
            self._isolate = None


def _free_when_stopped(isolate: MiniRacer, results: queue.Queue[ValueHandle]) -> None:
    try:
        results.get(timeout=_GRACE_S)
    except queue.Empty:
        _leak(isolate)  # freeing it would wait for a script that does not end
    else:
        isolate.close()


def _leak(isolate: MiniRacer) -> None:
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(isolate))


def _first_line(failure: Exception) -> str:
    line = str(failure).strip().partition("\n")[0]
    return line.partition(": ")[2] or line
