"""A year of texts between two friends, made from small talks: the long conversation of the demo.

The same year comes out every time. A line that begins with ``>`` is the account owner's, one with ``<`` the
friend's; words in braces are drawn anew for each talk.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from gynetix_tui.sandbox.people import Direction, Line

DAYS = 365
MESSAGES = 2000
_DAY = 86400

_WORDS = """
food: noodles | tacos | falafel | pancakes | dosa | leftover lasagne | soup | pizza | dumplings | pierogi
place: the lake | the old mill | Foster's Hill | the market | the library | the swimming pool | the park
time: 6:15 | 6:30 | 7 | 7:30 | half past eight | noon | ten to five | 9 sharp
day: Monday | Tuesday | Wednesday | Thursday | Friday | Saturday | Sunday
km: 4 | 5 | 6 | 7 | 8 | 10 | 12 | 14
who: Mum | my sister | Dev | Auntie Lakshmi | my boss | the neighbour | Marguerite from choir | the plumber
thing: umbrella | left running shoe | blue thermos | bike key | library card | headphones | good scarf | charger
book: the lighthouse one | the octopus book | the Russian brick | the detective one | the one about salt
sky: raining sideways | suspiciously sunny | foggy like a film | snowing, but shyly | so windy my hat left
plant: basil | tomato | fig tree | orchid | mint | lemon tree
""".strip().splitlines()

_TALKS = """
>Running on {day}? | <If {time} counts as a time people run at | >It does not. See you there
<{km} km!!! | >In one piece? | <In one piece and one blister | >Name it | <It is called {day}
>Dinner? | <{food}? | >You read my mind | <Your mind is 80% {food} | >And 20% dessert, at {time}
<Have you seen my {thing} | >It's on my kitchen table | <Why | >You put it there and said "I will remember this"
>I finished {book} | <AND | >I cried on the tram | <Told you. Page 212? | >Page 212.
<It's {sky} here | >Here too. Staying in? | <Me, a blanket and {book} | >Enviable
>Happy {day} | <Is it a happy {day} | >It is a {day} | <Fair
<{who} says hi | >Hi back! | <{who} also says you should call more | >Ah
>Can you water the {plant} while I'm away | <The one that faints? | >That one | <I will read to it
<Your {plant} has a new leaf! | >I am a grandparent | <Photos follow
<Good morning from {place} ☀️ | >It's {time} | <Good morning again
>Are you at {place} yet | <Nearly | >"Nearly" or nearly | <I'm looking for my {thing} | >So no
<I made {food} | >And? | <The smoke alarm liked it | >So we're ordering? | <Already did
>Guess who I met at {place} | <{who}? | >How | <This is a village with trams
<Slept? | >Like a lighthouse. Awake, turning | <Tea, no screen, {book} | >Yes, doctor
>I have news | <WHAT | <CALL ME | >I'm in the lift | <CALL ME FROM THE LIFT
<Bus is late again | >The 14? | <The 14 | >It's not late, it's an idea
>Film tonight? | <Anything without a horse in it | >Why | <Last time. You know why.
<Happy {day}!!! 🎉 | >It isn't {day} | <I wanted to be first | >You are. By three days
>Do you still have my {thing} | <Define "still" | >Priya | <It's had adventures
<Question. Is it "less {food}" or "fewer {food}" | >Never less | <Right. Philosophy
>At {place}, there is a heron | <Do not disturb the heron | >The heron disturbed me | <Good heron
<Choir was chaos | >What happened | <{who} joined the altos | >Can they sing? | <That is the chaos
>{km} km before breakfast | <Who ARE you | >I regret it already | <There's {food} at mine
<Train at {time}, platform 2 | >I'll be the one with the sign | <What sign | >You'll see | <Oh no
<You made a sign. | >With glitter | <Everyone looked | >You're welcome
>Do we own a ladder | <We? | >Do you own a ladder | <Why whisper about a ladder | >The cat is on the roof
<Status of cat? | >Down. Proud. Eating | <And you? | >Up. Not proud. Send ladder
>Sorry, missed your call, was in the shower | <It was a pocket call | >You sang | <Delete it
<Is {place} open on {day} | >Until {time} | <Going anyway
>What's the word for being homesick for a place you never were | <Fernweh? | >That's it. I have it | <Lunch?
<{who} bought a drum | >An actual drum | <I live above an actual drum | >Come and stay here
>Left you {food} at the door | <I love you | >It's still warm | <I LOVE you
<I'm cold and it's {sky} | >Coat? | <Fashion | >Coat.
>Vote: beard or no beard | <Whose | >Mine | <No comment until I see it | <Seen it. No.
<Remember {place} last summer | >The wasp | <Before the wasp | >The ice cream | <Yes. The ice cream
>Meeting moved to {time} | <Again?! | >Again | <It will be yesterday soon
<How do you spell your street | >Like it sounds | <It sounds like a sneeze
>Thank you for listening yesterday | <Always. You'd do it too | >I'd do it worse | <With more snacks, though
<Can't make it on {day}, {who} is visiting | >Next week then? | <Next week. Promise | >I'll hold you to it
>There are nine ducks at {place} | <Nine! | >One is leading. It has no plan | <Management
<Doctor says the knee is fine | >So we run? | <Doctor says the knee is fine, I say {food} | >Hm. Wise doctor
>Power's out | <Candles? | >One. It smells of "Autumn Cabin" | <And does it? | >It smells of one candle
<Found a note in {book}: "return to Marguerite" | >Return it! | <It's from 1987
>New recipe: {food} with lemon | <And? | >More lemon | <Always the answer
<🎶 stuck in my head since {time} | >Which one | <The dishwasher one | >Now it's in mine. Thanks.
>I think I left the oven on | <You haven't used the oven since March | >Thank you | <Go back to sleep
<Landed! | >How was it? | <Four films and a baby | >Any good? | <The baby was better than the films
>Can I call you | <Always. Now? | >Five minutes | <Kettle's on
""".strip().splitlines()

_CHOICES = {name: choices.split(" | ") for name, choices in (line.split(": ", 1) for line in _WORDS)}


def year_of_texts() -> Sequence[Line]:
    """About two thousand texts over the last year, oldest first; the last of them is some hours old."""
    draw = random.Random(8888)
    talks: list[list[tuple[Direction, str]]] = []
    deck: list[str] = []
    total = 0
    while total < MESSAGES:
        if not deck:
            deck = draw.sample(_TALKS, len(_TALKS))
        talk = _spoken(deck.pop(), draw)
        talks.append(talk)
        total += len(talk)
    lines = []
    per_day = len(talks) / DAYS
    for place, talk in enumerate(talks):
        day = int(place / per_day)
        first_of_day = place == 0 or int((place - 1) / per_day) != day
        # Near a whole number of days before now, and never two talks at once.
        hours = draw.uniform(1.5, 5) if first_of_day else draw.uniform(-5, -1.5)
        age = (DAYS - day) * _DAY + hours * 3600
        for direction, text in talk:
            lines.append(Line(direction, text, age))
            age -= draw.choice((20, 35, 50, 90, 150, 300))
    return lines


def _spoken(talk: str, draw: random.Random) -> list[tuple[Direction, str]]:
    # Drawn once for a talk: whoever says hi at its start is the one who wants a call at its end.
    words = {name: draw.choice(choices) for name, choices in _CHOICES.items()}
    spoken = []
    for part in talk.split(" | "):
        direction = Direction.OUT if part.startswith(">") else Direction.IN
        spoken.append((direction, part[1:].strip().format_map(words)))
    return spoken
