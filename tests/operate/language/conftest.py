"""What Django reads of the translations is as new as what people wrote."""

from __future__ import annotations

import pytest
from django.utils.translation import trans_real

from config.messages import compile_all


@pytest.fixture(autouse=True, scope="session")
def compiled() -> None:
    compile_all()
    trans_real._translations.clear()
