export { ChatProvider, type ChatProviderProps, useChatClient } from "./context.tsx";
export {
  type ChatStream,
  type ChatStreamOptions,
  useChatStream,
  useConnection,
  useConversation,
  useReadable,
  useSessions,
} from "./hooks.ts";
