import { type Api, ApiError, type AuthSession, type Readable, Store } from "@millrace/client";

export type AuthState =
  | { readonly kind: "loading" }
  | { readonly kind: "unreachable"; readonly error: ApiError }
  | { readonly kind: "known"; readonly session: AuthSession };

/** Who uses the page. */
export class Auth {
  readonly #api: Api;
  readonly #state = new Store<AuthState>({ kind: "loading" });
  #asked = false;

  constructor(api: Api) {
    this.#api = api;
  }

  get state(): Readable<AuthState> {
    return this.#state;
  }

  /** Asks the server once; again after it could not be reached. */
  async load(): Promise<void> {
    if (this.#asked) return;
    this.#asked = true;
    try {
      this.#state.set({ kind: "known", session: await this.#api.authSession() });
    } catch (error) {
      this.#asked = false;
      const failure = error instanceof ApiError ? error : ApiError.unreachable(error);
      this.#state.set({ kind: "unreachable", error: failure });
    }
  }

  /** Throws `ApiError`. */
  async signIn(email: string, password: string): Promise<void> {
    const { user } = await this.#api.login(email, password);
    this.#know(user);
  }

  /** Throws `ApiError`. */
  async register(email: string, password: string): Promise<void> {
    const { user } = await this.#api.register(email, password);
    this.#know(user);
  }

  async signOut(): Promise<void> {
    await this.#api.logout();
    this.#know(null);
  }

  /** Asks again who we are, after the server has refused us. Returns whether somebody is signed in. */
  async renew(): Promise<boolean> {
    this.#asked = false;
    await this.load();
    const state = this.#state.get();
    return state.kind === "known" && state.session.user !== null;
  }

  #know(user: AuthSession["user"]): void {
    const state = this.#state.get();
    if (state.kind === "known") {
      this.#state.set({ kind: "known", session: { ...state.session, user } });
    }
  }
}
