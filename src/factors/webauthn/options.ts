import type { Asked, Asking, Enrolled, EnrolRequest, FactorTools, Memory, Site } from '#ports/factor.ts'
import { offeredAlgorithms } from './algorithms.ts'
import { textOf } from './response.ts'
import { type CreateState, type Credential, credentialOf, type GetState } from './stored.ts'

/** How long a ceremony may take, ms (S-89). */
const timeout = 300_000
/** Random bytes of a challenge (S-89), and of a user handle (S-94: at most 64). */
const challengeBytes = 32
const handleBytes = 32

function siteOf({ site }: FactorTools): Site {
  if (site === undefined) throw new Error('a key cannot be asked without the address it is asked for')
  return site
}

const descriptor = ({ id, transports }: Credential) => ({
  type: 'public-key',
  id,
  ...(transports.length > 0 && { transports }),
})

const credentialsOf = (memories: readonly (Memory | undefined)[]): readonly Credential[] =>
  memories.flatMap((it) => credentialOf(it) ?? [])

/**
 * Options for `navigator.credentials.create` (section 5.4, as JSON), and what their answer is held against. The user
 * handle is random and the same for all keys of a user here; it says nothing about anybody (S-94).
 */
export function beginCreation(request: EnrolRequest, tools: FactorTools): Enrolled {
  const { rpId, origins, rule } = siteOf(tools)
  const known = credentialsOf(request.others ?? [])
  const handle = known[0]?.handle ?? textOf(tools.random.bytes(handleBytes))
  const challenge = textOf(tools.random.bytes(challengeBytes))
  const { discoverable, attachment } = request.key ?? {}
  const wish = { ...(discoverable === true && { discoverable }), ...(attachment && { attachment }) }
  // A key that stands alone has to make sure of its user, whatever the tenant asks of others (S-96).
  const verify = rule?.userVerification === 'required' || discoverable === true
  const attested = rule?.attestation === 'required'
  const state: CreateState = {
    ceremony: 'create',
    challenge,
    rpId,
    origins: [...origins],
    verify,
    handle,
    attested,
    roots: attested ? [...(rule?.roots ?? [])] : [],
    ...(rule?.models && { models: [...rule.models] }),
    ...wish,
  }
  const publicKey = {
    rp: { id: rpId, name: request.issuer },
    user: { id: handle, name: request.account, displayName: request.account },
    challenge,
    pubKeyCredParams: offeredAlgorithms.map((alg) => ({ type: 'public-key', alg })),
    timeout,
    excludeCredentials: known.filter((it) => it.rpId === rpId).map(descriptor),
    authenticatorSelection: {
      ...(attachment && { authenticatorAttachment: attachment }),
      residentKey: discoverable === true ? 'required' : 'preferred',
      requireResidentKey: discoverable === true,
      userVerification: verify ? 'required' : 'preferred',
    },
    attestation: attested ? 'direct' : 'none',
    extensions: { credProps: true },
  }
  return { memory: wish, challenge: { ...state }, show: { publicKey } }
}

/** Options for `navigator.credentials.get` (section 5.5, as JSON): any key of the user may answer. */
export function beginAssertion({ memory, others }: Asking, tools: FactorTools): Asked {
  const { rpId, rule } = siteOf(tools)
  const own = credentialsOf([memory, ...(others ?? [])]).filter((it) => it.rpId === rpId)
  return request(tools, own, rule?.userVerification === 'required')
}

/** The same where nobody has been named: the key says whose it is, and has to make sure of them (S-96). */
export const beginDiscovery = (tools: FactorTools): Asked => request(tools, undefined, true)

function request(tools: FactorTools, own: readonly Credential[] | undefined, verify: boolean): Asked {
  const { rpId, origins } = siteOf(tools)
  const challenge = textOf(tools.random.bytes(challengeBytes))
  const state: GetState = {
    ceremony: 'get',
    challenge,
    rpId,
    origins: [...origins],
    verify,
    ...(own && { allowed: own.map((it) => it.id) }),
  }
  const publicKey = {
    challenge,
    rpId,
    timeout,
    allowCredentials: (own ?? []).map(descriptor),
    userVerification: verify ? 'required' : 'preferred',
  }
  return { challenge: { ...state }, show: { publicKey } }
}
