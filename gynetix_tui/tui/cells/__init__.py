"""Changed cells only: what stands between Textual's compositor and the terminal's driver.

Textual sends each changed region whole. Here is kept what the terminal shows, and only the cells that differ are written:

    pieces.py     the strips of Textual's update, each with its place
    graphemes.py  text as cells: what fills one, what fills two, and whose width terminals disagree about
    looks.py      colours and attributes (SGR) as a difference from those in force
    moves.py      the shortest way to another place
    rows.py       one row as it is made into another
    scrolling.py  rows that moved together, moved by the terminal
    shown.py      the whole screen as the terminal shows it, and frame after frame of it
    hook.py       where this meets Textual: a base for the application and one for the driver
    compositor.py a base for screens: only the rows that are due are drawn at all

All but `pieces`, `hook` and `compositor` know nothing of Textual. Whatever is not fully understood is a `Doubt`: then Textual writes the
frame in its own way, everything is forgotten, and the next frame is drawn whole.
"""
