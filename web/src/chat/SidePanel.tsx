import type { ChatMessage } from "@millrace/client";
import { useEffect } from "react";
import { usePage } from "../state/page.ts";
import { deferred } from "../ui/deferred.tsx";

interface PanelProps {
  readonly message: ChatMessage;
  readonly number: number | null;
}

const panel = deferred<PanelProps>(
  async () => (await import("../sources/SourcesPanel.tsx")).SourcesPanel,
  () => null as never,
);

/** What stands beside the conversation, if something was asked for. */
export function SidePanel({ messages }: { messages: readonly ChatMessage[] }) {
  const sources = usePage((page) => page.sources);
  const wanted = sources !== null;
  useEffect(() => {
    if (wanted) void panel.load();
  }, [wanted]);
  const message = sources && messages.find((one) => one.key === sources.key);
  if (!message) return null;
  return <panel.Component key={message.key} message={message} number={sources.number} />;
}
