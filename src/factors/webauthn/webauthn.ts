import type { CheckRequest, Factor, KeyFacts, Memory, Verdict } from '#ports/factor.ts'
import type { Asserted } from './asserted.ts'
import type { Created } from './created.ts'
import type { Faulty } from './fault.ts'
import { beginAssertion, beginCreation, beginDiscovery } from './options.ts'
import { keyOf, keyOfCredential } from './response.ts'
import { type Credential, createState, credentialOf, getState, pending } from './stored.ts'

type Evidence = Created | Asserted | Faulty

/**
 * Security keys, and passkeys on telephones and computers (W3C Web Authentication Level 3). With the user verified by
 * the key a proof is two factors in one (assurance.md §1).
 */
export const webauthn: Factor = {
  kind: 'webauthn',
  traits: {
    proof: 'assertion',
    channel: 'device',
    amr: ['pop', 'user'],
    assurance: 'possession',
    secondChannel: false,
    independent: true,
    enrollable: true,
    phishingResistant: true,
    rank: 10,
  },
  enrol: beginCreation,
  ask: beginAssertion,
  discover: beginDiscovery,
  keyOf,
  keyFacts,
  examine,
  check,
}

/**
 * Signatures take a while: they are checked before the attempt is spent. The library that reads them comes with the
 * first one: it takes 200 ms and 28 MB to load, and many servers never see a key.
 */
async function examine({ challenge, memory, proof }: Omit<CheckRequest, 'evidence'>): Promise<Evidence> {
  const creating = createState.safeParse(challenge).data
  if (creating !== undefined) return await (await import('./created.ts')).examineCreation(creating, proof)
  const getting = getState.safeParse(challenge).data
  const credential = credentialOf(memory)
  if (getting === undefined || credential === undefined) return { fault: 'unreadable' }
  return await (await import('./asserted.ts')).examineAssertion(getting, credential, proof)
}

function check({ challenge, memory, evidence }: CheckRequest): Verdict {
  const found = evidence as Evidence | undefined
  if (found === undefined || 'fault' in found || found.challenge !== challenge?.challenge) return { is: 'wrong' }
  if (found.ceremony === 'create') return registered(found)
  const credential = credentialOf(memory)
  return credential === undefined || credential.id !== found.id ? { is: 'wrong' } : used(found, credential)
}

function registered({ credential, userVerified }: Created): Verdict {
  return {
    is: 'right',
    memory: { ...credential },
    key: keyOfCredential(credential.id),
    proved: provedBy(credential, userVerified),
  }
}

/**
 * The counter is compared here, with the row that is about to be written (S-91). One that does not grow means that two
 * devices hold the key: one that cannot be copied is not to be believed again.
 */
function used({ counter, backedUp, userVerified }: Asserted, credential: Credential): Verdict {
  const counts = counter !== 0 || credential.counter !== 0
  if (counts && counter <= credential.counter) return { is: 'wrong', suspend: !credential.backupEligible }
  const uvInitialized = credential.uvInitialized || userVerified
  return {
    is: 'right',
    memory: { ...credential, counter, backedUp, uvInitialized },
    proved: provedBy(credential, userVerified),
  }
}

/** `amr` by assurance.md §2: a key is hardware when its maker says so and it cannot be copied. */
function provedBy({ attested, backupEligible }: Credential, userVerified: boolean) {
  const hardware = attested && !backupEligible
  if (!userVerified) return { amr: [hardware ? 'hwk' : 'pop', 'user'], hardware }
  return { amr: ['pop', 'user', hardware ? 'hwk' : 'swk'], userVerified, hardware }
}

function keyFacts(memory: Memory | undefined): KeyFacts {
  const credential = credentialOf(memory)
  if (credential === undefined) {
    const { discoverable = false, attachment } = pending.safeParse(memory).data ?? {}
    return { discoverable, ...(attachment && { attachment }), backupEligible: false, backedUp: false, transports: [] }
  }
  const { id, publicKey, discoverable = false, attachment, backupEligible, backedUp, transports } = credential
  const { handle, aaguid, rpId } = credential
  const kind = { discoverable, ...(attachment && { attachment }) }
  return { id, publicKey, ...kind, backupEligible, backedUp, transports, handle, aaguid, rpId }
}
