import { sha256 } from "./digest.ts";
import type { Turn } from "./turn.ts";

/**
 * Whether an ended turn's text is the one that the server's digest vouches for. `healed`: the pieces were not,
 * but the terminal frame's text is. `wrong`: neither is, only the stored message can help.
 */
export type Verdict = "good" | "healed" | "wrong";

export async function verify(turn: Turn): Promise<Verdict> {
  const { digest, finalText, text } = turn;
  if (digest === null || finalText === null) return "good";
  const ofPieces = await sha256(text);
  if (ofPieces === null || ofPieces === digest) return "good";
  return (await sha256(finalText)) === digest ? "healed" : "wrong";
}
