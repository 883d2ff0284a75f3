import { verifyRegistrationResponse } from '@simplewebauthn/server'
import { convertAAGUIDToString, decodeAttestationObject } from '@simplewebauthn/server/helpers'
import * as z from 'zod'
import { offeredAlgorithms } from './algorithms.ts'
import { isTrustedChain } from './attestation.ts'
import { authenticatorFault, readAuthenticatorData } from './authenticator-data.ts'
import { countCbor } from './cbor.ts'
import { clientDataFault } from './client-data.ts'
import { isOfferedKey } from './cose-key.ts'
import type { Fault, Faulty } from './fault.ts'
import { isNameless, isSignedByU2f } from './fido-u2f.ts'
import { bytesOf, type Creation, creation, textOf, unwrap } from './response.ts'
import type { CreateState, Credential } from './stored.ts'

/** A key that passed every check of section 7.1. */
export interface Created {
  readonly ceremony: 'create'
  readonly challenge: string
  readonly credential: Credential
  readonly userVerified: boolean
}

/** Formats whose statements are judged. Statements of others would make the server call addresses their sender chose. */
const judgedFormats: ReadonlySet<string> = new Set(['none', 'packed', 'fido-u2f', 'apple', 'tpm'])
/** Without a demand for attestation these are judged nevertheless; any other statement is neither asked for nor believed. */
const plainFormats: ReadonlySet<string> = new Set(['none', 'packed'])

/**
 * Judges a new key (W3C Web Authentication Level 3, section 7.1). Each check is made here and named; the library reads
 * the attestation statement and makes them once more. That the id is new is for the store to say (step 26).
 */
export async function examineCreation(state: CreateState, proof: unknown): Promise<Created | Faulty> {
  const sent = creation.safeParse(unwrap(proof)).data
  if (sent === undefined) return { fault: 'unreadable' }
  const spoken = clientDataFault(sent.response.clientDataJSON, 'webauthn.create', state)
  if (spoken !== undefined) return { fault: spoken }
  const object = readObject(bytesOf(sent.response.attestationObject))
  if (object === undefined) return { fault: 'unreadable' }
  const fault = authenticatorFault(object.data, state)
  if (fault !== undefined) return { fault }
  const { flags, credentialID, credentialPublicKey, aaguid, counter } = object.data
  if (credentialID === undefined || credentialPublicKey === undefined || aaguid === undefined) {
    return { fault: 'unreadable' }
  }
  if (textOf(credentialID) !== sent.id) return { fault: 'credential' }
  if (!isOfferedKey(credentialPublicKey)) return { fault: 'algorithm' }
  const model = convertAAGUIDToString(aaguid)
  if (state.models !== undefined && !state.models.includes(model)) return { fault: 'model' }
  // What such a key says of its model and of its user is in no signature.
  const old = state.attested && object.format === 'fido-u2f'
  if (old && state.models !== undefined && !isNameless(aaguid)) return { fault: 'model' }
  if (old && state.verify) return { fault: 'verification' }
  const userVerified = flags.uv && !old
  const unattested = await attestationFault(state, sent, object)
  if (unattested !== undefined) return { fault: unattested }
  return {
    ceremony: 'create',
    challenge: state.challenge,
    userVerified,
    credential: {
      handle: state.handle,
      rpId: state.rpId,
      id: sent.id,
      publicKey: textOf(credentialPublicKey),
      counter,
      transports: sent.response.transports ?? [],
      aaguid: model,
      backupEligible: flags.be,
      backedUp: flags.bs,
      uvInitialized: userVerified,
      attested: state.attested,
      ...kindOf(state, sent),
    },
  }
}

/** By what was wished for, else by what the browser says; nothing hangs on it but how the key is called. */
function kindOf(state: CreateState, { authenticatorAttachment: said, clientExtensionResults: results }: Creation) {
  const resident = z.object({ credProps: z.object({ rk: z.literal(true) }) }).safeParse(results).success
  const attachment = state.attachment ?? (said === 'platform' || said === 'cross-platform' ? said : undefined)
  return {
    ...((state.discoverable === true || resident) && { discoverable: true }),
    ...(attachment && { attachment }),
  }
}

type Parsed = NonNullable<ReturnType<typeof readObject>>

function readObject(bytes: Uint8Array<ArrayBuffer>) {
  if (countCbor(bytes) !== 1) return undefined
  try {
    const object = decodeAttestationObject(bytes)
    const format: unknown = object.get('fmt')
    const statement: unknown = object.get('attStmt')
    const authData: unknown = object.get('authData')
    if (typeof format !== 'string' || !(statement instanceof Map) || !(authData instanceof Uint8Array)) return undefined
    const data = readAuthenticatorData(new Uint8Array(authData))
    return data && { format, statement: statement as ReadonlyMap<string, unknown>, data }
  } catch {
    return undefined
  }
}

/** The statement: good by its own format, and where attestation is required, by a maker the tenant trusts (S-93). */
async function attestationFault(state: CreateState, sent: Creation, object: Parsed): Promise<Fault | undefined> {
  const { format, statement } = object
  if (state.attested) {
    const chain = chainOf(statement)
    const judged = format !== 'none' && judgedFormats.has(format) && chain !== undefined
    if (!judged || !(await isTrustedChain(chain, state.roots))) return 'attestation'
    if (format === 'fido-u2f') {
      const signed = await isSignedByU2f(statement, object.data, bytesOf(sent.response.clientDataJSON))
      return signed ? undefined : 'attestation'
    }
  } else if (!plainFormats.has(format)) return undefined
  return (await libraryAgrees(state, sent)) ? undefined : 'attestation'
}

function chainOf(statement: ReadonlyMap<string, unknown>): readonly Uint8Array<ArrayBuffer>[] | undefined {
  const chain = statement.get('x5c')
  if (!Array.isArray(chain) || chain.length === 0 || chain.length > 8) return undefined
  return chain.every((it) => it instanceof Uint8Array) ? chain.map((it) => new Uint8Array(it)) : undefined
}

async function libraryAgrees(state: CreateState, sent: Creation): Promise<boolean> {
  const { clientDataJSON, attestationObject } = sent.response
  try {
    const { verified } = await verifyRegistrationResponse({
      response: {
        id: sent.id,
        rawId: sent.rawId,
        type: sent.type,
        clientExtensionResults: {},
        response: { clientDataJSON, attestationObject },
      },
      expectedChallenge: state.challenge,
      expectedOrigin: [...state.origins],
      expectedRPID: state.rpId,
      requireUserVerification: state.verify,
      supportedAlgorithmIDs: [...offeredAlgorithms],
    })
    return verified
  } catch {
    return false
  }
}
