import type { Failure, FailureCode } from "@millrace/client";

const TITLES: Record<FailureCode, string> = {
  INVALID_REQUEST: "The server did not accept this message",
  UNAUTHORIZED: "You are not signed in",
  NOT_FOUND: "This is no longer there",
  RATE_LIMIT: "That was a little fast",
  QUOTA_EXCEEDED: "Your allowance is used up",
  TURN_IN_PROGRESS: "Another answer is still being written",
  NO_ACTIVE_STREAM: "Nothing is running here",
  PROVIDER_FAILURE: "The model could not answer",
  PROVIDER_TIMEOUT: "The model took too long",
  CONTENT_FILTERED: "The model declined to answer",
  CONTEXT_TOO_LONG: "This conversation is too long for the model",
  INTERRUPTED: "The answer was interrupted",
  STREAM_ERROR: "Something went wrong on the server",
  UNREACHABLE: "The server does not answer",
};

/** A few words that say what happened; the failure's own message says what to do. */
export function errorTitle(failure: Failure): string {
  return TITLES[failure.code] ?? "Something went wrong";
}
