import type { ChatErrorBody, ErrorCode, Problem } from "@millrace/protocol";

/** A code of the server, or `UNREACHABLE` where no answer came at all. */
export type FailureCode = ErrorCode | "UNREACHABLE";

/** What went wrong, for a person: `message` says what to do. */
export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
  readonly recoverable: boolean;
  /** Seconds after which another try makes sense. */
  readonly retryAfter: number | null;
}

/** An error of the wire as a failure. A code that a newer server has invented is kept: it has its own message. */
export function failureOf(error: ChatErrorBody): Failure {
  return {
    code: error.code as ErrorCode,
    message: error.message,
    recoverable: error.recoverable,
    retryAfter: error.retry_after ?? null,
  };
}

/** A request that failed. `status` is 0 where the server did not answer. */
export class ApiError extends Error implements Failure {
  override readonly name = "ApiError";
  readonly code: FailureCode;
  readonly status: number;
  readonly recoverable: boolean;
  readonly retryAfter: number | null;

  constructor(
    code: FailureCode,
    message: string,
    options: { status: number; recoverable?: boolean; retryAfter?: number | null; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.status = options.status;
    this.recoverable = options.recoverable ?? true;
    this.retryAfter = options.retryAfter ?? null;
  }

  static fromProblem(problem: Partial<Problem>, status: number): ApiError {
    return new ApiError(
      problem.code ?? codeOfStatus(status),
      problem.detail ?? problem.title ?? `The server answered with status ${status}. Try again.`,
      {
        status,
        recoverable: problem.recoverable ?? status >= 500,
        retryAfter: problem.retry_after ?? null,
      },
    );
  }

  static unreachable(cause: unknown): ApiError {
    return new ApiError(
      "UNREACHABLE",
      "The server does not answer. Check that it runs and that you are online.",
      { status: 0, cause },
    );
  }
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 401 || status === 403) return "UNAUTHORIZED";
  if (status === 404) return "NOT_FOUND";
  if (status === 429) return "RATE_LIMIT";
  return status < 500 ? "INVALID_REQUEST" : "STREAM_ERROR";
}
