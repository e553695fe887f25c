/**
 * SHA-256 of a text in UTF-8, as lower-case hexadecimal.
 *
 * Null where WebCrypto is missing: browsers offer it only on HTTPS and on loopback.
 */
export async function sha256(text: string): Promise<string | null> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return null;
  const hash = new Uint8Array(await subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
