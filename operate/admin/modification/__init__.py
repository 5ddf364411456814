"""The modification mode: what each element allows, plans turned into instructions, and what they would do."""
