export type HttpErrorCode = "BODY_TOO_LARGE" | "BODY_TOO_SLOW" | "PEER_GONE" | "BAD_REQUEST";

/**
 * Why a request's body cannot be had. A handler may let it pass: it is answered with 413, 408 or 400.
 */
export class HttpError extends Error {
  readonly code: HttpErrorCode;
  constructor(code: HttpErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HttpError";
    this.code = code;
  }
}
