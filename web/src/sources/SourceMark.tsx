import * as HoverCard from "@radix-ui/react-hover-card";
import { useContext } from "react";
import { SourceText } from "./SourceText.tsx";
import styles from "./sources.module.css";
import { SourcesContext } from "./sources.ts";

/** The number of a source in an answer's text: a glance shows what it says, a press shows them all beside it. */
export function SourceMark({ number }: { number: number }) {
  const answer = useContext(SourcesContext);
  const source = answer?.sources.find((one) => one.number === number);
  if (!answer || !source) return <>[{number}]</>;
  return (
    <HoverCard.Root openDelay={250} closeDelay={120}>
      <HoverCard.Trigger asChild>
        <button
          type="button"
          className={styles["mark"]}
          aria-label={`Source ${number}: ${source.title}`}
          data-testid="source-mark"
          onClick={() => answer.open(number)}
        >
          {number}
        </button>
      </HoverCard.Trigger>
      <HoverCard.Portal>
        <HoverCard.Content
          className={styles["card"]}
          side="top"
          sideOffset={6}
          collisionPadding={12}
          data-testid="source-card"
        >
          <SourceText source={source} />
        </HoverCard.Content>
      </HoverCard.Portal>
    </HoverCard.Root>
  );
}
