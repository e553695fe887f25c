import type { Page } from "@playwright/test";

/** When one frame of an answer came, was handled, was in the page's DOM and was painted; milliseconds since 1970. */
export interface Passage {
  readonly arrived: number;
  readonly handled: number;
  shown: number;
  painted: number;
}

/** What the probe in the page has noted since it was last reset. */
export interface Notes {
  readonly passages: readonly Passage[];
  /** Frames that had a numbered word, whether or not it was seen. */
  readonly expected: number;
  /** Milliseconds of each task that held the page for 50 ms or more. */
  readonly longTasks: readonly number[];
  /** Milliseconds from each press of a key or button to the next painted frame, of those that took 16 ms or more. */
  readonly interactions: readonly { readonly name: string; readonly ms: number }[];
  /** Milliseconds between animation frames. */
  readonly frames: readonly number[];
  /** Milliseconds by script within long animation frames. */
  readonly scripts: Readonly<Record<string, number>>;
}

interface Probe {
  reset(): void;
  notes(): Notes;
  floor(count: number): Promise<number[]>;
}

/** Puts the probe into every document that the page opens from here on. */
export async function install(page: Page): Promise<void> {
  await page.addInitScript(probe);
}

export async function reset(page: Page): Promise<void> {
  await page.evaluate(() => (window as unknown as { probe: Probe }).probe.reset());
}

export async function notes(page: Page): Promise<Notes> {
  return await page.evaluate(() => (window as unknown as { probe: Probe }).probe.notes());
}

/**
 * What the machine and the browser cost by themselves: milliseconds from a worker's message to a painted change of one text,
 * measured as the frames of an answer are.
 */
export async function floor(page: Page, count: number): Promise<number[]> {
  return await page.evaluate(
    (times) => (window as unknown as { probe: Probe }).probe.floor(times),
    count,
  );
}

/**
 * Runs in the page, so it can use nothing from outside.
 *
 * The page's WebSocket is held by a worker, which notes when a frame arrives also while the page is busy: a frame that waits for
 * a long task has waited. Answers carry numbered words (`texts.ts`); a frame is shown once the last of its words is in the DOM, and
 * painted at the first task after the animation frame that the change belongs to.
 */
function probe(): void {
  const now = () => performance.timeOrigin + performance.now();
  const waiting: { last: number; passage: Passage }[] = [];
  let passages: Passage[] = [];
  let expected = 0;
  let longTasks: number[] = [];
  let interactions: { name: string; ms: number }[] = [];
  let frames: number[] = [];
  let scripts: Record<string, number> = {};
  let inFrame = false;

  const afterTask = (callback: () => void) =>
    void (
      window as unknown as {
        scheduler: { postTask(callback: () => void, options: object): Promise<void> };
      }
    ).scheduler.postTask(callback, { priority: "user-blocking" });

  const requestFrame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) =>
    requestFrame((time) => {
      if (!inFrame) {
        inFrame = true;
        afterTask(() => {
          inFrame = false;
        });
      }
      callback(time);
    });
  const afterPaint = (callback: () => void) => {
    if (inFrame) afterTask(callback);
    else requestFrame(() => afterTask(callback));
  };

  const numbersIn = (text: string) =>
    [...text.matchAll(/zq([a-z]{4})/g)].map((match) => value(match[1] ?? ""));
  const value = (letters: string) =>
    [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 97, 0);

  /** The end of what the newest answer says in the DOM. */
  const tail = (): string => {
    const answer = [...document.querySelectorAll('[data-testid="answer-text"]')].at(-1);
    if (!answer) return "";
    const walker = document.createTreeWalker(answer, NodeFilter.SHOW_TEXT);
    let node: Node | null = answer;
    while (node.lastChild) node = node.lastChild;
    walker.currentNode = node;
    let text = "";
    for (; node && text.length < 300; node = walker.previousNode()) {
      if (node.nodeType === Node.TEXT_NODE) text = `${node.nodeValue} ${text}`;
    }
    return text;
  };

  const onChange = () => {
    if (waiting.length === 0) return;
    const last = Math.max(-1, ...numbersIn(tail()));
    const shown = waiting.filter((one) => one.last <= last);
    if (shown.length === 0) return;
    waiting.splice(0, waiting.length, ...waiting.filter((one) => one.last > last));
    const at = now();
    afterPaint(() => {
      const painted = now();
      for (const { passage } of shown) {
        passage.shown = at;
        passage.painted = painted;
        passages.push(passage);
      }
    });
  };
  new MutationObserver(onChange).observe(document, {
    childList: true,
    characterData: true,
    subtree: true,
  });

  const onFrame = (data: unknown, arrived: number) => {
    if (typeof data !== "string" || !data.includes("content_token")) return;
    const last = numbersIn(data).at(-1);
    if (last === undefined) return;
    expected++;
    waiting.push({ last, passage: { arrived, handled: now(), shown: 0, painted: 0 } });
  };

  const worker = (source: string) =>
    new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));

  const HOLDER = `
    let socket;
    const at = () => performance.timeOrigin + performance.now();
    onmessage = ({ data: [what, ...rest] }) => {
      if (what !== "open") return socket[what](...rest);
      socket = new WebSocket(...rest);
      socket.onopen = () => postMessage(["open"]);
      socket.onmessage = ({ data }) => postMessage(["message", { data }, at()]);
      socket.onclose = ({ code, reason, wasClean }) => postMessage(["close", { code, reason, wasClean }]);
      socket.onerror = () => postMessage(["error"]);
    };`;

  class HeldSocket extends EventTarget {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    static readonly CLOSING = 2;
    static readonly CLOSED = 3;
    readyState = 0;
    onopen: ((event: Event) => void) | null = null;
    onmessage: ((event: Event) => void) | null = null;
    onclose: ((event: Event) => void) | null = null;
    onerror: ((event: Event) => void) | null = null;
    readonly #worker = worker(HOLDER);

    constructor(url: string | URL, protocols: string | string[] = []) {
      super();
      this.#worker.onmessage = ({ data: [what, fields, at] }) => this.#hear(what, fields, at);
      this.#worker.postMessage(["open", new URL(url, location.href).href, protocols]);
    }

    send(data: string) {
      this.#worker.postMessage(["send", data]);
    }

    close(code = 1000, reason = "") {
      this.readyState = 2;
      this.#worker.postMessage(["close", code, reason]);
    }

    #hear(what: "open" | "message" | "close" | "error", fields: object, at: number) {
      if (what === "open") this.readyState = 1;
      if (what === "message") onFrame((fields as { data: unknown }).data, at);
      if (what === "close") {
        this.readyState = 3;
        this.#worker.terminate();
      }
      const event = Object.assign(new Event(what), fields);
      this[`on${what}`]?.(event);
      this.dispatchEvent(event);
    }
  }
  window.WebSocket = HeldSocket as unknown as typeof WebSocket;

  const observe = (type: string, onEntry: (entry: PerformanceEntry) => void, more: object = {}) =>
    new PerformanceObserver((list) => list.getEntries().forEach(onEntry)).observe({
      type,
      buffered: true,
      ...more,
    });
  observe("longtask", (entry) => longTasks.push(entry.duration));
  observe(
    "event",
    (entry) => {
      const { interactionId } = entry as PerformanceEntry & { interactionId: number };
      if (interactionId) interactions.push({ name: entry.name, ms: entry.duration });
    },
    { durationThreshold: 16 },
  );
  observe("long-animation-frame", (entry) => {
    const { scripts: found = [] } = entry as PerformanceEntry & {
      scripts?: readonly {
        readonly duration: number;
        readonly invoker: string;
        readonly sourceFunctionName: string;
        readonly sourceURL: string;
        readonly forcedStyleAndLayoutDuration: number;
      }[];
    };
    for (const one of found) {
      const where = `${one.invoker} ${one.sourceFunctionName} ${one.sourceURL.split("/").at(-1)}`;
      scripts[where] = (scripts[where] ?? 0) + one.duration;
      const layout = "layout forced by scripts";
      scripts[layout] = (scripts[layout] ?? 0) + one.forcedStyleAndLayoutDuration;
    }
  });

  let before: number | null = null;
  const onAnimationFrame = (time: number) => {
    if (before !== null) frames.push(time - before);
    before = time;
    requestFrame(onAnimationFrame);
  };
  requestFrame(onAnimationFrame);

  (window as unknown as { probe: Probe }).probe = {
    reset() {
      waiting.length = 0;
      passages = [];
      expected = 0;
      longTasks = [];
      interactions = [];
      frames = [];
      scripts = {};
    },
    notes: () => ({ passages, expected, longTasks, interactions, frames, scripts }),
    floor(count) {
      const text = document.body.appendChild(document.createElement("p"));
      text.style.cssText = "position:fixed;top:0;left:0";
      const clock = worker(
        `let n = 0; const tell = () => { postMessage(performance.timeOrigin + performance.now());
         if (++n < ${count}) setTimeout(tell, 13 + n % 9); }; tell();`,
      );
      const taken: number[] = [];
      return new Promise((resolve) => {
        clock.onmessage = ({ data: sent }) =>
          requestFrame(() => {
            text.textContent = String(sent);
            afterTask(() => {
              taken.push(now() - sent);
              if (taken.length < count) return;
              clock.terminate();
              text.remove();
              resolve(taken);
            });
          });
      });
    },
  };
}
