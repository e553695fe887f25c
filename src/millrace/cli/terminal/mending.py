"""Makes the half-written end of a Markdown text look as it will once it is whole. Pure.

Without this, `**imp` shows two asterisks until the closing ones come, and a line that so far is `-` makes a heading of
the paragraph above it.
"""

import re

_FENCE = re.compile(r"^ {0,6}(?:[-*+] +|\d{1,9}[.)] +)?(`{3,}|~{3,})", re.MULTILINE)
_MARKS_ONLY = re.compile(r"[ \t]*(?:[-=*+_#>|:`~ \t]+|\d{1,9}[.)]?)[ \t]*")
_OPEN_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\n]*\Z|!?\[([^\W\d][^\[\]\n]*)\]?\Z")
_LAST_MARKS = re.compile(r"[*_~`]+\Z")
_PARAGRAPH = re.compile(r"\n[ \t]*\n|^[ \t]*(?:[-*+>]|\d{1,9}[.)])[ \t]+", re.MULTILINE)
_RUN = re.compile(r"\\.|(?P<code>`+)|(?P<stars>\*{1,3}|~~|_{1,3})", re.DOTALL)


def mend(source: str) -> str:
    """One unfinished block, with what is open in its last line closed and what is not yet anything left out."""
    head, newline, line = source.rpartition("\n")
    if len(_FENCE.findall(head + newline)) % 2:  # within code, where only the fence that will close it is no code
        return head + newline if line.strip() and not line.strip().strip("`~") else source
    if _FENCE.match(line):
        return source
    if newline and _MARKS_ONLY.fullmatch(line):
        return head
    if "|" in line and head.lstrip().startswith("|"):  # a row of a table that is not whole yet
        return source
    begin = max((found.end() for found in _PARAGRAPH.finditer(source)), default=0)
    return source[:begin] + _closed(source[begin:])


def _closed(text: str) -> str:
    text = _LAST_MARKS.sub("", _OPEN_LINK.sub(r"\1\2", text))
    open_marks: list[str] = []
    at = 0
    while found := _RUN.search(text, at):
        at = found.end()
        if code := found["code"]:
            end = re.compile(rf"(?<!`){code}(?!`)").search(text, at)
            if end is None:
                return text + code + "".join(reversed(open_marks))
            at = end.end()
        elif run := found["stars"]:
            _pair(open_marks, run, text[: found.start()][-1:], text[at : at + 1])
    return text.rstrip() + "".join(reversed(open_marks)) if open_marks else text


def _pair(open_marks: list[str], run: str, before: str, after: str) -> None:
    """Close or open what a run of marks between two characters closes or opens."""
    within_word = run[0] == "_" and before.isalnum() and after.isalnum()
    if within_word:
        return
    marks = [run] if run == "~~" or len(run) < 3 else [run[:2], run[:1]]
    if before.strip() and open_marks and open_marks[-1] in marks:
        for _ in marks:
            if open_marks and open_marks[-1] in marks:
                open_marks.pop()
    elif after.strip():
        open_marks += marks
