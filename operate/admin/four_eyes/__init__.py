"""The pages of four eyes: the queue, a draft with everything that a decision needs, and the ways in."""
