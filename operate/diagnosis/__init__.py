"""Why a process instance stands where it does: for each token what it waits for, since when, and what helps.

`why_stuck` reads; `causes` are what it tells; `usual` knows how long elements take.
"""

from operate.diagnosis.causes import Cause, Diagnosis, Help, Kind, NearMiss, Usual
from operate.diagnosis.reading import DEPTH, OpenRows, why_stuck
from operate.diagnosis.usual import waiting_longer_than_usual

__all__ = [
    "DEPTH",
    "Cause",
    "Diagnosis",
    "Help",
    "Kind",
    "NearMiss",
    "OpenRows",
    "Usual",
    "waiting_longer_than_usual",
    "why_stuck",
]
