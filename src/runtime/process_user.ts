import { Buffer } from "node:buffer";
import { libC } from "./libc.ts";

/** A user as the system knows it (files, LDAP, …). */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  /** The primary group. */
  readonly gid: number;
}

// struct passwd: two pointers, then uid and gid.
const PASSWD_BYTES = 64;
const UID_AT = 16;
const GID_AT = 20;
/** Room for the texts of one entry; entries are a few hundred bytes. */
const TEXTS_BYTES = 65_536;

/** The user of this name, or undefined. Throws `LibCError`. */
export function findUser(name: string): SystemUser | undefined {
  const record = new Uint8Array(PASSWD_BYTES);
  const found = new Uint8Array(8);
  libC().getpwnam_r(
    Buffer.from(`${name}\0`),
    record,
    new Uint8Array(TEXTS_BYTES),
    TEXTS_BYTES,
    found,
  );
  if (found.every((byte) => byte === 0)) return undefined;
  const view = new DataView(record.buffer);
  return { name, uid: view.getUint32(UID_AT, true), gid: view.getUint32(GID_AT, true) };
}

/**
 * Makes the whole process run as `user`, without any of root's groups. Answers whether it worked;
 * it must not go on if not. Throws `LibCError`.
 */
export function becomeUser(user: SystemUser): boolean {
  const c = libC();
  const switched = c.setgroups(0, null) === 0 && c.setgid(user.gid) === 0 &&
    c.setuid(user.uid) === 0;
  // The way back must be closed, else nothing was dropped.
  return switched && (user.uid === 0 || c.setuid(0) !== 0);
}
