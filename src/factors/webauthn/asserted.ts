import { verifyAuthenticationResponse } from '@simplewebauthn/server'
import { authenticatorFault, readAuthenticatorData } from './authenticator-data.ts'
import { clientDataFault } from './client-data.ts'
import type { Fault, Faulty } from './fault.ts'
import { type Assertion, assertion, bytesOf, unwrap } from './response.ts'
import type { Credential, GetState } from './stored.ts'

/** A use of a key that passed every check of section 7.2 but the counter's, which is judged where it is written. */
export interface Asserted {
  readonly ceremony: 'get'
  readonly challenge: string
  readonly id: string
  readonly counter: number
  readonly backedUp: boolean
  readonly userVerified: boolean
}

/**
 * Judges the use of a key (W3C Web Authentication Level 3, section 7.2). Each check is made here and named; the library
 * checks the signature and makes them once more.
 */
export async function examineAssertion(
  state: GetState,
  credential: Credential,
  proof: unknown,
): Promise<Asserted | Faulty> {
  const sent = assertion.safeParse(unwrap(proof)).data
  if (sent === undefined) return { fault: 'unreadable' }
  const fault =
    credentialFault(state, credential, sent) ?? clientDataFault(sent.response.clientDataJSON, 'webauthn.get', state)
  if (fault !== undefined) return { fault }
  const data = readAuthenticatorData(bytesOf(sent.response.authenticatorData))
  if (data === undefined) return { fault: 'unreadable' }
  const wrong = authenticatorFault(data, state)
  if (wrong !== undefined) return { fault: wrong }
  const { flags, counter } = data
  if (flags.be !== credential.backupEligible) return { fault: 'backup' }
  if (!(await isSigned(state, credential, sent))) return { fault: 'signature' }
  return {
    ceremony: 'get',
    challenge: state.challenge,
    id: credential.id,
    counter,
    backedUp: flags.bs,
    userVerified: flags.uv,
  }
}

/** Steps 5 to 7: one of those that were asked, of this domain, and its owner's. */
function credentialFault({ allowed, rpId }: GetState, credential: Credential, sent: Assertion): Fault | undefined {
  if (sent.id !== credential.id || (allowed !== undefined && !allowed.includes(sent.id))) return 'credential'
  if (credential.rpId !== rpId) return 'site'
  const { userHandle } = sent.response
  // Whoever was not named before has to be named by the key.
  const named = allowed !== undefined && (userHandle === undefined || userHandle === null)
  return named || userHandle === credential.handle ? undefined : 'owner'
}

async function isSigned(state: GetState, credential: Credential, sent: Assertion): Promise<boolean> {
  const { clientDataJSON, authenticatorData, signature } = sent.response
  try {
    const { verified } = await verifyAuthenticationResponse({
      response: {
        id: sent.id,
        rawId: sent.rawId,
        type: sent.type,
        clientExtensionResults: {},
        response: { clientDataJSON, authenticatorData, signature },
      },
      expectedChallenge: state.challenge,
      expectedOrigin: [...state.origins],
      expectedRPID: state.rpId,
      requireUserVerification: state.verify,
      // Zero: the counter is compared in the change that writes it, since another use may come first (S-91).
      credential: { id: credential.id, publicKey: bytesOf(credential.publicKey), counter: 0 },
    })
    return verified
  } catch {
    return false
  }
}
