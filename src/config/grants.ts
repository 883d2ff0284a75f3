const auth0 = 'http://auth0.com/oauth/grant-type'
const ietf = 'urn:ietf:params:oauth:grant-type'

/** Every grant type an application may be given, as it stands on the wire. Auth0's names are in auth0.md section 1.4. */
export const grantTypes = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'password',
  `${auth0}/password-realm`,
  `${auth0}/mfa-otp`,
  `${auth0}/mfa-oob`,
  `${auth0}/mfa-recovery-code`,
  `${auth0}/passwordless/otp`,
  `${ietf}:device_code`,
  `${ietf}:token-exchange`,
  'urn:okta:params:oauth:grant-type:webauthn',
] as const

export type GrantType = (typeof grantTypes)[number]

/** Short names of the configuration file, each with the grants it stands for. */
export const grantNames = {
  password: ['password', `${auth0}/password-realm`],
  mfa: [`${auth0}/mfa-otp`, `${auth0}/mfa-oob`, `${auth0}/mfa-recovery-code`],
  passwordless: [`${auth0}/passwordless/otp`],
  device_code: [`${ietf}:device_code`],
  token_exchange: [`${ietf}:token-exchange`],
  webauthn: ['urn:okta:params:oauth:grant-type:webauthn'],
} as const satisfies Record<string, readonly GrantType[]>

/** What `grant_types` accepts: short names and full ones. */
export const grantWords = [...new Set([...(Object.keys(grantNames) as (keyof typeof grantNames)[]), ...grantTypes])]

/** Full names for a list of short and full ones, each once, in order. */
export function expandGrants(words: readonly (GrantType | keyof typeof grantNames)[]): readonly GrantType[] {
  return [...new Set(words.flatMap((word): readonly GrantType[] => (isShort(word) ? grantNames[word] : [word])))]
}

function isShort(word: string): word is keyof typeof grantNames {
  return Object.hasOwn(grantNames, word)
}
