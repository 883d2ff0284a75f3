import { hotp, totpStep } from '#crypto/totp.ts'
import { type CaseName, email, fixed, type Target, ticket } from './plan.ts'

const oidcGrants = { 'mfa-otp': 'urn:bench:mfa-otp', challenge: 'urn:bench:challenge', password: 'urn:bench:password' }
const auth0 = 'http://auth0.com/oauth/grant-type'

let codeStep = -1
let code = ''

/** The code all users' apps show now. */
function codeNow(): string {
  const step = totpStep(Date.now())
  if (step !== codeStep) {
    codeStep = step
    code = hotp(fixed.totpSecret, step)
  }
  return code
}

function fields(name: CaseName, target: Target, i: number): Record<string, string> {
  const client = { client_id: fixed.client, client_secret: fixed.secret }
  const provider = target === 'oidc-provider'
  switch (name) {
    case 'mfa-otp':
      return {
        grant_type: provider ? oidcGrants['mfa-otp'] : `${auth0}/mfa-otp`,
        ...client,
        mfa_token: ticket(i),
        otp: codeNow(),
      }
    case 'challenge':
      return {
        ...(provider && { grant_type: oidcGrants.challenge }),
        ...client,
        mfa_token: ticket(i),
        challenge_type: 'oob',
        oob_channel: 'sms',
      }
    case 'password':
      return {
        grant_type: provider ? oidcGrants.password : 'password',
        ...client,
        username: email(i),
        password: fixed.password,
        scope: fixed.scope,
        audience: fixed.audience,
      }
  }
}

/** Request number `i` as bytes. */
export function request(name: CaseName, target: Target, i: number): Buffer {
  const body = new URLSearchParams(fields(name, target, i)).toString()
  const path = target === 'oidc-provider' ? '/token' : name === 'challenge' ? '/mfa/challenge' : '/oauth/token'
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench\r\naccept: application/json\r\n` +
      `content-type: application/x-www-form-urlencoded\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    'latin1',
  )
}

/** The status that says that all went well. */
export const wanted: Readonly<Record<CaseName, number>> = { 'mfa-otp': 200, challenge: 200, password: 403 }
/** A word the answer must hold. */
export const wantedWord: Readonly<Record<CaseName, string>> = {
  'mfa-otp': 'refresh_token',
  challenge: 'oob_code',
  password: 'mfa_required',
}
