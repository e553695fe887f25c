"""The vocabulary of the simulated texts. A change here changes every simulated text; a test pins them."""

from typing import Final

ADJECTIVES: Final = (
    "quiet",
    "narrow",
    "steady",
    "bright",
    "patient",
    "ancient",
    "gentle",
    "careful",
    "shallow",
    "open",
    "wooden",
    "distant",
    "familiar",
    "early",
    "silver",
    "simple",
    "heavy",
    "curious",
    "hidden",
    "reliable",
)
NOUNS: Final = (
    "mill",
    "river",
    "wheel",
    "stream",
    "valley",
    "garden",
    "bridge",
    "lantern",
    "meadow",
    "harbor",
    "letter",
    "teacher",
    "reader",
    "question",
    "answer",
    "channel",
    "stone",
    "window",
    "orchard",
    "village",
    "signal",
    "workshop",
    "library",
    "journey",
)
VERBS: Final = (
    "carries",
    "follows",
    "turns",
    "crosses",
    "gathers",
    "answers",
    "remembers",
    "measures",
    "opens",
    "guides",
    "keeps",
    "reaches",
    "feeds",
    "shapes",
    "explains",
)
ADVERBS: Final = (
    "slowly",
    "again",
    "together",
    "calmly",
    "every morning",
    "at dusk",
    "without hurry",
    "by hand",
    "in spring",
)
PLACES: Final = (
    "near the old town",
    "beside the water",
    "under a clear sky",
    "at the end of the road",
    "between two hills",
    "behind the school",
)
CONNECTIVES: Final = ("Meanwhile,", "In the end,", "For this reason,", "After a while,", "Even so,", "As a result,")
THOUGHTS: Final = (
    "First, consider",
    "Next, compare",
    "Then check",
    "The question depends on",
    "A good answer explains",
    "It helps to recall",
)
FOREIGN: Final = (
    "café",
    "naïve",
    "Zürich",
    "übermut",
    "señor",
    "façade",
    "水車",
    "流れ",
    "мельница",
    "νερό",
    "smörgåsbord",
)
EMOJI: Final = (
    "😀",
    "🌊",
    "🎉",
    "🚀",
    "❤️",
    "👍🏽",
    "👩\u200d💻",
    "👨\u200d👩\u200d👧\u200d👦",
    "🏳️\u200d🌈",
    "🇫🇷",
    "1️⃣",
    "✅",
    "🧠",
    "☕",
    "🦆",
)

FUNCTIONS: Final = ("count_words", "turn_wheel", "read_stream", "merge_parts", "find_path")
SNIPPETS: Final[tuple[tuple[str, str], ...]] = (
    (
        "python",
        "def {name}(items: list[str]) -> dict[str, int]:\n"
        '    """Count the {noun} in each line."""\n'
        "    totals: dict[str, int] = {{}}\n"
        "    for item in items:\n"
        "        totals[item] = totals.get(item, 0) + {number}\n"
        "    return totals\n",
    ),
    (
        "typescript",
        "export function {name}(items: string[]): number {{\n"
        "  const {noun} = items.filter((item) => item !== '');\n"
        "  return {noun}.length * {number}; // `{noun}` only\n"
        "}}\n",
    ),
    ("sql", "SELECT {noun}, COUNT(*) AS total\nFROM {name}\nWHERE size > {number}\nGROUP BY {noun};\n"),
    ("json", '{{\n  "name": "{name}",\n  "{noun}": [{number}, 2, 3],\n  "ok": true\n}}\n'),
    ("bash", 'cat {noun}.txt | sort | uniq -c | head -n {number}\necho "${{{name}}}"\n'),
    ("", "{noun} -> {name}\n\n    indented by four, value <{number}>\n"),
)
