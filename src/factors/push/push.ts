import { z } from 'zod'
import type {
  Asked,
  Asking,
  CheckRequest,
  Enrolled,
  Factor,
  FactorTools,
  Heard,
  Memory,
  Occasion,
  Verdict,
} from '#ports/factor.ts'
import { type DeviceKey, enrolmentKey, hear, namesIn } from './statement.ts'
import { askState, enrolState, occasion, readSubscription, subscription, writeSubscription } from './stored.ts'

/** Digits of the number that is typed on the device: six, so that the approval counts for AAL2 (S-86). */
const numberDigits = 6
/** Where a device begins (docs/push.md); what comes after `#` never reaches a server or a log. */
const devicePage = '/u/authenticator'

/** A heard statement, with the key that signed it. */
interface Evidence extends Heard {
  readonly jwk: DeviceKey
}

/**
 * Approval on a device of the user's that holds a key of its own: the number shown at the login is typed there, and number,
 * occasion and decision are signed (S-86, S-88). There is no plain yes.
 */
export const push: Factor = {
  kind: 'push',
  traits: {
    proof: 'approval',
    channel: 'push',
    amr: ['swk'],
    assurance: 'possession',
    secondChannel: true,
    independent: true,
    enrollable: true,
    rank: 15,
  },
  enrol,
  ask,
  examine,
  check,
  devices: {
    names: namesIn,
    hear,
    told(challenge) {
      const state = askState.safeParse(challenge).data
      return state === undefined ? undefined : { ...state.occasion, nonce: state.nonce }
    },
    alerted(says) {
      if (says.subscription === null) return new Uint8Array()
      const parsed = subscription.safeParse(says.subscription).data
      return parsed === undefined ? undefined : writeSubscription(parsed)
    },
  },
}

/** The secret that binds a device has 256 bits, is good once and for as long as a code is (S-70). */
function enrol(_request: unknown, tools: FactorTools): Enrolled {
  const secret = tools.random.token()
  return {
    key: enrolmentKey(secret),
    memory: {},
    challenge: { ceremony: 'enrol', mac: tools.mac.make(secret) },
    show: { uri: `${tools.home ?? ''}${devicePage}#enrol=${secret}` },
  }
}

function ask({ secret, occasion }: Asking, tools: FactorTools): Asked {
  const number = tools.random.digits(numberDigits)
  const reach = readSubscription(secret)
  return {
    challenge: {
      ceremony: 'ask',
      nonce: tools.random.token(),
      mac: tools.mac.make(number),
      occasion: occasion ?? { application: '', place: '', at: tools.now },
    },
    show: { number },
    ...(reach && { alert: { to: reach.endpoint, keys: reach.keys } }),
  }
}

/** Signatures are checked before the attempt is spent: at an enrolment by the key that is brought, later by the known one. */
async function examine({ challenge, memory, proof }: Omit<CheckRequest, 'evidence'>): Promise<Evidence | undefined> {
  const isEnrolment = enrolState.safeParse(challenge).success
  const heard = await hear(proof, isEnrolment ? undefined : (memory ?? {}))
  const jwk = (isEnrolment ? heard?.says.jwk : memory?.jwk) as DeviceKey
  return heard && { ...heard, jwk }
}

function check({ challenge, memory, proof, evidence }: CheckRequest, tools: FactorTools): Verdict {
  const starting = enrolState.safeParse(challenge).data
  const asked = askState.safeParse(challenge).data
  if (starting === undefined && asked === undefined) return { is: 'wrong' }
  if (proof === undefined) return { is: 'waiting' }
  const heard = evidence as Evidence | undefined
  if (heard === undefined) return { is: 'wrong' }
  if (starting !== undefined) return enrolled(heard, starting.mac, tools)
  return asked === undefined ? { is: 'wrong' } : decided(heard, asked, memory, tools)
}

const registration = z.object({
  secret: z.string().max(128),
  /** One line, without marks that turn text around. */
  name: z
    .string()
    .max(64)
    .transform((text) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim())
    .optional(),
  subscription: subscription.nullish(),
})

function enrolled({ act, says, jwk, key }: Evidence, mac: string, tools: FactorTools): Verdict {
  const said = registration.safeParse(says).data
  if (act !== 'enrol' || said === undefined || !tools.mac.matches(said.secret, mac)) return { is: 'wrong' }
  const { name } = said
  return {
    is: 'right',
    key,
    memory: { jwk, ...(name && { name }) },
    ...(said.subscription && { secret: writeSubscription(said.subscription) }),
    ...(name && { name }),
  }
}

const decision = z.object({
  nonce: z.string(),
  occasion,
  decision: z.enum(['allow', 'deny', 'report']),
  number: z.string().max(16).optional(),
})

/** A decision counts for the very challenge and occasion that were asked; a yes only with the number of the login page. */
function decided(
  { act, says, jwk }: Evidence,
  asked: z.infer<typeof askState>,
  memory: Memory | undefined,
  tools: FactorTools,
): Verdict {
  const said = decision.safeParse(says).data
  if (act !== 'answer' || said === undefined || !isSameKey(jwk, memory?.jwk)) return { is: 'wrong' }
  if (said.nonce !== asked.nonce || !isSameOccasion(said.occasion, asked.occasion)) return { is: 'wrong' }
  if (said.decision !== 'allow') return { is: 'declined', ...(said.decision === 'report' && { alarm: true }) }
  const right = said.number !== undefined && tools.mac.matches(said.number, asked.mac)
  return right ? { is: 'right' } : { is: 'wrong' }
}

/** The key a statement was checked with is still the one that is remembered. */
const isSameKey = (key: DeviceKey, known: unknown): boolean =>
  key.x === (known as DeviceKey | undefined)?.x && key.y === (known as DeviceKey | undefined)?.y

const isSameOccasion = (one: Occasion, other: Occasion): boolean =>
  one.application === other.application && one.place === other.place && one.at === other.at
