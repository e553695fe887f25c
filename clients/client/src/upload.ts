import { ApiError } from "./errors.ts";

interface UploadOptions {
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal;
}

/** Posts a form. `fetch` cannot say how much of it has gone out, so browsers use what can. */
export function send(
  url: string,
  body: FormData,
  token: string | null,
  { onProgress, signal }: UploadOptions,
): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (token) headers["authorization"] = `Bearer ${token}`;
  if (typeof XMLHttpRequest === "undefined") {
    return fetch(url, { method: "POST", headers, body, signal: signal ?? null }).catch((cause) => {
      throw ApiError.unreachable(cause);
    });
  }
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress?.(event.loaded / event.total);
    };
    request.onload = () => {
      resolve(new Response(request.responseText || null, { status: request.status }));
    };
    request.onerror = () => reject(ApiError.unreachable(null));
    request.onabort = () => reject(new DOMException("The upload was given up.", "AbortError"));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}
