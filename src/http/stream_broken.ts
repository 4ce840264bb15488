/**
 * Fails a streamed body on purpose, to show its reader that the answer is not whole: a worker failed,
 * say. The connection is cut as after any failure, but it is none of the server's.
 */
export class StreamBroken extends Error {
  constructor(why: string, options?: ErrorOptions) {
    super(why, options);
    this.name = "StreamBroken";
  }
}
