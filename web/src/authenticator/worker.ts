/// <reference lib="webworker" />

/**
 * The service worker of the authenticator page. It is woken by alerts, which say nothing but that something waits, shows
 * that, and opens the page. It caches nothing: what the page shows is always the server's.
 */

const worker = globalThis as unknown as ServiceWorkerGlobalScope
const page = '/u/authenticator'

interface Said {
  readonly title?: unknown
  readonly text?: unknown
}

function read(event: PushEvent): { readonly title: string; readonly text: string } {
  let said: Said = {}
  try {
    said = (event.data?.json() ?? {}) as Said
  } catch {
    // Not ours, or nothing: it still means that something waits.
  }
  const word = (it: unknown, or: string) => (typeof it === 'string' && it !== '' ? it : or)
  return { title: word(said.title, worker.location.host), text: word(said.text, '') }
}

const windows = () => worker.clients.matchAll({ type: 'window', includeUncontrolled: true })

worker.addEventListener('install', () => void worker.skipWaiting())
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()))

worker.addEventListener('push', (event) => {
  const { title, text } = read(event)
  const tell = async () => {
    for (const client of await windows()) client.postMessage('alert')
    await worker.registration.showNotification(title, { body: text, tag: 'request', requireInteraction: true })
  }
  event.waitUntil(tell())
})

worker.addEventListener('notificationclick', (event) => {
  event.notification.close()
  const show = async () => {
    const open = (await windows()).find((it) => new URL(it.url).pathname === page)
    await (open === undefined ? worker.clients.openWindow(page) : open.focus())
  }
  event.waitUntil(show())
})

export {}
