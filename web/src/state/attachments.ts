import { type Api, ApiError } from "@millrace/client";
import { create } from "zustand";

/** A document that questions of a conversation are answered from. */
export interface Attachment {
  /** Names it on this page. */
  readonly key: string;
  readonly name: string;
  /** How much has gone out, from 0 to 1. */
  readonly progress: number;
  /** The server's id; null until it has it. */
  readonly id: string | null;
  readonly error: string | null;
}

interface Attachments {
  /** By the name of what is being written. */
  readonly byDraft: Readonly<Record<string, readonly Attachment[]>>;
  readonly add: (api: Api, draft: string, files: readonly File[]) => void;
  readonly remove: (draft: string, key: string) => void;
  /** A new conversation has got its id. */
  readonly move: (from: string, to: string) => void;
}

const NONE: readonly Attachment[] = [];
let next = 1;

/** The documents beside each conversation, and how far their uploads are. */
export const useAttachments = create<Attachments>()((set) => {
  const change = (draft: string, with_: (list: readonly Attachment[]) => readonly Attachment[]) =>
    set(({ byDraft }) => ({ byDraft: { ...byDraft, [draft]: with_(byDraft[draft] ?? NONE) } }));
  /** Wherever the conversation is known by now. */
  const put = (key: string, fields: Partial<Attachment>) =>
    set(({ byDraft }) => ({
      byDraft: Object.fromEntries(
        Object.entries(byDraft).map(([draft, list]) => [
          draft,
          list.map((one) => (one.key === key ? { ...one, ...fields } : one)),
        ]),
      ),
    }));
  const upload = async (api: Api, key: string, file: File) => {
    try {
      const onProgress = (progress: number) => put(key, { progress });
      const { id } = await api.uploadDocument(file, { onProgress });
      put(key, { id, progress: 1 });
    } catch (cause) {
      const error = cause instanceof ApiError ? cause.message : "It could not be uploaded.";
      put(key, { error });
    }
  };
  return {
    byDraft: {},
    add: (api, draft, files) => {
      const added = files.map((file) => ({ file, key: `file-${next++}` }));
      change(draft, (list) => [
        ...list,
        ...added.map(({ file, key }) => ({
          key,
          name: file.name,
          progress: 0,
          id: null,
          error: null,
        })),
      ]);
      for (const { file, key } of added) void upload(api, key, file);
    },
    remove: (draft, key) => change(draft, (list) => list.filter((one) => one.key !== key)),
    move: (from, to) =>
      set(({ byDraft: { [from]: moved, ...rest } }) => ({
        byDraft: moved ? { ...rest, [to]: moved } : rest,
      })),
  };
});

/** The documents beside one conversation. */
export function useAttachmentsOf(draft: string): readonly Attachment[] {
  return useAttachments((state) => state.byDraft[draft] ?? NONE);
}
