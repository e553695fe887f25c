export type * from "./chat.ts";
/** The canonical events of a turn's log, and the message they fold into. */
export type * as events from "./events.gen.ts";
export type * from "./rest.ts";
/** The frames of the `stream` dialect on the wire of `/api/ws`. */
export type * as stream from "./stream.gen.ts";
