"""Colours and attributes (SGR), written as a difference from those in force."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from gynetix_tui.tui.cells.doubt import Doubt

_ON: Final = (1, 2, 3, 4, 5, 6, 7, 8, 9, 21, 51, 52, 53)
"""The code that switches an attribute on. Its place here is its bit."""
_BIT: Final = {str(code): 1 << place for place, code in enumerate(_ON)}
_OFF: Final = (
    ("22", _BIT["1"] | _BIT["2"]),  # bold and dim go together
    ("23", _BIT["3"]),
    ("24", _BIT["4"] | _BIT["21"]),
    ("25", _BIT["5"] | _BIT["6"]),
    ("27", _BIT["7"]),
    ("28", _BIT["8"]),
    ("29", _BIT["9"]),
    ("54", _BIT["51"] | _BIT["52"]),
    ("55", _BIT["53"]),
)
_ALL: Final = (1 << len(_ON)) - 1
_FAINT: Final = _BIT["1"] | _BIT["2"]
_REVERSE: Final = _BIT["7"]
_SEEN_ON_BLANK: Final = _BIT["4"] | _BIT["7"] | _BIT["9"] | _BIT["21"] | _BIT["51"] | _BIT["52"] | _BIT["53"]
_DEFAULT: Final = "39"
_MOST_PARAMETERS: Final = 16
"""What every terminal takes in one sequence; the Linux console takes no more."""
_MOST_LOOKS: Final = 1000
"""More of them than any theme has; beyond, the tables would only grow."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How a cell looks. Each look exists once, so that they are compared as objects, which is quick.

    Attributes:
        attributes: Bits of what is on.
        heeded: Bits of what matters; on a blank, italics do not.
        ink: The colour of the text as the code of a foreground; empty where it does not matter.
        ground: The colour behind it, likewise as the code of a foreground, which is how the two can be compared.
        erased: Whether a blank of this look is what erasing leaves behind, where that takes the colour of the ground.
        on_blank: The look of this look's blanks.
    """

    attributes: int
    heeded: int
    ink: str
    ground: str
    erased: bool
    on_blank: Look | None = None

    @property
    def blank(self) -> Look:
        """How a blank looks that is written in this look."""
        return self.on_blank or self


@dataclass(frozen=True, slots=True, eq=False)
class Pen:
    """What is in force in the terminal; each exists once.

    Attributes:
        steps: What was found to be the shortest way from here to a look, and the pen after it.
    """

    attributes: int
    ink: str
    ground: str
    steps: dict[tuple[Look, bool], tuple[str, Pen]] = field(default_factory=dict)


def _as_ground(ink: str) -> str:
    """The code of a foreground as that of a background."""
    return f"10{ink[1:]}" if ink.startswith("9") else f"4{ink[1:]}"


def _as_ink(ground: str) -> str:
    return f"9{ground[2:]}" if ground.startswith("10") else f"3{ground[1:]}"


def _codes_on(attributes: int) -> list[str]:
    return [str(code) for place, code in enumerate(_ON) if attributes & 1 << place]


def _sequence(codes: list[str]) -> str:
    """The codes as one sequence, or more where one would hold too many parameters."""
    sequences: list[str] = []
    now: list[str] = []
    count = 0
    for code in codes:
        size = code.count(";") + 1
        if count + size > _MOST_PARAMETERS:
            sequences.append(";".join(now))
            now, count = [], 0
        now.append(code)
        count += size
    sequences.append(";".join(now))
    return "".join(f"\x1b[{'' if codes == '0' else codes}m" for codes in sequences)


class Palette:
    """All looks and pens that were met."""

    def __init__(self) -> None:
        self._by_codes: dict[str, Look] = {}
        self._looks: dict[tuple[int, int, str, str], Look] = {}
        self._pens: dict[tuple[int, str, str], Pen] = {}

    @property
    def full(self) -> bool:
        """Whether it is time to begin with an empty one."""
        return len(self._looks) > _MOST_LOOKS

    def look(self, codes: str) -> Look:
        """The look that SGR codes give to text after a reset, as "1;38;2;213;216;218".

        Raises:
            Doubt: There is a code that is not known here.
        """
        look = self._by_codes.get(codes)
        if look is None:
            look = self._by_codes[codes] = self._parse(codes)
        return look

    def _parse(self, codes: str) -> Look:
        attributes, ink, ground = 0, _DEFAULT, _DEFAULT
        rest = iter(codes.split(";") if codes else ())
        for code in rest:
            if code in _BIT:
                attributes |= _BIT[code]
            elif code in {"38", "48"}:
                kind = next(rest, "")
                count = {"2": 3, "5": 1}.get(kind)
                if count is None:
                    raise Doubt(f"colour {codes}")
                colour = ";".join(["38", kind, *(next(rest, "") for _ in range(count))])
                if code == "38":
                    ink = colour
                else:
                    ground = colour
            elif code.isdecimal() and (30 <= int(code) <= 39 or 90 <= int(code) <= 97):
                ink = code
            elif code.isdecimal() and (40 <= int(code) <= 49 or 100 <= int(code) <= 107):
                ground = _as_ink(code)
            else:
                raise Doubt(f"SGR code {code}")
        if attributes & _SEEN_ON_BLANK:
            return self._keep(attributes, _ALL, ink, ground)
        # Of a blank only its ground is seen: any pen with that ground will do.
        blank = self._keep(0, _SEEN_ON_BLANK, "", ground, erased=True)
        return self._keep(attributes, _ALL, ink, ground, on_blank=blank)

    def _keep(
        self,
        attributes: int,
        heeded: int,
        ink: str,
        ground: str,
        *,
        erased: bool = False,
        on_blank: Look | None = None,
    ) -> Look:
        key = (attributes, heeded, ink, ground)
        look = self._looks.get(key)
        if look is None:
            look = self._looks[key] = Look(*key, erased=erased, on_blank=on_blank)
        return look

    def _pen(self, attributes: int, ink: str, ground: str) -> Pen:
        key = (attributes, ink, ground)
        pen = self._pens.get(key)
        if pen is None:
            pen = self._pens[key] = Pen(*key)
        return pen

    @property
    def plain(self) -> Pen:
        """The pen after a reset."""
        return self._pen(0, _DEFAULT, _DEFAULT)

    def step(self, pen: Pen | None, look: Look, *, to_erase: bool = False) -> tuple[str, Pen]:
        """What to write so that text gets a look, and the pen after it.

        Args:
            pen: What is in force; None where that is not known.
            look: What is wanted.
            to_erase: It is for erasing, which knows the ground only as such, not as an ink that is reversed.
        """
        if pen is None:
            return self._from_reset(look)
        known = pen.steps.get((look, to_erase))
        if known is None:
            ways = [self._difference(pen, look), self._from_reset(look)]
            if not to_erase and (turned := self._reversed(pen, look)):
                ways.append(turned)
            if to_erase:
                ways = [way for way in ways if not way[1].attributes & _REVERSE]
            known = pen.steps[look, to_erase] = min(ways, key=lambda way: len(way[0]))
        return known

    def _from_reset(self, look: Look) -> tuple[str, Pen]:
        pen = self._pen(look.attributes, look.ink or _DEFAULT, look.ground)
        codes = ["0", *_codes_on(pen.attributes)]
        if pen.ink != _DEFAULT:
            codes.append(pen.ink)
        if pen.ground != _DEFAULT:
            codes.append(_as_ground(pen.ground))
        return _sequence(codes), pen

    def _difference(self, pen: Pen, look: Look) -> tuple[str, Pen]:
        wanted = pen.attributes & ~look.heeded | look.attributes
        return self._change(pen, wanted, look.ink or pen.ink, look.ground)

    def _reversed(self, pen: Pen, look: Look) -> tuple[str, Pen] | None:
        """The look as its reverse with ink and ground exchanged: a cursor of stock colours costs four bytes so.

        Only for colours given by number, which are the same as ink and as ground; bold and dim may change an ink.
        """
        wanted = pen.attributes & ~look.heeded | look.attributes
        colours = [colour for colour in (look.ink, look.ground) if colour]
        if wanted & (_FAINT | _REVERSE) or not all(colour.startswith("38;") for colour in colours):
            return None
        return self._change(pen, wanted | _REVERSE, look.ground, look.ink or pen.ground)

    def _change(self, pen: Pen, attributes: int, ink: str, ground: str) -> tuple[str, Pen]:
        codes: list[str] = []
        left = pen.attributes
        for code, group in _OFF:
            if left & group & ~attributes:
                codes.append(code)
                left &= ~group
        codes += _codes_on(attributes & ~left)
        if ink != pen.ink:
            codes.append(ink)
        if ground != pen.ground:
            codes.append(_as_ground(ground))
        return (_sequence(codes) if codes else ""), self._pen(attributes, ink, ground)
