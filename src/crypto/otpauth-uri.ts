import { base32Encode } from './base32.ts'
import { defaultOtpShape, defaultPeriod, type OtpAlgorithm } from './totp.ts'

/** What an authenticator app is told when its user scans the picture. */
export interface OtpauthOptions {
  /** Parts of the label, normally the issuer and the account name; they are joined by a bare colon. */
  readonly label: readonly string[]
  readonly secret: Uint8Array
  readonly issuer: string
  readonly algorithm?: OtpAlgorithm
  readonly digits?: number
  /** Seconds. */
  readonly period?: number
}

/**
 * The `otpauth://totp/…` address for an app, its parameters always in the order secret, issuer, algorithm, digits,
 * period. Every part of the label is percent-encoded on its own (a space is %20, an at sign %40): some apps show "+"
 * as it stands.
 */
export function otpauthUri({
  label,
  secret,
  issuer,
  algorithm = defaultOtpShape.algorithm,
  digits = defaultOtpShape.digits,
  period = defaultPeriod,
}: OtpauthOptions): string {
  const path = label.map(percent).join(':')
  const parameters = [
    `secret=${base32Encode(secret)}`,
    `issuer=${percent(issuer)}`,
    `algorithm=${algorithm}`,
    `digits=${digits}`,
    `period=${period}`,
  ]
  return `otpauth://totp/${path}?${parameters.join('&')}`
}

/** Percent-encoding of RFC 3986: `encodeURIComponent` leaves five reserved marks alone, and throws on half a character. */
function percent(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
