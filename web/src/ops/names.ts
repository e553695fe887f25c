/** Metrics by the names that the server gives them. */
export const FIRST = "millrace_time_to_first_token_seconds";
export const BETWEEN = "millrace_time_between_tokens_seconds";
export const PIECES = "millrace_pieces_total";
export const RUNNING = "millrace_turns_running";
export const CONNECTIONS = "millrace_connections";
