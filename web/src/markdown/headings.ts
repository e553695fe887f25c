import type { Heading, Root, RootContent } from "mdast";

/**
 * Puts headings in order: none is more than one level below the one before it, and the first is of the first level.
 *
 * Models begin with the third level as they like it. Who hears a page, and goes from heading to heading, would look for the
 * levels between. Changes the nodes; once in order they stay as they are.
 *
 * @param level That of the last heading before these nodes; 0 where there was none.
 * @returns That of the last heading in them.
 */
export function inOrder(nodes: readonly (RootContent | Root)[], level: number): number {
  let last = level;
  for (const heading of nodes.flatMap(headingsIn)) {
    last = Math.min(heading.depth, last + 1);
    heading.depth = last as Heading["depth"];
  }
  return last;
}

function headingsIn(node: RootContent | Root): Heading[] {
  switch (node.type) {
    case "heading":
      return [node];
    case "root":
    case "blockquote":
    case "list":
    case "listItem":
      return node.children.flatMap(headingsIn);
    default:
      return [];
  }
}
