"""Demo data: a bank's and a shop's Monday morning, made through the engine."""

from pathlib import Path

MODELS = Path(__file__).parent / "models"
