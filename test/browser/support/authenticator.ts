import type { Person } from './person.ts'

/** A passkey in the machine itself, or a key on the desk that only feels a touch. */
const kinds = {
  passkey: { transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
  key: { transport: 'usb', hasResidentKey: false, hasUserVerification: false, isUserVerified: false },
} as const

/** TESTS ONLY: a virtual authenticator of Chromium, plugged into one page. */
export interface Plugged {
  /** Whether somebody answers as soon as they are asked; otherwise a question waits. Counts for questions to come. */
  hands(on: boolean): Promise<void>
  /** Whether finger and face are the right ones from now on. */
  verified(yes: boolean): Promise<void>
  /** Whether its signatures are nonsense. */
  broken(yes: boolean): Promise<void>
  /** How many credentials it holds. */
  count(): Promise<number>
}

export async function plugIn({ context, page }: Person, kind: keyof typeof kinds): Promise<Plugged> {
  const cdp = await context.newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const options = { protocol: 'ctap2', automaticPresenceSimulation: true, ...kinds[kind] } as const
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options })
  return {
    hands: async (enabled) => {
      await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })
    },
    verified: async (isUserVerified) => {
      await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })
    },
    broken: async (isBogusSignature) => {
      await cdp.send('WebAuthn.setResponseOverrideBits', { authenticatorId, isBogusSignature })
    },
    count: async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length,
  }
}
