/** Figures of the engine (security contract part 1). Seconds unless the name says otherwise. */
export const limits = {
  /** Digits of a code sent out of band. */
  codeDigits: 6,
  /** Life of an out-of-band code (S-2: at most 600). */
  codeLifetime: 300,
  /** Life of a flow token from the start of the flow, not sliding (at most 900). */
  ticketLifetime: 600,
  /** Wrong proofs a challenge survives (S-17). */
  failuresPerChallenge: 5,
  /** Consecutive wrong proofs of one authenticator before the first wait (S-18). */
  failuresBeforeWait: 10,
  firstWait: 30,
  longestWait: 3_600,
  /** Consecutive wrong proofs after which the authenticator is disabled (S-18). */
  failuresBeforeDisabled: 100,
  /** How long an enrolment may stay unconfirmed, and how often it may be tried (S-15). */
  pendingLifetime: 900,
  failuresPerPending: 5,
  pendingPerUser: 3,
  authenticatorsPerUser: 20,
  /** Age of the proof that changes to authenticators need (S-63). */
  freshProof: 300,
  /** How long a remembered device lasts, absolute (S-47). */
  trustedDevice: 30 * 86_400,
  /** Failures one address may cause in a minute over all accounts (S-23). */
  failuresPerAddressAndMinute: 20,
  /** Different users who may fail from one address before it is suspected of trying them out, and how long that takes and costs (S-23). */
  usersFailingPerAddress: 50,
  usersFailingWithin: 600,
  /** Pace at which an approval may be asked for (S-59). */
  pollInterval: 5,
  /** Wrong codes a user may enter, and how often one more is granted: a bucket some callers enforce on top. */
  codeBucket: { capacity: 10, refillEvery: 360 },
  recoveryBucket: { capacity: 10, refillEvery: 360 },
  /** Messages a user may cause, by channel. */
  sendBuckets: {
    sms: { capacity: 10, refillEvery: 3_600 },
    voice: { capacity: 10, refillEvery: 3_600 },
    email: { capacity: 20, refillEvery: 60 },
    /** Of approvals the windows below count; this is what callers are told. */
    push: { capacity: 3, refillEvery: 100 },
  },
  /** Approvals a user may be asked for in 5 minutes, and how many may stay unanswered in a day (S-87). */
  approvalsPerWindow: 3,
  approvalWindow: 300,
  approvalsUnanswered: 10,
  approvalsUnansweredWithin: 86_400,
  /** How far the clock of a device may be off, seconds. */
  deviceClockSkew: 120,
  /** A password alone must have this many characters, with a second factor 8 (part 1); at most 1,024 bytes. */
  passwordAlone: 15,
  passwordWithFactor: 8,
  /** After so long without use an account without a factor gets none on the password alone (S-67). */
  dormantAfter: 90 * 86_400,
} as const

export interface BucketRule {
  readonly capacity: number
  /** Seconds after which one more is granted. */
  readonly refillEvery: number
}
