"""The slices of Gemini's `streamGenerateContent`: events in, deltas out. Pure."""

from millrace.model.errors import ContentFiltered
from millrace.model.events import Citation, Usage
from millrace.model.generation import CitationsFound, Delta, Finished, ReasoningPiece, TextPiece, UsageReported
from millrace.providers import failures
from millrace.providers.failures import Call, Refusal
from millrace.providers.gemini_grounding import GroundedText
from millrace.providers.gemini_slices import (
    BROKEN_FINISH,
    Candidate,
    Content,
    Slice,
    decode_slice,
    finish_reason,
    usage_of,
)
from millrace.providers.logprobs import score
from millrace.providers.refusals import refusal_of
from millrace.providers.sse import SseEvent


class GeminiDecoder:
    """Reads the slices of one answer.

    The wire has no end marker: `Finished` is given when the stream ends, if a finish reason has come, for usage and
    sources may follow it. `ended` says that one has come, `done` that nothing more will be read.
    """

    __slots__ = ("_call", "_cited", "_finish", "_said", "_tools", "_usage", "done")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._said = GroundedText()
        self._cited: tuple[Citation, ...] = ()
        self._usage: Usage | None = None
        self._finish = ""
        self._tools = False
        self.done = False

    @property
    def ended(self) -> bool:
        """Whether a finish reason has come, so that a stream that ends now is a whole answer."""
        return self.done or bool(self._finish)

    def feed(self, event: SseEvent, out: list[Delta]) -> None:
        """Read one slice and append what it says to `out`.

        Raises:
            MillraceError: The provider reports a failure, blocked the question, or sent something that cannot be
                read. What was appended before it stands.
        """
        data = event.data
        if self.done or not data or data.isspace() or data.startswith(b"[DONE]"):
            return
        try:
            part = decode_slice(data)
        except ValueError as error:
            self.done = True
            raise failures.unreadable(self._call, error) from error
        candidates = part.candidates
        if candidates and (candidate := candidates[0]) is not None and not candidate.index:
            if (content := candidate.content) is not None:
                self._content(content, out)
            if candidate.logprobs_result is not None:
                score(candidate.logprobs_result, out)
            if candidate.grounding_metadata:
                self._said.ground(bytes(candidate.grounding_metadata))
                self._cite(out)
            self._finish_word(candidate)
        self._beside(part, out)

    def close(self, out: list[Delta], cause: object = "") -> None:
        """End the stream.

        Raises:
            ProviderFailure: It ended before the model did.
        """
        if self.done:
            return
        if not self._finish:
            raise failures.truncated(self._call, cause)
        self.done = True
        self._cite(out)  # places may lie in text that came after the sources
        out.append(Finished(finish_reason(self._finish, tools=self._tools)))

    def _content(self, content: Content, out: list[Delta]) -> None:
        for part in content.parts or ():
            if part is None:
                continue
            text = part.text
            if text and isinstance(text, str):
                thought = part.thought is True
                out.append(ReasoningPiece(text) if thought else TextPiece(text))
                self._said.add(text, thought=thought)
            elif part.function_call is not None:
                self._tools = True

    def _finish_word(self, candidate: Candidate) -> None:
        word = candidate.finish_reason
        if isinstance(word, str) and word and word != "FINISH_REASON_UNSPECIFIED" and not self._finish:
            self._finish = word

    def _beside(self, part: Slice, out: list[Delta]) -> None:
        """Read what stands beside the candidates."""
        if part.usage_metadata is not None:
            usage = usage_of(part.usage_metadata)
            if usage is not None and usage != self._usage:
                self._usage = usage
                out.append(UsageReported(usage))
        if part.error is not None:
            self.done = True
            raise failures.refused(self._call, refusal_of(part.error))
        if self._finish in BROKEN_FINISH:
            self.done = True
            raise failures.refused(self._call, Refusal(500, self._finish))
        feedback = part.prompt_feedback
        if feedback is not None and not part.candidates and isinstance(feedback, dict) and feedback.get("blockReason"):
            self.done = True
            raise ContentFiltered(
                detail=failures.detail(self._call, "the prompt was blocked:", feedback["blockReason"])
            )

    def _cite(self, out: list[Delta]) -> None:
        cited = self._said.citations()
        if cited and cited != self._cited:
            self._cited = cited
            out.append(CitationsFound(cited))
