import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import { lingering } from './web-message.ts'

const sha = (script: string) => `'sha256-${hash('sha256', script, 'base64')}'`

test('a popup sends its message and closes later, and the policy allows the script that does', () => {
  const script = 'win.postMessage("$& and $1", origin); win.close();'
  const policy = `default-src 'none';script-src ${sha(script)};base-uri 'none'`
  const made = lingering(`<body><script>${script}</script></body>`, policy)
  const [, later = ''] = /<script>(.*)<\/script>/.exec(made.body) ?? []
  assert.match(
    later,
    /^win\.postMessage\("\$& and \$1", origin\); win\.setTimeout\(function \(\) \{ win\.close\(\); \}, \d+\);$/,
  )
  assert.equal(made.policy, `default-src 'none';script-src ${sha(later)};base-uri 'none'`)
})

test('a page without such a script stays as it is', () => {
  assert.deepEqual(lingering('<p>no</p>', "default-src 'none'"), { body: '<p>no</p>', policy: "default-src 'none'" })
})
