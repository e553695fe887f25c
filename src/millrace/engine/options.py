"""How the engine behaves; the server fills this from its settings."""

from dataclasses import dataclass
from typing import Literal

BusyPolicy = Literal["queue", "reject", "interrupt"]
DisconnectPolicy = Literal["continue", "cancel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """Times are seconds unless the name says otherwise.

    Attributes:
        max_tokens: The longest answer that is asked for.
        generation_timeout_s: The longest a whole turn may take.
        first_token_timeout_s: How long a provider may be silent before its first piece.
        idle_timeout_s: How long it may be silent between two pieces.
        thinking_timeout_s: How long a model that thinks first may take until its answer begins; the other times
            count from there.
        on_busy: What becomes of a request whose session has a running turn.
        queue_limit: How many turns may wait in a session.
        on_disconnect: Whether a turn goes on when its last watcher is gone.
        disconnect_grace_s: How long a watcher may be gone before `cancel` takes effect.
        history_messages: How many earlier messages the prompt holds at most.
        message_chars: The longest message that is accepted, in characters.
        system_prompt: What stands before every conversation.
        log_retention_s: How long a log is kept after its turn ended.
        linger_s: How long an ended turn stays in memory after its last watcher left.
        recovery_interval_s: How often turns of dead processes are looked for.
        max_takeovers: How often a turn may be taken over before it ends as interrupted.
        suggestions_budget_s: How long the end of an answer may wait for follow-up questions.
        steps_enabled: Whether models that do not think by themselves are asked for steps.
        guidance_enabled: Whether what is estimated of the learner is told to the model.
        guidance_budget_s: How long a question may wait for that, where the estimate takes its time.
        caller_api_keys: Whether callers may bring their own keys for providers.
        metered_origins: The protocols whose turns count toward the free quota.
    """

    max_tokens: int = 4096
    generation_timeout_s: float = 60.0
    first_token_timeout_s: float = 30.0
    idle_timeout_s: float = 30.0
    thinking_timeout_s: float = 300.0
    on_busy: BusyPolicy = "queue"
    queue_limit: int = 10
    on_disconnect: DisconnectPolicy = "continue"
    disconnect_grace_s: float = 30.0
    history_messages: int = 40
    message_chars: int = 32_000
    system_prompt: str = ""
    log_retention_s: float = 3600.0
    linger_s: float = 10.0
    recovery_interval_s: float = 2.0
    max_takeovers: int = 3
    suggestions_budget_s: float = 0.8
    steps_enabled: bool = True
    guidance_enabled: bool = True
    guidance_budget_s: float = 0.02
    caller_api_keys: bool = False
    metered_origins: frozenset[str] = frozenset({"study"})
