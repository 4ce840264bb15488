/** Every ERROR that the server sends (protocol section 4). Clients read the code, people the text. */

export interface ErrorReplyContent {
  readonly code: string;
  readonly text: string;
}

export const ErrorReply = {
  REQUEST_MAGIC_EXPECTED: { code: "INVALID_MAGIC", text: "Request magic expected" },
  COMMAND_NOT_EXPECTED: { code: "INVALID_COMMAND", text: "Command not expected" },
  PACKET_INCOMPLETE: { code: "INVALID_PACKET", text: "Packet is shorter than its arguments" },
  UNIQUE_TOO_LARGE: { code: "ARGUMENT_TOO_LARGE", text: "Unique value too large" },
  HANDLE_TOO_LARGE: {
    code: "ARGUMENT_TOO_LARGE",
    text: "Error occurred due to GEARMAND_JOB_HANDLE_SIZE being too small from snprintf",
  },
  ARGUMENT_TOO_LARGE: { code: "ARGUMENT_TOO_LARGE", text: "Argument too large" },
  NUMBER_OUT_OF_RANGE: { code: "INVALID_PACKET", text: "Number out of range" },
  QUEUE_FULL: { code: "QUEUE_ERROR", text: "Job queue is full" },
  QUEUE_REFUSED: { code: "QUEUE_ERROR", text: "QUEUE_ERROR" },
  UNKNOWN_OPTION: { code: "UNKNOWN_OPTION", text: "Server does not recognize given option" },
  JOB_NOT_FOUND_FOR_RESULT: {
    code: "JOB_NOT_FOUND",
    text: "Job given in work result not found",
  },
  JOB_NOT_FOUND_FOR_DATA: { code: "JOB_NOT_FOUND", text: "Job does not exist on server" },
  JOB_NOT_FOUND_FOR_EXCEPTION: {
    code: "JOB_NOT_FOUND",
    text: "An exception was received for a job that does not exist",
  },
} as const satisfies Record<string, ErrorReplyContent>;
