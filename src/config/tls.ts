import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { duplexPair } from 'node:stream'
import { createSecureContext, TLSSocket } from 'node:tls'
import { systemRandom } from '#crypto/random.ts'
import type { Settings } from './load.ts'
import { StartError } from './problem.ts'
import { keepSecretFile } from './secrets.ts'

/** What an https server is given, as PEM text. `ca` is the local authority's certificate, in development only. */
export type TlsMaterial = { readonly cert: string; readonly key: string; readonly ca?: string }

/** TLS for a running server. */
export type Tls = {
  /** What new connections are to be served with now. */
  current(): TlsMaterial
  /** Called with new material after the files changed; answers a function that stops it. */
  onChange(listener: (material: TlsMaterial) => void): () => void
  close(): void
}

export type TlsOptions = {
  /** Real time in ms: certificates are checked against clients' clocks, never the development clock. */
  readonly now: number
  /** Told when changed files cannot be used; the old ones stay in use. */
  readonly onBadFiles?: (reason: string) => void
  /** How often files are looked at, in ms. */
  readonly pollMs?: number
}

const DAY_MS = 86_400_000
/** A development certificate is made anew this long before it ends. */
const RENEW_BEFORE_MS = 30 * DAY_MS
const LEAF_DAYS = 90

/**
 * Certificate and key for https: the configured PEM files, read again when they change, or in development a
 * certificate of the local authority for localhost and every tenant domain.
 * @throws StartError when files cannot be used.
 */
export async function openTls(settings: Settings, options: TlsOptions): Promise<Tls> {
  if (settings.tls !== undefined) return watchFiles(settings.tls, options)
  const material = await developmentTls({
    dir: join(settings.dataDir, 'tls'),
    hosts: tlsHosts(settings),
    now: options.now,
  })
  return { current: () => material, onChange: () => () => {}, close: () => {} }
}

/** Every name the development server is reached by. */
export function tlsHosts({ config, publicUrl, https }: Settings): readonly string[] {
  const bare = new URL(publicUrl).hostname.replace(/^\[|\]$/g, '')
  const listen = https !== undefined && !['0.0.0.0', '::'].includes(https.host) ? [https.host] : []
  return [...new Set(['localhost', '127.0.0.1', '::1', bare, ...listen, ...config.tenants.flatMap((it) => it.domains)])]
}

/**
 * The local authority of this data directory, made once and kept, and a server certificate it signed; that one is made
 * anew when hosts change or it ends within 30 days. Private keys are in files of mode 0600.
 */
export async function developmentTls({
  dir,
  hosts,
  now,
}: {
  readonly dir: string
  readonly hosts: readonly string[]
  readonly now: number
}): Promise<Required<TlsMaterial>> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const ca = await keepCa(dir, now)
  const file = join(dir, 'server.pem')
  const kept = readPair(file)
  if (kept !== undefined && fits(kept, ca, hosts, now)) return { ...kept, ca: ca.cert }
  const { issueServerCertificate } = await import('#crypto/certificates.ts')
  const issued = await issueServerCertificate({
    ca: { certificatePem: ca.cert, privateKeyPem: ca.key },
    hosts,
    now,
    days: LEAF_DAYS,
  })
  const pair = { cert: issued.certificatePem, key: issued.privateKeyPem }
  replaceFile(file, pair.cert + pair.key)
  return { ...pair, ca: ca.cert }
}

type Pair = { readonly cert: string; readonly key: string }

async function keepCa(dir: string, now: number): Promise<Pair> {
  // Certificate and key in one file: two servers that start together agree on both or neither.
  const file = join(dir, 'ca-with-key.pem')
  const kept = readPair(file)
  if (kept !== undefined && describeCertificate(kept).validTo > now + RENEW_BEFORE_MS) return kept
  const { makeLocalCa } = await import('#crypto/certificates.ts')
  // The name tells authorities of several checkouts apart in a browser's list, and a certificate whose it is.
  const commonName = `Polyfactor development CA ${systemRandom.token().slice(0, 8)}`
  const made = await makeLocalCa({ commonName, now })
  const text = made.certificatePem + made.privateKeyPem
  if (kept !== undefined) replaceFile(file, text)
  const found = keepSecretFile(file, () => text)
  if (!found.ok) throw new StartError(found.problem)
  const pair = splitPair(found.value)
  if (pair === undefined) throw broken(file)
  writeFileSync(join(dir, 'ca.pem'), pair.cert, { mode: 0o644 })
  return pair
}

function broken(file: string): StartError {
  return new StartError({ key: file, problem: 'holds no certificate and key', mend: 'Delete it; it is made anew' })
}

function readPair(file: string): Pair | undefined {
  try {
    return splitPair(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

function splitPair(text: string): Pair | undefined {
  const cert = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(`${text}\n`)?.[0]
  const key = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n/.exec(`${text}\n`)?.[0]
  return cert !== undefined && key !== undefined ? { cert, key } : undefined
}

function replaceFile(file: string, text: string): void {
  const draft = `${file}.${process.pid}.new`
  writeFileSync(draft, text, { mode: 0o600, flush: true })
  renameSync(draft, file)
}

function fits(leaf: Pair, ca: Pair, hosts: readonly string[], now: number): boolean {
  try {
    const told = describeCertificate(leaf)
    const same = told.issuer === describeCertificate(ca).subject
    return (
      same && told.validFrom <= now && told.validTo > now + RENEW_BEFORE_MS && hosts.every((it) => covers(told, it))
    )
  } catch {
    return false
  }
}

/** What is to be known of a certificate in use; times in ms. */
export type CertificateFacts = {
  readonly subject: string
  readonly issuer: string
  readonly validFrom: number
  readonly validTo: number
  /** Host names and addresses, in lower case, IPv6 in its short form. */
  readonly names: readonly string[]
}

/**
 * Reads a certificate through the TLS library, which also proves that the key belongs to it. Costs milliseconds,
 * where the library that makes certificates takes a tenth of a second to load.
 * @throws Error for text that is no certificate, or a key of another one.
 */
export function describeCertificate({ cert, key }: Pair): CertificateFacts {
  const socket = new TLSSocket(duplexPair()[0] as never, {
    isServer: true,
    secureContext: createSecureContext({ cert, key }),
  })
  try {
    const told = socket.getCertificate()
    if (told === null || !('valid_to' in told)) throw new Error('no certificate')
    return {
      subject: String(told.subject?.CN ?? ''),
      issuer: String(told.issuer?.CN ?? ''),
      validFrom: Date.parse(told.valid_from),
      validTo: Date.parse(told.valid_to),
      names: (told.subjectaltname ?? '').split(', ').map((entry) => shortName(entry.replace(/^[^:]*:/, ''))),
    }
  } finally {
    socket.destroy()
  }
}

function shortName(name: string): string {
  return isIP(name) === 6 ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name.toLowerCase()
}

/** Whether a certificate serves a host, one wildcard label included (RFC 6125 section 6.4.3). */
export function covers({ names }: CertificateFacts, host: string): boolean {
  const wanted = shortName(host)
  return names.some((name) => name === wanted || (name.startsWith('*.') && wanted.replace(/^[^.]+/, '*') === name))
}

/**
 * Reads the configured PEM files.
 * @throws StartError when they cannot be read, are no PEM, or do not belong together.
 */
export function readTlsFiles(files: { readonly cert: string; readonly key: string }): TlsMaterial {
  const read = (part: 'cert' | 'key'): string => {
    try {
      return readFileSync(files[part], 'utf8')
    } catch (error) {
      const problem = `${files[part]} cannot be read (${(error as { code?: string }).code ?? 'unreadable'})`
      throw new StartError({ key: `tls.${part}`, problem, mend: 'Name a PEM file the server can read' })
    }
  }
  const material = { cert: read('cert'), key: read('key') }
  try {
    describeCertificate(material)
  } catch (error) {
    const mismatch = (error as { code?: string }).code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'
    const problem = mismatch ? `${files.key} is the key of another certificate` : 'cert or key is no PEM file'
    throw new StartError({ key: 'tls', problem, mend: 'Give the certificate chain as cert and its own key as key' })
  }
  return material
}

/**
 * Serves files and looks whether they changed: at what they hold, since the date of a file that is written while the
 * watch begins is the date it begins with. A half-written pair never comes into use, and is reported once.
 */
function watchFiles(files: Pair, { onBadFiles, pollMs = 2000 }: TlsOptions): Tls {
  let material = readTlsFiles(files)
  let seen = `${material.cert}\0${material.key}`
  const listeners = new Set<(material: TlsMaterial) => void>()
  const look = (): void => {
    const text = textOf(files)
    if (text === seen) return
    seen = text
    try {
      const next = readTlsFiles(files)
      if (next.cert === material.cert && next.key === material.key) return
      material = next
      for (const listener of listeners) listener(next)
    } catch (error) {
      onBadFiles?.((error as Error).message)
    }
  }
  const timer = setInterval(look, pollMs).unref()
  return {
    current: () => material,
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: () => clearInterval(timer),
  }
}

/** What both files hold; the name of the error where one cannot be read. */
function textOf({ cert, key }: Pair): string {
  try {
    return `${readFileSync(cert, 'utf8')}\0${readFileSync(key, 'utf8')}`
  } catch (error) {
    return String((error as { code?: string }).code)
  }
}
