import { linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseMasterKeys } from '#crypto/keyring.ts'
import type { Problem } from './problem.ts'

export type Found<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem }

/**
 * Reads a secret from a file that only its owner may read (S-161): mode 0600 or less.
 * `key` is what a problem calls it, e.g. `POLYFACTOR_MASTER_KEY_FILE`.
 */
export function readSecretFile(path: string, key: string): Found<string> {
  try {
    const mode = statSync(path).mode & 0o777
    if ((mode & 0o077) !== 0) {
      const problem = `${path} can be read by others (mode 0${mode.toString(8)})`
      return { ok: false, problem: { key, problem, mend: `Run: chmod 600 ${path}` } }
    }
    const value = readFileSync(path, 'utf8').trim()
    if (value !== '') return { ok: true, value }
    return { ok: false, problem: { key, problem: `${path} is empty`, mend: 'Write the secret into it' } }
  } catch (error) {
    const code = (error as { code?: string }).code ?? 'unreadable'
    const mend = 'Name a file the server can read, mode 0600'
    return { ok: false, problem: { key, problem: `${path} cannot be read (${code})`, mend } }
  }
}

/**
 * Reads a development secret, or makes it at first start: a file of mode 0600. Two processes that start together
 * get the same one, since only one of them can link its file to the name.
 */
export function keepSecretFile(path: string, make: () => string): Found<string> {
  try {
    statSync(path)
  } catch {
    const failure = createOnce(path, make())
    if (failure !== undefined) return { ok: false, problem: failure }
  }
  return readSecretFile(path, path)
}

function createOnce(path: string, content: string): Problem | undefined {
  const draft = `${path}.${process.pid}.new`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(draft, `${content}\n`, { mode: 0o600, flush: true })
    linkSync(draft, path)
  } catch (error) {
    const code = (error as { code?: string }).code ?? 'unwritable'
    if (code === 'EEXIST') return undefined
    const mend = `Let the user who runs the server write ${dirname(path)}`
    return { key: path, problem: `cannot be written (${code})`, mend }
  } finally {
    try {
      unlinkSync(draft)
    } catch {
      // Never written: nothing to tidy.
    }
  }
  return undefined
}

const makeKey = 'Make one with: openssl rand -base64 32'

/**
 * Master keys out of comma-separated base64, 32 bytes each. Phrases and patterns are refused: a key that decodes to
 * printable text, or repeats a few bytes, was not drawn at random (S-162).
 */
export function checkMasterKeys(text: string, key: string): Found<readonly Uint8Array[]> {
  try {
    const keys = parseMasterKeys(text)
    const phrase = keys.findIndex((bytes) => bytes.every((byte) => byte >= 0x20 && byte < 0x7f))
    if (phrase === -1) return { ok: true, value: keys }
    const problem = `master key ${phrase + 1} of ${keys.length} is an example or a phrase, not random`
    return { ok: false, problem: { key, problem, mend: makeKey } }
  } catch (error) {
    const problem = (error as Error).message.replace(/;.*/, '')
    return { ok: false, problem: { key, problem, mend: `Each is 32 bytes in base64. ${makeKey}` } }
  }
}

/**
 * What is wrong with an admin token, if anything: under 256 bits (32 characters), or an example. Blanks and control
 * characters cannot stand in a header and are refused always; the rest only when `strict`.
 */
export function checkAdminToken(token: string, key: string, strict: boolean): Problem | undefined {
  const mend = 'Make one with: openssl rand -base64 32'
  if (!/^[\x21-\x7e]+$/.test(token)) {
    return { key, problem: 'holds blanks or characters a header cannot carry', mend }
  }
  if (!strict) return undefined
  if (token.length < 32) return { key, problem: `is too short (${token.length} characters, under 256 bits)`, mend }
  if (new Set(token).size < 8 || /change.?me|example|your.?token|insert.?here/i.test(token)) {
    return { key, problem: 'is an example, not random', mend }
  }
  return undefined
}
