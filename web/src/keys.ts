/** Keys and passkeys: what the browser does with the server's options, as JSON both ways (WebAuthn level 3). */

/** The user or the browser gave none. */
export class KeyRefused extends Error {}
/** Another ceremony took its place, or the page went on: nobody's mistake, and nothing to say. */
export class KeyGivenUp extends Error {}

type Shown = Readonly<Record<string, unknown>>

export const keysSupported = (): boolean =>
  typeof PublicKeyCredential === 'function' && typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function'

/** Whether passkeys can be offered in the list a box opens. */
export async function autofillSupported(): Promise<boolean> {
  try {
    return (await PublicKeyCredential.isConditionalMediationAvailable?.()) === true
  } catch {
    return false
  }
}

/** A browser has one ceremony at a time; a second one is refused unless the first is ended before. */
let current: { readonly end: () => void; readonly over: Promise<unknown> } | undefined

/** Ends what is under way: its promise fails with KeyGivenUp. */
export const giveUpKey = (): void => current?.end()

/** Asks for an assertion. @throws KeyRefused or KeyGivenUp */
export const proveKey = (show: Shown | undefined): Promise<unknown> =>
  ceremony((signal) => navigator.credentials.get({ publicKey: requestOf(show), signal }))

/** Offers passkeys in the list of a box with `autocomplete="… webauthn"`, for as long as that takes. @throws as `proveKey` */
export const offerKey = (show: Shown | undefined): Promise<unknown> =>
  ceremony((signal) => navigator.credentials.get({ publicKey: requestOf(show), signal, mediation: 'conditional' }))

/** Makes a key. @throws KeyRefused or KeyGivenUp */
export const makeKey = (show: Shown | undefined): Promise<unknown> =>
  ceremony((signal) =>
    navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(
        show?.publicKey as PublicKeyCredentialCreationOptionsJSON,
      ),
      signal,
    }),
  )

const requestOf = (show: Shown | undefined) =>
  PublicKeyCredential.parseRequestOptionsFromJSON(show?.publicKey as PublicKeyCredentialRequestOptionsJSON)

async function ceremony(begin: (signal: AbortSignal) => Promise<Credential | null>): Promise<unknown> {
  const before = current
  const own = new AbortController()
  const given = (before?.over ?? Promise.resolve()).then(() => begin(own.signal))
  const mine = { end: () => own.abort(), over: given.then(nothing, nothing) }
  current = mine
  before?.end()
  try {
    const credential = await given
    if (credential === null) throw new KeyRefused()
    return (credential as PublicKeyCredential).toJSON()
  } catch {
    throw own.signal.aborted ? new KeyGivenUp() : new KeyRefused()
  } finally {
    if (current === mine) current = undefined
  }
}

const nothing = () => undefined
