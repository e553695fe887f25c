export type * from "./chat.ts";
/** The canonical events of a turn's log, and the message they fold into. */
export type * as events from "./events.gen.ts";
export type * from "./rest.ts";
