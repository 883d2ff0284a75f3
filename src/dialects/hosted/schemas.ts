import { z } from 'zod'

/**
 * What our pages and this server say to each other, in both directions (docs/hosted-api.md). Pages may import the types;
 * answers are written to fit these schemas and tests hold them against each other.
 */

const text = z.string().min(1).max(1_024)

/** How a factor is proved and what carries it; pages are drawn from these and never from a factor's name. */
export const traits = z.strictObject({
  proof: z.enum(['code', 'lookup', 'approval', 'assertion', 'knowledge']),
  channel: z.string(),
  reach: z.enum(['phone', 'email']).optional(),
})

/** One way to prove a second factor. `target` is masked and shown only after the first factor. */
export const option = z.strictObject({
  /** What to send back as `option`. */
  id: z.string(),
  factor: z.string(),
  traits,
  name: z.string().optional(),
  target: z.string().optional(),
  /** Used last, so offered first. */
  preferred: z.boolean(),
})

/** One kind of factor that may be enrolled now. */
export const offer = z.strictObject({ factor: z.string(), traits })

/** A challenge that waits for its proof. */
export const asked = z.strictObject({
  option,
  /** Epoch ms. */
  sentAt: z.number(),
  /** Epoch ms at which the code dies. */
  expiresAt: z.number().optional(),
  /** Epoch ms from which the page offers to send again. */
  resendAt: z.number().optional(),
  /** What the factor wants shown or used: a number to match, options of a security key. */
  show: z.record(z.string(), z.unknown()).optional(),
})

/** An enrolment that waits for its first proof. */
export const enrolling = z.strictObject({
  id: z.string(),
  factor: z.string(),
  traits,
  target: z.string().optional(),
  sentAt: z.number(),
  resendAt: z.number().optional(),
  show: z
    .looseObject({
      /** Base32, for typing. */
      secret: z.string().optional(),
      /** `otpauth://…`, to be drawn as a QR code. */
      uri: z.string().optional(),
    })
    .optional(),
})

export const steps = [
  'identify',
  'password',
  'sign-up',
  'challenge',
  'enrol',
  'recovery-codes',
  'consent',
  'stuck',
  'done',
] as const

/** The state of a sign-in flow: what page to show, and all it needs. */
export const state = z.strictObject({
  step: z.enum(steps),
  /** To be sent with every POST. */
  csrf: z.string(),
  /** Epoch ms after which the flow is over. */
  endsAt: z.number(),
  tenant: z.strictObject({ id: z.string(), name: z.string() }),
  /** The application that is signed in to; its name is text, never markup. */
  application: z.strictObject({ id: z.string(), name: z.string() }),
  hints: z.strictObject({
    login: z.string().optional(),
    screen: z.string().optional(),
    connection: z.string().optional(),
    locales: z.array(z.string()),
  }),
  /** Which other ways the page may offer. */
  can: z.strictObject({
    signUp: z.boolean(),
    resetPassword: z.boolean(),
    rememberDevice: z.boolean(),
    /** Somebody may sign in with a passkey instead of a name and a password. */
    passkey: z.boolean().optional(),
  }),
  /** As typed; or, `known`, the account of the session that is to be confirmed. */
  account: z.strictObject({ login: z.string(), known: z.boolean() }).optional(),
  /** Steps `identify` and `password`, once `passkey` has asked: `publicKey` for `navigator.credentials.get`. */
  passkey: z.strictObject({ show: z.record(z.string(), z.unknown()), expiresAt: z.number() }).optional(),
  /** Steps `challenge` and `enrol`. */
  options: z.array(option).optional(),
  offers: z.array(offer).optional(),
  asked: asked.optional(),
  enrolling: enrolling.optional(),
  /** Step `recovery-codes`: shown until confirmed, then never again. */
  recoveryCodes: z.strictObject({ codes: z.array(z.string()), replaces: z.boolean() }).optional(),
  /** Step `consent`. */
  consent: z.strictObject({ scopes: z.array(z.string()), audience: z.string().optional() }).optional(),
  /** What a key of this browser signs, where it has been trusted before. */
  device: z.strictObject({ nonce: z.string() }).optional(),
  /** Step `stuck`: no way forward from here. */
  reason: z.string().optional(),
  /** Step `done`: where to send the browser (a whole navigation, no fetch). */
  location: z.string().optional(),
})

/** What a refused POST answers; the step has not changed unless `state` says so. */
export const refusal = z.strictObject({
  error: z.string(),
  /** English, for developers; pages have their own words for `error`. */
  message: z.string(),
  /** Seconds. */
  retryAfter: z.number().optional(),
  reason: z.string().optional(),
  state: state.optional(),
})

const publicKey = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string().min(43).max(43),
  y: z.string().min(43).max(43),
})

/** Bodies of `POST /u/api/flows/:flow/<action>`. `csrf` may come here instead of in the header, as forms need it. */
const csrf = { csrf: z.string().max(256).optional() }
export const actions = {
  identify: z.strictObject({ ...csrf, login: text }),
  password: z.strictObject({
    ...csrf,
    login: text.optional(),
    password: z.string().min(1).max(4_096),
    /** Compact JWS over the nonce, by the key of a trusted device. */
    device: z.string().max(2_048).optional(),
  }),
  passkey: z.strictObject({
    ...csrf,
    /** What the passkey answered; absent: ask for one. */
    proof: z.unknown().optional(),
  }),
  'sign-up': z.strictObject({
    ...csrf,
    email: text,
    password: z.string().min(1).max(4_096),
    name: z.string().max(300).optional(),
  }),
  'forgot-password': z.strictObject({ ...csrf, email: text }),
  challenge: z.strictObject({ ...csrf, option: z.string().max(128) }),
  verify: z.strictObject({
    ...csrf,
    /** A code, or what the key answered; absent: ask whether an approval has come. */
    proof: z.unknown().optional(),
    /** For factors proved without a challenge: which. */
    option: z.string().max(128).optional(),
    remember: z.strictObject({ key: publicKey, name: z.string().max(100).optional() }).optional(),
  }),
  enrol: z.strictObject({
    ...csrf,
    factor: z.string().max(64),
    target: z.string().max(320).optional(),
    name: z.string().max(100).optional(),
  }),
  confirm: z.strictObject({ ...csrf, proof: z.unknown().optional() }),
  saved: z.strictObject({ ...csrf }),
  back: z.strictObject({ ...csrf }),
  restart: z.strictObject({ ...csrf }),
  consent: z.strictObject({ ...csrf, agree: z.union([z.boolean(), z.enum(['yes', 'no'])]) }),
  cancel: z.strictObject({ ...csrf }),
} as const

/** One authenticator in the account portal. */
export const factor = z.strictObject({
  id: z.string(),
  factor: z.string(),
  traits,
  name: z.string().optional(),
  target: z.string().optional(),
  state: z.enum(['confirmed', 'disabled', 'pending']),
  weak: z.boolean(),
  createdAt: z.number(),
  lastUsedAt: z.number().optional(),
})

export const portalSession = z.strictObject({
  id: z.string(),
  current: z.boolean(),
  createdAt: z.number(),
  seenAt: z.number(),
  userAgent: z.string(),
  address: z.string(),
  amr: z.array(z.string()),
  applications: z.array(z.string()),
})

export const trustedDevice = z.strictObject({
  id: z.string(),
  name: z.string().optional(),
  createdAt: z.number(),
  lastUsedAt: z.number(),
  expiresAt: z.number(),
  userAgent: z.string(),
  address: z.string(),
  application: z.string(),
})

export const activity = z.strictObject({
  id: z.string(),
  at: z.number(),
  type: z.string(),
  outcome: z.enum(['success', 'failure']),
  factor: z.string().optional(),
  address: z.string().optional(),
  application: z.string().optional(),
  /** Why a second factor was asked for, where a rating asked: words of docs/risk.md. */
  reasons: z.array(z.string()).optional(),
})

/** `POST /u/api/account/factors`: an enrolment, with what its confirmation takes back and what is shown after it. */
export const added = enrolling.extend({
  challenge: z.string().optional(),
  recoveryCodes: z.array(z.string()).optional(),
})

/** `GET /u/api/account`: the whole of "Manage security". */
export const account = z.strictObject({
  csrf: z.string(),
  tenant: z.strictObject({ id: z.string(), name: z.string() }),
  user: z.strictObject({
    id: z.string(),
    name: z.string().optional(),
    email: z.string().optional(),
    emailVerified: z.boolean(),
    phoneNumber: z.string().optional(),
    hasPassword: z.boolean(),
  }),
  /** Epoch ms until which factors may be changed; absent: a fresh proof comes first (`POST …/sign-in`). */
  freshUntil: z.number().optional(),
  factors: z.array(factor),
  /** Kinds that may be added. */
  offers: z.array(offer),
  recovery: z.strictObject({ available: z.boolean(), createdAt: z.number().optional() }),
  devices: z.array(trustedDevice),
  sessions: z.array(portalSession),
  activity: z.array(activity),
})

export const accountActions = {
  signIn: z.strictObject({ fresh: z.boolean().optional() }),
  addFactor: actions.enrol,
  confirmFactor: z.strictObject({ ...csrf, proof: z.unknown().optional(), challenge: z.string().max(128).optional() }),
  renameFactor: z.strictObject({ ...csrf, name: z.string().trim().min(1).max(100) }),
  takeRecoveryCode: z.strictObject({ ...csrf, offer: z.string().max(128), id: z.string().max(128) }),
  changePassword: z.strictObject({ ...csrf, password: z.string().min(1).max(4_096) }),
  nothing: z.strictObject({ ...csrf }),
} as const

/** `POST /u/api/reset-password`: what a reset link allows. */
export const resetPassword = z.strictObject({ ticket: z.string().max(128), password: z.string().min(1).max(4_096) })

export type State = z.infer<typeof state>
export type Step = State['step']
export type Option = z.infer<typeof option>
export type Offer = z.infer<typeof offer>
export type RefusalBody = z.infer<typeof refusal>
export type Account = z.infer<typeof account>
export type ActionName = keyof typeof actions
