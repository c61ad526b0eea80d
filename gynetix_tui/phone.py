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

from gynetix_tui.errors import NumberError
from gynetix_tui.model import PhoneNumber

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber as LibraryNumber

E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
"""ITU-T E.164: at most 15 digits, country code first. No public number has fewer than 7."""

_SHORT_CODE: Final = re.compile(r"[0-9]{5,6}")
_SCHEME: Final = re.compile(r"(?:tel|sms|smsto|callto):(?://)?", re.IGNORECASE)
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
        region: ISO 3166 alpha-2, as "US".

    Raises:
        NumberError: It is not even possible as a number; the sentence says what would be right.
    """
    typed = _plain(text)
    digits = digits_of(typed)
    if not digits:
        raise NumberError(f"No digits in it; {_RIGHT}")
    if any(character.isalpha() for character in typed):
        raise NumberError(
            "Letters stand in it; a number has digits only and no extension, as +1 555 123 4567."
        )
    if "+" not in typed and _SHORT_CODE.fullmatch(digits):
        return ParsedNumber(PhoneNumber(digits), valid=True)
    if len(digits) < 7:
        counted = "1 digit" if len(digits) == 1 else f"{len(digits)} digits"
        raise NumberError(f"That is {counted}; {_RIGHT}")
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


def _by_numbering_plan(typed: str, digits: str, region: str) -> ParsedNumber:
    import phonenumbers
    from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

    try:
        parsed = phonenumbers.parse(typed, region)
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
    """The text with plain digits, plus, dashes and blanks, and without what nobody sees."""
    plain = []
    for character in text:
        category = unicodedata.category(character)
        if (digit := unicodedata.decimal(character, None)) is not None:
            plain.append(str(digit))
        elif category == "Pd" or character == "−":
            plain.append("-")
        elif character.isspace():
            plain.append(" ")
        elif character == "＋":
            plain.append("+")
        elif category not in ("Cf", "Cc", "Cs", "Mn", "Me"):
            plain.append(character)
    typed = "".join(plain).strip()
    scheme = _SCHEME.match(typed)
    # RFC 3966 and RFC 5724 put parameters after the number of a link.
    return re.split(r";(?!ext=)|\?", typed[scheme.end() :], maxsplit=1)[0].strip() if scheme else typed


def digits_of(text: str) -> str:
    """The decimal digits of a text, of whatever script, as ASCII."""
    return "".join(
        str(digit) for character in text if (digit := unicodedata.decimal(character, None)) is not None
    )


@lru_cache(maxsize=4096)
def display_number(number: PhoneNumber, region: str) -> str:
    """A number as people read it: national within the home region's country code, else international.

    Short codes, and texts that are no number, come back as they are: clean what was never parsed.

    Args:
        number: E.164 or a short code.
        region: The home region, ISO 3166 alpha-2.
    """
    if not E164.fullmatch(number):
        return number
    import phonenumbers
    from phonenumbers import NumberParseException, PhoneNumberFormat

    try:
        parsed: LibraryNumber = phonenumbers.parse(number)
    except NumberParseException:
        return number
    at_home = parsed.country_code == phonenumbers.country_code_for_region(region)
    return phonenumbers.format_number(
        parsed, PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    )


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
