import type { List, RootContent, Table } from "mdast";

/** A list or a table that still grows: what of it stands, and where what follows is read from. */
export interface Part {
  /** Without its last item or row, which may still become something else. */
  readonly node: List | Table;
  /** Where the last one's line begins in the text. */
  readonly from: number;
  /** What must be read before it: the header of a table. */
  readonly head: string;
}

/**
 * What of a block stands, however the text goes on.
 *
 * @param node The block, whose positions count from the beginning of `source`.
 * @param source What was parsed.
 * @param shift Where `source` begins in the text.
 * @param before What stood before, of which the block is the continuation.
 */
export function partOf(
  node: RootContent,
  source: string,
  shift: number,
  before: Part | null,
): Part | null {
  if (node.type !== "list" && node.type !== "table") return null;
  const last = node.children.at(-1);
  const first = node.children[node.type === "table" ? 1 : 0];
  if (!first || !last || first === last) return before;
  const whole = before ? joined(before, node) : node;
  if (!whole) return null;
  const head =
    node.type === "table" ? source.slice(lineOf(source, node), lineOf(source, first)) : "";
  return {
    node: { ...whole, children: whole.children.slice(0, -1) } as List | Table,
    from: shift + lineOf(source, last),
    head: before?.head ?? head,
  };
}

/** The block of what stands and what was read behind it; null where that is no continuation of it. */
export function joined({ node }: Part, rest: RootContent | undefined): List | Table | null {
  if (node.type === "list" && rest?.type === "list" && node.ordered === rest.ordered) {
    const spread = Boolean(node.spread) || Boolean(rest.spread);
    return { ...node, spread, children: [...node.children, ...rest.children] };
  }
  if (node.type === "table" && rest?.type === "table") {
    return { ...node, children: [...node.children, ...rest.children.slice(1)] };
  }
  return null;
}

/** Where the line begins on which a node does: indentation counts when it is parsed again. */
export function lineOf(source: string, node: RootContent): number {
  return source.lastIndexOf("\n", (node.position?.start.offset ?? 0) - 1) + 1;
}
