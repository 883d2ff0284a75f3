/** Keys and passkeys: what the browser does with the server's options, as JSON both ways (WebAuthn level 3). */

export class KeyRefused extends Error {}

type Shown = Readonly<Record<string, unknown>>

export const keysSupported = (): boolean =>
  typeof PublicKeyCredential === 'function' && typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function'

/** Asks for an assertion. @throws KeyRefused when the user or the browser does not give one */
export async function proveKey(show: Shown | undefined): Promise<unknown> {
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(
    show?.publicKey as PublicKeyCredentialRequestOptionsJSON,
  )
  return answer(navigator.credentials.get({ publicKey: options }))
}

/** Makes a key. @throws KeyRefused when the user or the browser does not make one */
export async function makeKey(show: Shown | undefined): Promise<unknown> {
  const options = PublicKeyCredential.parseCreationOptionsFromJSON(
    show?.publicKey as PublicKeyCredentialCreationOptionsJSON,
  )
  return answer(navigator.credentials.create({ publicKey: options }))
}

async function answer(call: Promise<Credential | null>): Promise<unknown> {
  try {
    const credential = await call
    if (credential === null) throw new KeyRefused()
    return (credential as PublicKeyCredential).toJSON()
  } catch {
    throw new KeyRefused()
  }
}
