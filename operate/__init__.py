"""What people do: acts on workflow only through its services and selectors."""
