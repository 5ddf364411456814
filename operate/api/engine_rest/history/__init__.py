"""/history: what has been, ended or not."""
