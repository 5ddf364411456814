"""Fettle's own API below `/api/`: dry runs, plans, and what else neither dialect has."""
