"""Four eyes: plans saved as drafts, policies that say what somebody else has to approve, and doing what was approved.

`models` has the tables, `policies` what is governed (known without asking each time), `gate` refuses what needs an approval,
`commands` reads and tries what a draft holds, `drafts` is the life of a draft until it is decided, `approving` the decision,
`executing` does what was approved, and `finding` is the read side for pages and API.
"""
