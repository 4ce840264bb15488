/** Who may do what: tokens, roles, and the checks against foreign web pages. */
export { allowRoute } from "./allow_route.ts";
export { FunctionGlobs, type Identity, ROLES, TrustedIdentity } from "./identity.ts";
export { newToken, TOKEN_NAME, type TokenEntry, TokenFileError, tokenHash } from "./token_entry.ts";
export { changeTokenFile, readTokenFile } from "./token_file.ts";
export { Tokens } from "./tokens.ts";
export { tokenWithdrawn, type TrustedSignal, trustedSignal } from "./trusted_signal.ts";
export { Trust, type TrustOptions } from "./trust.ts";
