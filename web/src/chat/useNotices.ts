import { useChatClient } from "@millrace/react";
import { useEffect } from "react";
import { usePage } from "../state/page.ts";

/** Says what the client noticed and mended. What concerns one message is said at the message. */
export function useNotices(): void {
  const client = useChatClient();
  const toast = usePage((page) => page.toast);
  useEffect(
    () =>
      client.on((event) => {
        if (event.kind !== "digest-mismatch") return;
        toast("An answer did not arrive whole. It was checked and put right.");
      }),
    [client, toast],
  );
}
