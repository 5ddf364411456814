"""`make bench`: Fettle beside the least that PostgreSQL needs for the same work, measured alternately in one run."""
