/* Generated from the types of millrace.server by `npm run generate -w @millrace/protocol`. */

/**
 * A name that can be asked for like a model: each of `models` takes over where the one before it fails.
 */
export interface AliasShape {
  name: string;
  models: string[];
  /**
   * Whether the next model is asked, too, when a first word is late.
   */
  hedge: boolean;
}
/**
 * Who the caller is; no user where signing in is still to be done.
 */
export interface AuthSessionShape {
  mode: "guest" | "accounts" | "jwt";
  user: UserShape | null;
}
/**
 * Somebody who is signed in.
 */
export interface UserShape {
  id: string;
  name: string;
  kind: "guest" | "account" | "external";
}
/**
 * The whole answer.
 */
export interface ChatAnswer {
  session_id: string;
  message_id: string;
  turn_id: string;
  /**
   * `cancelled`: it was stopped, and `message` is what had been written.
   */
  status: "complete" | "cancelled";
  message: string;
  /**
   * The emotion in the question, as in `emotion_update`.
   */
  emotion_state: {
    [k: string]: unknown;
  } | null;
  /**
   * The steps of reasoning, where they were asked for.
   */
  reasoning_steps?:
    | {
        [k: string]: unknown;
      }[]
    | null;
  /**
   * As in `chat_complete`.
   */
  metadata: {
    [k: string]: unknown;
  };
}
/**
 * The circumstances of a question. Fields that are not named here are handed on as they are.
 */
export interface ChatContext {
  /**
   * What it is about.
   */
  subject?: string | null;
  /**
   * How hard it may be, 0 to 1.
   */
  difficulty?: number | null;
  /**
   * Whether passages from documents are looked for.
   */
  enable_rag?: boolean;
  /**
   * The documents to look in; all where none is named.
   *
   * @maxItems 100
   */
  document_ids?: string[];
  [k: string]: unknown;
}
/**
 * A question: the data of a `chat_request`.
 */
export interface ChatRequest {
  /**
   * What is asked.
   */
  message: string;
  /**
   * Must be the caller's own id where it is given.
   */
  user_id?: string | null;
  /**
   * The conversation to ask in; a new one where it is not given.
   */
  session_id?: string | null;
  /**
   * Makes the request idempotent for 24 hours. The header `Idempotency-Key` does the same.
   */
  request_id?: string | null;
  /**
   * Whether the steps of reasoning are wanted.
   */
  enable_reasoning?: boolean;
  /**
   * `system1` answers at once, `system2` thinks first, `auto` lets the server choose.
   */
  thinking_mode?: "system1" | "system2" | "auto";
  /**
   * `provider/model`; the default model where it is not given.
   */
  model?: string | null;
  context?: ChatContext;
}
/**
 * A conversation, as the AI SDK names its parts.
 */
export interface ChatShape {
  id: string;
  /**
   * Oldest first.
   */
  messages: {
    [k: string]: unknown;
  }[];
  /**
   * The turn that is being answered; its question is the last of the messages.
   */
  activeStreamId: string | null;
}
/**
 * The conversation after the answer.
 */
export interface CompletionAnswer {
  chatSessionId: string;
  /**
   * Oldest first. Answers have `versions`; `currentVersion` is the place of the one that is shown, from 0.
   */
  messages: {
    [k: string]: unknown;
  }[];
  assignedClass: string | null;
  assignedDocument: string | null;
}
/**
 * How much may be added.
 */
export interface DocumentLimitsShape {
  /**
   * The most bytes of one text, in UTF-8.
   */
  text_bytes: number;
  /**
   * The most texts of one user.
   */
  per_user: number;
}
/**
 * A text that is kept.
 */
export interface DocumentShape {
  id: string;
  title: string;
  characters: number;
  /**
   * Into how many passages it was cut.
   */
  passages: number;
  created_at: string;
  /**
   * Whether the operator gave it to all users; then it cannot be removed here.
   */
  shared: boolean;
}
/**
 * The texts that the caller can ask about.
 */
export interface DocumentsShape {
  documents: DocumentShape[];
  limits: DocumentLimitsShape;
}
/**
 * Why an answer is not whole.
 */
export interface ErrorShape {
  code: string;
  message: string;
}
/**
 * All is well.
 */
export interface HealthShape {
  status?: "ok";
}
/**
 * What a new key is to be.
 */
export interface KeyCreation {
  /**
   * What it is for, for people.
   */
  name?: string;
  /**
   * `read`: see models, conversations and answers. `chat`: that, and ask, stop and change them.
   *
   * @minItems 1
   * @maxItems 10
   */
  scopes?:
    | ["read" | "chat"]
    | ["read" | "chat", "read" | "chat"]
    | ["read" | "chat", "read" | "chat", "read" | "chat"]
    | ["read" | "chat", "read" | "chat", "read" | "chat", "read" | "chat"]
    | ["read" | "chat", "read" | "chat", "read" | "chat", "read" | "chat", "read" | "chat"]
    | ["read" | "chat", "read" | "chat", "read" | "chat", "read" | "chat", "read" | "chat", "read" | "chat"]
    | [
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat"
      ]
    | [
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat"
      ]
    | [
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat"
      ]
    | [
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat",
        "read" | "chat"
      ];
  /**
   * Its life in seconds; until it is revoked where none is given.
   */
  expires_in?: number | null;
}
/**
 * A key, without its secret.
 */
export interface KeyShape {
  id: string;
  /**
   * How the key begins.
   */
  prefix: string;
  name: string;
  scopes: ("read" | "chat")[];
  created_at: string;
  expires_at: string | null;
  /**
   * To the minute.
   */
  last_used_at: string | null;
  revoked_at: string | null;
}
/**
 * The caller's keys.
 */
export interface KeysShape {
  /**
   * Those that are good, and those that were revoked lately; newest first.
   */
  keys: KeyShape[];
}
/**
 * A message in its current version.
 */
export interface MessageShape {
  id: string;
  session_id: string;
  turn_id: string;
  role: "user" | "assistant";
  content: string;
  status: "complete" | "cancelled" | "failed";
  created_at: string;
  version: number;
  version_count: number;
  reasoning: string | null;
  /**
   * What `chat_complete` carries under the same name; with `emotion_state`, as in `emotion_update`, where the emotion
   * in the message was estimated; with `reasoning_steps`, `reasoning_time_ms` and `seams` where there were such; with
   * `passages` that were found and not cited, and `difficulty`, both as in `context_info`.
   */
  metadata: {
    [k: string]: unknown;
  } | null;
  error: ErrorShape | null;
  reactions: string[];
}
/**
 * A model that can be asked for as `id`.
 */
export interface ModelShape {
  id: string;
  provider: string;
  name: string;
  capabilities: {
    [k: string]: boolean;
  };
  /**
   * In tokens, where it is known.
   */
  context_length: number | null;
}
/**
 * All models that are known, the one that answers where none is named, and the names that stand for several.
 */
export interface ModelsShape {
  default: string;
  models: ModelShape[];
  aliases: AliasShape[];
}
/**
 * A key that was just made.
 */
export interface NewKeyShape {
  id: string;
  /**
   * How the key begins.
   */
  prefix: string;
  name: string;
  scopes: ("read" | "chat")[];
  created_at: string;
  expires_at: string | null;
  /**
   * To the minute.
   */
  last_used_at: string | null;
  revoked_at: string | null;
  /**
   * The key itself, shown this once.
   */
  key: string;
}
/**
 * A link that was just made.
 */
export interface NewShareShape {
  id: string;
  created_at: string;
  /**
   * Where it leads, below the server's address; shown this once.
   */
  path: string;
}
/**
 * Other choices; what is left out stays as it is.
 */
export interface PreferencesChange {
  emotion_enabled?: boolean | null;
}
/**
 * The caller's choices, and what this server offers.
 */
export interface PreferencesShape {
  /**
   * Whether the emotion in the caller's messages may be estimated. Where not, nothing is computed or stored.
   */
  emotion_enabled: boolean;
  /**
   * Whether this server estimates it at all.
   */
  emotion_available: boolean;
}
/**
 * How calls of one provider go.
 */
export interface ProviderCallsShape {
  provider: string;
  /**
   * `open`: it failed too often, and chains of models pass it over; `half-open`: one call tries whether it works.
   */
  breaker: "closed" | "open" | "half-open";
  /**
   * Calls that count for the breaker at the moment.
   */
  calls: number;
  /**
   * Those of them that failed.
   */
  failures: number;
  running: number;
  /**
   * Calls that wait for a place.
   */
  waiting: number;
  /**
   * Calls that may run at a time; any number where there is none.
   */
  limit: number | null;
}
/**
 * For clients without cookies.
 */
export interface RefreshBody {
  refresh_token?: string | null;
}
/**
 * Which answer is written anew: the data of a `chat_regenerate`.
 */
export interface RegenerateRequest {
  /**
   * The conversation.
   */
  session_id: string;
  /**
   * The answer.
   */
  message_id: string;
  /**
   * Makes the request idempotent for 24 hours.
   */
  request_id?: string | null;
  /**
   * Whether the steps of reasoning are wanted.
   */
  enable_reasoning?: boolean;
  /**
   * As in a question.
   */
  thinking_mode?: "system1" | "system2" | "auto";
  /**
   * `provider/model`; the default model where it is not given.
   */
  model?: string | null;
  context?: ChatContext;
}
/**
 * A new account.
 */
export interface Registration {
  email: string;
  password: string;
  name?: string | null;
}
/**
 * An answer that is being written or waits for its turn.
 */
export interface RunningShape {
  turn_id: string;
  message_id: string;
  state: "running" | "queued";
  user_message: MessageShape;
}
/**
 * The whole answer.
 */
export interface SearchAnswer {
  content: string;
  citations: {
    [k: string]: unknown;
  }[];
  chunkReferences: {
    [k: string]: unknown;
  }[];
  /**
   * What the answer gives as quotations, and whether they stand in the documents word for word.
   */
  quotations: {
    [k: string]: unknown;
  }[];
  messageId: string;
  /**
   * Whether it was stopped; then this is what had been written.
   */
  cancelled: boolean;
}
/**
 * A message that was found.
 */
export interface SearchResultShape {
  session_id: string;
  session_title: string;
  message_id: string;
  role: "user" | "assistant";
  snippet: string;
  created_at: string;
}
/**
 * What was found, best first.
 */
export interface SearchShape {
  results: SearchResultShape[];
}
/**
 * Where to branch off.
 */
export interface SessionBranch {
  /**
   * The last message that the branch has too.
   */
  message_id: string;
}
/**
 * Another title or place in the list; what is left out stays as it is.
 */
export interface SessionChange {
  title?: string | null;
  pinned?: boolean | null;
}
/**
 * What goes on in one conversation.
 */
export interface SessionCountsShape {
  /**
   * Tabs that show it (`/ws/chat/{session_id}`).
   */
  connections: number;
  /**
   * Answers that are being written or wait.
   */
  active_turns: number;
}
/**
 * A new conversation.
 */
export interface SessionCreation {
  title?: string | null;
}
/**
 * A conversation with its newest messages, oldest first, and what is being written in it.
 */
export interface SessionDetailShape {
  session: SessionShape;
  messages: MessageShape[];
  running: RunningShape[];
}
/**
 * A conversation.
 */
export interface SessionShape {
  id: string;
  title: string;
  created_at: string;
  updated_at: string;
  message_count: number;
  /**
   * Whether it is kept at the top of the list.
   */
  pinned: boolean;
}
/**
 * A page of conversations, newest activity first.
 */
export interface SessionsShape {
  sessions: SessionShape[];
  /**
   * With the first page: all that are kept at the top of the list, however old. Their page has them too.
   */
  pinned: SessionShape[];
  /**
   * What to ask for the next page with; none on the last one.
   */
  next_cursor: string | null;
}
/**
 * A link to a conversation, without its secret.
 */
export interface ShareShape {
  id: string;
  created_at: string;
}
/**
 * A message as everybody with the link may see it.
 */
export interface SharedMessageShape {
  id: string;
  role: "user" | "assistant";
  content: string;
  status: "complete" | "cancelled" | "failed";
  created_at: string;
  /**
   * `provider/model` that answered, where it is known.
   */
  model: string | null;
  citations: SharedSourceShape[];
}
/**
 * A source that an answer cites.
 */
export interface SharedSourceShape {
  title: string;
  /**
   * Its address on the web; empty for a document that is kept here.
   */
  url: string;
  snippet: string;
  /**
   * The `[n]` that it is cited by, where it is.
   */
  number: number | null;
  page: number | null;
}
/**
 * A conversation as everybody with the link may see it.
 */
export interface SharedShape {
  title: string;
  created_at: string;
  updated_at: string;
  /**
   * Its newest messages, oldest first, or those before `before`.
   */
  messages: SharedMessageShape[];
  /**
   * Whether there are messages before the first one here.
   */
  has_older: boolean;
}
/**
 * The links to a conversation, newest first.
 */
export interface SharesShape {
  shares: ShareShape[];
}
/**
 * The address and password of an account.
 */
export interface SignIn {
  email: string;
  password: string;
}
/**
 * A sign-in. Browsers need none of the tokens: they get cookies.
 */
export interface SignedInShape {
  user: UserShape;
  access_token: string;
  token_type?: "bearer";
  /**
   * Seconds for which the access token is good.
   */
  expires_in: number;
  /**
   * Good for one refresh. Told only to callers that are no browsers: those have it in a cookie no script can read.
   */
  refresh_token?: string | null;
}
/**
 * What this process is doing.
 */
export interface StatusShape {
  status?: "up";
  version: string;
  /**
   * Seconds since it was ready.
   */
  uptime_s: number;
  auth_mode: string;
  default_model: string;
  providers: string[];
  models: string[];
  /**
   * Answers that are being written.
   */
  active_streams: number;
  /**
   * The providers that were asked so far, or have a limit.
   */
  calls: ProviderCallsShape[];
  turns: TurnsShape;
  /**
   * Open WebSocket connections and event streams.
   */
  connections: number;
  /**
   * The longest pause of the garbage collector while answers could be written, in milliseconds.
   */
  gc_pause_max_ms: number;
  /**
   * The longest one that was kept for a time when no answer was being written, in milliseconds.
   */
  gc_quiet_pause_max_ms: number;
}
/**
 * Answers in this process.
 */
export interface TurnsShape {
  running: number;
  queued: number;
  /**
   * Answers that are over, and wait for the database or the log to be kept.
   */
  concluding: number;
  /**
   * Readers of these answers: one per tab and answer.
   */
  followers: number;
}
/**
 * What is to stop: the answer that is being written in a conversation, or the one of a request.
 */
export interface StopRequest {
  /**
   * The conversation whose answer is being written.
   */
  session_id?: string | null;
  /**
   * The request, for somebody who does not know its conversation yet.
   */
  request_id?: string | null;
}
/**
 * What goes on in this process.
 */
export interface StreamStatusShape {
  /**
   * Whether these are the caller's own figures, or everybody's: operators get those.
   */
  scope: "own" | "all";
  /**
   * Open connections, of whatever kind.
   */
  connections: number;
  /**
   * Answers that are being written or wait.
   */
  active_turns: number;
  /**
   * The same by conversation, for those in which anything goes on.
   */
  sessions: {
    [k: string]: SessionCountsShape;
  };
}
/**
 * A ticket for `/api/ws/chat?ticket=`.
 */
export interface TicketShape {
  ticket: string;
  /**
   * Seconds.
   */
  expires_in: number;
}
/**
 * A conversation with its newest messages, oldest first.
 */
export interface TokensSessionShape {
  id: string;
  title: string;
  created_at: string;
  updated_at: string;
  message_count: number;
  /**
   * Whether it is kept at the top of the list.
   */
  pinned: boolean;
  /**
   * The same as `id`.
   */
  session_id: string;
  messages: MessageShape[];
  /**
   * What is being written, or waits.
   */
  running: RunningShape[];
}
/**
 * The version to show.
 */
export interface VersionChoice {
  number: number;
}
/**
 * One wording of an answer.
 */
export interface VersionShape {
  number: number;
  content: string;
  status: "complete" | "cancelled" | "failed";
  created_at: string;
  turn_id: string;
  reasoning: string | null;
  metadata: {
    [k: string]: unknown;
  } | null;
  error: ErrorShape | null;
}
/**
 * All wordings of an answer.
 */
export interface VersionsShape {
  current: number;
  versions: VersionShape[];
}
