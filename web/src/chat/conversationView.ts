import type { ComponentType } from "react";
import { deferred } from "../ui/deferred.tsx";
import { loadMenu } from "../ui/Menu.tsx";
import { whenIdle } from "../ui/whenIdle.ts";
import type { ConversationProps } from "./Conversation.tsx";
import { loadModelPicker } from "./ModelControl.tsx";
import { PlainConversation } from "./PlainConversation.tsx";

/** All that it takes to show a conversation: whoever only looks in does not download it. */
export const conversationView = deferred<ConversationProps>(
  async (): Promise<ComponentType<ConversationProps>> => {
    const [{ Conversation }, { warm }] = await Promise.all([
      import("./Conversation.tsx"),
      import("../markdown/warm.ts"),
    ]);
    warm();
    // What stands beside the text is likely to be opened next.
    whenIdle(() => void loadModelPicker());
    whenIdle(() => void loadMenu());
    return Conversation;
  },
  (props) => PlainConversation({ ...props, waiting: true }),
  PlainConversation,
);
