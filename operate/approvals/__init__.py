"""Four eyes: plans saved as drafts, policies that say what somebody else has to approve, and doing what was approved.

`models` has the tables, `policies` what is governed (known without asking each time), `governing` changes that, and `gate` refuses
what needs an approval. `drafts` is the life of a draft until it is decided, `trying` and `comparing` are its dry runs, `approving`
is the decision, `executing` does what was approved, `telling` lets people know. Pages and API read with `finding`.
"""
