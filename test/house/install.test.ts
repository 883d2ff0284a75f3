import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { whatIsMissing } from '../../scripts/lib/install.mjs'

const node = { version: '26.0.0', integrity: 'sha512-n' }
const locked = {
  '': { version: '0.1.0' },
  'node_modules/node': node,
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/check': { version: '1.0.0', integrity: 'sha512-c', dev: true },
  'node_modules/other-platform': { version: '1.0.0', integrity: 'sha512-o', optional: true },
}
const { '': _, 'node_modules/other-platform': __, ...installed } = locked

/** A checkout with this lock file, in which these packages were installed last. */
function checkout(t: TestContext, present?: object, files: readonly string[] = ['node_modules/node/bin/node']): string {
  const base = mkdtempSync(join(tmpdir(), 'polyfactor-install-'))
  t.after(() => rmSync(base, { recursive: true }))
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(base, path)), { recursive: true })
    writeFileSync(join(base, path), text)
  }
  write('package-lock.json', JSON.stringify({ packages: locked }))
  for (const file of files) write(file, '')
  if (present !== undefined) write('node_modules/.package-lock.json', JSON.stringify({ packages: present }))
  return base
}

describe('an installation is', () => {
  test('left alone when all is there, other platforms aside', (t) => {
    assert.equal(whatIsMissing(checkout(t, installed), { dev: true }), undefined)
  })
  test('needed on a fresh clone', (t) => {
    assert.match(whatIsMissing(checkout(t, undefined, []), { dev: false }) ?? '', /nothing is installed/)
  })
  test('needed when one was cut off', (t) => {
    assert.match(whatIsMissing(checkout(t, undefined), { dev: false }) ?? '', /nothing is installed/)
  })
  test('needed when the runtime was not unpacked', (t) => {
    assert.match(whatIsMissing(checkout(t, installed, []), { dev: false }) ?? '', /runtime/)
  })
  test('needed when the lock file names another version', (t) => {
    const old = { ...installed, 'node_modules/a': { version: '0.9.0', integrity: 'sha512-a' } }
    assert.match(whatIsMissing(checkout(t, old), { dev: false }) ?? '', /^a is not the version/)
  })
  test('needed when the lock file names a new package', (t) => {
    const { 'node_modules/a': _a, ...old } = installed
    assert.match(whatIsMissing(checkout(t, old), { dev: false }) ?? '', /^a is missing/)
  })
  test('needed for the tests but not for the server when tools of development are missing', (t) => {
    const { 'node_modules/check': _c, ...production } = installed
    const base = checkout(t, production)
    assert.equal(whatIsMissing(base, { dev: false }), undefined)
    assert.match(whatIsMissing(base, { dev: true }) ?? '', /^check is missing/)
  })
})
