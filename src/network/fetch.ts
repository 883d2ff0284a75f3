import * as z from 'zod'

/** Something could not be had; the text is for people and names no secret. */
export class NotFetched extends Error {
  override readonly name = 'NotFetched'
}

/** The largest download, bytes: several times the largest table there is. */
const largest = 256 * 1024 * 1024
/** For a whole download, ms. */
const patience = 300_000

/** A version of a package, as its registry announces it. */
export interface Release {
  readonly version: string
  readonly tarball: string
  /** SRI; a release without one is not taken. */
  readonly integrity: string
}

const release = z.object({
  version: z.string().regex(/^[\w.+-]{1,64}$/),
  dist: z.object({ tarball: z.url(), integrity: z.string().regex(/sha512-/) }),
})

/**
 * The newest version of a package.
 * @throws NotFetched when the registry does not answer, or announces it without a SHA-512
 */
export async function newestRelease(registry: string, name: string): Promise<Release> {
  const url = `${registry.replace(/(?<!\/)\/*$/, '/')}${name.replace('/', '%2f')}/latest`
  const text = new TextDecoder().decode(await download(url))
  const read = release.safeParse(parsed(text))
  if (!read.success) throw new NotFetched(`the registry announces ${name} without version, address or SHA-512`)
  return { version: read.data.version, ...read.data.dist }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * The bytes behind a URL: https, or http on this machine. At most 256 MiB in five minutes.
 * @throws NotFetched for anything but an answer of success
 */
export async function download(address: string): Promise<Uint8Array<ArrayBuffer>> {
  const url = URL.parse(address)
  if (url === null || !isSafe(url)) throw new NotFetched('addresses begin with https://, or http:// on this machine')
  const place = `${url.origin}${url.pathname}`
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(patience) })
    if (!isSafe(new URL(answer.url))) throw new NotFetched(`${place} leads to an address without https`)
    if (!answer.ok || answer.body === null) throw new NotFetched(`${place} answered ${answer.status}`)
    return await bounded(answer.body, place)
  } catch (error) {
    if (error instanceof NotFetched) throw error
    const { cause, message } = error as Error
    const why = cause instanceof Error ? ((cause as { code?: string }).code ?? cause.message) : message
    throw new NotFetched(`${place} cannot be read: ${why}`)
  }
}

async function bounded(body: ReadableStream<Uint8Array>, place: string): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > largest) throw new NotFetched(`${place} is larger than 256 MiB`)
    chunks.push(chunk)
  }
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname))
}
