"""What goes wrong inside an expression, before it is known which expression it was."""


class Failure(Exception):
    """An operation that cannot be done with these values."""


class Unresolved(Failure):
    """A variable or property that does not exist."""


class NoSuchMethod(Failure):
    """A method that does not exist, or that expressions may not call."""
