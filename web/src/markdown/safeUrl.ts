const SAFE_PROTOCOLS = new Set(["http:", "https:", "mailto:", "tel:"]);

/** The address, where it is one that a click may follow; nothing of `javascript:` and its kin. */
export function safeUrl(url: string | undefined): string | undefined {
  if (!url) return undefined;
  try {
    return SAFE_PROTOCOLS.has(new URL(url).protocol) ? url : undefined;
  } catch {
    // A relative address means nothing in an answer, and a place in the page is not the reader's.
    return undefined;
  }
}
