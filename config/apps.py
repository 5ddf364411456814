"""The installation itself, as Django knows it: its checks."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Registers the checks of `config.checks`."""

    name = "config"

    def ready(self) -> None:
        import config.checks  # noqa: F401  registers
