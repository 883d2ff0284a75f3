import { parentPort } from 'node:worker_threads'
import { compareSync } from 'bcrypt-ts'
import type { BcryptAnswer, BcryptJob } from './bcrypt.ts'

parentPort?.on('message', ({ password, stored }: BcryptJob) => {
  parentPort?.postMessage(answer(password, stored))
})

function answer(password: string, stored: string): BcryptAnswer {
  try {
    return { ok: compareSync(password, stored) }
  } catch {
    // The library's own text might quote its input.
    return { error: 'bcrypt comparison failed' }
  }
}
