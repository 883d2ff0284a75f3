import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readKey } from './address.ts'
import { kindOfCsv, readCsv, unpackCountry } from './csv.ts'
import { rangeBuilder } from './ranges.ts'

async function table(text: string, kind: 'country' | 'network', cut = 7) {
  const builder = rangeBuilder()
  async function* chunks() {
    for (let at = 0; at < text.length; at += cut) yield text.slice(at, at + cut)
  }
  await readCsv(chunks(), builder, kind)
  const built = builder.build()
  return (address: string) => {
    const key = readKey(address)
    return key && built.find(key)
  }
}

test('ranges of both families are found by any address in them and by none beside them', async () => {
  const find = await table(
    '1.0.0.0,1.0.0.255,13335,"Cloud, Inc."\r\n1.0.4.0,1.0.7.255,38803,x\n2001:200::,2001:200:1b9:ffff:ffff:ffff:ffff:ffff,2500,y\n',
    'network',
  )
  const found = ['0.255.255.255', '1.0.0.0', '1.0.0.255', '1.0.1.0', '1.0.5.5', '1.0.8.0', '::ffff:1.0.0.9'].map(find)
  assert.deepEqual(found, [undefined, 13335, 13335, undefined, 38803, undefined, 13335])
  assert.deepEqual(['2001:1ff::', '2001:200:1b9::7', '2001:200:1ba::'].map(find), [undefined, 2500, undefined])
})

test('countries are two letters, and one that nobody knows is none', async () => {
  const find = await table('1.0.0.0,1.0.0.255,NO\n1.0.1.0,1.0.1.255,ZZ\n1.0.2.0,1.0.2.255,\n', 'country')
  assert.equal(unpackCountry(find('1.0.0.3') ?? 0), 'NO')
  assert.deepEqual([find('1.0.1.3'), find('1.0.2.3')], [undefined, undefined])
})

test('where ranges overlap the first keeps what it has and the second gets the rest', async () => {
  const find = await table(
    '1.0.0.0,1.0.0.255,1\n1.0.0.128,1.0.1.255,2\n1.0.1.0,1.0.1.9,3\n2a00::,2a00::1:0:0:5,4\n2a00::1:0:0:6,2a00:0:0:9::,5\n',
    'network',
  )
  assert.deepEqual(['1.0.0.200', '1.0.1.1', '2a00::', '2a00:0:0:9::1'].map(find), [1, 2, 4, 5])
})

for (const [what, line, says] of [
  ['too few columns', '1.0.0.0,1.0.0.1', /line 2: has fewer than three columns/],
  ['no address', '1.0.0.0,x,5', /line 2: does not begin with two addresses/],
  ['no number', '1.0.0.0,1.0.0.1,NO', /line 2: holds no system number/],
  ['a number too large', '1.0.0.0,1.0.0.1,4294967296', /line 2: holds no system number/],
  ['two families', '1.0.0.0,2a00::,5', /line 2: a range begins and ends in different families/],
  ['a range upside down', '1.0.0.9,1.0.0.1,5', /line 2: a range ends before it begins/],
  ['ranges out of order', '0.9.0.0,0.9.0.1,5', /line 2: ranges are out of order/],
  ['a line without end', `1.0.0.0,1.0.0.1,5,${'x'.repeat(5_000)}`, /line 2: is too long/],
] as const) {
  test(`a table with ${what} is refused with its line`, async () => {
    await assert.rejects(table(`0.9.9.0,0.9.9.255,7\n${line}`, 'network'), says)
  })
}

test('a table tells its kind by the third column', () => {
  assert.equal(kindOfCsv('1.0.0.0,1.0.0.1,NO\n'), 'country')
  assert.equal(kindOfCsv('1.0.0.0,1.0.0.1,13335,"x"\n'), 'network')
  assert.throws(() => kindOfCsv('<html>'), /neither/)
})

test('a table answers as its list of ranges does, whatever the ranges', () => {
  const ranges = fc
    .uniqueArray(fc.nat({ max: 5_000 }), { maxLength: 400 })
    .map((cuts) => cuts.toSorted((a, b) => a - b))
    .map((cuts) =>
      cuts
        .slice(1)
        .map((end, at) => [cuts[at] ?? 0, end - 1, at + 1] as const)
        .filter((_, at) => at % 3 !== 2),
    )
  fc.assert(
    fc.property(ranges, fc.nat({ max: 5_001 }), (list, wanted) => {
      const builder = rangeBuilder()
      for (const [from, to, value] of list) builder.add({ family: 4, value: from }, { family: 4, value: to }, value)
      const expected = list.find(([from, to]) => from <= wanted && wanted <= to)?.[2]
      assert.equal(builder.build().find({ family: 4, value: wanted }), expected)
    }),
  )
})
