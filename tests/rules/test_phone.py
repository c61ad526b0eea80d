"""Phone numbers: typed by people, shown to people, written on the wire."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gynetix_tui.errors import NumberError
from gynetix_tui.model import PhoneNumber
from gynetix_tui.phone import (
    E164,
    country_of,
    digits_of,
    display_number,
    from_wire,
    parse_number,
    split_name,
    wire_number,
    wire_phone,
)


@pytest.mark.parametrize(
    "typed",
    [
        "1 (555) 777-8888",
        "(555) 777-8888",
        "+15557778888",
        "555.777.8888",
        " tel:+1-555-777-8888 ",
        "TEL:+1-555-777-8888;phone-context=example.com",
        "sms:+15557778888?body=hello%20you",
        "\u202a+1 555‑777–8888\u202c",
        "\u200e+1\xa0555\u2009777\u20148888\ufeff",
        "＋１（５５５）７７７−８８８８",
        "٥٥٥٧٧٧٨٨٨٨",
        "011 1 555 777 8888",
        "﹢1 555 777 8888",
        "++1 555 777 8888",
        "(+1) 555 777 8888",
        "[555] 777/8888",
        "+1 555 777 8888...",
        '"+1 555 777 8888".',
        "‘555 777 8888’",
        "<+1 555 777 8888>",
        "555 777 8888;",
        "555\n777 8888",
        "+1 (0) 555 777 8888",
        "\U0001f4de 555 777 8888",
        "Phone: 555 777 8888",
        "Tel.: 555 777 8888",
        "mobile +1 555 777 8888",
        "tel:%2B1%20555%20777%208888",
        "tel:777-8888;phone-context=+1-555",
        "tel:+1-555-777-8888;phone-context=+44",
        "sms:+15557778888&body=hello%201234567",
    ],
)
def test_any_pasted_form_is_taken(typed: str) -> None:
    assert parse_number(typed, "US").number == "+15557778888"


def test_a_number_in_use_is_valid_and_brings_no_warning() -> None:
    parsed = parse_number("020 7946 0958", "GB")
    assert parsed.number == "+442079460958"
    assert parsed.valid
    assert parsed.warning == ""


def test_a_possible_number_that_nobody_has_is_taken_with_a_warning() -> None:
    parsed = parse_number("555 777 8888", "US")
    assert not parsed.valid
    assert parsed.warning == (
        "+1 555-777-8888 has the right length, but no such number is in use; check it before sending."
    )


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("+44(0)7700 900123", "+447700900123"),
        ("+49 (0) 30 1234567", "+49301234567"),
        ("+7 (0)495 1234567", "+74951234567"),
        ("+39 (0)6 698 1234", "+39066981234"),
    ],
)
def test_a_zero_that_is_dialled_at_home_alone_is_left_out_and_one_of_the_number_stays(
    typed: str, number: str
) -> None:
    assert parse_number(typed, "US").number == number


@pytest.mark.parametrize(
    "typed",
    [
        "+1 555 777 8888, +1 555 222 0199",
        "555 777 8888; 555 222 0199",
        "5557778888\n5552220199",
        "+15557778888 +15552220199",
        "5557778888 +15552220199",
        "555-777-8888/555-222-0199",
        "555-777-8888 or 555-222-0199",
        "72345, 72346",
        "smsto:+15557778888,+15552220199?body=hi",
    ],
)
def test_several_numbers_are_not_read_as_one(typed: str) -> None:
    with pytest.raises(NumberError) as caught:
        parse_number(typed, "US")
    assert str(caught.value) == "Several numbers stand there; type one, as +1 555 123 4567."


def test_an_area_code_before_a_slash_is_no_number_by_itself() -> None:
    assert parse_number("02151/123456", "DE").number == "+492151123456"


@pytest.mark.parametrize(
    ("text", "name", "number"),
    [
        ("Ana Torres <+1 555 777 8888>", "Ana Torres", "+1 555 777 8888"),
        (' "Torres, Ana" <tel:+15557778888>; ', "Torres, Ana", "tel:+15557778888"),
        ("<555 777 8888>", "", "555 777 8888"),
        ("555 777 8888", "", "555 777 8888"),
        ("Ana < 3", "", "Ana < 3"),
        ("<>", "", "<>"),
    ],
)
def test_a_name_before_a_number_in_angles_is_told_apart(text: str, name: str, number: str) -> None:
    assert split_name(text) == (name, number)


def test_two_zeros_lead_abroad_where_the_region_dials_so() -> None:
    assert parse_number("0044 20 7946 0958", "DE").number == "+442079460958"
    with pytest.raises(NumberError, match="does not dial 00"):
        parse_number("0044 20 7946 0958", "US")


@pytest.mark.parametrize("typed", ["72345", "723456", " 72-345 "])
def test_short_codes_stay_as_they_are(typed: str) -> None:
    parsed = parse_number(typed, "US")
    assert parsed.number == digits_of(typed)
    assert parsed.valid


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "No digits in it; a number has 7 to 15, as +1 555 123 4567."),
        ("abc", "No digits in it; a number has 7 to 15, as +1 555 123 4567."),
        ("12", "That is 2 digits; a number has 7 to 15, as +1 555 123 4567. A short code has 5 or 6."),
        ("7", "That is 1 digit; a number has 7 to 15, as +1 555 123 4567. A short code has 5 or 6."),
        ("+72345", "That is 5 digits; a number has 7 to 15, as +1 555 123 4567."),
        (
            "123456789012345678",
            "That is 18 digits, which is too long here; a number has 7 to 15, as +1 555 123 4567.",
        ),
        (
            "+123456789012345678",
            "That is 18 digits, which is too long here; a number has 7 to 15, as +1 555 123 4567.",
        ),
        ("9" * 400, "That is 400 digits, which is too long here; a number has 7 to 15, as +1 555 123 4567."),
        (
            "777-8888",
            "That is 7 digits, the wrong length for +1: is the area code missing? A number there looks like +1 201-555-0123.",
        ),
        ("+999 1234567", "No country has the code after the plus; begin as in +1 555 123 4567."),
        (
            "555 777 8888 x12",
            "Letters stand in it; a number has digits only and no extension, as +1 555 123 4567.",
        ),
        (
            "1-800-FLOWERS",
            "Letters stand in it; a number has digits only and no extension, as +1 555 123 4567.",
        ),
        ("①5557778888", '"①" stands in it; type plain digits, as +1 555 123 4567.'),
        ("555 777 8888¹", '"¹" stands in it; type plain digits, as +1 555 123 4567.'),
        (
            "tel:5;phone-context=home",
            "That is 1 digit; a number has 7 to 15, as +1 555 123 4567. A short code has 5 or 6.",
        ),
        ("555 777 8888,,12", "A text cannot go to an extension; leave it off, as +1 555 123 4567."),
    ],
)
def test_what_cannot_be_a_number_is_refused_with_what_would_be_right(typed: str, sentence: str) -> None:
    with pytest.raises(NumberError) as caught:
        parse_number(typed, "US")
    assert str(caught.value) == sentence


def test_without_a_known_region_a_plus_is_asked_for() -> None:
    with pytest.raises(NumberError, match="begin with a plus"):
        parse_number("555 777 8888", "ZZ")


@given(
    st.text(
        st.one_of(st.sampled_from("+0123456789 -().;,#*x/"), st.characters(exclude_categories=[])),
        max_size=40,
    )
)
def test_anything_typed_is_a_number_or_a_number_error(typed: str) -> None:
    try:
        number = parse_number(typed, "US").number
    except NumberError:
        return
    assert E164.fullmatch(number) or (number.isdecimal() and len(number) in (5, 6))
    assert from_wire(wire_phone(number)) == number


@pytest.mark.parametrize(
    ("number", "region", "shown"),
    [
        ("+15557778888", "US", "(555) 777-8888"),
        ("+15557778888", "GB", "+1 555-777-8888"),
        ("+442079460958", "US", "+44 20 7946 0958"),
        ("+442079460958", "GB", "020 7946 0958"),
        ("+442079460958", "ZZ", "+44 20 7946 0958"),
        ("72345", "US", "72345"),
        ("+9991234567", "US", "+9991234567"),
        ("Bank", "US", "Bank"),
    ],
)
def test_numbers_show_national_at_home_and_international_elsewhere(
    number: str, region: str, shown: str
) -> None:
    assert display_number(PhoneNumber(number), region) == shown


@pytest.mark.parametrize(
    ("number", "style", "shown"),
    [
        ("+15557778888", "auto", "(555) 777-8888"),
        ("+15557778888", "national", "(555) 777-8888"),
        ("+15557778888", "international", "+1 555-777-8888"),
        ("+442079460958", "auto", "+44 20 7946 0958"),
        ("+442079460958", "national", "020 7946 0958"),
        ("+442079460958", "international", "+44 20 7946 0958"),
        ("72345", "international", "72345"),
    ],
)
def test_numbers_show_as_chosen(number: str, style: str, shown: str) -> None:
    assert display_number(PhoneNumber(number), "US", style) == shown


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+12025550143", "US"),
        ("+14165550143", "CA"),
        ("+442079460958", "GB"),
        ("+33999999999", "FR"),
        ("+15557778888", ""),
        ("+80012345678", ""),
        ("72345", ""),
        ("+9991234567", ""),
    ],
)
def test_a_number_tells_its_country_where_it_can(number: str, country: str) -> None:
    assert country_of(PhoneNumber(number)) == country


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("15556667777", "+15556667777"),
        ("+15556667777", "+15556667777"),
        (" 15556667777\n", "+15556667777"),
        (15556667777, "+15556667777"),
        ("72345", "72345"),
        ("", None),
        ("0", None),
        ("all", None),
        ("+72345", None),
        ("1555666777712345", None),
        ("١٥٥٥٦٦٦٧٧٧٧", None),
        (None, None),
        (True, None),
        (1.5, None),
        (-15556667777, None),
        (["15556667777"], None),
        (10**15, None),
    ],
)
def test_the_gateways_own_numbers_are_read_or_are_none(value: object, number: str | None) -> None:
    assert from_wire(value) == number


def test_the_wire_wants_a_plus_in_one_place_and_none_in_the_other() -> None:
    number = PhoneNumber("+15556667777")
    assert wire_number(number) == "+15556667777"
    assert wire_phone(number) == "15556667777"
    assert wire_number(PhoneNumber("72345")) == wire_phone(PhoneNumber("72345")) == "72345"


def test_digits_are_found_in_any_script() -> None:
    assert digits_of("+1 (٥٥) x７") == "1557"


@given(
    st.from_regex(r"\+1[0-9]{10}", fullmatch=True),
    st.sampled_from(["US", "CA", "GB", "JM"]),
    st.sampled_from(["auto", "national", "international"]),
)
def test_numbers_of_north_america_are_shown_as_the_library_shows_them(
    number: str, region: str, style: str
) -> None:
    parsed = phonenumbers.parse(number)
    home = style == "national" or (style == "auto" and phonenumbers.country_code_for_region(region) == 1)
    form = phonenumbers.PhoneNumberFormat
    shown = phonenumbers.format_number(parsed, form.NATIONAL if home else form.INTERNATIONAL)
    assert display_number(PhoneNumber(number), region, style) == shown
