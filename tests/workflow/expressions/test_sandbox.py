"""No script takes more than its time or memory, and none takes the process with it."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from workflow.expressions import ExpressionError, parse_feel
from workflow.expressions.feel.sandbox import BundleMissing, Sandbox, SandboxError


@pytest.fixture(scope="module")
def hasty():
    with closing(Sandbox(time_limit_ms=100, memory_limit_mb=64)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def patient():
    with closing(Sandbox(time_limit_ms=30_000, memory_limit_mb=64)) as sandbox:
        yield sandbox


@pytest.mark.parametrize("script", ["for (;;);", r"/^(a+)+$/.test('a'.repeat(50) + '!')"])
def test_a_script_without_end_is_stopped_and_the_next_one_works(hasty, script):
    with pytest.raises(SandboxError, match=r"^it took longer than 100 ms$"):
        hasty.call(script)

    assert hasty.call("'next'") == "next"


@pytest.mark.parametrize(
    "expression",
    [
        "count(for i in 1..1000000000 return 1)",
        "for i in 1..100000000 return {a: i, b: string(i)}",
        "count((for i in 1..40 return if i = 1 then [1, 2] else concatenate(partial[-1], partial[-1]))[-1])",
    ],
)
def test_a_script_that_eats_memory_is_stopped_and_the_next_one_works(patient, expression):
    with pytest.raises(SandboxError, match=r"^it needed more than 64 MB of memory$"):
        patient.call(f"fettleFeel.evaluate({expression!r}, {{}}, [], {{}}, null)")

    assert patient.call("'next'") == "next"


def test_what_earlier_scripts_have_left_is_no_fault_of_the_next_one(patient):
    # given an isolate that is almost full
    fill = "globalThis.left = Array.from({ length: 50 }, () => new Array(100_000).fill(0.5)); 'full'"
    patient.call(fill)

    # when / then
    assert patient.call(f"const before = globalThis.left; {fill}") == "full"


def test_a_bomb_in_a_model_is_an_expression_error():
    with pytest.raises(ExpressionError) as failure:
        parse_feel('matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a+)+$")').evaluate({})

    assert str(failure.value).endswith(": it took longer than 1000 ms")


def test_a_failing_script_keeps_the_isolate(patient):
    patient.call("globalThis.kept = 'kept'")

    with pytest.raises(SandboxError, match=r"^ReferenceError: nowhere is not defined$"):
        patient.call("nowhere")

    assert patient.call("kept") == "kept"


def test_an_interrupted_caller_does_not_leave_its_answer_to_the_next_one(patient):
    def interrupt(signal_number, frame):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGUSR1, interrupt)
    try:
        threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGUSR1]).start()
        with pytest.raises(KeyboardInterrupt):
            patient.call("const until = Date.now() + 600; while (Date.now() < until); 'late'")
    finally:
        signal.signal(signal.SIGUSR1, previous)

    assert patient.call("'next'") == "next"


def test_threads_get_their_own_answers(patient):
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(patient.call, [f"String({number})" for number in range(200)]))

    assert answers == [str(number) for number in range(200)]


def test_scripts_see_nothing_of_the_host(patient):
    names = ["fetch", "XMLHttpRequest", "require", "process", "Deno", "console.log.constructor('return process')()"]

    assert [patient.call(f"try {{ typeof {name} }} catch {{ 'undefined' }}") for name in names[:-1]] == [
        "undefined"
    ] * 5
    with pytest.raises(SandboxError, match="process is not defined"):
        patient.call(names[-1])


def test_a_missing_bundle_says_how_to_build_it(tmp_path):
    with pytest.raises(BundleMissing, match=r"feelin\.js', but there is no such file\. Build it: make assets$"):
        Sandbox(tmp_path / "feelin.js").call("''")


def run_alone(code):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


def test_importing_does_not_start_v8():
    outcome = run_alone("""
import sys
import workflow.expressions
workflow.expressions.parse_feel("a > 1").evaluate({"a": 1})
assert "py_mini_racer" not in sys.modules
""")

    assert (outcome.returncode, outcome.stderr) == (0, "")


def test_a_process_forked_after_the_first_evaluation_refuses_instead_of_hanging():
    # given V8 at work in the parent: its inner locks may be held at the moment of the fork
    outcome = run_alone("""
import os, sys, threading
from workflow.expressions import parse_feel
expression = parse_feel("count(items)")
assert expression.evaluate({"items": [1]}) == 1
busy = threading.Thread(target=lambda: [expression.evaluate({"items": [1]}) for _ in range(300)])
busy.start()
children = []
for number in range(5):
    child = os.fork()
    if child == 0:
        try:
            expression.evaluate({"items": [1]})
        except RuntimeError as refusal:
            os._exit(7 if "start processes with 'spawn'" in str(refusal) else 1)
        os._exit(2)
    children.append(child)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
busy.join()
assert expression.evaluate({"items": [1, 2]}) == 2
""")

    assert (outcome.stdout, outcome.stderr) == ("[7, 7, 7, 7, 7]\n", "")


def test_a_process_forked_before_the_first_evaluation_gets_its_own_isolate():
    outcome = run_alone("""
import os, sys
from workflow.expressions import parse_feel
child = os.fork()
assert parse_feel("count(items)").evaluate({"items": [1, 2]}) == 2
if child == 0:
    sys.exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
""")

    assert (outcome.stdout, outcome.stderr) == ("0\n", "")
