"""What learners say in so many words: that they are lost, bored, swamped, stuck, or that it has become clear. Pure.

Emotion words alone predict how a learner is doing poorly, so these patterns stand beside the classifier. English only.
A pattern counts only where no negation stands before it in the same clause, within four words.
"""

import re
from re import Pattern

from msgspec import Struct

from millrace.text.features import MAX_CHARS, raw_tokens, without_code

_REACH = 4


def _words(pattern: str) -> Pattern[str]:
    return re.compile(rf"(?<![\w'])(?:{pattern})(?!\w)", re.VERBOSE)


_CONFUSED = _words(r"""
    confus(?:ed|ing) | (?:i'm|im|am|totally|completely|still|getting)\ lost | lost\ me
    | (?:don't|dont|do\ not|didn't|did\ not|can't|cannot)\ (?:really\ |quite\ |even\ |fully\ |still\ )*
      (?:understand|follow|see\ (?:why|how)|get\ (?:it|this|that|why|how|what|the|any))
    | (?:no\ idea|not\ sure\ i\ (?:get|understand)) | makes?\ no\ sense | (?:doesn't|does\ not)\ make\ (?:any\ )?sense
    | what\ (?:does\ (?:that|this|it)|do\ you)\ (?:even\ )?mean | makes\ my\ head | hard\ to\ (?:follow|understand)
""")
_RESOLVED = _words(r"""
    (?:now|ah+|oh+|okay|ok),?\ (?:now\ )?i\ (?:get|see|understand) | i\ (?:get|see|understand)\ (?:it|that|this)?\ ?now
    | i\ finally\ (?:get|got|see|understand) | (?:got|get)\ it\ now | got\ it | that's\ (?:why|it)!
    | makes?\ (?:so\ much\ |perfect\ |total\ |a\ lot\ of\ |a\ lot\ more\ |more\ |much\ more\ )?sense
    | click(?:s|ed) | so\ that's\ (?:why|how|what) | aha | eureka | works\ now | it\ work(?:s|ed)! | solved\ it
    | (?:figured|worked)\ it\ out | no\ longer\ (?:confused|lost) | not\ (?:confused|lost)\ any\ ?more
""")
_BORED = _words(r"""
    bor(?:ed|ing) | already\ (?:know|knew|did|learned|learnt)\ (?:this|that|it|all|about) | tedious | yawn
    | know\ (?:this|that|all\ of\ this)\ already | too\ (?:easy|simple|slow)
    | (?:can|could)\ we\ (?:move\ on|skip) | skip\ (?:this|ahead) | same\ thing\ over\ and\ over
""")
_FRUSTRATED = _words(r"""
    frustrat(?:ed|ing) | annoy(?:ed|ing) | fed\ up | giv(?:e|ing)\ up | had\ enough | sick\ of | hate\ (?:this|it|that)
    | (?:can't|cannot)\ do\ (?:this|it)\ any\ ?more | hopeless | (?:waste|wasting)\ (?:of\ )?(?:my\ )?time
""")
_ANXIOUS = _words(r"""
    panick(?:ing|ed) | anxious | nervous | worried | stressed | stressing | scared | afraid\ (?:of|that|i) | terrified
""")
_OVERLOADED = _words(r"""
    overwhelm(?:ed|ing) | slow\ down | too\ much\ (?:at\ once|information|info|for\ me|to\ take\ in)
    | (?:this|that|it)(?:'s|\ is|\ was)\ (?:all\ |just\ |way\ |a\ bit\ |simply\ )*too\ (?:much|fast|complicated|complex)
    | too\ many\ (?:things|steps|concepts|terms|ideas|symbols|details|new) | (?:can't|cannot)\ keep\ (?:up|track)
    | head\ (?:is\ )?(?:spinning|hurts?|exploding) | one\ (?:thing|step|idea)\ at\ a\ time
""")
_LOADED = _words(r"""
    hard\ to\ follow | a\ lot\ (?:to\ take\ in|of\ (?:steps|terms|new|things)) | so\ many | lost\ track
    | (?:shorter|simpler)\ (?:please|version|explanation|words) | too\ (?:long|dense)
""")
_ERROR = _words(r"""
    traceback | \w*exception | \w*error:? | (?:doesn't|does\ not|didn't|not|isn't|won't)\ work(?:ing)?
    | (?:won't|doesn't|does\ not)\ (?:compile|run|start|load) | still\ (?:wrong|broken|fails|failing|incorrect|stuck)
    | (?:get|got|getting)\ (?:it|this|that|them)\ (?:all\ )?wrong
    | wrong\ (?:answer|result|output) | keeps?\ (?:failing|crashing) | crash(?:es|ed)
    | (?:i'm|am|got)\ stuck
""")
_DISFLUENT = _words(r"u+m+ | u+h+ | erm+ | h+m{2,} | idk | dunno | i\ guess | kinda | sorta | (?:kind|sort)\ of | wait")
_NEGATIVE = _words(
    r"\w+n't | not | no | never | none | nothing | nobody | neither | nor | cannot | cant | dont | doesnt | isnt"
)
_PRAISED = _words(
    r"(?:exactly|correct|spot\ on|well\ done|(?:good|great|nice)\ (?:job|work)"
    r"|that's\ (?:right|correct|it)|you\ got\ it)"
)
_CORRECTED = _words(
    r"(?:not\ (?:quite|exactly)|incorrect|that's\ not\ (?:right|correct|quite)|almost|close|unfortunately)"
)


class Cues(Struct, frozen=True, gc=False):
    """What one message says in so many words.

    Attributes:
        words: Its length in words, without code.
        question: Whether it asks something.
        confused: Whether it says that something is not understood.
        resolved: Whether it says that something has become clear.
        bored: Whether it says that this is dull or too easy.
        frustrated: Whether it says that this annoys, or is given up.
        anxious: Whether it says that the learner is worried.
        overload: 1.0 where it says that this is too much; 0.5 for a hint of it.
        error: Whether it reports that something failed, in prose or as a stack trace.
        hedging: Negations and hesitations per word, 0.0 to 1.0.
    """

    words: int = 0
    question: bool = False
    confused: bool = False
    resolved: bool = False
    bored: bool = False
    frustrated: bool = False
    anxious: bool = False
    overload: float = 0.0
    error: bool = False
    hedging: float = 0.0


def cues_of(text: str) -> Cues:
    """The cues of a learner's message; of its first characters alone where it is longer than `MAX_CHARS`."""
    prose = _plain(without_code(text))
    words = sum(token[0].isalnum() for token in raw_tokens(prose))
    hesitations = len(_DISFLUENT.findall(prose)) + prose.count("...") + prose.count("??")
    negations = len(_NEGATIVE.findall(prose))
    return Cues(
        words=words,
        question="?" in prose,
        confused=_claims(_CONFUSED, prose),
        resolved=_claims(_RESOLVED, prose),
        bored=_claims(_BORED, prose),
        frustrated=_claims(_FRUSTRATED, prose),
        anxious=_claims(_ANXIOUS, prose),
        overload=1.0 if _claims(_OVERLOADED, prose) else 0.5 * _claims(_LOADED, prose),
        error=_claims(_ERROR, _plain(text[:MAX_CHARS])),
        hedging=min(1.0, (hesitations + negations) / max(words, 4)),
    )


def feedback_of(answer: str) -> int:
    """What an answer's beginning says of the learner's attempt: 1 right, -1 not yet, 0 neither."""
    beginning = _plain(answer[:100]).lstrip(" \n\t*_#>\"'")
    if _CORRECTED.match(beginning):
        return -1
    return 1 if _PRAISED.match(beginning) else 0


def _plain(text: str) -> str:
    return text.replace("\u2019", "'").lower()


def _claims(pattern: Pattern[str], text: str) -> bool:
    """Whether the pattern stands somewhere without a negation before it in the same clause."""
    for match in pattern.finditer(text):
        clause = re.split(r"[.,;:!?\n]|\bbut\b", text[max(0, match.start() - 60) : match.start()])[-1]
        before = " ".join(clause.split()[-_REACH:])
        if not _NEGATIVE.search(before):
            return True
    return False
