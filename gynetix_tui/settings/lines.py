"""Where in a TOML file a key stands: the standard library's reader does not tell."""

from __future__ import annotations


def line_of(source: str, section: str, key: str) -> int | None:
    """The line of a key, counted from 1, or None where it is not plain to see.

    Found are ``[section]`` with ``key =`` under it, ``section.key =`` and ``section = {key = …}``.

    Args:
        source: The file's text.
        section: The section of the key; empty for a key, or a section itself, at the top.
        key: The key, as TOML read it.
    """
    wanted = f"{section}.{key}" if section else key
    around = ""
    fallback = None
    for number, line in enumerate(source.split("\n"), start=1):
        text = line.strip()
        name, equals, _ = text.partition("=")
        if text.startswith("["):
            around = _bare(text.partition("]")[0].strip("["))
            if around == wanted or (not section and around.startswith(f"{wanted}.")):
                return number
        elif equals and not text.startswith("#"):
            full = f"{around}.{_bare(name)}" if around else _bare(name)
            if full == wanted or full.startswith(f"{wanted}."):
                return number
            if section and full == section:
                fallback = fallback or number  # an inline table holds it
    return fallback


def _bare(name: str) -> str:
    """A dotted name without its quotes and blanks; quoted dots are not told apart."""
    return ".".join(part.strip().strip("\"'") for part in name.split("."))
