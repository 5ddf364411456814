"""Variables as people correct them: reading and editing them exactly, what stands in the way, what they were before."""
