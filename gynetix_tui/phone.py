"""Phone numbers: read from whatever was typed or pasted, shown to people, written for the gateway.

libphonenumber's tables cost 40 ms to import, so that only reading and showing a number load them; what goes
over the wire needs none.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from gynetix_tui.errors import NumberError
from gynetix_tui.model import PhoneNumber

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber as LibraryNumber

E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
"""ITU-T E.164: at most 15 digits, country code first. No public number has fewer than 7."""

_AMERICAN: Final = re.compile(r"\+1([2-9][0-9]{2})([0-9]{3})([0-9]{4})")
_SHORT_CODE: Final = re.compile(r"[0-9]{5,6}")
_SCHEME: Final = re.compile(r"(?:tel|sms|smsto|callto):(?://)?", re.IGNORECASE)
_LABEL: Final = re.compile(r"(?:telephone|tel|phone|mobile|cell)\b[.:]?", re.IGNORECASE)
_CONTEXT: Final = re.compile(r";phone-context=(\+[^;?&]+)", re.IGNORECASE)
_NAMED: Final = re.compile(r"(?P<name>[^<>]*)<(?P<number>[^<>]+)>[\s;,.]*")
_TRUNK: Final = re.compile(r"\(\s*0\s*\)")
_BETWEEN: Final = re.compile(r"[\n,;|]|\b(?:or|and)\b", re.IGNORECASE)
_NO_COUNTRY: Final = "001"
"""What the library calls the numbers of services that belong to no country, as +800."""
_LINE_ENDS: Final = "\n\r\v\f\x85\u2028\u2029"
_RIGHT: Final = "a number has 7 to 15, as +1 555 123 4567."


@dataclass(frozen=True, slots=True)
class ParsedNumber:
    """What was typed, read as a number.

    Attributes:
        number: E.164, or the bare digits of a short code.
        valid: Whether the numbering plan has such a number in use. The 555 numbers of examples are not.
        warning: A sentence for the user where it is not; else empty.
    """

    number: PhoneNumber
    valid: bool
    warning: str = ""


def parse_number(text: str, region: str) -> ParsedNumber:
    """Read a number in any form that people type or paste.

    Args:
        text: Digits of any script with blanks, dots, dashes, parentheses, ``tel:`` or invisible marks
            around them. Without a plus it is read as dialled in `region`; 5 or 6 digits are a short code.
            Letters are refused, also those that a telephone's keys stand for: a slip would reach a stranger.
        region: ISO 3166 alpha-2, as "US".

    Raises:
        NumberError: It is not even possible as a number; the sentence says what would be right.
    """
    typed = _plain(text)
    digits = digits_of(typed)
    if not digits:
        raise NumberError(f"No digits in it; {_RIGHT}")
    if _are_several(typed):
        raise NumberError("Several numbers stand there; type one, as +1 555 123 4567.")
    typed = re.sub(r"[\n;|]", " ", typed)
    if any(character.isalpha() for character in typed):
        raise NumberError(
            "Letters stand in it; a number has digits only and no extension, as +1 555 123 4567."
        )
    if odd := next((each for each in typed if each.isnumeric() and not each.isdecimal()), ""):
        raise NumberError(f'"{odd}" stands in it; type plain digits, as +1 555 123 4567.')
    if "+" not in typed and _SHORT_CODE.fullmatch(digits):
        return ParsedNumber(PhoneNumber(digits), valid=True)
    if len(digits) < 7:
        counted = "1 digit" if len(digits) == 1 else f"{len(digits)} digits"
        short = "" if "+" in typed else " A short code has 5 or 6."
        raise NumberError(f"That is {counted}; {_RIGHT}{short}")
    return _by_numbering_plan(typed, digits, region)


def parse_local_number(text: str, region: str) -> PhoneNumber:
    """Read a number that texts go out from: the gateway's document wants it with its country code.

    Raises:
        NumberError: As for `parse_number`, or it is a short code.
    """
    number = parse_number(text, region).number
    if not E164.fullmatch(number):
        raise NumberError("That is a short code; the local number is a whole one, as +1 555 666 7777.")
    return number


def split_name(text: str) -> tuple[str, str]:
    """The name and the number of ``Ana Torres <+1 555 777 8888>``; of anything else, no name and all of it."""
    found = _NAMED.fullmatch(text.strip())
    return (found["name"].strip(" \t\"'“”"), found["number"].strip()) if found else ("", text)


def _by_numbering_plan(typed: str, digits: str, region: str) -> ParsedNumber:
    import phonenumbers
    from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

    try:
        parsed = _parse(typed, region)
    except NumberParseException as error:
        raise NumberError(_unreadable(error.error_type, typed, digits)) from None
    if parsed.extension:
        raise NumberError("A text cannot go to an extension; leave it off, as +1 555 123 4567.")
    result = phonenumbers.is_possible_number_with_reason(parsed)
    number = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    if result == ValidationResult.TOO_LONG or len(number) > 16:
        raise NumberError(_too_long(typed, digits))
    if result != ValidationResult.IS_POSSIBLE or not E164.fullmatch(number):
        raise NumberError(_wrong_length(parsed, digits))
    if phonenumbers.is_valid_number(parsed):
        return ParsedNumber(PhoneNumber(number), valid=True)
    shown = phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
    return ParsedNumber(
        PhoneNumber(number),
        valid=False,
        warning=f"{shown} has the right length, but no such number is in use; check it before sending.",
    )


def _parse(typed: str, region: str) -> LibraryNumber:
    """As the library reads it; but "+7 (0)495" is +7 495, whose 0 is dialled inside the country alone.

    Where the 0 belongs to the number, as in "+39 (0)6", it stays.
    """
    import phonenumbers

    whole: LibraryNumber = phonenumbers.parse(typed, region)
    without = _TRUNK.sub(" ", typed, count=1)
    if "+" not in typed or without == typed:
        return whole
    if whole.italian_leading_zero and phonenumbers.is_valid_number(whole):
        return whole
    abroad: LibraryNumber = phonenumbers.parse(without, region)
    return abroad


def _are_several(typed: str) -> bool:
    """Whether more than one number was pasted: read as one, they would be a stranger's."""
    parts = [part for part in _BETWEEN.split(typed) if len(digits_of(part)) >= 5]
    slashed = [part for part in typed.split("/") if len(digits_of(part)) >= 7]  # an area code has fewer
    inner_plus = re.search(r"[0-9].*?\+", typed, re.DOTALL)
    return len(parts) > 1 or len(slashed) > 1 or inner_plus is not None


def _unreadable(error_type: int, typed: str, digits: str) -> str:
    from phonenumbers import NumberParseException

    if error_type == NumberParseException.INVALID_COUNTRY_CODE:
        if "+" in typed:
            return "No country has the code after the plus; begin as in +1 555 123 4567."
        return "The country is not known; begin with a plus and its code, as +1 555 123 4567."
    if error_type == NumberParseException.TOO_LONG:
        return _too_long(typed, digits)
    return f"That cannot be read as a number; {_RIGHT}"


def _too_long(typed: str, digits: str) -> str:
    if digits.startswith("00") and "+" not in typed:
        return "This region does not dial 00 for abroad; begin with a plus, as +1 555 123 4567."
    return f"That is {len(digits)} digits, which is too long here; {_RIGHT}"


def _wrong_length(parsed: LibraryNumber, digits: str) -> str:
    import phonenumbers

    home = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    example = phonenumbers.example_number(home)
    shown = (
        phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        if example
        else "+1 555 123 4567"
    )
    return f"That is {len(digits)} digits, the wrong length for +{parsed.country_code}: is the area code missing? A number there looks like {shown}."


def _plain(text: str) -> str:
    """The text with plain digits, plus, dashes, blanks and line ends, without what nobody sees, `tel:` or "Phone:"."""
    typed = _plain_characters(text)
    scheme = _SCHEME.match(typed)
    if scheme is None:
        label = _LABEL.match(typed)
        return typed[label.end() :].strip() if label else typed
    link = _plain_characters(unquote(typed[scheme.end() :]))
    # RFC 3966 and RFC 5724 put parameters after the number of a link; phones put an "&" before them, too.
    number = re.split(r";(?!ext=)|[?&]", link, maxsplit=1)[0].strip()
    context = _CONTEXT.search(link)
    return f"{context[1]} {number}" if context and "+" not in number else number


def _plain_characters(text: str) -> str:
    plain = []
    for character in text:
        category = unicodedata.category(character)
        if (digit := unicodedata.decimal(character, None)) is not None:
            plain.append(str(digit))
        elif category == "Pd" or character == "−":
            plain.append("-")
        elif character in _LINE_ENDS:
            plain.append("\n")
        elif character.isspace():
            plain.append(" ")
        elif unicodedata.normalize("NFKC", character) == "+":
            plain.append("+")
        elif category not in ("Cf", "Cc", "Cs", "Mn", "Me"):
            plain.append(character)
    return "".join(plain).strip()


def digits_of(text: str) -> str:
    """The decimal digits of a text, of whatever script, as ASCII."""
    return "".join(
        str(digit) for character in text if (digit := unicodedata.decimal(character, None)) is not None
    )


@lru_cache(maxsize=4096)
def display_number(number: PhoneNumber, region: str, style: str = "auto") -> str:
    """A number as people read it.

    Short codes, and texts that are no number, come back as they are: clean what was never parsed.

    Args:
        number: E.164 or a short code.
        region: The home region, ISO 3166 alpha-2.
        style: "national" or "international" for all; "auto" for national within the home region's country
            code, else international.
    """
    if at_once := _american(number, region, style):
        return at_once
    parsed = _library_number(number)
    if parsed is None:
        return number
    import phonenumbers
    from phonenumbers import PhoneNumberFormat

    at_home = parsed.country_code == phonenumbers.country_code_for_region(region)
    national = style == "national" or (style == "auto" and at_home)
    return phonenumbers.format_number(
        parsed, PhoneNumberFormat.NATIONAL if national else PhoneNumberFormat.INTERNATIONAL
    )


def _american(number: PhoneNumber, region: str, style: str) -> str:
    """What the library says of the numbers of +1, and of no others: the first frame need not wait for its tables."""
    parts = _AMERICAN.fullmatch(number)
    if parts is None or region not in ("US", "CA"):
        return ""
    return ("+1 {}-{}-{}" if style == "international" else "({}) {}-{}").format(*parts.groups())


def country_of(number: PhoneNumber) -> str:
    """The country of a number, ISO 3166 alpha-2; empty where it cannot be told (a short code, or +1 555)."""
    parsed = _library_number(number)
    if parsed is None:
        return ""
    import phonenumbers

    if country := phonenumbers.region_code_for_number(parsed):
        return "" if country == _NO_COUNTRY else str(country)
    countries = phonenumbers.region_codes_for_country_code(parsed.country_code or 0)
    return str(countries[0]) if len(countries) == 1 and countries[0] != _NO_COUNTRY else ""


def _library_number(number: PhoneNumber) -> LibraryNumber | None:
    if not E164.fullmatch(number):
        return None
    import phonenumbers
    from phonenumbers import NumberParseException

    try:
        parsed: LibraryNumber = phonenumbers.parse(number)
    except NumberParseException:
        return None
    return parsed


def wire_number(number: PhoneNumber) -> str:
    """The number for the gateway's `to` and `from`: with its plus (a short code has none)."""
    return number


def wire_phone(number: PhoneNumber) -> str:
    """The number for the gateway's `phone`: digits, no plus."""
    return number.removeprefix("+")


def from_wire(value: object) -> PhoneNumber | None:
    """The number that the gateway means (its `did`), or None where it is none.

    Args:
        value: Whatever the answer held: "15556667777", "+15556667777", 15556667777, a short code, or rubbish.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**15:
        value = str(value)
    if not isinstance(value, str):
        return None
    digits = value.strip()
    if _SHORT_CODE.fullmatch(digits):
        return PhoneNumber(digits)
    number = digits if digits.startswith("+") else f"+{digits}"
    return PhoneNumber(number) if E164.fullmatch(number) else None
