"""What rich renders, as lines that can be compared and painted one by one."""

from msgspec import Struct
from rich.console import Console, RenderableType
from rich.segment import Segment, Segments


class Line(Struct, frozen=True):
    """One row of the terminal: with its escape sequences, its width in cells, and its letters without white space."""

    painted: str = ""
    cells: int = 0
    letters: int = 0


def render(console: Console, renderable: RenderableType, width: int | None = None) -> list[Line]:
    """The lines of something, without empty ones at its beginning and end."""
    options = console.options if width is None else console.options.update(width=max(width, 1))
    lines = [_line(console, segments) for segments in console.render_lines(renderable, options, pad=False)]
    while lines and not lines[-1].letters:
        lines.pop()
    while lines and not lines[0].letters:
        lines.pop(0)
    return lines


def _line(console: Console, segments: list[Segment]) -> Line:
    segments = _trimmed(segments)
    with console.capture() as capture:
        console.print(Segments(segments), end="", soft_wrap=True)
    letters = sum(len("".join(segment.text.split())) for segment in segments if not segment.control)
    return Line(capture.get(), Segment.get_line_length(segments), letters)


def _trimmed(segments: list[Segment]) -> list[Segment]:
    """Without white space at the end that nobody sees."""
    kept = list(segments)
    while kept and not kept[-1].control and not _is_visible(kept[-1]):
        text, style, control = kept.pop()
        if text.rstrip():
            return [*kept, Segment(text.rstrip(), style, control)]
    return kept


def _is_visible(blank: Segment) -> bool:
    """Whether white space shows: underlined, or on a background."""
    style = blank.style
    return style is not None and bool(
        style.underline or style.reverse or (style.bgcolor and not style.bgcolor.is_default)
    )
