import { Worker } from 'node:worker_threads'
import type { PasswordFormat } from './format.ts'

/** $2x$ is left out: it marks the hashes of a broken implementation that took different passwords for one. */
const MODULAR = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/

/** Each step doubles the time; cost 14 is a good second in this implementation. */
const MIN_COST = 4
const MAX_COST = 14

/** One comparison for the worker, and its answer. */
export interface BcryptJob {
  readonly password: string
  readonly stored: string
}
export type BcryptAnswer = { readonly ok: boolean } | { readonly error: string }

/**
 * bcrypt in its modular form, for imported users. Its 72-byte limit is the maker's, so a password is compared here as
 * the maker did, and hashed whole with Argon2id right afterwards.
 */
export const bcryptFormat: PasswordFormat = (stored) => {
  const match = MODULAR.exec(stored)
  const cost = Number(match?.[1])
  if (match === null || cost < MIN_COST || cost > MAX_COST) return undefined
  return (password) => compareInWorker({ password, stored })
}

/** Workers with nothing to do. There are never more than the hash pool lets run at once. */
const idle: Worker[] = []

function startWorker(): Worker {
  const worker = new Worker(new URL('./bcrypt-worker.ts', import.meta.url))
  // A job handed to a worker that has ended would never be answered.
  worker.once('exit', () => {
    const at = idle.indexOf(worker)
    if (at >= 0) idle.splice(at, 1)
  })
  return worker
}

/** Runs in a worker because the implementation is JavaScript and holds its thread for 75 ms and more. */
function compareInWorker(job: BcryptJob): Promise<boolean> {
  const worker = idle.pop() ?? startWorker()
  worker.ref()
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit)
      // An idle worker must not keep the process alive.
      worker.unref()
    }
    const onMessage = (answer: BcryptAnswer): void => {
      settle()
      idle.push(worker)
      if ('ok' in answer) resolve(answer.ok)
      else reject(new Error(answer.error))
    }
    const onError = (error: Error): void => {
      settle()
      reject(error)
    }
    const onExit = (): void => {
      settle()
      reject(new Error('the bcrypt worker ended before it answered'))
    }
    worker.on('message', onMessage).on('error', onError).on('exit', onExit)
    worker.postMessage(job)
  })
}
