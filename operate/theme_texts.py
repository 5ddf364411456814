"""Texts of the theme, and of Django, that their own catalogs do not have in German: they are translated here.

Nothing imports this but what collects the texts.
"""

from django.utils.translation import gettext_noop as noop

TEXTS = (
    noop("Light"),
    noop("Dark"),
    noop("System"),
    noop("Type to search"),
    noop("Loading more results..."),
    noop("No results matching your query"),
    noop("No results found"),
    noop("This page yielded into no results. Create a new item or reset your filters."),
    noop("Select action"),
    noop("Select action to run"),
    noop("Select record"),
    noop("Select all rows"),
    noop("Run"),
    noop("Run the selected action"),
    noop("True"),
    noop("False"),
    noop("Set password"),
    noop("Set password: %s"),
    noop("Reset password"),
    noop("Password-based authentication"),
    noop("Password-based authentication was disabled."),
    noop(
        "Whether the user will be able to authenticate using a password or not. If disabled, they may still be able to "
        "authenticate using other backends, such as Single Sign-On or LDAP."
    ),
    noop("Enabled"),
    noop("Disabled"),
    noop("Raw passwords are not stored, so there is no way to see the user’s password."),
    noop("After you've created a user, you’ll be able to edit more user options."),
    noop(
        "Raw passwords are not stored, so there is no way to see this user’s password, but you can change the password "
        'using <a href="{}" class="text-primary-600 dark:text-primary-500">this form</a>.'
    ),
    noop("After you’ve created a user, you’ll be able to edit more user options."),
    noop("This action will <strong>enable</strong> password-based authentication for this user."),
    noop("Disable password-based authentication"),
    noop("Enable password-based authentication"),
    noop("In case you’ve forgotten, you are:"),
    noop("Conflicting form data submitted. Please try again."),
    noop("Enable password-based authentication for this user by setting a password."),
)
