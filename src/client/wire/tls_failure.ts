import { GearmanError } from "./errors.ts";

/** A connection that was made, but whose TLS handshake failed; `cause` is what the runtime says. */
export function tlsFailure(server: string, cause: Error): GearmanError {
  const said = saidBy(cause);
  const [, text] = TEXTS.find(([pattern]) => pattern.test(said)) ?? UNCLEAR;
  return new GearmanError(
    "TLS_FAILED",
    text.replace("SERVER", () => server).replace("CAUSE", () => cause.message),
    { cause },
  );
}

/** Whether a connection was ended because of its TLS handshake: by TLS 1.3, a server says so afterwards. */
export function isTlsRefusal(cause: Error): boolean {
  return ALERT.test(saidBy(cause));
}

function saidBy(cause: Error): string {
  return `${(cause as NodeJS.ErrnoException).code ?? ""} ${cause.message}`;
}

type Text = readonly [RegExp, string];

const ALERT = /_ALERT_|alert|AlertReceived/i;

/** What the runtimes' libraries (OpenSSL, BoringSSL, rustls) say, and what it means. */
const TEXTS: readonly Text[] = [
  [
    /ALTNAME|NotValidForName|not valid for (any )?name/i,
    'The certificate of "SERVER" is not for that name: CAUSE',
  ],
  [/EXPIRED|NOT_YET_VALID|NotValidYet/i, 'The certificate of "SERVER" is not valid now: CAUSE'],
  [
    /CaUsedAsEndEntity/,
    'The certificate of "SERVER" cannot be used: it is that of an authority (CA:TRUE), which this runtime takes ' +
    "for no server's (CAUSE)",
  ],
  [
    /WRONG_VERSION_NUMBER|wrong version number|corrupt message|InvalidContentType|packet length/i,
    '"SERVER" does not speak TLS: CAUSE',
  ],
  [ALERT, '"SERVER" refused the TLS handshake, perhaps because it wants a certificate: CAUSE'],
  [
    /CERT|SELF_SIGNED|UnknownIssuer|UNABLE_TO|issuer/i,
    'The certificate of "SERVER" is not trusted: CAUSE. Its authority, or it itself, can be given as ' +
    "trusted (ca)",
  ],
];

const UNCLEAR: Text = [
  /^/,
  'Cannot agree on TLS with "SERVER": CAUSE. It may not speak TLS at all',
];
