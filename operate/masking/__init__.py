"""Variables, and fields within them, that are not shown: which ones is configured for each process.

Pages and `/api` show nobody what is masked until somebody with the right reveals it, which is recorded. Both Camunda
dialects, which cannot ask for that, answer with the values to who has the right and mask them for everybody else. Who
works on a job gets its variables as they are: a program cannot work with dots.
"""
