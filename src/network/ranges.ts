import type { Key } from './address.ts'

/** Which value a range of addresses has; 12 bytes a range of IPv4 and 20 of IPv6. */
export interface RangeTable {
  /** How many ranges there are. */
  readonly size: number
  /** Undefined: no range holds the address. */
  find(key: Key): number | undefined
}

export interface RangeBuilder {
  /**
   * Adds the range of a value, a whole number below 2^32. Ranges of a family come in ascending order; of one that overlaps
   * the one before, the rest is taken.
   * @throws Error for one that is out of order
   */
  add(from: Key, to: Key, value: number): void
  build(): RangeTable
}

/** Collects ranges into flat arrays, as a table of hundreds of thousands must be to stay small. */
export function rangeBuilder(): RangeBuilder {
  const four = column(Uint32Array)
  const six = column(BigUint64Array)
  return {
    add(from, to, value) {
      if (from.family === 4 && to.family === 4) four.add(from.value, to.value, value)
      else if (from.family === 6 && to.family === 6) six.add(from.value, to.value, value)
      else throw new Error('a range begins and ends in different families')
    },
    build() {
      const short = four.build()
      const long = six.build()
      return {
        size: short.size + long.size,
        find: (key) => (key.family === 4 ? short.find(key.value) : long.find(key.value)),
      }
    },
  }
}

interface Numbers<N> {
  [index: number]: N
  readonly length: number
  set(other: Numbers<N>): void
  slice(from: number, to: number): Numbers<N>
}

const after = (value: number | bigint): number | bigint => (typeof value === 'bigint' ? value + 1n : value + 1)

/** One family: begin, end and value of each range, doubled in place as it grows. */
function column<N extends number | bigint>(make: new (length: number) => Numbers<N>) {
  let begins = new make(1024)
  let ends = new make(1024)
  let values = new Uint32Array(1024)
  let size = 0
  const grow = (): void => {
    const larger = <T extends Numbers<never>>(old: T, fresh: T): T => {
      fresh.set(old)
      return fresh
    }
    begins = larger(begins as never, new make(size * 2) as never)
    ends = larger(ends as never, new make(size * 2) as never)
    values = larger(values as never, new Uint32Array(size * 2) as never)
  }
  return {
    add(from: N, to: N, value: number): void {
      if (from > to) throw new Error('a range ends before it begins')
      const last = ends[size - 1]
      const overlaps = last !== undefined && from <= last
      if (overlaps && from < (begins[size - 1] as N)) throw new Error('ranges are out of order')
      // Tables made by merging overlap at places, and two ranges of IPv6 may share their upper 64 bits: the first one keeps what it has.
      const begin = overlaps ? (after(last) as N) : from
      if (begin > to) return
      if (size === begins.length) grow()
      begins[size] = begin
      ends[size] = to
      values[size] = value
      size++
    },
    build() {
      const [from, to, value] = [begins.slice(0, size), ends.slice(0, size), values.slice(0, size)]
      return {
        size,
        find(wanted: N): number | undefined {
          let low = 0
          let high = size - 1
          while (low <= high) {
            const middle = (low + high) >> 1
            if ((from[middle] as N) > wanted) high = middle - 1
            else if ((to[middle] as N) < wanted) low = middle + 1
            else return value[middle]
          }
          return undefined
        },
      }
    },
  }
}
