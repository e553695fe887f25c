const SENTENCE_END = /[.!?…:](?=\s)|\n/g;
const MARKUP = /[*_`#>|~]+/g;

/**
 * What a screen reader should hear next of an answer: whole sentences that were not read yet, without markup.
 *
 * @param spoken How many characters were announced before.
 * @returns The text to say, and the new position.
 */
export function nextAnnouncement(
  text: string,
  spoken: number,
  ended: boolean,
): { say: string; spoken: number } {
  const rest = text.slice(spoken);
  let length = ended ? rest.length : 0;
  if (!ended) {
    for (const match of rest.matchAll(SENTENCE_END)) length = match.index + match[0].length;
  }
  const say = rest.slice(0, length).replace(MARKUP, "").replace(/\s+/g, " ").trim();
  return { say, spoken: spoken + length };
}
