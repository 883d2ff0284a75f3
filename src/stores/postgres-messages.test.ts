import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { serialize } from 'pg-protocol'
import { asArray, asValue, bind, execute, sync } from './postgres-messages.ts'

const bytes = (message: string) => Buffer.from(message, 'latin1')
const text = fc.string({ unit: 'grapheme', maxLength: 40 })

/** What a Bind message says; formats are text where none is named. */
function read(message: Buffer) {
  let at = 5
  const name = () => {
    const end = message.indexOf(0, at)
    const text = message.toString('latin1', at, end)
    at = end + 1
    return text
  }
  const number = (bytes: 2 | 4) => {
    at += bytes
    return message.readIntBE(at - bytes, bytes)
  }
  const formats = () => Array.from({ length: number(2) }, () => number(2)).filter((it) => it !== 0)
  const value = () => {
    const length = number(4)
    if (length < 0) return null
    at += length
    return message.toString('utf8', at - length, at)
  }
  const [type, length, portal, statement, given] = [message[0], message.readInt32BE(1), name(), name(), formats()]
  const values = Array.from({ length: number(2) }, value)
  const asked = formats()
  assert.deepEqual([length, at], [message.length - 1, message.length])
  return { type, portal, statement, given, values, asked }
}

test('messages say what those of the driver say, whatever the values', () => {
  const values = fc.array(fc.oneof(text, fc.constant(null), fc.integer()), { maxLength: 12 })
  fc.assert(
    fc.property(fc.stringMatching(/^p\d{1,3}$/), values, (statement, given) => {
      const theirs = given.map((it) => (typeof it === 'number' ? String(it) : it))
      assert.deepEqual(
        read(bytes(bind(statement, given.map(asValue)))),
        read(serialize.bind({ statement, values: theirs })),
      )
    }),
  )
  assert.deepEqual(bytes(execute), serialize.execute())
  assert.deepEqual(bytes(sync), serialize.sync())
})

test('a value of more than 64 KB has its length told right', () => {
  const long = 'é'.repeat(70_000)
  assert.deepEqual(read(bytes(bind('p1', [asValue(long)]))), read(serialize.bind({ statement: 'p1', values: [long] })))
})

test('an array is spelled as the server reads it', () => {
  const spelled = (values: Parameters<typeof asArray>[0]) => bytes(asArray(values)).subarray(4).toString('utf8')
  assert.equal(spelled([]), '{}')
  assert.equal(spelled(['a', 'b,c', '', 'NULL', null]), '{"a","b,c","","NULL",NULL}')
  assert.equal(spelled([1, null, -2]), '{1,NULL,-2}')
  assert.equal(spelled(['say "é"', 'back\\slash', '{}']), '{"say \\"é\\"","back\\\\slash","{}"}')
})
