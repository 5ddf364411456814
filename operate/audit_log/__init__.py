"""Reading the audit log: what an event tells, what a change changed, and exports; for the pages and for `/api`."""
