import type { Proof } from '#model/proof.ts'
import type { KeyRule } from '#model/tenant.ts'
import type { Random } from './random.ts'

/**
 * What dialects, pages and policy may know about a factor; they work from these traits, never from its name,
 * so that a new factor needs nobody's help.
 */
export interface FactorTraits {
  /**
   * How it is proved: `code` typed back after a message or from an app, `lookup` a saved code, `approval` given on
   * another device, `assertion` signed by a key, `knowledge` answers to questions. The last is set up only by somebody
   * signed in, never as the second factor a login is missing.
   */
  readonly proof: 'code' | 'lookup' | 'approval' | 'assertion' | 'knowledge'
  /** What carries it. A message channel means `ask` sends something. */
  readonly channel: 'app' | 'sms' | 'voice' | 'email' | 'push' | 'device' | 'paper' | 'memory'
  /** Kind of address it needs; factors with the same reach challenge each other's authenticators. */
  readonly reach?: 'phone' | 'email'
  /** `amr` values of its own proof (RFC 8176), in the order of assurance.md §2. */
  readonly amr: readonly string[]
  /** Class of the proof: two different ones make a multi-factor login, and `none` never does (e-mail, knowledge). */
  readonly assurance: 'possession' | 'lookup' | 'none'
  /** The proof is bound to the address it is made for, so that a page in between can do nothing with it. */
  readonly phishingResistant?: boolean
  /** Whether it leaves over another channel than the login: adds `mca`. */
  readonly secondChannel: boolean
  /** Whether a user may rely on it alone; a dependent one (recovery code) only accompanies another. */
  readonly independent: boolean
  /** Whether it may be enrolled by asking for it; false: it comes with another enrolment. */
  readonly enrollable: boolean
  /** Order in which the server prefers it when it may choose; lower first. */
  readonly rank: number
}

/** A keyed hash bound by the engine to tenant, user, record and purpose, so that a factor cannot forget to (S-34). */
export interface BoundMac {
  make(code: string): string
  matches(code: string, stored: string): boolean
}

/** The address proofs are made for, by the server's own configuration and never by a request (S-90, S-163). */
export interface Site {
  /** The domain keys are bound to. */
  readonly rpId: string
  /** Exact origins of pages and applications that may use them. */
  readonly origins: readonly string[]
  readonly rule?: KeyRule
}

/** What a factor may use; all of it handed in. */
export interface FactorTools {
  readonly random: Random
  /** Epoch ms. */
  readonly now: number
  readonly mac: BoundMac
  /** Absent where the caller is no page of ours; factors bound to a site cannot be asked from there. */
  readonly site?: Site
  /** The tenant's public address, for links to pages of ours; whoever the caller is. */
  readonly home?: string
}

/** What a factor remembers, in the clear; JSON. */
export type Memory = Readonly<Record<string, unknown>>

/** What kind of key is wished for. */
export interface KeyWish {
  /** It is to stand alone at a login: found without anybody being named, and sure of its user. */
  readonly discoverable?: boolean
  /** Built into the device of the browser, or one that is carried about; absent: either. */
  readonly attachment?: 'platform' | 'cross-platform'
}

/** What may be told of a key: nothing of it is secret. */
export interface KeyFacts {
  /** Id of the credential, base64url; absent while it is pending. */
  readonly id?: string
  /** COSE key, base64url. */
  readonly publicKey?: string
  readonly discoverable: boolean
  readonly attachment?: 'platform' | 'cross-platform'
  /** It may be copied between devices, and whether it has been. */
  readonly backupEligible: boolean
  readonly backedUp: boolean
  readonly transports: readonly string[]
  readonly handle?: string
  /** Model, a UUID. */
  readonly aaguid?: string
  readonly rpId?: string
}

export interface EnrolRequest {
  readonly key?: KeyWish
  /** Canonical address for factors with a reach; the engine has checked it. */
  readonly target?: string
  /** How the account is shown in an authenticator app. */
  readonly issuer: string
  readonly account: string
  /** What the user's other authenticators of this kind remember. */
  readonly others?: readonly Memory[]
  /** Questions to choose from, each another one, where it is proved by answers. */
  readonly questions?: readonly string[]
  /** How many codes a lookup factor makes; one unless told. */
  readonly count?: number
}

/** A code to be sent to the address, in the same commit as the challenge. */
export interface Dispatch {
  readonly code: string
}

/** What the user shall recognise when a device asks about it; all of it is shown and signed there. */
export interface Occasion {
  /** The application that is signed in to. */
  readonly application: string
  /** Where the request came from, coarse. */
  readonly place: string
  /** Epoch ms. */
  readonly at: number
}

/** A word to a device that something waits for its answer. It holds nothing that is worth reading (S-88). */
export interface Alert {
  readonly to: string
  /** What it is encrypted with, where the channel does that (RFC 8291). */
  readonly keys?: Readonly<Record<string, string>>
}

export interface Enrolled {
  /** Kept sealed. */
  readonly secret?: Uint8Array
  readonly memory?: Memory
  /** The name its device will call it by until it is confirmed, unique in the tenant. */
  readonly key?: string
  /** State of the confirming challenge, for factors that send one. */
  readonly challenge?: Memory
  readonly dispatch?: Dispatch
  /** Shown to the user now and never again. */
  readonly show?: Shown
}

/** What a new authenticator shows its user or, as options of a key, hands to the browser. */
export type Shown = {
  readonly secret?: string
  readonly uri?: string
  readonly codes?: readonly string[]
  readonly publicKey?: Memory
  readonly questions?: readonly Question[]
}

export interface Question {
  readonly id: string
  readonly question: string
}

export interface Asked {
  readonly challenge: Memory
  readonly dispatch?: Dispatch
  readonly alert?: Alert
  readonly show?: Memory
}

export interface Asking {
  readonly secret?: Uint8Array
  readonly memory?: Memory
  /** What the user's other confirmed authenticators of this kind remember. */
  readonly others?: readonly Memory[]
  readonly occasion?: Occasion
}

export interface CheckRequest {
  readonly secret?: Uint8Array
  readonly memory?: Memory
  /** State from `ask` or `enrol`; absent for factors that need no challenge. */
  readonly challenge?: Memory
  /** What the user sent, unchecked. */
  readonly proof: unknown
  /** Result of `examine`. */
  readonly evidence?: unknown
}

export type Verdict =
  | {
      readonly is: 'right'
      readonly memory?: Memory
      /** Shown to the user once, such as the code that replaces a spent one. */
      readonly show?: { readonly codes?: readonly string[] }
      /** Confirms an enrolment: the name its proofs will give, unique in the tenant (see `keyOf`). */
      readonly key?: string
      /** Confirms an enrolment: what is to be kept sealed from now on, and what the device calls itself. */
      readonly secret?: Uint8Array
      readonly name?: string
      /** What this proof tells beyond the factor's traits. */
      readonly proved?: Pick<Proof, 'amr' | 'userVerified' | 'hardware'>
    }
  /** `suspend`: it looks copied, and is not to be believed again until somebody has looked into it (S-91). */
  | { readonly is: 'wrong'; readonly suspend?: boolean }
  | { readonly is: 'waiting' }
  /** `alarm`: somebody else has asked, and the owner says so (S-87). */
  | { readonly is: 'declined'; readonly alarm?: boolean }

/** What a device said, after its signature was found good. */
export interface Heard {
  /** What it wants done. */
  readonly act: string
  /** Epoch ms by its own clock. */
  readonly at: number
  /** The address it believes to speak to. */
  readonly audience: string
  /** The name of the key that signed it (see `Authenticator.key`). */
  readonly key: string
  readonly says: Memory
}

/**
 * The devices of a factor whose approvals do not come through whoever signs in: they speak for themselves, in signed
 * statements. What answers a challenge is a proof like any other, judged by `check`.
 */
export interface Devices {
  /** The name a statement gives of its authenticator (see `Authenticator.key`), and of the challenge it answers; unproved. */
  readonly names: (statement: unknown) => { readonly key?: string; readonly challenge?: string }
  /** What the statement says, if the device with this memory has signed it; without one, if the key it brings has. */
  readonly hear: (statement: unknown, memory?: Memory) => Promise<Heard | undefined>
  /** What a device is told of an open challenge; undefined: it is none for a device. */
  readonly told: (challenge: Memory) => (Occasion & { readonly nonce: string }) | undefined
  /** What is to be kept sealed when a device says where it can be alerted; undefined: not acceptable. */
  readonly alerted: (says: Memory) => Uint8Array | undefined
}

/**
 * One way to prove who one is: pure functions of what they are given. No store, no request, no counting of attempts:
 * the engine counts before it asks (S-20) and commits what a verdict says in one write.
 */
export interface Factor {
  /** Name in configuration and storage, such as `sms`. */
  readonly kind: string
  readonly traits: FactorTraits
  /** Starts an enrolment. */
  enrol(request: EnrolRequest, tools: FactorTools): Enrolled
  /** Makes a challenge; absent for factors that are proved without one being made (TOTP, saved codes). */
  ask?(it: Asking, tools: FactorTools): Asked
  /** Makes a challenge to whoever holds one: the proof itself says whose it is. Absent: it needs to know the user. */
  discover?(tools: FactorTools): Asked
  /**
   * The authenticator a proof claims to come from, by the name its confirmation gave it; undefined: it names none.
   * Present: a challenge may be answered by any of the user's authenticators of this kind.
   */
  keyOf?(proof: unknown): string | undefined
  /** What may be told of a key by what is remembered of it. Present: its authenticators are keys. */
  keyFacts?(memory: Memory | undefined): KeyFacts
  /** Present: approvals come from devices of its own. */
  readonly devices?: Devices
  /** Slow or asynchronous work before the attempt is spent; its result is handed to `check`. */
  examine?(request: Omit<CheckRequest, 'evidence'>, tools: FactorTools): Promise<unknown>
  /** Judges a proof. Synchronous, since it runs where nothing else can spend the same thing. Never throws for bad input. */
  check(request: CheckRequest, tools: FactorTools): Verdict
  /**
   * Takes over an authenticator made elsewhere (configuration, import, management API).
   * Undefined: the factor cannot be imported, or the material is not acceptable.
   */
  adopt?(
    material: Readonly<Record<string, unknown>>,
    tools: FactorTools,
  ): Pick<Enrolled, 'secret' | 'memory'> | undefined
}
