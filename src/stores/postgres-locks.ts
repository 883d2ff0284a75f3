import type { TableName } from '#model/tables.ts'
import { listed, type Step } from './postgres-batch.ts'
import { lockKeys, tryKeys } from './postgres-sql.ts'

/**
 * What a change has read or writes: a row (there or not), or the set of rows with a value of an index. Locks on these
 * keys see to it that of two changes one comes after the other, also where there is no row that could be locked.
 */
export class Locks {
  /** By key: whether exclusively. */
  readonly #keys = new Map<number, boolean>()

  row(table: TableName, tenant: string, id: string, exclusive: boolean): void {
    this.#add(keyOf([table, tenant, id]), exclusive)
  }

  set(table: TableName, column: string, tenant: string, value: string, exclusive: boolean): void {
    this.#add(keyOf([table, tenant, column, value]), exclusive)
  }

  #add(key: number, exclusive: boolean): void {
    if (this.#keys.get(key) !== true) this.#keys.set(key, exclusive)
  }

  get size(): number {
    return this.#keys.size
  }

  /** Without those another has; `other` must hold them exclusively. */
  without(other: Locks): Locks {
    const rest = new Locks()
    for (const [key, exclusive] of this.#keys) if (!other.#keys.has(key)) rest.#keys.set(key, exclusive)
    return rest
  }

  /** Whether two changes with these locks would have to wait for each other. */
  clashes(other: Locks): boolean {
    for (const [key, exclusive] of other.#keys) {
      const mine = this.#keys.get(key)
      if (mine !== undefined && (mine || exclusive)) return true
    }
    return false
  }

  /** All of these too. */
  join(other: Locks): void {
    for (const [key, exclusive] of other.#keys) this.#add(key, exclusive)
  }

  /** All of these too, exclusively. */
  claim(other: Locks): void {
    for (const key of other.#keys.keys()) this.#keys.set(key, true)
  }

  /** Takes all of them, everywhere in one order, so that no changes wait for each other in a circle. */
  wait(): Step {
    return this.#step(lockKeys)
  }

  /** Takes all of them or fails at once: who holds others already must not wait. */
  attempt(): Step {
    return this.#step(tryKeys)
  }

  #step(text: string): Step {
    const marked = new Float64Array(this.#keys.size)
    let at = 0
    for (const [key, exclusive] of this.#keys) marked[at++] = 2 * key + (exclusive ? 1 : 0)
    return listed(text, [Array.from(marked.sort())])
  }
}

/**
 * Two 32-bit hashes of what is locked (cyrb53's mixing, public domain), as many bits of both as a number holds exactly, and
 * one to spare. No secret is guarded: who shares a key shares a lock, and waits for the other without need, that is all.
 */
function keyOf(parts: readonly string[]): number {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) {
      const code = part.charCodeAt(i)
      a = Math.imul(a ^ code, 2654435761)
      b = Math.imul(b ^ code, 1597334677)
    }
    // The end of a part, which holds no NUL.
    a = Math.imul(a, 2654435761)
    b = Math.imul(b, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return (a >>> 0) * 0x80000 + (b & 0x7ffff)
}
