import type { CodeKind } from '#model/message-texts.ts'

/** Something about an account its owner is told of. */
export type NoticeCause =
  | 'factor-added'
  | 'factor-removed'
  | 'factor-changed'
  | 'factors-reset'
  | 'factor-locked'
  | 'factor-disabled'
  | 'sign-in-reported'
  | 'recovery-used'
  | 'recovery-replaced'
  | 'enrolment-refused'
  | 'success-after-failures'
  | 'password-changed'
  | 'password-dropped'
  | 'email-changed'
  | 'phone-changed'

/** All sentences of messages in one language, with `{code}`, `{service}`, `{time}`, `{link}` and `{what}`. */
export interface Words {
  /** What stands between two sentences. */
  readonly gap: string
  readonly codes: Readonly<Record<CodeKind, string>>
  readonly codeSubject: string
  /** A code spoken, said twice. */
  readonly spoken: string
  /** How long a code lives, and that it is nobody else's. */
  readonly life: string
  readonly secret: string
  readonly reset: {
    readonly subject: string
    readonly asked: string
    /** Ends where the link begins. */
    readonly open: string
    readonly button: string
    readonly ignore: string
  }
  readonly signIn: {
    readonly subject: string
    readonly asked: string
    readonly open: string
    readonly button: string
    readonly ignore: string
  }
  readonly invitation: {
    readonly subject: string
    readonly asked: string
    readonly open: string
    readonly button: string
  }
  /** What a device is woken with. */
  readonly alert: string
  readonly notice: { readonly subject: string; readonly objection: string }
  /** Without a full stop, since the kind of factor may follow in brackets. */
  readonly notices: Readonly<Record<NoticeCause, string>>
  readonly stop: string
}
