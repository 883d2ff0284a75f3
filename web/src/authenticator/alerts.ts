import type { Account } from './keys.ts'
import { meetServer, subscribe } from './server.ts'

/** Where our service worker is; see src/dialects/hosted/authenticator/page.ts. */
const workerPath = '/u/authenticator-worker.js'
const scope = '/u/authenticator'

/** `off`: may be turned on; `none`: not in this browser, or not from this server. */
export type Alerts = 'on' | 'off' | 'refused' | 'none'

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string }
}

/** The policy of our pages lets no text become a script; this one address may. */
function workerUrl(): string {
  const { trustedTypes } = globalThis as unknown as { readonly trustedTypes?: TrustedTypes }
  const policy = trustedTypes?.createPolicy('authenticator-worker', { createScriptURL: () => workerPath })
  return policy?.createScriptURL(workerPath) ?? workerPath
}

let registered: Promise<ServiceWorkerRegistration | undefined> | undefined

/** The service worker that is woken by alerts; it also makes this page installable. */
export function worker(): Promise<ServiceWorkerRegistration | undefined> {
  registered ??=
    'serviceWorker' in navigator
      ? navigator.serviceWorker.register(workerUrl(), { scope }).catch(() => undefined)
      : Promise.resolve(undefined)
  return registered
}

export async function alertsNow(): Promise<Alerts> {
  const [key, registration] = await Promise.all([meetServer(), worker()])
  if (key === undefined || registration === undefined || !('PushManager' in globalThis)) return 'none'
  if (Notification.permission === 'denied') return 'refused'
  const subscription = await registration.pushManager.getSubscription()
  return subscription === null ? 'off' : 'on'
}

/** The subscription there is, to be told to the server at an enrolment. */
export async function subscriptionNow(): Promise<object | undefined> {
  const subscription = await (await worker())?.pushManager?.getSubscription()
  return subscription?.toJSON()
}

/** Asks the reader for notifications, and tells the server of every account where to alert this device. */
export async function turnOn(accounts: readonly Account[]): Promise<Alerts> {
  const key = await meetServer()
  const registration = await worker()
  if (key === undefined || registration === undefined) return 'none'
  if ((await Notification.requestPermission()) !== 'granted') return 'refused'
  try {
    const options = { userVisibleOnly: true, applicationServerKey: key }
    const subscription = (await registration.pushManager.subscribe(options)).toJSON()
    await Promise.all(accounts.map((account) => subscribe(account, subscription)))
    return 'on'
  } catch {
    return 'refused'
  }
}

/** Calls back whenever the service worker was woken. */
export function onAlert(listen: () => void): () => void {
  if (!('serviceWorker' in navigator)) return () => {}
  navigator.serviceWorker.addEventListener('message', listen)
  return () => navigator.serviceWorker.removeEventListener('message', listen)
}
