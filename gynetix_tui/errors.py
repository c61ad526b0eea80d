"""Every error this program raises on purpose, in one tree.

    GynetixError
    ├── UserError              something the user can put right; the program stops with exit code 2
    │   ├── ConfigError            a mistake in config.toml or in a variable of the environment
    │   ├── KeyCommandError        api_key_command did not give the key
    │   └── TerminalError          no terminal, or one that cannot show a full screen
    ├── NumberError            what was typed is not a phone number
    ├── KeyringError           the system's keyring did not give, or did not take, the key
    ├── StoreError             the store cannot be opened, read or written
    │   ├── StoreUnwritable        the disk is full, or the file or its folder is read-only
    │   ├── StoreBusy              another program is writing, or has to end first
    │   ├── StoreBroken            the file is damaged; the next start repairs it
    │   └── StoreTooNew            a newer version of this program wrote the file
    └── GatewayError           a call to the gateway did not end with a success
        ├── NotSent                the request never left this machine
        ├── Uncertain              the request left and no readable answer came
        └── Refused                the gateway answered, and the answer is no

Messages are sentences for the user: they name what is wrong and what would be right, and they never hold
the API key.
"""

from __future__ import annotations


class GynetixError(Exception):
    """The root of the tree; its text is a sentence for the user."""


class UserError(GynetixError):
    """Something the user can put right before the program starts again."""


class ConfigError(UserError):
    """A mistake in config.toml, or in one of the GYNETIX_ variables."""


class KeyCommandError(UserError):
    """The command that prints the API key cannot be run, failed, or printed no key."""


class TerminalError(UserError):
    """Standard input or output is no terminal that can show a full screen."""


class NumberError(GynetixError):
    """A text is not a phone number, not even a possible one."""


class KeyringError(GynetixError):
    """The system's keyring is absent, locked, silent, or did not keep what it was given."""


class StoreError(GynetixError):
    """The store cannot be opened, read or written; nothing that it held was changed."""


class StoreUnwritable(StoreError):
    """The store takes nothing for now: a full disk, a used-up quota, no right to write, or a failing device.

    Reading goes on, and writing works again, over the same connection, once the reason is gone.
    """


class StoreBusy(StoreError):
    """Another program was writing to the store, or using it where it must not be; to be tried again."""


class StoreBroken(StoreError):
    """The store's file is damaged. It is not repaired in place: the next start does that."""


class StoreTooNew(StoreError):
    """The store was written by a newer version of this program, and is left as it is."""


class GatewayError(GynetixError):
    """A call to the gateway did not end with a success.

    Attributes:
        may_have_arrived: Whether the gateway may have acted on the request. Only where this is False may a
            send be tried again without asking: the gateway knows no idempotency key.
        retry_after: Seconds that the gateway asked us to wait (the Retry-After header, RFC 9110 §10.2.3),
            or None where it asked for nothing.
    """

    may_have_arrived: bool = True

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotSent(GatewayError):
    """The request never left this machine: no connection, no name, no trust in the certificate."""

    may_have_arrived = False


class Uncertain(GatewayError):
    """The request left, and no answer that can be read came back: it may have been carried out."""


class Refused(GatewayError):
    """The gateway answered and did not do it; the message is the gateway's own reason, as it came."""

    may_have_arrived = False
