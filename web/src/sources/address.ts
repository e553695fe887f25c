import { safeUrl } from "../markdown/safeUrl.ts";

/** Where a source can be read: an address of the web, or a text that this server keeps. */
export function addressOf(url: string): string | undefined {
  const base = globalThis.document?.baseURI;
  if (base && /^\/?api\/documents\/[^/?#]+\/text$/.test(url)) {
    return new URL(url.replace(/^\//, ""), base).href;
  }
  return safeUrl(url);
}
