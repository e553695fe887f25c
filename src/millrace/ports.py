"""Every extension point of Millrace, on one page.

A port speaks of turns, messages and users, never of rows or bytes. What each promises (order, atomicity,
errors) is said here and proved by one contract suite per port, which every backend passes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from millrace.model.commands import ThinkingDecision
from millrace.model.errors import MillraceError
from millrace.model.events import AnyEvent, EmotionState, Entry, Passage, TerminalEvent, Usage
from millrace.model.generation import Delta, GenerationRequest, ModelAlias, ModelInfo, ModelUse, PromptMessage
from millrace.model.keys import ApiKey
from millrace.model.learner import LearnerState
from millrace.model.messages import Message, SearchHit, Session, Turn, TurnState, User, Version
from millrace.model.preferences import Preferences
from millrace.model.principal import Principal
from millrace.model.shares import Share
from millrace.model.turns import Admission, Lease, SideUsage, Signal, TurnOutcome, TurnRecord


class Subscription(Protocol):
    """Something that delivers until it is closed."""

    def close(self) -> None:
        """Deliver nothing more. Closing twice does nothing."""


class Clock(Protocol):
    """The two times a server needs."""

    def now_ms(self) -> int:
        """Unix time in milliseconds (UTC). May jump."""

    def monotonic(self) -> float:
        """Seconds from some fixed point. Never goes back."""


Action = Literal["send", "regenerate", "stop", "reconnect"]
"""What users do to answers."""


class Meter(Protocol):
    """Counts for the people who run the server. Nothing of it is called for a single piece of an answer.

    Its verbs are called on the event loop, must not block and must not raise.
    """

    def acted(self, action: Action) -> None:
        """A user did something."""

    def ended(self, entries: Sequence[Entry]) -> None:
        """A turn has ended here; these are all its entries."""

    def refused(self, code: str) -> None:
        """A request was answered with an error of that code, or a turn broke without an end."""


DeltaSink = Callable[[Sequence[Delta]], None]
"""Takes what a provider says, at once and without waiting. What it raises ends the generation."""


class Provider(Protocol):
    """A source of generation. It knows nothing of turns."""

    name: str

    async def generate(self, request: GenerationRequest, sink: DeltaSink) -> None:
        """Call the model; give `sink` what arrives, in order, and return when the answer has ended.

        What arrived together is given together. The last delta of a whole answer is `Finished`; returning without one
        is a truncated answer. Being cancelled, or an error of the sink, closes the upstream connection before this
        returns.

        Raises:
            ProviderError: Of the class that says why, with `retry_after` where the provider gave it.
        """

    async def models(self) -> Sequence[ModelInfo]:
        """The models it lists now. Empty where it cannot say.

        Raises:
            ProviderError: It does not answer.
        """

    async def close(self) -> None:
        """Release its connections."""


class Writer(Protocol):
    """The one appender of a turn's log, for as long as its lease holds."""

    @property
    def next_seq(self) -> int:
        """The `seq` that the next event gets."""

    def append(self, *events: AnyEvent) -> int:
        """Append without waiting; returns the last entry's `seq`. Readers get them once the log has accepted them.

        Events that are appended together reach a reader together.

        Raises:
            LeaseLost: Another process owns the turn; nothing was appended.
            StreamError: The log can accept nothing more (its backlog is full or its storage failed).
        """

    async def flush(self) -> None:
        """Wait until all that was appended is accepted.

        Raises:
            LeaseLost: Some of it was refused.
            StreamError: The storage failed.
        """

    async def seal(self, event: TerminalEvent) -> int:
        """Append the terminal event and wait until it is accepted. Nothing may be appended afterwards.

        Raises:
            LeaseLost: Another process owns the turn.
            StreamError: The storage failed. What was appended, the end included, is brought to it when it is back.
        """

    async def delivered(self) -> None:
        """After `seal` failed with its storage: wait until the log has its end after all.

        Raises:
            LeaseLost: Another process owns the turn.
            StreamError: It will never have it.
        """


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """A model that was asked for, and who serves it. `info.name` is the provider's own name for it.

    `others` take over where it fails, in their order. `hedge` says that the next one may be asked beside it when its
    first word is late.
    """

    info: ModelInfo
    provider: Provider
    others: "tuple[ResolvedModel, ...]" = ()
    hedge: bool = False


class ModelDirectory(Protocol):
    """Which models there are, who serves them and what they cost."""

    @property
    def default(self) -> str:
        """The id of the model that answers where none is named."""

    def models(self) -> Sequence[ModelInfo]:
        """The models that are known, by provider and name."""

    def aliases(self) -> Sequence[ModelAlias]:
        """The names that stand for chains of models."""

    def resolve(self, model: str | None) -> ResolvedModel:
        """Find an alias, `provider/name`, an unambiguous name alone, or the default.

        A name that its provider does not list is passed through. Who takes over where it fails is with it.

        Raises:
            InvalidRequest: There is no such provider, or the name is nobody's.
        """

    def cost(self, model_id: str, usage: Usage) -> float | None:
        """The price of a generation in US dollars; none where it is not known."""


EntrySink = Callable[[Sequence[Entry]], None]
FailureSink = Callable[[MillraceError], None]


class TurnLog(Protocol):
    """The logs of all turns. Entries of a turn are 0, 1, 2, ... without a gap; none is changed or taken back.

    An entry is given to a reader only after the log has accepted it, which means that it outlives whatever
    the backend promises to outlive (memory: nothing; SQLite: kill -9; Redis: this process and its machine).
    """

    async def open(self, lease: Lease) -> Writer:
        """Start or go on with a turn's log; the writer goes on after the last accepted entry.

        Raises:
            LeaseLost: A newer lease exists.
        """

    async def read(self, turn_id: str, after: int = -1) -> Sequence[Entry]:
        """The accepted entries with `seq` over `after`, in order. Empty for a turn it does not know."""

    async def follow(
        self, turn_id: str, after: int, sink: EntrySink, broken: FailureSink | None = None
    ) -> Subscription:
        """Give `sink` every accepted entry with `seq` over `after`: in order, each once, in batches.

        What is there already has been given when this returns. `broken` is told where the log is lost and nothing more
        can come. Both are called on the event loop, must not block and must not raise.
        """

    async def followed_elsewhere(self, turn_id: str) -> bool:
        """Whether other processes follow a turn that is written in this one."""

    async def prune(self, ended_before_ms: int) -> int:
        """Forget the logs of turns that ended before that time; returns how many."""

    async def forget(self, turn_id: str) -> None:
        """Forget a turn that ended: its log, and that it was. Whoever follows it has what it got."""

    async def close(self) -> None:
        """Accept what is pending and release the storage."""


class TurnRegistry(Protocol):
    """Who owns which turn, which turns a session has, which request started which turn."""

    async def admit(self, turn: Turn, *, queue_limit: int) -> Admission:
        """Claim the session for `turn`, atomically.

        A `request_id` that the user sent within 24 hours gives `duplicate`. A session without a running turn
        gives `running`; a busy one gives `queued`, in order of admission, up to `queue_limit` waiting turns.

        Raises:
            TurnInProgress: The session is busy and its queue is full (or `queue_limit` is 0).
        """

    async def find(self, turn_id: str) -> TurnRecord | None:
        """What is known of a turn; none once it was pruned."""

    async def requested(self, user_id: str, request_id: str) -> TurnRecord | None:
        """The turn that a user's request started in the last 24 hours."""

    async def active(self, session_id: str) -> Sequence[TurnRecord]:
        """The session's running turn and then its queued ones, in order."""

    async def running(self, user_id: str) -> Sequence[TurnRecord]:
        """A user's running and queued turns, in order of admission."""

    async def renew(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """Prolong leases; returns those that other processes hold now.

        A signal that did not arrive is given to the listeners again.
        """

    async def release(self, lease: Lease, state: TurnState) -> None:
        """The turn ended in `state`. The session's next queued turn becomes running; its owner gets `start`."""

    async def abandon(self, lease: Lease) -> None:
        """Give the turn up unfinished: any process may take it over at once, and listeners elsewhere hear `adopt`."""

    async def orphans(self) -> Sequence[TurnRecord]:
        """Running and queued turns whose lease has ended, oldest first."""

    async def take_over(self, turn_id: str) -> Lease | None:
        """Claim an orphan with the next fencing number; none where another process was faster."""

    async def signal(self, signal: Signal) -> None:
        """Send a word to the turn's owner, wherever it runs."""

    async def listen(self, sink: Callable[[Signal], None]) -> Subscription:
        """Give `sink` the signals for turns that this process owns."""

    async def announce(self, turn: Turn) -> None:
        """Tell whoever watches the turn's user that it was admitted and is being worked on, in every process."""

    async def watch(self, user_id: str, sink: Callable[[Turn], None]) -> Subscription:
        """Give `sink` each turn of a user once it is announced, by whichever process.

        `sink` is called on the event loop, must not block and must not raise.
        """

    async def close(self) -> None:
        """Release the storage."""


class Store(Protocol):
    """What is kept for good. Every verb is one transaction; nothing partial is written while a turn runs.

    Verbs do not check who asks: `millrace.engine.access` does, in one place.

    Raises (all verbs):
        StoreUnavailable: The database does not answer.
    """

    async def create_user(self, user: User, password_hash: str | None = None) -> None:
        """Keep a new user.

        Raises:
            Conflict: The address belongs to an account already.
        """

    async def user(self, user_id: str) -> User | None:
        """The user with that id."""

    async def credentials(self, email: str) -> tuple[User, str] | None:
        """The account with that address (case-insensitive) and its password hash."""

    async def create_key(self, key: ApiKey, digest: str) -> None:
        """Keep a new API key, of which `digest` is what its secret is recognized by.

        Raises:
            NotFound: Its user does not exist.
            Conflict: There is a key with that id.
        """

    async def key(self, key_id: str) -> tuple[ApiKey, User, str] | None:
        """The API key with that id, whose it is, and its digest."""

    async def keys(self, user_id: str | None) -> Sequence[ApiKey]:
        """A user's API keys, or everybody's: first those not revoked, then the latest 200 revoked, newest first."""

    async def revoke_key(self, key_id: str, now_ms: int) -> None:
        """Revoke a key; one that is revoked stays as it is."""

    async def use_key(self, key_id: str, now_ms: int) -> None:
        """Remember that a key was used."""

    async def preferences(self, user_id: str) -> Preferences:
        """What the user has chosen; the defaults where nothing was chosen, and for a user who is not there."""

    async def set_preferences(self, user_id: str, preferences: Preferences) -> None:
        """Keep what the user has chosen.

        Raises:
            NotFound: There is no such user.
        """

    async def create_session(self, session: Session) -> None:
        """Keep a new session."""

    async def session(self, session_id: str) -> Session | None:
        """The session with that id."""

    async def sessions(self, user_id: str, *, limit: int, before: tuple[int, str] | None = None) -> Sequence[Session]:
        """A user's sessions, newest activity first; `before` is the (updated_at, id) of the last one seen."""

    async def rename_session(self, session_id: str, title: str, now_ms: int) -> None:
        """Give a session another title."""

    async def pinned_sessions(self, user_id: str) -> Sequence[Session]:
        """All sessions that a user keeps at the top of the list, newest activity first."""

    async def pin_session(self, session_id: str, *, pinned: bool) -> None:
        """Keep a session at the top of the list, or no longer. That is no activity in it."""

    async def branch_session(self, session_id: str, message_id: str, branch: Session) -> None:
        """Create `branch` with copies of a session's messages up to and with `message_id`, as they are shown now.

        The copies have ids of their own and one version each; the session itself stays as it is.

        Raises:
            NotFound: The message is not in the session; nothing is created.
        """

    async def delete_session(self, session_id: str) -> None:
        """Delete a session with all its messages."""

    async def create_share(self, share: Share, digest: str) -> None:
        """Keep a link to a session, of which `digest` is what its secret is recognized by.

        Raises:
            NotFound: The session does not exist.
            Conflict: There is a link with that id or digest.
        """

    async def share(self, digest: str) -> Share | None:
        """The link whose secret has that digest."""

    async def shares(self, session_id: str) -> Sequence[Share]:
        """All links to a session, newest first."""

    async def delete_share(self, session_id: str, share_id: str) -> bool:
        """Make a link to a session good for nothing; whether there was such a link. They go with their session, too."""

    async def messages(self, session_id: str, *, limit: int, before: str | None = None) -> Sequence[Message]:
        """The newest `limit` messages (older than message `before`), oldest first."""

    async def message(self, message_id: str) -> Message | None:
        """The message with that id."""

    async def answer(self, turn_id: str) -> Message | None:
        """The message that a turn wrote, or a version of it."""

    async def versions(self, message_id: str) -> Sequence[Version]:
        """All versions of a message, by number."""

    async def select_version(self, message_id: str, number: int) -> None:
        """Show another version.

        Raises:
            NotFound: There is no such version.
        """

    async def set_reaction(self, message_id: str, name: str, *, present: bool) -> None:
        """Add or take away a reaction; doing it twice changes nothing."""

    async def search(self, user_id: str, query: str, *, limit: int) -> Sequence[SearchHit]:
        """Messages of the user that hold all words of `query`, best first."""

    async def completed_turns(self, user_id: str, *, origin: str, since_ms: int) -> int:
        """How many turns of a user that came from the protocol `origin` were answered since a time."""

    async def finish_turn(self, outcome: TurnOutcome) -> None:
        """Keep a turn's messages, usage and the session's new activity. The same turn twice changes nothing.

        What was told before the turn becomes the beginning of a session that has no messages. Of an ephemeral turn the
        usage alone is kept.
        """

    async def add_side_usage(self, used: SideUsage) -> None:
        """Keep what a call beside an answer used. Each call is one more; a session that is gone is left out."""

    async def ready(self) -> None:
        """Return if the database answers."""

    async def close(self) -> None:
        """Release its connections."""


class Retriever(Protocol):
    """Finds passages to answer from."""

    async def retrieve(
        self, query: str, *, user_id: str, document_ids: Sequence[str] = (), limit: int = 6, own: bool = False
    ) -> Sequence[Passage]:
        """The passages nearest to `query`, best first, numbered from 1; of `document_ids` alone where given.

        With `own`, only of what the user added or the operator gave to all.
        """


class ThinkingChooser(Protocol):
    """Tells whether a question gains from being thought about before it is answered."""

    def choose(self, question: str, *, wanted: bool) -> ThinkingDecision:
        """In well under a millisecond; `wanted` says that whoever asks would like to see the thinking."""


class EmotionAnalyzer(Protocol):
    """Estimates how a learner feels and fares. A fold over the conversation: the same messages, the same states."""

    @property
    def takes_time(self) -> bool:
        """Whether it takes more than a millisecond; it is then called in a thread, by several at once."""

    def observe(self, history: Sequence[PromptMessage], text: str) -> LearnerState:
        """The learner's state after the message `text`; `history` is oldest first."""

    def observe_answer(self, history: Sequence[PromptMessage], text: str) -> EmotionState:
        """The emotion in an answer; the learner's message is the last of `history`."""


UseSink = Callable[[ModelUse], None]
"""Is told what a call used, once the call is over, also where it was cut off. Must not block and must not raise."""


class QuestionSuggester(Protocol):
    """Thinks of what the user may want to ask next."""

    async def suggest(
        self,
        conversation: Sequence[PromptMessage],
        *,
        passages: Sequence[Passage] = (),
        seconds: float,
        user_id: str = "",
        used: UseSink | None = None,
    ) -> tuple[str, ...]:
        """A few new questions, or none; raises nothing for a provider's error. The answer is the last message."""


class SessionTitler(Protocol):
    """Thinks of a title for a conversation."""

    async def title(
        self, question: str, answer: str, *, seconds: float, user_id: str = "", used: UseSink | None = None
    ) -> str | None:
        """A short title, or none; raises nothing for a provider's error."""


class CategoryEstimator(Protocol):
    """Tells what a question is about."""

    def category_of(self, text: str) -> str:
        """One of a fixed set of categories, `other` among them, in well under a millisecond."""


class Reservation(Protocol):
    """An allowance that was taken before a turn and is settled after it."""

    async def settle(self, usage: Usage, *, completed: bool) -> None:
        """Book the real usage and give back the rest. Only completed turns count toward a quota."""

    async def cancel(self) -> None:
        """Give everything back: the turn was never admitted."""


class Ledger(Protocol):
    """Allowances of users: rates and quotas."""

    async def reserve(self, user_id: str, *, tokens: int, metered: bool = False) -> Reservation:
        """Take an allowance for one turn of about `tokens` tokens; a `metered` one counts toward the free quota.

        Raises:
            RateLimited: Too many turns or tokens for now, with `retry_after`.
            QuotaExceeded: The allowance is used up.
        """

    async def book(self, user_id: str, usage: Usage) -> None:
        """Count what was used beside a turn, without a reservation: it has been used, so this refuses nothing."""


class Authenticator(Protocol):
    """Knows callers by what they present."""

    async def authenticate(self, credential: str) -> Principal:
        """Verify a token.

        Raises:
            Unauthorized: It is missing, wrong or expired.
        """
