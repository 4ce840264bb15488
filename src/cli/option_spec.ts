/**
 * What an option's value is:
 * - `switch`: takes none;
 * - `text`; `secret`: the same, but never shown or logged;
 * - `int32`, `uint16`, `uint32`, `uint64`: decimal, with gearmand's ranges (a negative number wraps where the
 *   type has no sign, as gearmand's own parser does);
 * - `count`: a decimal number from 0 to 2^53-1;
 * - `size`: bytes, with an optional K, M or G (powers of 1024).
 */
export type OptionKind =
  | "switch"
  | "text"
  | "secret"
  | "int32"
  | "uint16"
  | "uint32"
  | "uint64"
  | "count"
  | "size";

export interface OptionSpec {
  /** Long name without dashes. */
  readonly name: string;
  /** One letter without dash. */
  readonly short?: string;
  readonly kind: OptionKind;
  /** Heading of the help it stands under. */
  readonly group: string;
  /** What stands behind the option in the help. */
  readonly valueName?: string;
  /** The value when it is not given, as it would be written. */
  readonly default?: string;
  readonly help: string;
  /** May be given several times. */
  readonly repeatable?: boolean;
  /** Not shown in the help. */
  readonly hidden?: boolean;
  /** Not allowed in a configuration file. */
  readonly commandLineOnly?: boolean;
  /** gearmand does not have it. Only gearmand's own can be abbreviated in a configuration file. */
  readonly own?: boolean;
}
