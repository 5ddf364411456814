"""Settings, addresses and processes: wiring, no logic."""
