"""What in a question speaks for thinking about it first, and what against. Pure.

Each cue has a weight, in the unit of a logistic score: plus one makes thinking 2.7 times as likely. They are few and
can be read, so that why a mode was chosen can be said in words. The words are English with some German, French and
Spanish; numbers, formulas, code and the shape of a question speak every language.
"""

import re
from collections.abc import Callable

from msgspec import Struct

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_LONG_WORDS = 30
_HOW_MANY = re.compile(r"\bhow (?:many|much|long|old|fast|high|far)\b|\bhow long (?:until|together)\b")
_UNDER = re.compile(r"\b(?:if|with|per|each|until|must|as|than|together)\b")


class Cue(Struct, frozen=True):
    """Something in a question. `reason` completes the sentence "it was chosen because the question ..."."""

    reason: str
    weight: float
    found: Callable[[str], object]
    """Whether it is in a text of small letters: true, or something true."""


def _cue(reason: str, weight: float, pattern: str) -> Cue:
    return Cue(reason, weight, re.compile(pattern, re.VERBOSE).search)


def _has_numbers(text: str) -> bool:
    return len(_NUMBER.findall(text)) >= 3


def _asks_for_a_count(text: str) -> bool:
    return _HOW_MANY.search(text) is not None and (_UNDER.search(text) is not None or len(_NUMBER.findall(text)) >= 2)


def _is_long(text: str) -> bool:
    return len(text.split(None, _LONG_WORDS)) > _LONG_WORDS


CUES: tuple[Cue, ...] = (
    _cue(
        "asks for a proof or a derivation",
        3.0,
        r"""\b(?:prove|disprove|derive|derivation|deduce|justify|verify|show\ that|induction|beweise|démontre\w*
        |demuestra\w*)\b|\bexplain\ why\ the\b""",
    ),
    _cue(
        "asks to reason step by step",
        2.5,
        r"""\bstep[\ -]by[\ -]step\b|\b(?:think|reason)\ (?:carefully|hard|deeply|through|about\ it|it)\b|^\W*think\b
        |\bwork\ (?:through|it\ out|this\ out)\b|\beach\ step\b|\bschritt\ für\ schritt\b|\bpaso\ a\ paso\b
        |\bétape\ par\ étape\b""",
    ),
    _cue(
        "asks to compare or to weigh",
        2.8,
        r"""\bcompar(?:e|ing|ison)\b|\btrade-?offs?\b|\bpros\ and\ cons\b|\badvantages\b|\bstrengths\ and\ weaknesses\b
        |\bfor\ and\ against\b|\bboth\ sides\b|\bweigh\b|\bchoose\ between\b|\bvergleiche?\b|\bvor-\ und\ nachteile\b
        |\bcompar[ae]\b|\bventajas\b|\bavantages\b|\bwäge\b""",
    ),
    _cue(
        "asks to decide",
        1.5,
        r"""\bshould\ (?:i|we|a|an|the)\b.{3,}\bor\b|\bshould\ we\b|\bwhich\ (?:of\ th|one\ (?:is|should))|\bdecide\b
        |\b(?:is|are)\ \w+\ (?:\w+\ )?better\b|\bwhich\ .{3,60}\ (?:better|heavier|faster|first)\b|\bor\ .{3,40}\ for\b
        |\bright\ to\b|\bwhat\ is\ heavier\b|\bshould\ i\ (?:take|split|rent|buy|put)\b""",
    ),
    _cue(
        "asks for a plan or a design",
        2.4,
        r"""\b(?:design|architect|optimi[sz]e|minimi[sz]e|maximi[sz]e|allocate|assign|diagnose)\b
        |\bplan\ (?:a|an|my|our|the)\b|\b(?:study|training|business|migration|project)\ (?:plan|schedule)\b|\broadmap\b
        |\b(?:best|optimal)\ strategy\b|\bexplain\ the\ strategy\b|\bschedule\ (?:these|the|my|our)\b""",
    ),
    _cue(
        "asks how to build or change something",
        1.5,
        r"""\b(?:algorithm|implement|refactor\w*|speed\ it\ up|linear\ time)\b|\bwrite\ a\ function\b
        |\bhow\ (?:can|could|should|would)\ (?:i|we|you)\ (?:reduce|refactor|improve|design|build|avoid|start|split)\b
        |\bwhere\ would\ you\ start\b""",
    ),
    _cue(
        "asks for the cause of a fault",
        2.0,
        r"""\b(?:bug|debug|deadlocks?|crash(?:es|ed)|race\ condition|segmentation\ fault|root\ cause|memory\ leak)\b
        |\bwhat\ (?:is|might|could)\ (?:wrong|explain|be\ (?:the\ )?(?:cause|wrong|root))
        |\bwhy\ (?:is|does|do)\ (?:my|our|this)\ (?:code|function|program|query|service|test|loop)\b
        |\bhow\ do\ i\ find\ out\b""",
    ),
    _cue(
        "asks for an analysis or an estimate",
        2.2,
        r"""\b(?:analy[sz]e|evaluate|assess|critique|criticize|argue|estimate|implications|consequences
        |time\ complexity)\b|\bwhat\ would\b.{3,60}\bdo\ to\b|\bwhat\ would\ happen\b|\bwhat\ follows\b
        |\bhow\ (?:do|does)\ .{3,80}\ interact\b|\bethical\b|\bits\ complexity\b|\bof\ the\ causes\b""",
    ),
    _cue(
        "is a puzzle or a matter of chance",
        2.2,
        r"""\b(?:riddle|puzzle|probability|odds|knights?\ and\ knaves|weighings?|counterfeit|monty\ hall
        |shortest\ path)\b|\b(?:two|three|four|five|\d)\ dice\b|\bways\ (?:to|are|can)\b|\bnext\ number\b
        |\bfastest\ way\b
        |\b(?:bob|he|she|who|[a-c])\ (?:is\ lying|lies|tells\ the\ truth)\b
        |\b(?:across|cross)\ (?:a|the)\ (?:river|bridge)\b|\bdoubles\ every\b|\btimes\ as\ (?:many|large|old)\b""",
    ),
    _cue(
        "has a formula",
        1.8,
        r"""\b\w+\s?\^\s?\(?[\dnx]|\b\d*[a-z]\s?[+*-]\s?\d*[a-z]?\s?=|[∫∑√≤≥∀∃∈]|\\frac|\bo\([\w\^\ ]+\)
        |\bintegral\ of\b|\bintegrate\b|\bsolve\b|\bt\(n\)|\bp\(\w\)|\bfind\ all\b|\bf\(x|\|\ ?=
        |\bequation\ of\b|\bfactor\ \d""",
    ),
    Cue("calculates with several numbers", 1.3, _has_numbers),
    Cue("asks how much or how many under conditions", 1.4, _asks_for_a_count),
    _cue(
        "sets conditions",
        1.2,
        r"""\b(?:given\ that|such\ that|suppose|assume|assuming|without\ (?:any|using|breaking|adding|replacement)
        |at\ least|at\ most|no\ more\ than|so\ that\ nobody|no\ (?:two|message|flights)|budget|implies
        |only\ (?:under|in|if))\b
        |^if\b|,\ if\b|\bif\ (?:i|we|you|it|two|all)\b""",
    ),
    _cue("asks why and what follows", 1.0, r"\b(?:and\ why|and\ how|explain\ why|,\ and\ what|why\ did\ .{20})\b"),
    _cue("shows code", 1.0, r"```"),
    Cue("is long", 0.8, _is_long),
    _cue(
        "asks more than one thing",
        0.7,
        r"\?[^?]*[^?\s][^?]*\?|\b(?:two|three|four|five)\ (?:children|people|workers)\b",
    ),
    _cue(
        "is small talk",
        -3.0,
        r"""^\W*(?:hi|hey|hello|hallo|hola|salut|bonjour|good\ (?:morning|evening|night|day)|guten\ (?:morgen|tag|abend)
        |thanks?|thank\ you|ok(?:ay)?|yes|no|sure|please|cool|great|continue|go\ on|danke|merci|gracias)\b""",
    ),
    _cue(
        "asks for wording",
        -2.0,
        r"""\b(?:translate|translation|übersetze|traduis|traduce|rephrase|rewrite\ (?:this|the|it|my)|reword
        |summari[sz]e|spell(?:ing)?|grammar|pronounce|synonym|opposite\ of|plural|past\ tense|bullet\ points
        |shorter|polite(?:ly)?|proofread|how\ do\ you\ say)\b|\btell\ me\ (?:a|about)\b|\b(?:names?|ideas)\ for\b
        |\bsuggest\ a\ title\b|\b(?:write|compose)\ (?:a|an|me)\ (?:\w+\ )?(?:haiku|poem|limerick|tweet|note|greeting
        |song|email|letter|story)\b""",
    ),
    _cue(
        "asks for a fact",
        -1.4,
        r"""^\W*(?:who|when|where|what|which|wer|was|wie|wo|wann|qui|quel(?:le)?|quién|cuál|cuándo|dónde)(?:'s)?\ (?:is
        |are|was|were|does|do|did|has|won|wrote|ist|sind|heißt|war|a|es|pintó|can|day|year|time|language)\b[^?.,;:]{0,60}\??\s*$
        |^\W*(?:define|list|name)\b|^\W*is\ (?:a|an|the)?\ ?\w+\ (?:a|an|the)\ \w+\?\s*$|^\W*how\ (?:tall|far)\ is\b""",
    ),
    _cue(
        "asks for a usual recipe",
        -1.0,
        r"""^\W*(?:how\ do\ i|how\ to|show\ me)\b|^\W*(?:explain|tell\ me|convert)\b[^.]{0,60}\.?$""",
    ),
)
