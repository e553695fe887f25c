import type {
  AuthSession,
  BatchAnswer,
  BatchRequest,
  ChatRegenerateData,
  DocumentInfo,
  DocumentList,
  Message,
  ModelList,
  NewShare,
  Preferences,
  PreferencesChange,
  Problem,
  SearchResult,
  Session,
  SessionDetail,
  SessionPage,
  Share,
  SharedConversation,
  SignedIn,
  StopRequest,
  WsTicket,
} from "@millrace/protocol";
import { ApiError } from "./errors.ts";
import { send } from "./upload.ts";

export interface ApiOptions {
  /** Where the server is; the page's own origin where empty. No slash at the end. */
  readonly baseUrl?: string;
  readonly fetch?: typeof globalThis.fetch;
  /** A token for callers without cookies; asked for each request. */
  readonly token?: () => string | null;
}

/** Where links lead, which are read without a sign-in. */
const SHARED = "/api/shared/";

interface RequestOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  readonly keepalive?: boolean;
  /** The caller's own key for the model's provider. */
  readonly providerKey?: string | null;
}

/** The HTTP side of the server. Every method throws `ApiError`. */
export class Api {
  readonly baseUrl: string;
  readonly #fetch: typeof globalThis.fetch;
  readonly #token: () => string | null;
  #refreshing: Promise<boolean> | null = null;

  constructor(options: ApiOptions = {}) {
    this.baseUrl = options.baseUrl ?? "";
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#token = options.token ?? (() => null);
  }

  /** Who the caller is. In guest mode this makes a guest of a caller without a cookie. */
  authSession(): Promise<AuthSession> {
    return this.#json("/api/auth/session");
  }

  login(email: string, password: string): Promise<SignedIn> {
    return this.#json("/api/auth/login", { method: "POST", body: { email, password } });
  }

  register(email: string, password: string, name?: string): Promise<SignedIn> {
    const body = name ? { email, password, name } : { email, password };
    return this.#json("/api/auth/register", { method: "POST", body });
  }

  async logout(): Promise<void> {
    await this.#request("/api/auth/logout", { method: "POST" });
  }

  /** A ticket for one WebSocket connection, good for seconds. */
  wsTicket(): Promise<WsTicket> {
    return this.#json("/api/auth/ws-ticket", { method: "POST" });
  }

  /** Newest activity first. `cursor` is the `next_cursor` of the page before. */
  sessions(options: { cursor?: string | null; limit?: number } = {}): Promise<SessionPage> {
    const query = new URLSearchParams({ limit: String(options.limit ?? 50) });
    if (options.cursor) query.set("cursor", options.cursor);
    return this.#json(`/api/sessions?${query}`);
  }

  createSession(title?: string): Promise<Session> {
    return this.#json("/api/sessions", { method: "POST", body: title ? { title } : {} });
  }

  /** The newest messages of a conversation, or those before the message `before`. */
  session(id: string, options: { before?: string } = {}): Promise<SessionDetail> {
    const query = options.before ? `?${new URLSearchParams({ before: options.before })}` : "";
    return this.#json(`/api/sessions/${encodeURIComponent(id)}${query}`);
  }

  renameSession(id: string, title: string): Promise<Session> {
    return this.#json(`/api/sessions/${encodeURIComponent(id)}`, {
      method: "PATCH",
      body: { title },
    });
  }

  /** A new conversation with copies of this one's messages up to and with `messageId`. */
  branchSession(id: string, messageId: string): Promise<Session> {
    return this.#json(`/api/sessions/${encodeURIComponent(id)}/branch`, {
      method: "POST",
      body: { message_id: messageId },
    });
  }

  pinSession(id: string, pinned: boolean): Promise<Session> {
    return this.#json(`/api/sessions/${encodeURIComponent(id)}`, {
      method: "PATCH",
      body: { pinned },
    });
  }

  /** @param options `leaving`: the page is being closed; the request is to outlive it. */
  async deleteSession(id: string, options: { leaving?: boolean } = {}): Promise<void> {
    const path = `/api/sessions/${encodeURIComponent(id)}`;
    await this.#request(path, { method: "DELETE", keepalive: options.leaving ?? false });
  }

  /** The links by which others may read a conversation, newest first. */
  async shares(id: string): Promise<Share[]> {
    return (await this.#json<{ shares: Share[] }>(sharesPath(id))).shares;
  }

  /** A new such link. Its `path` is told this once. */
  createShare(id: string): Promise<NewShare> {
    return this.#json(sharesPath(id), { method: "POST" });
  }

  async revokeShare(id: string, shareId: string): Promise<void> {
    const path = `${sharesPath(id)}/${encodeURIComponent(shareId)}`;
    await this.#request(path, { method: "DELETE" });
  }

  /** What a link shows, for whoever has it: the newest messages, or those before the message `before`. */
  shared(secret: string, options: { before?: string } = {}): Promise<SharedConversation> {
    const query = options.before ? `?${new URLSearchParams({ before: options.before })}` : "";
    return this.#json(`${SHARED}${encodeURIComponent(secret)}${query}`);
  }

  async search(text: string, limit = 20): Promise<SearchResult[]> {
    const query = new URLSearchParams({ q: text, limit: String(limit) });
    return (await this.#json<{ results: SearchResult[] }>(`/api/search?${query}`)).results;
  }

  /** Makes another version of an answer the one that counts. */
  selectVersion(messageId: string, number: number): Promise<Message> {
    return this.#json(`/api/messages/${encodeURIComponent(messageId)}/version`, {
      method: "PUT",
      body: { number },
    });
  }

  /** Asks, and waits for the whole answer. The same `request_id` is the same answer, wherever it was asked. */
  chat(
    request: BatchRequest & { provider_key?: string | null },
    signal?: AbortSignal,
  ): Promise<BatchAnswer> {
    const { provider_key: providerKey = null, ...body } = request;
    const options: RequestOptions = { method: "POST", body, providerKey };
    return this.#json("/api/v1/chat", signal ? { ...options, signal } : options);
  }

  /** Asks for a new version of an answer, and waits for all of it. */
  regenerate(request: ChatRegenerateData): Promise<BatchAnswer> {
    const { provider_key: providerKey = null, ...body } = request;
    return this.#json("/api/v1/chat/regenerate", { method: "POST", body, providerKey });
  }

  /** Stops what is being written in a session, or for a request; who waits for it gets what there is. */
  async stop(what: StopRequest): Promise<void> {
    await this.#request("/api/v1/chat/stop", { method: "POST", body: what });
  }

  /** Posts what is answered by an event stream. The caller reads the body. */
  stream(path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    return this.#request(path, { method: "POST", body, signal });
  }

  /** Returns if the server answers, and lets us in. */
  async reach(): Promise<void> {
    await this.#request("/api/stream/status", {});
  }

  /** The address of a WebSocket, with a one-time ticket in it. */
  async socketAddress(path: string): Promise<string> {
    const { ticket } = await this.wsTicket();
    const base = this.baseUrl || globalThis.location?.origin || "";
    return `${base.replace(/^http/, "ws")}${path}?ticket=${encodeURIComponent(ticket)}`;
  }

  /** The person's choices that hold on all devices. */
  preferences(): Promise<Preferences> {
    return this.#json("/api/preferences");
  }

  changePreferences(change: PreferencesChange): Promise<Preferences> {
    return this.#json("/api/preferences", { method: "PATCH", body: change });
  }

  /** The texts that answers may come from, newest first. */
  documents(): Promise<DocumentList> {
    return this.#json("/api/documents");
  }

  async deleteDocument(id: string): Promise<void> {
    await this.#request(`/api/documents/${encodeURIComponent(id)}`, { method: "DELETE" });
  }

  /**
   * Keeps a file, so that answers may come from it.
   *
   * @param onProgress Told how much has gone out, from 0 to 1, where the environment can tell.
   */
  async uploadDocument(
    file: File,
    options: { onProgress?: (share: number) => void; signal?: AbortSignal } = {},
  ): Promise<DocumentInfo> {
    const upload = () => {
      const body = new FormData();
      body.append("file", file, file.name);
      return send(`${this.baseUrl}/api/documents`, body, this.#token(), options);
    };
    let response = await upload();
    if (response.status === 401 && (await this.#refresh())) response = await upload();
    if (!response.ok) throw await failureOf(response);
    return (await response.json()) as DocumentInfo;
  }

  /** What the server counts, in Prometheus' text format; for operators. */
  async metrics(): Promise<string> {
    return (await this.#request("/metrics", {})).text();
  }

  models(): Promise<ModelList> {
    return this.#json("/api/models");
  }

  exportUrl(sessionId: string, format: "markdown" | "json"): string {
    return `${this.baseUrl}/api/sessions/${encodeURIComponent(sessionId)}/export?format=${format}`;
  }

  async #json<T>(path: string, options: RequestOptions = {}): Promise<T> {
    const response = await this.#request(path, options);
    return (await response.json()) as T;
  }

  async #request(path: string, options: RequestOptions): Promise<Response> {
    let response = await this.#send(path, options);
    // An access token lives for minutes; the refresh cookie renews it once, for all who wait.
    const renewable =
      !(path.startsWith("/api/auth/") || path.startsWith(SHARED)) || path === "/api/auth/ws-ticket";
    if (response.status === 401 && renewable && (await this.#refresh())) {
      response = await this.#send(path, options);
    }
    if (!response.ok) throw await failureOf(response);
    return response;
  }

  #refresh(): Promise<boolean> {
    this.#refreshing ??= this.#send("/api/auth/refresh", { method: "POST" })
      .then((response) => response.ok)
      .finally(() => {
        this.#refreshing = null;
      });
    return this.#refreshing;
  }

  async #send(path: string, options: RequestOptions): Promise<Response> {
    const headers: Record<string, string> = { accept: "application/json" };
    const token = this.#token();
    if (token) headers["authorization"] = `Bearer ${token}`;
    if (options.providerKey) headers["x-provider-key"] = options.providerKey;
    const init: RequestInit = { method: options.method ?? "GET", headers };
    if (options.body !== undefined) {
      headers["content-type"] = "application/json";
      init.body = JSON.stringify(options.body);
    }
    if (options.signal) init.signal = options.signal;
    if (options.keepalive) init.keepalive = true;
    try {
      return await this.#fetch(this.baseUrl + path, init);
    } catch (cause) {
      if (options.signal?.aborted) throw cause;
      throw ApiError.unreachable(cause);
    }
  }
}

function sharesPath(sessionId: string): string {
  return `/api/sessions/${encodeURIComponent(sessionId)}/shares`;
}

async function failureOf(response: Response): Promise<ApiError> {
  let problem: Partial<Problem> = {};
  try {
    problem = (await response.json()) as Partial<Problem>;
  } catch {
    // A proxy's error page: the status says enough.
  }
  return ApiError.fromProblem(problem, response.status);
}
