"""Settings by environment: `development` (make run), `test` (pytest) and `production`; what they share is in `base`."""
