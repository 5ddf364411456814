"""The REST APIs: two dialects that existing clients speak, and what both lack."""
