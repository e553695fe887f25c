import { useChatClient } from "@millrace/react";
import { useEffect } from "react";
import { useChoices } from "../state/choices.ts";

/** Tells the server how this page wants to be served, now and after each reconnect. */
export function useDelivery(): void {
  const client = useChatClient();
  const speed = useChoices((choices) => choices.speed);
  const realtime = useChoices((choices) => choices.realtime);
  const showThinking = useChoices((choices) => choices.showThinking);
  useEffect(() => {
    client.configure({
      stream_speed: speed,
      show_reasoning: showThinking,
      show_thoughts: showThinking,
    });
  }, [client, speed, showThinking]);
  useEffect(() => {
    client.realtime = realtime;
  }, [client, realtime]);
}
