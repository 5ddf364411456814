"""What plans and their analysis say, in the language of whoever reads.

The engine knows no translations, and its sentences stay English in the record. They are recognised here by their form;
one that is not known is shown as it is.
"""

from __future__ import annotations

import re
from functools import cache

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as noop

SENTENCES = (
    noop("Start before activity '%(element)s'"),
    noop("Start after activity '%(element)s'"),
    noop("Start transition '%(element)s'"),
    noop("Cancel activity instance '%(key)s'"),
    noop("Cancel transition instance '%(key)s'"),
    noop("Cancel all instances of activity '%(element)s'"),
    noop("Go back to '%(element)s'"),
    noop("Set %(variables)s in scope '%(key)s'"),
    noop("Activate element '%(element)s'"),
    noop("Terminate element instance '%(key)s'"),
    noop("Terminate all instances of element '%(element)s'"),
    noop("Move instance '%(key)s' to '%(element)s'"),
    noop("Move '%(element)s' to '%(name)s'"),
    noop("Map '%(element)s' to '%(name)s'"),
    noop("Map '%(element)s' to '%(name)s' and let it wait for what the target says"),
    noop("'%(join)s' never fires: it lacks a token from %(sources)s; %(able)s could still bring it."),
    noop(
        "'%(join)s' never fires: it lacks a token from %(sources)s; %(able)s could still bring it, "
        "and %(whole)s can no longer complete."
    ),
    noop("'%(join)s' never fires: it lacks a token from %(sources)s; nothing that runs can bring it."),
    noop(
        "'%(join)s' never fires: it lacks a token from %(sources)s; nothing that runs can bring it, "
        "and %(whole)s can no longer complete."
    ),
    noop(
        "'%(join)s' fires without using up all tokens: one is left that waits for ever for one from %(sources)s, "
        "and %(whole)s can no longer complete."
    ),
    noop("'%(join)s' fires without using up all tokens: one is left that waits for ever for one from %(sources)s."),
    noop(
        "'%(join)s' may wait for ever: on some ways it lacks a token from %(sources)s; %(able)s could still bring it."
    ),
    noop(
        "'%(join)s' may wait for ever: on some ways it lacks a token from %(sources)s; nothing that runs can bring it."
    ),
    noop(
        "'%(join)s' fires without waiting for %(sources)s: what comes from there later makes it fire again, "
        "or waits for ever."
    ),
    noop("'%(join)s' counts tokens, and two may come over the same flow: it can fire while another branch still runs."),
    noop("A token that comes to '%(element)s' never leaves it: nobody catches what it throws."),
    noop("From %(elements)s no way leads to an end: %(whole)s can no longer complete."),
    noop("'%(element)s' may run twice at the same time because of this plan, and so may %(others)s."),
    noop("'%(element)s' may run twice at the same time because of this plan; it may overwrite %(variables)s."),
    noop("'%(element)s' may run twice at the same time because of this plan."),
    noop(
        "What is inside '%(element)s' runs beside %(others)s, which its event would have interrupted: "
        "both may write the same variables."
    ),
    noop("Nothing stays active: the process instance would complete."),
    noop("Nothing stays active: the process instance would be canceled."),
    noop("The process that has called this one ends with it: %(processes)s."),
    noop("Nothing in it would wait: the new process instance would complete at once."),
    noop("Nothing in it would wait: the new process instance would be canceled at once."),
    noop("'%(element)s' no longer waits for its message '%(name)s'."),
    noop("'%(element)s' no longer waits for its signal '%(name)s'."),
    noop("'%(element)s' no longer waits for its condition."),
    noop("Worker '%(worker)s' is at work on '%(element)s': what it does is thrown away."),
    noop("Process instance %(key)s of '%(process)s', which it has called, is canceled."),
    noop("'%(task)s' is assigned to '%(assignee)s': the task is taken away."),
    noop("The task '%(task)s', which nobody has claimed, is taken away."),
    noop("The timer of '%(element)s' is canceled."),
    noop("The job of '%(element)s', which nobody has begun, is canceled."),
    noop("'%(element)s' reads '%(variable)s' on every way from here, and nothing sets it: it fails."),
    noop("'%(element)s' reads '%(variable)s' on some ways from here, and nothing sets it: it fails."),
    noop("'%(element)s' reads '%(variable)s' on every way from here, and nothing sets it: it goes on with null."),
    noop("'%(element)s' reads '%(variable)s' on some ways from here, and nothing sets it: it goes on with null."),
    noop("Whoever works on '%(element)s' does not find %(variables)s, set by what has been skipped."),
    noop("Start after %(elements)s: the missing token"),
    noop("Activate %(elements)s: the missing token"),
    noop("Cancel %(elements)s, which would be interrupted"),
    noop("Leave out instruction %(number)s"),
    noop("Cancel '%(element)s'"),
    noop("Set %(variables)s"),
)
MORE = re.compile(r"(.+) and (\d+) more")
SUFFIXES = (
    (
        re.compile(r"(.+) \(In (\d+) instances of its scope\.\)"),
        noop("%(text)s (In %(number)s instances of its scope.)"),
    ),
    (re.compile(r"(.+) So it is (\d+) times in all\."), noop("%(text)s So it is %(number)s times in all.")),
)


def told(sentence: str) -> str:
    """The sentence in the present language."""
    if get_language() == "en":
        return sentence
    for pattern, with_suffix in SUFFIXES:
        if found := pattern.fullmatch(sentence):
            return gettext(with_suffix) % {"text": told(found[1]), "number": found[2]}
    for pattern, form in _forms():
        if found := pattern.fullmatch(sentence):
            return gettext(form) % {name: _value(value) for name, value in found.groupdict().items()}
    return sentence


@cache
def _forms() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+?)", re.escape(form))), form) for form in SENTENCES)


def _value(value: str) -> str:
    """Names stay as they are; the words between them do not."""
    if value == "the process instance":
        return gettext("the process instance")
    found = MORE.fullmatch(value)
    return gettext("%(names)s and %(more)s more") % {"names": found[1], "more": found[2]} if found else value


__all__ = ["SENTENCES", "told"]
