import { isIP } from 'node:net'
import { getCountries } from 'libphonenumber-js/min'
import * as z from 'zod'

/** Adds a rule to a schema whose refusal says what is wrong and how to mend it. */
export function rule<S extends z.ZodType>(
  schema: S,
  test: (value: z.output<S>) => boolean,
  problem: string,
  mend: string,
): S {
  return schema.refine(test, { error: problem, params: { mend } }) as S
}

const noControl = (text: string) => !/[\p{Cc}\u2028\u2029]/u.test(text)

/** Text a person wrote: not empty, at most 1,024 characters, no control characters. */
export const text = rule(z.string().min(1).max(1024), noControl, 'holds a control character', 'Remove it')

/** A language tag (BCP 47), such as `de` or `pt-BR`. */
export const locale = rule(
  z.string().max(35),
  (value) => /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(value),
  'is no language tag',
  'Write it as in BCP 47, e.g. de or pt-BR',
)

/** Id of a tenant: part of URLs in Entra's dialect, so no dots, and none of the paths the server itself answers. */
export const tenantId = rule(
  rule(
    z.string(),
    (id) => /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(id),
    'is no usable tenant id',
    'Use 1 to 63 letters, digits, "-" or "_", beginning with a letter or digit',
  ),
  (id) => !reservedIds.has(id.toLowerCase()),
  'is a path the server needs itself',
  'Choose another id',
)

const reservedIds = new Set(
  ['admin', 'api', 'authorize', 'dev', 'livez', 'metrics', 'mfa', 'oauth', 'readyz', 'userinfo', 'v2'].concat('me'),
)

/** Host name or address without scheme and port, in lower case. */
export const domain = rule(
  z.string().toLowerCase(),
  (host) => isIP(host) !== 0 || /^(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(host),
  'is no host name',
  'Write the bare name, without scheme, port or path, e.g. login.example.com',
)

/** CIDR block or single address. */
export const cidr = rule(
  z.string(),
  isCidr,
  'is no CIDR block',
  'Write an address and a prefix length, e.g. 10.0.0.0/8 or fd00::/8',
)

function isCidr(value: string): boolean {
  const [address = '', prefix, ...rest] = value.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128))
}

/** http or https URL of a page. */
export const webUrl = rule(
  z.string(),
  (value) => ['http:', 'https:'].includes(parse(value)?.protocol ?? ''),
  'is no http or https URL',
  'Write it whole, e.g. https://app.example/mfa',
)

/** A service that is called with signed requests; its secret is the password of the URL. */
export const signedUrl = rule(
  z.string(),
  (value) => {
    const url = parse(value)
    const near = ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '')
    return (url?.password ?? '') !== '' && (url?.protocol === 'https:' || (near && url?.protocol === 'http:'))
  },
  'is no https URL with a signing secret',
  'Write https://:SECRET@host/path',
)

/** Origin the server is reached at; a trailing slash is dropped. */
export const publicUrl = rule(
  webUrl,
  (value) => {
    const url = parse(value)
    return url === undefined || (url.origin === value.replace(/\/$/, '').toLowerCase() && url.username === '')
  },
  'must be scheme, host and port only',
  'Remove path, query, user name and default port, e.g. https://login.example.com',
).overwrite((value) => parse(value)?.origin ?? value)

const scriptSchemes = new Set(['javascript:', 'data:', 'vbscript:', 'file:', 'blob:', 'about:'])

/** Where a browser may be sent back to: compared exactly, so no wildcard; no fragment (RFC 6749 section 3.1.2). */
export const redirectUri = rule(
  rule(
    z.string(),
    (value) => parse(value) !== undefined && !scriptSchemes.has(parse(value)?.protocol ?? ''),
    'is no absolute URL a browser may be sent to',
    'Write it whole, e.g. https://app.example/callback or com.example.app:/callback',
  ),
  (value) => !value.includes('#') && !value.includes('*'),
  'holds a fragment or a wildcard',
  'Addresses are compared exactly: list each one, without "#" and "*"',
)

/** Address this server itself calls: https, or a server on the machine itself. */
export const backchannelUri = rule(
  rule(
    redirectUri,
    (value) => {
      const url = parse(value)
      const local = url?.hostname === 'localhost' || url?.hostname === '127.0.0.1'
      return url?.protocol === 'https:' || (url?.protocol === 'http:' && local)
    },
    'is no https address',
    'Write it whole, e.g. https://app.example/backchannel-logout',
  ),
  // It is shown to whoever may read settings (S-140).
  (value) => parse(value)?.username === '' && parse(value)?.password === '',
  'holds a user or a password',
  'Leave them out: what is sent there is signed',
)

/** Origin of a page that may call the server from a browser. */
export const origin = rule(
  z.string(),
  (value) => /^[a-z][a-z0-9+.-]*:\/\/[^/?#*\s]+$/i.test(value) && !scriptSchemes.has(parse(value)?.protocol ?? ''),
  'is no origin',
  'Write scheme, host and port only, without a path or a final slash, e.g. https://app.example',
)

/** Origin that may use keys: of a page, or of a native application by the hash of its signing key. */
export const keyOrigin = rule(
  z.string(),
  (value) => /^https:\/\/[^/?#*\s]+$/i.test(value) || /^android:apk-key-hash:[A-Za-z0-9_-]{43}$/.test(value),
  'is no origin that can use keys',
  'Write https://host[:port] without a path, or android:apk-key-hash:<43 characters of base64url>',
)

/** A certificate in PEM. */
export const certificate = rule(
  z.string().trim(),
  (value) => /^-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----$/.test(value),
  'is no certificate in PEM',
  'Begin with -----BEGIN CERTIFICATE----- and end with -----END CERTIFICATE-----; one certificate each',
)

/** The model of an authenticator (W3C Web Authentication Level 3, section 6.5.1). */
export const aaguid = rule(
  z.string().toLowerCase(),
  (value) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value),
  'is no AAGUID',
  'Write it as a UUID, e.g. 08987058-cadc-4b81-b6e1-30de50dcbe96',
)

/** Address of a delivery provider; its scheme chooses the provider. */
export const deliveryUrl = rule(
  z.string(),
  (value) => /^[a-z][a-z0-9+.-]*:/.test(value),
  'is no delivery address',
  'Begin with the provider\'s scheme, e.g. smtp://mail.example:587 or "console:"',
)

/** Where a channel's messages leave by: one provider, or several in the order they are tried. */
export const deliveryUrls = z.union([deliveryUrl, z.array(deliveryUrl).min(1)])

export const email = rule(
  z.string().max(254),
  (value) => /^[^\s@]+@[^\s@]+$/u.test(value) && noControl(value),
  'is no e-mail address',
  'Write name@host',
)

export const phoneNumber = rule(
  z.string(),
  (value) => /^\+[1-9]\d{6,14}$/.test(value),
  'is no international phone number (E.164)',
  'Write "+", country code and digits without spaces, in quotes, e.g. "+15555550100"',
)

export const phonePrefix = rule(
  z.string(),
  (value) => /^\+[1-9]\d{0,14}$/.test(value),
  'is no phone number prefix',
  'Write "+" and digits, in quotes, e.g. "+1555666"',
)

const countries: ReadonlySet<string> = new Set(getCountries())

export const country = rule(
  z.string(),
  (value) => countries.has(value),
  'is no ISO 3166 country code',
  'Write two capital letters, e.g. DE',
)

/** Scope names are separated by blanks on the wire (RFC 6749 section 3.3). */
export const scope = rule(
  z.string(),
  (value) => /^[\x21\x23-\x5B\x5D-\x7E]{1,256}$/.test(value),
  'is no scope name',
  'Use printable ASCII without blanks, quotes and backslashes; list each scope by itself',
)

/** TOTP secret in base32; blanks, hyphens and padding are dropped. 128 bits at least (S-9, operating contract 6.11). */
export const totpSecret = rule(
  rule(
    z.string(),
    (value) => /^[A-Z2-7]+$/.test(bareBase32(value)),
    'is not base32',
    'Write the letters A to Z and digits 2 to 7 your authenticator shows, in quotes',
  ),
  (value) => Math.floor((bareBase32(value).length * 5) / 8) * 8 >= 128,
  'is shorter than 128 bits',
  'Use a secret of 26 base32 characters or more (32 is usual), or enrol the user anew',
).overwrite(bareBase32)

function bareBase32(value: string): string {
  return value.toUpperCase().replace(/[\s-]|(?<!=)=+$/g, '')
}

/** PHC string or bcrypt hash as other systems export them. */
export const passwordHash = rule(
  z.string().max(1024),
  (value) =>
    /^\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}$/.test(value) || /^\$[a-z0-9-]{1,32}\$[A-Za-z0-9+/=$,.:_-]+$/.test(value),
  'is no password hash this server can read',
  'Give a bcrypt hash ($2b$…) or a PHC string ($argon2id$…, $scrypt$…, $pbkdf2-sha256$…), or use "password"',
)

/** Lifetime in whole seconds. */
export const seconds = (least: number, most: number) => z.int().min(least).max(most)

function parse(value: string): URL | undefined {
  return URL.parse(value) ?? undefined
}
