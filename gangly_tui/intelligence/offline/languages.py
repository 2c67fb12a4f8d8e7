"""Which sentences are not English. They are kept and said to be unread; no rule made for English touches them.

By function words, which every sentence of some length has: enough to tell languages apart, not to understand them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from gangly_tui.intelligence.offline.passages import Sentence

_WORDS = {
    "English": "the of and to in is it that you was for on are with as i this have but not be they from we what "
    "will can your our my me do if so there at an or about would all just when up out them then no "
    "yes by has how which who did",
    "German": "der die das und ist nicht ich wir sie es ein eine einen einem zu den dem mit auf für von im auch "
    "wie haben hat werden wird sind kann können noch aber oder bei nach uns ihnen ihr wenn dass schon "
    "bitte unser unsere morgen",
    "French": "le la les et est pas je nous vous il elle un une des du de que qui pour dans sur avec ne au ce "
    "cette mais ou par plus votre notre sont avons avez c'est j'ai on très bien aussi demain merci",
    "Spanish": "el la los las y es no que de en un una por para con se lo como más pero su nos usted ustedes yo "
    "este esta son está estamos tenemos muy también nuestro hay del al mañana gracias",
    "Portuguese": "o os as e é não que de em um uma por para com se como mais mas seu sua nós você eu este esta são "
    "está temos muito também nosso há do da ao amanhã obrigado",
    "Italian": "il lo la gli le e è non che di in un una per con si come più ma suo noi voi io questo questa "
    "sono abbiamo molto anche nostro del della al domani grazie",
    "Dutch": "de het een en is niet ik wij we jullie u van voor met op aan dat die te zijn hebben heeft maar "
    "ook als naar bij nog wel kan kunnen ons onze morgen graag",
}
_LISTS = {name: frozenset(word for word in words.split() if len(word) > 1) for name, words in _WORDS.items()}
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_FEW = 2


def unread(sentences: Sequence[Sentence]) -> dict[int, str]:
    """The index of every sentence that is not English, and its language; short ones count once others are sure."""
    sure: dict[int, str] = {}
    maybe: dict[int, str] = {}
    for each in sentences:
        found = _language(each.low)
        if found:
            (sure if found[1] >= _FEW else maybe)[each.index] = found[0]
    spoken = {name for name, _ in Counter(sure.values()).most_common(2)}
    return {**sure, **{index: name for index, name in maybe.items() if name in spoken}} if sure else {}


def _language(low: str) -> tuple[str, int] | None:
    """(language, by how many words it beats English), or None for English and for what cannot be told."""
    letters = sum(char.isalpha() for char in low)
    if letters >= 6 and sum(1 for char in low if char.isalpha() and not _LATIN.match(char)) > letters / 2:
        return "another script", letters
    if low.isascii() and len(low) < 12:
        return None
    tokens = set(_TOKEN.findall(low))
    scores = {name: len(tokens & words) for name, words in _LISTS.items()}
    english = scores.pop("English")
    best = max(scores, key=lambda name: scores[name])
    lead = scores[best] - english
    return (best, lead) if lead >= 1 and scores[best] >= _FEW else None
