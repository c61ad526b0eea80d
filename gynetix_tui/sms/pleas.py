"""Wording that a reasonable person may read as "stop texting me", short of a keyword.

A text is cut into clauses at its punctuation, and each clause is looked at for itself, as words in lower case, parted
by one blank and without apostrophes. Two kinds of clause count: one that asks for it by name ("take me off your
list"), and a bare "stop" where the rest of the text only keeps its distance ("who is this? stop").

What tells a request from a remark is where it stands: at the beginning of its clause, or after words that ask. So
"please stop texting me" is one, and "why did you stop texting me" and "she won't stop texting me" are none.
"""

from __future__ import annotations

import re
from typing import Final


def _any(*phrases: str) -> str:
    """A pattern for one of several phrases, which are parted by " / "."""
    return "(?:" + "|".join(phrase.strip() for part in phrases for phrase in part.split(" / ")) + ")"


# No phrase of a list that may repeat can be made of two others of it: there would be many ways to read one text, and
# texts made for it could take for ever.
_GREETING: Final = _any(
    "please / pls / plz / kindly / just / ok / okay / hey / hi / hello / yo / and / so / then / now / again / sorry",
    "no / nope / thanks / omg / wtf / bro / dude / man / sir / maam / guys / seriously / for the last time",
)
_POLITELY: Final = _any("please / pls / plz / kindly / just / all / immediately / now")
_YOU: Final = _any("you / u / yall / you guys / you people")
_WE: Final = _any("i / we / ive / weve")
_WE_ASK: Final = "{} {}".format(
    f"{_WE}(?: {_any('have / already / just / did')})*",
    _any("want / need / told / asked / ask / am asking / demand / said / would like"),
)
_ASKING: Final = _any(
    f"{_any('can / could / would / will')} {_YOU}",
    f"{_YOU} {_any('need to / must / have to / better / should')}",
    f"{_WE_ASK}(?: {_YOU})?(?: to)?",
    f"{_any('id / im')} {_any('like / asking')} {_YOU} to",
    f"{_any('if / when / why / unless')} {_YOU} {_any('dont / do not / wont / will not')}",
    f"{_any('why / when')} {_any('dont / wont / will')} {_YOU}",
    _any("please / pls / plz / pleas / kindly / just / again"),
)
_ASKED: Final = f"(?:(?:{_GREETING} )*|(?:.* )?{_ASKING} )(?:{_POLITELY} )*"
"""What may stand before a request."""
_END: Final = "(?: {})*$".format(
    _any(
        "please / pls / plz / now / already / thanks / thank you / thx / ty / anymore / any more / again / ever / asap",
        "immediately / today / forever / at once / right now / right away / altogether / at all / from now on / for good",
        "period / sir / maam / to me / to us / to this number / to my (?:phone|number|cell) / at this number",
        "on (?:this|my) (?:number|phone|cell) / like (?:this|these|that)",
    )
)
"""What may stand after a request, to the end of its clause."""

_STOP: Final = _any("stop / stopp / quit / cease")
_NOT: Final = _any("do not / dont / never / no longer") + "(?: ever)?"
_ME: Final = _any(
    "me / us / this (?:number|phone|line|cell) / my (?:number|phone|cell|line|phone number|cell phone)"
)
_MY_NUMBER: Final = _any(
    "me / us",
    "(?:my|this) (?:(?:phone|cell|mobile) )?(?:number|phone|cell|name|info|information|contact|contact info|data|details)",
)
_TEXTING: Final = _any(
    "texting / txting / messaging / msging / contacting / spamming / harassing / emailing / soliciting"
)
_STOP_TEXTING: Final = f"{_STOP} (?:{_any('with / all')} )?(?:calling (?:and |or )?)?{_TEXTING}"
_TEXTS: Final = "(?:{} )?{}".format(
    _any("text / sms / phone / automated / marketing / promotional / campaign / political / spam"),
    _any(
        "texts? / messages? / messaging / msgs? / txts? / sms / mms / smses / spam / alerts? / notifications? / notices",
        "updates / offers / ads / promos? / promotions? / reminders / marketing / solicitations? / communications?",
        "newsletters? / subscriptions?",
    ),
)
_THESE: Final = "(?:{} )*".format(
    _any(
        "me / us / all / of / the / these / those / this / that / your / ur / my / any / more / further / future / with"
    )
)
_LIST: Final = _any(
    "lists? / database / system / records / contacts / directory / distribution / texts? / messages / thread / blasts?",
    "rolls? / mailings?",
)
_STUFF: Final = _any("stuff / things / crap / shit / junk")
_WANT: Final = _any(
    f"how {_any('do / can / would / could')} {_any('i / we')}",
    f"{_any('i / we')} {_any('want / wish / would like / like / need / choose / asked / am asking / am trying / keep trying')}",
    "id like / im trying / im asking",
)
_DO_NOT_WANT: Final = "{} {}".format(
    _any("do not / dont / no longer / never / did not / didnt"),
    _any("want / wanted / wish / care / need / consent / agree / ask / asked / sign up / signed up"),
)

_SPANISH_GREETING: Final = f"(?:{_any('por favor / ya / hola')} )*"

# What may be asked, after `_ASKED` and up to the end of the clause.
_REQUESTS: Final = (
    # Stop texting. Stop bothering me. Stop calling me.
    _STOP_TEXTING,
    f"{_STOP} {_any('bothering / bugging / pestering / hounding')} {_ME}",
    f"{_STOP} (?:all )?{_any('calling / contact / writing / writing to / blowing up')}(?: {_ME})?",
    # Stop the messages. Stop sending me these texts. End all alerts. Cancel my subscription.
    f"{_any(_STOP, 'end / cancel / discontinue')} (?:with )?(?:sending )?{_THESE}{_TEXTS}",
    f"{_STOP} sending {_THESE}{_any(_STUFF, 'this / these / anything / links')}",
    # Take me off. Remove my number. Lose my number.
    f"take {_MY_NUMBER} off",
    f"{_any('remove / delete / unsubscribe / erase')} {_MY_NUMBER}",
    "remove",
    f"{_any('lose / loose / forget')} (?:my|this) (?:phone )?number",
    # Opt me out. Please unsubscribe this number from these alerts.
    f"(?:opt {_MY_NUMBER} out|opt out|optout|unsubscribe)(?: {_MY_NUMBER})?"
    f"(?: (?:from|of) (?:{_THESE}(?:{_TEXTS}|(?:\\w+ )?{_LIST})|this|these|all|everything))?",
    # Do not text me again. Don't send me any more messages. Leave me alone.
    f"{_NOT} {_any('text / txt / message / msg / contact / write / write to / text or call / call or text / bother / sms')}"
    f"(?: {_ME})?(?: anything)?",
    f"{_NOT} send {_THESE}{_any(_TEXTS, _STUFF, 'anything / anything else / any')}",
    "leave (?:me|us) (?:the \\w+ )?alone",
)
# The same, whatever follows: Stop texting me about that. Take me off your list at once or else.
_REQUESTS_AND_MORE: Final = (
    f"{_STOP_TEXTING} (?:and \\w+ )?{_ME}\\b",
    f"refrain from {_TEXTING}\\b",
    f"{_NOT} contact {_ME}\\b",
    f"{_any('take / get / cross / strike / drop / scratch / remove / delete / unsubscribe / erase')} {_MY_NUMBER}"
    f" {_any('off / from / out')} {_THESE}(?:\\w+ ){{0,3}}?{_LIST}\\b",
)
# What is wanted, up to the end of the clause, whatever stands before it.
_WISHES: Final = (
    # I don't want you to text me. I no longer wish to be contacted.
    f"{_any('i / we')} {_DO_NOT_WANT} to {_any('hear from you / be (?:texted|contacted|messaged) / receive (?:these|this|any)')}",
    f"{_any('i / we')} {_DO_NOT_WANT} {_YOU} {_any('to text / to message / to contact / texting / messaging / contacting')}(?: {_ME})?",
    # I want off this list. I would like to be removed. How do I unsubscribe? How do I stop these texts?
    f"{_WANT} (?:to )?(?:be |get )?(?:off|out)(?: of)? {_THESE}(?:\\w+ )?{_LIST}",
    f"{_WANT} (?:to )?(?:(?:be|get) (?:removed|taken off|unsubscribed|deleted|opted out)|opt out|unsubscribe)"
    f"(?: (?:of|from))?(?: (?:{_THESE}(?:{_TEXTS}|(?:\\w+ )?{_LIST})|this|these))?",
    f"{_WANT} (?:to )?stop (?:receiving |getting )?{_THESE}{_any(_TEXTS, 'this / these')}",
    # Can you please not text me?
    f"{_any('can / could / would / will')} {_YOU} (?:please )?not {_any('text / message / contact')} {_ME}",
)
# What is a plea only as a clause of its own, from its beginning on.
_CLAUSES: Final = (
    # I don't want these messages. I did not sign up for this list. No more texts. I opt out.
    f"(?:(?:.* )?{_any('i / we')} )?{_DO_NOT_WANT} (?:{_any('to receive / to get / to have / to be on / for')} )?"
    f"{_THESE}{_any(_TEXTS, 'list')}{_END}",
    f"(?:{_GREETING} )*no more {_THESE}{_any(_TEXTS, 'texting / messaging / contact')}{_END}",
    f"{_any('i / we')} (?:am |hereby )?opt(?:ing)? out\\b",
    "im opting out\\b",
    # Spanish: do not send, write, bother; leave off; I do not want messages.
    f"{_SPANISH_GREETING}no me (?:(?:mand|env[ií]|molest|contact)(?:e|es|en)|escrib(?:a|as|an))\\b",
    f"{_SPANISH_GREETING}dej(?:a|e|en) de (?:mandar|enviar|escribir|molestar|contactar)(?:me|nos)?\\b",
    f"{_SPANISH_GREETING}no (?:quiero|deseo) (?:m[aá]s |recibir |tus |sus ){{1,3}}(?:mensajes|textos)\\b",
)

_BARE: Final = "(?:{} )*(?:{} )?{}(?: {})*".format(
    _any("please / pls / plz / just / ok / no / again / now"),
    f"(?:{_WE_ASK}(?: {_YOU})?(?: to)?(?: please)?|{_any('can / could / would / will')} {_YOU} please)",
    _any(
        "stop / stopp / stop all / stopall / unsub / unsubscribe / unsubscribe all / unsuscribe / unsubcribe / unsubscibe / unsubsribe",
        "un subscribe / optout / opt out / cease and desist / go away / get lost / fuck off / piss off",
        f"stop (?:to|2) {_any('end / quit / stop / cancel / opt out / optout / unsubscribe')}",
        "alto / parar / basta ya / arret / arrêt",
    ),
    _any("stop / please / pls / plz / now / already / it / this / that / thanks / thank you / immediately"),
)
"""A clause that says "stop" and not what."""

_DISTANT: Final = "(?:{} )*{}".format(
    _any("i think / sorry / hi / hello / hey / no"),
    _any(
        f"(?:{_any('this is / you have / you got / u have / u got')} (?:the |a )?)?wrong (?:number|person|guy)",
        f"who {_any('is / are / tf is / the hell is')} {_any('this / you / u / it')} / whos this / who dis / who",
        "(?:i am |im )?not interested / i (?:dont|do not) know (?:you|u|who this is|who you are)",
        "no thanks / no thank you / no thx / no / nope / thanks / thank you / thx / please / pls / plz / hi / hello / hey",
        "sorry / sir / maam / enough / enough already / spam / scam / this is (?:spam|a scam|harassment|illegal)",
        "im serious / seriously / sent from my \\w+",
    ),
)
"""A clause beside which a bare "stop" is meant as one."""

# What many patterns share stands once: 29,000 characters of pattern take 40 ms to compile.
_REQUEST: Final = re.compile(
    f"{_ASKED}(?:{_any(*_REQUESTS)}{_END}|{_any(*_REQUESTS_AND_MORE)})|(?:.* )?{_any(*_WISHES)}{_END}|{_any(*_CLAUSES)}"
)
_IS_BARE: Final = re.compile(_BARE)
_IS_DISTANT: Final = re.compile(_DISTANT)

# A cheap look first: every plea holds one of these.
_WORTH_A_LOOK: Final = re.compile(
    "stop|quit|cease|desist|uns|un sub|opt|remove|delete|erase|off|from|out|not|n.?t |never|no more|no longer|alone|lo+se"
    "|forget|end|cancel|discontinue|away|lost|alto|parar|arr[eê]t|basta|no me|dej|no quiero|no deseo"
)

_WORD: Final = re.compile(r"[^\W_]+")
_APOSTROPHE: Final = re.compile(r"(?<=\w)['’‘ʼ`´](?=\w)")
_CLAUSE_END: Final = re.compile(r"[.!?,;:\n()…]+|\s[-–—]+\s|—")
LAUGH: Final = re.compile("[😀-😍😘😜😝🙂🙃🤣🤪🥰🥹]|[:;]-?[)dp]")
"""With it, a lone "stop" is a joke; in lower case, as everything here."""


def is_plea(folded: str) -> bool:
    """Whether a text may ask to be texted no more.

    Args:
        folded: The text in lower case and NFKC; at most a few hundred characters, since the time grows faster.
    """
    if not _WORTH_A_LOOK.search(folded):
        return False
    pieces = _CLAUSE_END.split(_APOSTROPHE.sub("", folded))
    clauses = [clause for piece in pieces if (clause := " ".join(_WORD.findall(piece)))]
    if any(_REQUEST.match(clause) for clause in clauses):
        return True
    if LAUGH.search(folded):
        return False
    rest = [clause for clause in clauses if not _IS_BARE.fullmatch(clause)]
    return len(rest) < len(clauses) and all(_IS_DISTANT.fullmatch(clause) for clause in rest)
