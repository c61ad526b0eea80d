"""The order in which the API key is looked for, before anything is on the screen.

GYNETIX_API_KEY, then `api_key_command`, then the system's keyring, then the user is asked. The keyring may take long, so
it is asked beside the screen; this is what comes before it. A source that is set and fails ends the search: going
on would use another key than the user means.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from gynetix_tui.settings.keycommand import key_from_command
from gynetix_tui.settings.schema import USUAL_PROFILE, Settings
from gynetix_tui.settings.secret import ApiKey


def configured_key(
    environment_key: ApiKey | None, settings: Settings, environ: Mapping[str, str]
) -> ApiKey | None:
    """The key that the environment gave, or that the command prints; None where neither is set.

    Args:
        environment_key: What `key_from_environment` found.
        settings: The settings, with the profile's command.
        environ: The environment of the command, without the key.

    Raises:
        KeyCommandError: The command did not give a key.
    """
    if environment_key is not None:
        return environment_key
    if settings.gateway.api_key_command is not None:
        return key_from_command(settings.gateway.api_key_command, environ)
    return None


def keyring_entry(settings: Settings) -> str:
    """The name of the account's entry in the keyring: its profile and its gateway's host.

    The host is a part of it, so that a key is never given to another gateway than the one it was kept for.
    """
    host = urlsplit(settings.gateway.base_url).netloc
    return f"{settings.profile or USUAL_PROFILE}@{host}"
