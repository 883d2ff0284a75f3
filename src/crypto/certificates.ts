import { createPrivateKey, generateKeyPair, type KeyObject, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
// The certificate library's own container needs this first.
import 'reflect-metadata'

import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  X509Certificate as X509Data,
} from '@peculiar/x509'
import { systemRandom } from './random.ts'

// Heavy to load, and only development TLS needs it: import this file when a certificate is due, not at the start.

/** A certificate and its private key (PKCS #8), both as PEM text. */
export interface CertifiedKey {
  readonly certificatePem: string
  readonly privateKeyPem: string
}

/** The private authority of one development machine. */
export type LocalCa = CertifiedKey

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const CA_YEARS = 10
/** Apple's systems refuse server certificates that are valid for longer, even under a private authority. */
const MAX_LEAF_DAYS = 825
/** How a development server is always reached, whatever other names it has. */
const LOOPBACK = ['localhost', '127.0.0.1', '::1'] as const

const newPair = promisify(generateKeyPair)
const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/**
 * A certificate authority for development: ECDSA P-256, valid for ten years, unable to make further authorities.
 * `now` in milliseconds.
 */
export async function makeLocalCa({ commonName, now }: { commonName: string; now: number }): Promise<LocalCa> {
  const { publicKey, privateKey } = await newPair('ec', { namedCurve: 'P-256' })
  const keys = { publicKey: await usable(publicKey), privateKey: await usable(privateKey) }
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: named(commonName),
    notBefore: new Date(now - HOUR_MS),
    notAfter: new Date(new Date(now).setUTCFullYear(new Date(now).getUTCFullYear() + CA_YEARS)),
    signingAlgorithm: ecdsa,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificatePem: pemOf(certificate), privateKeyPem: privatePem(privateKey) }
}

/** What a server certificate is to say. */
export interface ServerCertificateOptions {
  readonly ca: LocalCa
  /** Host names and addresses; localhost, 127.0.0.1 and ::1 are always added. */
  readonly hosts: readonly string[]
  /** Milliseconds. */
  readonly now: number
  /** Days of life, 1 to 825. */
  readonly days?: number
}

/**
 * A server certificate with a fresh P-256 key, signed by a local authority.
 * @throws RangeError for a life outside its bounds.
 */
export async function issueServerCertificate({
  ca,
  hosts,
  now,
  days = 90,
}: ServerCertificateOptions): Promise<CertifiedKey> {
  if (!(days >= 1 && days <= MAX_LEAF_DAYS)) throw new RangeError(`days must be 1 to ${MAX_LEAF_DAYS}`)
  const issuer = new X509Data(ca.certificatePem)
  const { publicKey, privateKey } = await newPair('ec', { namedCurve: 'P-256' })
  const usablePublic = await usable(publicKey)
  const names = allHosts(hosts)
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: named((names[0] as string).slice(0, 64)),
    issuer: issuer.subjectName,
    notBefore: new Date(now - HOUR_MS),
    notAfter: new Date(Math.min(now + days * DAY_MS, issuer.notAfter.getTime())),
    signingAlgorithm: ecdsa,
    publicKey: usablePublic,
    signingKey: await usable(createPrivateKey(ca.privateKeyPem)),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
      ),
      await SubjectKeyIdentifierExtension.create(usablePublic),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  return { certificatePem: pemOf(certificate), privateKeyPem: privatePem(privateKey) }
}

/**
 * Whether a stored server certificate still serves: signed by this authority, belonging to its key, good for every
 * host, and valid for another day. False also for text that is no certificate.
 */
export function serverCertificateFits({
  certificate,
  ca,
  hosts,
  now,
}: {
  readonly certificate: CertifiedKey
  readonly ca: LocalCa
  readonly hosts: readonly string[]
  readonly now: number
}): boolean {
  try {
    const leaf = new X509Certificate(certificate.certificatePem)
    const authority = new X509Certificate(ca.certificatePem)
    const covers = (host: string): boolean =>
      (isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host)) !== undefined
    return (
      leaf.verify(authority.publicKey) &&
      leaf.checkPrivateKey(createPrivateKey(certificate.privateKeyPem)) &&
      leaf.validFromDate.getTime() <= now &&
      leaf.validToDate.getTime() >= now + DAY_MS &&
      allHosts(hosts).every(covers)
    )
  } catch {
    return false
  }
}

/** The names without repetition, IPv6 addresses without their brackets, the loopback names last. */
function allHosts(hosts: readonly string[]): readonly string[] {
  return [...new Set([...hosts.map((host) => host.replace(/^\[(.*)\]$/, '$1')), ...LOOPBACK])]
}

/** Given as parts and not as text: a name with a comma or quotes in it stays one name. */
function named(commonName: string): Name {
  return new Name([{ CN: [{ utf8String: commonName }] }])
}

/** 126 random bits with the first bits 01: positive, never shortened (RFC 5280 section 4.1.2.2). */
function newSerial(): string {
  const bytes = Buffer.from(systemRandom.bytes(16))
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40
  return bytes.toString('hex')
}

function usable(key: KeyObject): Promise<CryptoKey> {
  const data = key.export(key.type === 'public' ? { type: 'spki', format: 'der' } : { type: 'pkcs8', format: 'der' })
  return key.type === 'public'
    ? crypto.subtle.importKey('spki', data, ecdsa, true, ['verify'])
    : crypto.subtle.importKey('pkcs8', data, ecdsa, false, ['sign'])
}

function privatePem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function pemOf(certificate: X509Data): string {
  return `${certificate.toString('pem')}\n`
}
