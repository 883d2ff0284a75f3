import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse, parseAllDocuments } from 'yaml'

/*
 * None of the files in deploy/ can be run where they were written, so these tests hold them to what can be held without:
 * they parse, they name what exists, and they ask for no more rights than they need. docs/deploy.md says what is untried.
 */

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** What `npm start` tells the runtime about memory. */
const asByHand = JSON.parse(
  (/^const SHORT_LIVED = (\[.+\])$/m.exec(read('scripts/lib/supervise.mjs'))?.[1] ?? '').replaceAll("'", '"'),
) as string[]

describe('the Dockerfile', () => {
  /** Instructions, with continued lines joined, by stage. */
  const lines = read('deploy/Dockerfile')
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => ({ word: /^[A-Z]+/.exec(line)?.[0] ?? '', rest: line.replace(/^[A-Z]+\s+/, '') }))
  const stages = lines.reduce<(typeof lines)[]>((all, line) => {
    if (line.word === 'FROM') all.push([])
    all.at(-1)?.push(line)
    return all
  }, [])
  const last = stages.at(-1) ?? []
  const of = (word: string) => last.filter((line) => line.word === word).map(({ rest }) => rest)

  test('has nothing but instructions there are', () => {
    const known = 'FROM WORKDIR COPY RUN ENV USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD'.split(' ')
    for (const { word, rest } of lines) assert.ok(known.includes(word) && rest !== '', `${word} ${rest}`)
    for (const { rest } of lines.filter(({ word }) => word === 'FROM'))
      assert.match(rest, /^[a-z/]+:[\w.-]+( AS [a-z]+)?$/)
  })

  test('copies what exists, from stages that exist', () => {
    const names = stages.flatMap(([from]) => / AS ([a-z]+)/.exec(from?.rest ?? '')?.[1] ?? [])
    for (const { rest } of lines.filter(({ word }) => word === 'COPY')) {
      const stage = /^--from=([a-z]+) /.exec(rest)?.[1]
      if (stage !== undefined) assert.ok(names.includes(stage), stage)
      else for (const path of rest.split(/\s+/).slice(0, -1)) assert.ok(existsSync(join(root, path)), path)
    }
    const [node, ...args] = JSON.parse(of('ENTRYPOINT')[0] ?? '[]') as string[]
    const main = args.pop() ?? ''
    assert.ok(existsSync(join(root, main.replace('/app/', ''))), main)
    assert.deepEqual([node, ...args], ['/app/node_modules/.bin/node', ...asByHand])
  })

  test('ends as a user that is not root, with a health check, without what development needs', () => {
    const [user = ''] = of('USER')
    assert.match(user, /^[1-9]\d{3,}:[1-9]\d{3,}$/)
    assert.ok(last.findIndex(({ word }) => word === 'USER') > last.findLastIndex(({ word }) => word === 'RUN'))
    assert.match(of('HEALTHCHECK').join(), /\/readyz/)
    assert.ok(of('ENV').join().includes('NODE_ENV=production'))
    assert.ok(of('COPY').some((rest) => rest.includes('--from=packages') && rest.includes('node_modules')))
    assert.match(read('deploy/Dockerfile'), /AS packages[\s\S]+npm ci --omit=dev/)
    assert.equal(of('STOPSIGNAL')[0], 'SIGTERM')
  })

  test('the image gets neither data nor history', () => {
    const ignored = read('.dockerignore').split('\n')
    for (const path of ['.git', 'data', 'node_modules']) assert.ok(ignored.includes(path), path)
  })
})

test('the compose file starts the server after its database, without rights, and holds no secret', () => {
  const { services, volumes } = parse(read('deploy/compose.yaml'))
  const { polyfactor, database } = services
  assert.equal(polyfactor.depends_on.database.condition, 'service_healthy')
  assert.ok(database.healthcheck.test.join(' ').includes('pg_isready'))
  assert.deepEqual([polyfactor.read_only, polyfactor.cap_drop], [true, ['ALL']])
  assert.ok(polyfactor.security_opt.includes('no-new-privileges:true'))
  assert.ok(existsSync(join(root, 'deploy', polyfactor.build.context, polyfactor.build.dockerfile)))
  assert.ok(Number.parseInt(polyfactor.stop_grace_period, 10) > 10, 'longer than it drains')
  assert.equal(database.ports, undefined)
  for (const value of Object.values({ ...polyfactor.environment, ...database.environment })) {
    assert.doesNotMatch(String(value), /[A-Za-z0-9+/]{32,}/)
  }
  assert.ok('database' in volumes)
})

describe('the Helm chart', () => {
  const folder = 'deploy/helm/polyfactor'
  const values = parse(read(`${folder}/values.yaml`))
  const chart = parse(read(`${folder}/Chart.yaml`))

  const lookUp = (path: string): unknown =>
    path
      .split('.')
      .slice(2)
      .reduce((it, name) => (it as Record<string, unknown>)?.[name], values as unknown)

  /** What a template becomes with the chart's own values, as far as its few constructs go; every branch is taken. */
  function filled(name: string): unknown[] {
    const text = read(`${folder}/templates/${name}`)
      .split('\n')
      .filter((line) => !/^\s*\{\{-? (if|end|range|with) ?.*\}\}$/.test(line))
      .map((line) =>
        line
          .replace(/^(\s*)\{\{- (include "polyfactor\.(labels|selector)").*\}\}$/, '$1  app: polyfactor')
          .replace(/^(\s*)\{\{- toYaml [^}]*\}\}$/, '$1  filled: yes')
          .replace(/\{\{ include "polyfactor\.name" \. \}\}/g, 'release')
          .replace(/\{\{ (\.Values[.\w]+)[^}]*\}\}/g, (_, path) => String(lookUp(path) || 'filled'))
          .replace(/\{\{[^}]*\}\}/g, 'filled'),
      )
      .join('\n')
    return parseAllDocuments(text).map((it) => {
      assert.deepEqual(it.errors, [], name)
      return it.toJS()
    })
  }
  const kinds: Readonly<Record<string, string>> = {
    'config.yaml': 'Secret',
    'deployment.yaml': 'Deployment',
    'service.yaml': 'Service',
    'ingress.yaml': 'Ingress',
    'pdb.yaml': 'PodDisruptionBudget',
  }

  test('is one: a chart of version 2, whose templates are Kubernetes objects', () => {
    assert.equal(chart.apiVersion, 'v2')
    assert.match(chart.version, /^\d+\.\d+\.\d+$/)
    const files = readdirSync(join(root, folder, 'templates')).filter((file) => file.endsWith('.yaml'))
    assert.deepEqual(files.sort(), Object.keys(kinds).sort())
    for (const [file, kind] of Object.entries(kinds)) {
      const [it] = filled(file) as { kind: string; apiVersion: string; metadata: { name: string } }[]
      assert.equal(it?.kind, kind)
      assert.ok(it.apiVersion && it.metadata.name)
    }
  })

  test('every value a template names is in values.yaml, and every bracket is closed', () => {
    for (const file of [...Object.keys(kinds), '_helpers.tpl']) {
      const text = read(`${folder}/templates/${file}`)
      for (const [, path = ''] of text.matchAll(/(\.Values\.[.\w]+)/g)) assert.notEqual(lookUp(path), undefined, path)
      const count = (of: RegExp) => [...text.matchAll(of)].length
      assert.equal(count(/\{\{-? (if|range|with|define) /g), count(/\{\{-? end -?\}\}/g), file)
      assert.equal(count(/\{\{/g), count(/\}\}/g), file)
    }
  })

  test('the pod has no rights, probes, and longer to stop than the server drains', () => {
    // biome-ignore lint/suspicious/noExplicitAny: a Kubernetes object, looked at member by member
    const [it] = filled('deployment.yaml') as any[]
    const { spec } = it.spec.template
    const [container] = spec.containers
    assert.deepEqual([spec.securityContext.runAsNonRoot, spec.automountServiceAccountToken], [true, false])
    assert.ok(spec.terminationGracePeriodSeconds >= 15)
    const { securityContext } = container
    assert.deepEqual(securityContext.capabilities.drop, ['ALL'])
    assert.deepEqual([securityContext.readOnlyRootFilesystem, securityContext.allowPrivilegeEscalation], [true, false])
    assert.equal(container.livenessProbe.httpGet.path, '/livez')
    assert.equal(container.readinessProbe.httpGet.path, '/readyz')
    assert.equal(container.ports[0].name, container.readinessProbe.httpGet.port)
  })
})

test('the unit of systemd is one, is hardened, and starts what exists', (t) => {
  const path = 'deploy/systemd/polyfactor.service'
  const text = read(path)
  const start = ['/opt/polyfactor/node_modules/.bin/node', ...asByHand, '/opt/polyfactor/src/main.ts serve '].join(' ')
  assert.ok(text.includes(`\nExecStart=${start}`), start)
  assert.ok(existsSync(join(root, 'src/main.ts')))
  for (const line of ['NoNewPrivileges=yes', 'ProtectSystem=strict', 'DynamicUser=yes', 'CapabilityBoundingSet=']) {
    assert.ok(text.split('\n').includes(line), line)
  }
  if (spawnSync('systemd-analyze', ['--version']).status !== 0) return t.diagnostic('no systemd-analyze here')
  const told = spawnSync('systemd-analyze', ['verify', join(root, path)], { encoding: 'utf8' }).stderr
  const complaints = told
    .split('\n')
    .filter((line) => line.includes('polyfactor.service') && !line.includes('is not executable'))
  assert.deepEqual(complaints, [])
  return undefined
})
