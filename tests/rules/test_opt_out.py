"""Incoming texts: which are opt-out keywords, which may be an opt-out, and which are neither."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gynetix_tui.sms.optout import MOST_CHARACTERS, Said, said

ARE = [
    *("STOP", "stop", "Stop", "sToP", "Stop.", "stop!!", " stop!! ", "\nSTOP\n", '"STOP"', "“Stop”", "'stop'"),
    *("(stop)", "*stop*", "...stop...", "STOP,", "-stop-", "stop :", "[STOP]", "STOP/", "_stop_", "¡Stop!"),
    *("STOP STOP", "stop stop stop", "Stop! Stop!! STOP!", "S.T.O.P.", "s t o p", "S-T-O-P"),
    *("\u200bSTOP", "STOP\ufeff", "\u202aSTOP\u202c", "ST\u00adOP", "\xa0STOP\xa0", "ＳＴＯＰ", "ｓｔｏｐ．"),
    *("STOPALL", "StopAll", "Stop all", "stop-all", "STOP  ALL", "STOP\nALL"),
    *("UNSUBSCRIBE", "Unsubscribe", "unsubscribe.", "CANCEL", "cancel", "Cancel!", "END", "end", "End."),
    *("QUIT", "quit", "Quit.", "REVOKE", "revoke", "OPTOUT", "optout", "OptOut", "Opt out", "OPT-OUT", "opt‑out", "opt out."),
]  # fmt: skip

MAY_BE = [
    # stop, with what is no keyword around it
    *("please stop", "Stop please", "STOP PLEASE!", "Pls stop", "stop it", "Stop this", "Stop now!", "stop already"),
    *("STOP?", "STOP 🛑", "🛑 STOP 🛑", "Stop 🙏", "unsubscribe 👎", "Stopp", "I said stop", "Can you please stop?", "No. Stop.", "No! STOP!"),
    *("wrong number, stop", "Wrong number. Please stop.", "Who is this? Stop", "not interested. stop", "Stop to end"),
    *("unsubscribe please", "please unsubscribe", "Unsuscribe", "please cancel these texts", "opt out please", "Stop, thank you", "Stop\n\nSent from my iPhone"),
    # stop doing that
    *("please stop texting me", "Stop texting me", "STOP TEXTING ME!!!", "Please stop calling", "please take us off", "I’m opting out of this", "stop texting", "Stop messaging me please"),
    *("who is this? stop messaging me", "can you please stop texting me", "I want you to stop texting me", "You need to stop texting me"),
    *("if you don't stop texting me I will call the police", "Why won’t you stop messaging me", "quit texting this number"),
    *("I asked you to stop texting me", "hey bob please stop texting me", "Stop contacting me", "stop spamming me", "stop harassing me"),
    *("Stop calling and texting me", "stop sending me messages", "stop sending these", "Please stop sending texts to this number"),
    *("stop the texts", "stop these messages now", "Stop all messages", "stop the spam", "end texts", "cancel my subscription", "stop text messages"),
    *("Cease and desist", "cease all communications", "please discontinue these notifications"),
    # lists
    *("take me off your list", "Take me off this list please", "Please take me off of your mailing list", "remove me", "Remove me from your list."),
    *("please remove my number", "delete my number", "Please delete my number from your database", "remove this number", "take my number off your list"),
    *("get me off this list", "lose my number", "unsubscribe me", "opt me out", "I opt out", "I would like to opt out", "remove"),
    *("I want to be taken off this list", "I'd like to be removed from your list", "I want to unsubscribe", "How do I unsubscribe?", "how do I stop these texts?"),
    *("how can I get off this list", "I want off this list", "Unsubscribe from this list", "how do I get out of this list"),
    *("I’ve asked you to stop", "I already asked you to stop texting", "please refrain from texting this number", "Stop bothering me"),
    # do not
    *("do not text me again", "Don't text me", "Don’t text me anymore", "dont ever text me again", "never text me again", "DO NOT CONTACT ME"),
    *("Do not contact this number about politics", "please do not message me", "don't send me any more texts", "Do not send me anything else", "can you please not text me", "don't want these texts", "Don't text this number again"),
    *("no more texts", "No more messages please", "Not interested, don't text again", "I don't want these messages", "i do not want to receive texts"),
    *("I no longer wish to receive these messages", "I don't want to hear from you", "I did not sign up for this list", "I don't want you to text me anymore"),
    # alone
    *("leave me alone", "Leave me alone please", "just leave me the hell alone", "Go away", "Who is this? Leave me alone!"),
    # not English
    *("ALTO", "no me mandes más mensajes", "Por favor no me escriban", "deja de mandarme mensajes", "no quiero recibir mensajes", "ARRET", "Arrêt"),
]  # fmt: skip

ARE_NOT = [
    *("", " ", "?", "!!!", "🛑", "ok", "No", "no thanks", "Not interested", "wrong number", "Who is this?", "Thanks!"),
    # stop, otherwise
    *("stop by at 9", "Stop by the office tomorrow", "don't stop!", "Don’t stop", "the bus stop", "I can't stop laughing", "please stop at the store"),
    *("Can you stop at the store?", "I'll stop by", "bus stop", "Next stop: Denver", "one stop shop", "stop stressing", "Stop worrying, it's fine"),
    *("stop 😂", "stop :)", "Stop ;-)", "Stop it 😂😂", "stop lol", "omg stop, you're too kind", "Stop, you're killing me", "non stop", "nonstop", "Stop sign on 5th"),
    *("Stop light is broken", "They stopped", "stopping at 6", "stop the car", "Please stop the clock at 5", "we should stop for gas", "pit stop?"),
    *("stop making me laugh", "full stop", "She won't stop texting me", "He can't stop texting me lol", "I'll stop texting you now, good night"),
    *("why did you stop texting me", "Did you stop texting me?", "tell him to stop calling", "stop texting and driving", "I told him to stop texting me"),
    *("never stop texting me", "don't stop texting me", "stop sending me memes", "quit bugging me about dinner", "stop bothering the dog", "stop calling me that", "stop calling me babe"),
    # the other keywords, otherwise
    *("I'll end up late", "The end", "in the end", "weekend", "end of story", "at the end of the day", "cancel my 3pm", "Cancel the meeting", "cancel?"),
    *("please cancel my appointment", "can you quit smoking", "I quit my job", "Quit it lol", "quit?", "end?", "cancel that, I am coming", "Can I cancel?"),
    *("I forgot to unsubscribe from Netflix", "The court may revoke it", "opt for the blue one", "optional", "I might opt out of dinner", "unsubscribed", "cancelled"),
    # do, otherwise
    *("don't text me while you drive", "Don't text me before 9", "you never text me anymore", "you don't text me anymore", "they don't text me", "Why don't you text me"),
    *("Don't call me, text me", "don't send it yet", "don't send me anything yet", "Don't message Ana, she knows", "No more coffee for me", "no more snow"),
    *("never mind", "Text me when you get home", "don't leave me alone with him", "I was alone", "leave the kids alone", "I don't want to get wet"),
    *("drop me off at 5", "take me off at the next stop", "take me home", "remove the lid first", "Get me from the airport", "delete the photo", "did you delete my number?"),
    *("take it off the list", "Add me to your list", "put milk on the list", "I lost my number", "forget it", "forget my umbrella", "I don't want to go", "I want off work early"),
    *("I want out", "how do I get out of this?", "how do I stop the leak", "How do I stop?", "put me on the list", "don't text back, I am driving"),
    *("YES please", "yes I can", "Yes?", "yesterday", "start at 8", "Let's start", "start?", "help me", "I need help", "can you help?", "more info please", "info?!?x"),
    *("Msg & data rates may apply. Reply STOP to cancel, HELP for help.", "Sale today! Reply STOP to opt out", "Your code is 123456. Reply STOP to end."),
    *("alto ahí, ¿quién es?", "el alto costo", "no me digas", "no me mates", "no me molesta"),
]  # fmt: skip

OTHERS = {
    Said.START: [
        "START",
        "start",
        "Start!",
        " yes ",
        "YES",
        "Yes.",
        "unstop",
        "UNSTOP",
        '"START"',
        "Ｓｔａｒｔ",
    ],
    Said.HELP: ["HELP", "help", "Help!", "help?", "INFO", "info", "Info.", " info? "],
}


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(ARE) >= 40
    assert len(MAY_BE) >= 40
    assert len(ARE_NOT) >= 60
    everything = [*ARE, *MAY_BE, *ARE_NOT, *OTHERS[Said.START], *OTHERS[Said.HELP]]
    assert len(set(everything)) == len(everything)


@pytest.mark.parametrize("text", ARE)
def test_is_an_opt_out(text: str) -> None:
    assert said(text) is Said.STOP


@pytest.mark.parametrize("text", MAY_BE)
def test_may_be_an_opt_out(text: str) -> None:
    assert said(text) is Said.PLEA


@pytest.mark.parametrize("text", ARE_NOT)
def test_is_no_opt_out(text: str) -> None:
    assert said(text) is None


@pytest.mark.parametrize(
    ("meaning", "text"), [(meaning, text) for meaning, texts in OTHERS.items() for text in texts]
)
def test_the_other_keywords(meaning: Said, text: str) -> None:
    assert said(text) is meaning


def test_laughter_makes_a_lone_stop_a_joke_and_a_plain_request_still_counts() -> None:
    assert said("stop 😂") is None
    assert said("please stop texting me 😂") is Said.PLEA


def test_a_text_longer_than_the_limit_is_never_one() -> None:
    assert said("stop" + "." * (MOST_CHARACTERS - 4)) is Said.STOP
    assert said("stop" + "." * (MOST_CHARACTERS - 3)) is None
    assert said("please stop texting me." + " " * (MOST_CHARACTERS - 23)) is Said.PLEA
    assert said("please stop texting me." + " " * (MOST_CHARACTERS - 22)) is None


keywords = st.sampled_from([text for text in ARE if text.isascii() and text.replace(" ", "").isalpha()])
around = st.text(st.sampled_from(" \t\n.,!;:'\"()-*_“”…\u200b\u200e\ufeff\xa0"), max_size=8)


@given(around, keywords, around, st.booleans())
def test_punctuation_case_and_what_nobody_sees_change_no_keyword(
    before: str, word: str, after: str, upper: bool
) -> None:
    assume(
        not re.search(r"[:;][\u200b\u200e\ufeff]*-?[\u200b\u200e\ufeff]*\)", before + word + after)
    )  # a face
    assert said(before + (word.upper() if upper else word.lower()) + after) is Said.STOP


WORDS = [
    "stop",
    "stopping",
    "please",
    "don't",
    "i",
    "you",
    "me",
    "my",
    "number",
    "text",
    "texting",
    "texts",
    "list",
    "off",
    "take",
    "remove",
    "the",
    "all",
    "how",
    "do",
    "not",
    "want",
    "to",
    "any",
    "more",
    "ever",
    "again",
    "no",
    "never",
    "leave",
    "alone",
    "opt",
    "out",
    "end",
    "just",
    "from",
    "of",
    "by",
    "at",
]


@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=5)), max_size=40).map(" ".join))
def test_any_text_gets_an_answer_and_only_a_keyword_alone_locks(text: str) -> None:
    if said(text) is Said.STOP:
        letters = "".join(filter(str.isalnum, text.casefold()))
        assert letters
        assert set(letters) <= set("stopalunbcriedvkqm")


@pytest.mark.parametrize(
    "hostile",
    [
        *(word * 200_000 for word in ("s", ".", "?", "\u200b", "ﷺ", "'")),
        *(
            phrase * (200_000 // len(phrase))
            for phrase in ("stop ", "please ", "any more ", "i want to ", "a'")
        ),
        *(
            (phrase * 500)[:MOST_CHARACTERS]
            for phrase in ("please just ", "any more ", "stop sending me all the ", "(stop")
        ),
        *(
            (phrase * 500)[:MOST_CHARACTERS]
            for phrase in ("i want to be ", "we want you to stop ", "ever again ", "ﷺ")
        ),
        *(
            (phrase * 500)[:MOST_CHARACTERS]
            for phrase in ("take me off the ", "thank you please ", "how do i get off of all ")
        ),
    ],
    ids=lambda text: f"{text[:10]!r} {len(text)}",
)
def test_texts_made_to_cost_time_cost_none(hostile: str) -> None:
    began = time.process_time()
    said(hostile)
    assert time.process_time() - began < 0.1  # 0.5 ms at most, measured
