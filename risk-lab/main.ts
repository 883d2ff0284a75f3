/**
 * `npm run risk:evaluate [-- --users N] [--seed N] [--mobile fresh] [--fit ROUNDS]`
 *
 * Makes a population, attacks it and tells how many logins the score of the engine has to question to stop how many
 * attacks, beside the published figures and against the gates of risk.md §1.5. Exit code 1 when a gate fails.
 */
import { parseArgs } from 'node:util'
import { engineRule } from './engine.ts'
import { baselines, evaluateScore, judged } from './evaluate.ts'
import { fit, scoreWith } from './fit.ts'
import { populate } from './population.ts'
import { beside, byClass, ofGates, ofRules, ofShares } from './report.ts'
import { simulate } from './simulate.ts'
import { fitted, starting } from './weights.ts'
import { ofBeginnings } from './young.ts'

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
    mobile: { type: 'string', default: 'as at home' },
    /** Looks for better weights on the training half first, in so many steps. */
    fit: { type: 'string' },
  },
})

const seed = Number(values.seed)
const mobile = values.mobile === 'fresh' ? 'fresh' : 'as at home'
const say = (text: string): void => void process.stdout.write(`${text}\n`)

const population = populate(Number(values.users), seed, mobile)
const played = (keep: (user: number) => boolean) => simulate(population, { longest: 38, attacks: 1, seed, keep })

// Even numbers are the training half, odd ones the reported half; all of them count for everybody.
const found =
  values.fit === undefined
    ? fitted
    : fit(
        played((user) => user % 2 === 0),
        fitted,
        Number(values.fit),
        seed,
        (line) => process.stderr.write(`${line}\n`),
      )
const it = played((user) => user % 2 === 1)

say(`# Population\n
${population.people.length} users, ${population.logins.length} logins in 540 days, seed ${seed}, mobile addresses ${mobile};
reported: ${it.own.length} logins of ${new Set(it.own.map(({ user }) => user)).size} users, as many attacks of each kind.\n`)
if (values.fit !== undefined) say(`Weights found: \`${JSON.stringify(found)}\`\n`)

const withStarting = evaluateScore(it, scoreWith(starting), 'by length')
const withFound = evaluateScore(it, scoreWith(found), 'by length')
const single = evaluateScore(it, scoreWith(found), 'one for all')
say(`# Median re-authentication rate (count) beside the published one\n
${beside({ 'starting weights': withStarting, 'fitted weights': withFound, 'fitted, one threshold': single })}\n`)
say(`# By frequency class, TPR 0.98, fitted weights\n\n${byClass(withFound)}\n`)
say(`# Rules to beat, and the engine as a whole\n\n${ofRules(it, { ...baselines, 'the engine': engineRule(it) })}\n`)
const scores = { 'starting weights': scoreWith(starting), 'fitted weights': scoreWith(found) }
say(`# Calibrated by the users' own logins, as the engine is\n\n${ofShares(it, scores)}\n`)
say(`# Before the first calibration\n\n${ofBeginnings(seed)}\n`)
say(`# Gates\n\nStarting weights:\n\n${ofGates(withStarting)}\n\nFitted weights:\n\n${ofGates(withFound)}`)
say(`\nFitted weights, one threshold for all lengths of history:\n\n${ofGates(single)}`)
process.exitCode = judged(withFound).every(({ pass }) => pass) ? 0 : 1
