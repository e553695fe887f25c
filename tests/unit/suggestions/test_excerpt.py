from millrace.model.generation import PromptMessage
from millrace.suggestions.excerpt import excerpt, shortened


def test_the_last_messages_are_a_script_without_the_system() -> None:
    said = [PromptMessage("system", "Be brief."), *(PromptMessage("user", f"message {number}") for number in range(6))]
    assert excerpt(said) == "\n\n".join(f"User: message {number}" for number in range(2, 6))
    assert excerpt([PromptMessage("assistant", "Hello.")]) == "Assistant: Hello."
    assert excerpt([PromptMessage("user", " ")]) == ""


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    short = shortened("begin " + "x" * 10_000 + " end")
    assert short.startswith("begin x")
    assert short.endswith("x end")
    assert len(short) <= 1_200
    assert shortened(" as it is ") == "as it is"
