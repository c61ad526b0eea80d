"""Make the README's pictures, or check that they are what the program shows.

python screenshots/make.py            write them
python screenshots/make.py --check    exit with 1 where one differs
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "tui"))

from scenes import SCENES, picture  # noqa: E402 - found by the line above


async def make(name: str) -> str:
    """One picture, as SVG."""
    with tempfile.TemporaryDirectory() as folder:
        return await picture(SCENES[name], Path(folder))


def main(words: list[str]) -> int:
    """Make or check them all; return the exit code."""
    differing = []
    for name in SCENES:
        svg = asyncio.run(make(name))
        file = HERE / f"{name}.svg"
        if "--check" not in words:
            file.write_text(svg, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != svg:
            differing.append(file.name)
    stray = {file.stem for file in HERE.glob("*.svg")} - set(SCENES)
    for problem in [*differing, *(f"{name}.svg: nothing makes it" for name in sorted(stray))]:
        words_of = f"screenshots: {problem} is not what the program shows; run python screenshots/make.py"
        print(words_of, file=sys.stderr)  # noqa: T201 - a script
    return 1 if differing or stray else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
