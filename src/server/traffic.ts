import { PACKET_SHAPES, PacketType } from "../protocol/mod.ts";

/**
 * Why a connection of the binary port ended. `peer`: it hung up in good order. `lost`: the socket
 * failed. `protocol error`: it could not be followed any further. `slow reader`: it did not take its
 * replies. `too many`: it was one connection too many. `ordered`: an operator ended it.
 */
export const CLOSE_REASONS = [
  "peer",
  "lost",
  "protocol error",
  "slow reader",
  "too many",
  "ordered",
] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];

/**
 * What has passed through the binary port since the start. Plain counters, so that counting a packet
 * costs one addition and no memory.
 */
export class Traffic {
  /** Packets by their number; index 0 is not used. */
  readonly received = new Float64Array(PACKET_SHAPES.length);
  readonly sent = new Float64Array(PACKET_SHAPES.length);
  /** Text commands. */
  lines = 0;
  bytesReceived = 0;
  bytesSent = 0;
  /** Connections accepted, those that were too many included. */
  opened = 0;
  readonly closed: Record<CloseReason, number> = {
    "peer": 0,
    "lost": 0,
    "protocol error": 0,
    "slow reader": 0,
    "too many": 0,
    "ordered": 0,
  };
  /**
   * By the code of the ERROR that was sent, or of the `ProtocolError` that ended the connection.
   * Refused submissions are no errors of the protocol and not in it.
   */
  readonly protocolErrors = new Map<string, number>();

  countProtocolError(code: string): void {
    this.protocolErrors.set(code, (this.protocolErrors.get(code) ?? 0) + 1);
  }

  /** NOOPs sent. */
  get wakeUps(): number {
    return this.sent[PacketType.NOOP]!;
  }

  /** Workers asked and got a job. */
  get grabsWithJob(): number {
    const { sent } = this;
    return sent[PacketType.JOB_ASSIGN]! + sent[PacketType.JOB_ASSIGN_UNIQ]! +
      sent[PacketType.JOB_ASSIGN_ALL]!;
  }

  /** Workers asked and there was none. */
  get grabsWithoutJob(): number {
    return this.sent[PacketType.NO_JOB]!;
  }
}
