import type { Packet } from "../../protocol/mod.ts";
import type { Session } from "../session.ts";

/** Does what one packet asks for. The packet is valid only during the call. */
export type PacketHandler = (session: Session, packet: Packet) => void;
