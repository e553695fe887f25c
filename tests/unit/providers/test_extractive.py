import re

from hypothesis import given
from hypothesis import strategies as st

from millrace.model.events import Citation, Passage
from millrace.providers.extractive import compose, question
from millrace.text.blocks import parse, sentences
from millrace.text.words import Stemmer

RUN = """You need Python and Node. Clone the repository and run:

```sh
make run
```

The page is then open. Press Ctrl-C to stop the server.

To use another port, set `PORT`:

```sh
PORT=9000 make run
```"""
MODES = """There are three modes:

- `guest`: everybody is a guest.
- `accounts`: users register with a password.
- `jwt`: an outside issuer signs tokens."""
TERMS = """| word | meaning |
|---|---|
| turn | one question and the generation that answers it |
| lease | the right to append to a log |
| dialect | a translation to one wire protocol |"""


def passage(text: str, number: int = 1, title: str = "Page", score: float = 0.9) -> Passage:
    return Passage(number=number, title=title, snippet=text, score=score, url=f"/{number}")


def answer(asked: str, *passages: Passage) -> str:
    return "".join(part.text for part in compose(question(asked), passages, Stemmer())).rstrip()


def test_code_is_whole_with_what_introduces_it() -> None:
    text = answer("How do I change the port?", passage(RUN))
    assert "To use another port, set `PORT` [1]:\n\n```sh\nPORT=9000 make run\n```" in text


def test_code_beside_is_left_out_where_it_is_not_asked_for() -> None:
    assert answer("What stops the server?", passage(RUN)) == "Press Ctrl-C to stop the server. [1]"


def test_an_introduction_brings_its_list() -> None:
    assert answer("Which modes are there?", passage(MODES)) == MODES.replace("modes:", "modes [1]:")


def test_an_item_brings_its_introduction() -> None:
    text = answer("Who has to register?", passage(MODES))
    assert text == "There are three modes [1]:\n\n- `accounts`: users register with a password."


def test_a_row_of_a_table_has_its_header() -> None:
    text = answer("What is a lease?", passage(TERMS))
    assert text == "| word | meaning |\n|---|---|\n| lease | the right to append to a log |\n\n[1]"


def test_a_sentence_that_points_back_brings_the_one_before() -> None:
    text = answer(
        "when is backup safe?", passage("A stop is quick. The server writes all. It is then safe for a backup.")
    )
    assert text == "The server writes all. It is then safe for a backup. [1]"


def test_sources_are_numbered_in_order_of_use_and_unused_ones_are_not_cited() -> None:
    parts = compose(
        question("Which bread is baked hot?"),
        [
            passage("Simmer soup.", 1, "Soup", 0.1),
            passage("Rye bread is baked hot.", 2, "Rye", 0.9),
            passage("White bread is baked hot too.", 3, "White", 0.8),
        ],
        Stemmer(),
    )
    assert (
        "".join(part.text for part in parts) == "Rye bread is baked hot. [1]\n\nWhite bread is baked hot too. [2]\n\n"
    )
    assert [part.citation for part in parts] == [
        Citation(title="Rye", url="/2", snippet="Rye bread is baked hot.", number=1),
        Citation(title="White", url="/3", snippet="White bread is baked hot too.", number=2),
    ]


def test_the_same_sentence_is_quoted_once() -> None:
    text = answer("Is bread hot?", passage("Bread is hot.", 1), passage("Bread is hot.", 2))
    assert text == "Bread is hot. [1]"


def test_links_to_files_become_words_and_numbers_in_brackets_do_not_cite() -> None:
    source = (
        "Bread, see [the oven](oven.md) or [the web](https://example.com), is hot [7]. `x[7]` ![p](http://e.com/x.png)"
    )
    assert answer("bread", passage(source)) == (
        "Bread, see the oven or [the web](https://example.com), is hot \\[7\\]. `x[7]` p [1]"
    )


def test_code_alone_is_cited_by_itself() -> None:
    assert answer("run it", passage("```sh\nmake run\n```")) == "```sh\nmake run\n```\n\n[1]"


def test_no_passages_make_no_answer() -> None:
    assert compose(question("bread"), [], Stemmer()) == []
    assert compose(question("bread"), [passage("")], Stemmer()) == []


WORD = st.sampled_from(
    ["bread", "oven", "hot", "run", "stop", "port", "make", "it", "this", "the", "`code`", "e.g.", "[3]", "[a](b.md)"]
)
SENTENCE = st.builds(
    lambda words, end: " ".join(words).capitalize() + end,
    st.lists(WORD, min_size=1, max_size=9),
    st.sampled_from(".!?:"),
)
PROSE = st.lists(SENTENCE, min_size=1, max_size=5).map(" ".join)
SOURCE = st.lists(
    st.one_of(
        PROSE,
        st.lists(SENTENCE, min_size=1, max_size=4).map(lambda items: "\n".join(f"- {item}" for item in items)),
        st.lists(SENTENCE, min_size=1, max_size=3).map(lambda lines: "\n".join(["```sh", *lines, "```"])),
        st.lists(SENTENCE, min_size=1, max_size=3).map(
            lambda rows: "\n".join(["| word | meaning |", "|---|---|", *(f"| x | {row} |" for row in rows)])
        ),
        st.text(alphabet="ab .\n#>-*`|[]()1:!", max_size=60),
    ),
    min_size=1,
    max_size=6,
).map("\n\n".join)


def plain(text: str) -> str:
    """A text without white space, links' targets, escapes and marks of quotation."""
    text = re.sub(r"!?\[([^\[\]]*)\]\([^()\s]*\)", r"\1", text.replace("\\[", "[").replace("\\]", "]"))
    return re.sub(r"[\s>]+", "", text)


def units(text: str) -> set[str]:
    """What may be quoted of a text: whole sentences, items, rows, blocks of code."""
    found: set[str] = set()
    for block in parse(text):
        found |= {plain(block.text)} if block.kind == "code" else set(map(plain, block.items))
        found |= set(map(plain, sentences(block.text)))
    return found


def made_of(text: str, parts: set[str]) -> bool:
    """Whether `text` is nothing but some of `parts`, one after the other."""
    reached = {0}
    for at in range(len(text)):
        if at in reached:
            reached |= {at + len(part) for part in parts if part and text.startswith(part, at)}
    return len(text) in reached


def without_mark(text: str, number: int) -> str:
    """A part without its mark, which stands at its end, or before a colon that ends it."""
    return re.sub(rf"\s?\[{number}\](:?)\Z", r"\1", text.rstrip())


@given(st.lists(SOURCE, min_size=1, max_size=4), st.lists(WORD, min_size=1, max_size=6).map(" ".join))
def test_an_answer_is_whole_sentences_of_its_sources_and_their_marks(sources: list[str], asked: str) -> None:
    passages = [passage(source, number) for number, source in enumerate(sources, 1)]
    number = 0
    for part in compose(question(asked), passages, Stemmer()):
        if part.citation is not None:
            number += 1
            assert part.citation.number == number
            assert f"[{number}]" in part.text
        # A part that stands before its source's mark belongs to the source that is cited next.
        assert any(
            made_of(plain(without_mark(part.text, each)), units(source))
            for each in (number, number + 1)
            for source in sources
        ), part.text


@given(st.lists(SOURCE, min_size=1, max_size=4), st.text(max_size=40))
def test_an_answer_is_well_formed_markdown(sources: list[str], asked: str) -> None:
    passages = [passage(source, number) for number, source in enumerate(sources, 1)]
    parts = compose(question(asked), passages, Stemmer())
    assert all(part.text.endswith("\n\n") for part in parts)
    fences = [line for line in "".join(part.text for part in parts).split("\n") if line == "```sh"]
    assert len(fences) <= 2 + 12  # two blocks of code; a quoted list item may hold another
