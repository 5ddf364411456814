"""The office of the page tests: two workspaces, people of several roles."""

from tests.operate.admin.conftest import office as office
