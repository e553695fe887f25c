import type { ComponentType } from "react";
import { deferred } from "../ui/deferred.tsx";
import type { ConversationProps } from "./Conversation.tsx";
import { PlainConversation } from "./PlainConversation.tsx";

/** All that it takes to show a conversation: whoever only looks in does not download it. */
export const conversationView = deferred<ConversationProps>(
  async (): Promise<ComponentType<ConversationProps>> => {
    const [{ Conversation }, { warm }] = await Promise.all([
      import("./Conversation.tsx"),
      import("../markdown/warm.ts"),
    ]);
    warm();
    return Conversation;
  },
  (props) => PlainConversation({ ...props, waiting: true }),
  PlainConversation,
);
