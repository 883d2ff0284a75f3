import { keyedHash, sameSecret } from '#crypto/digest.ts'
import type { CheckRequest, Enrolled, EnrolRequest, Factor, FactorTools, Question, Verdict } from '#ports/factor.ts'
import { normalised } from './normalised.ts'

/** How many questions there have to be at least, and at most. */
export const leastQuestions = 3
export const mostQuestions = 10

/**
 * Questions only the user is thought to know the answers of. NIST SP 800-63B takes that for no authenticator, and neither
 * do we: it is no factor class, so it raises no level, and is off unless a tenant names it.
 *
 * All questions are asked at once and all answers have to be right. They are kept as one keyed hash over all of them, so
 * that none can be guessed by itself; its key is the authenticator's own, random and sealed. A slow hash is not to be
 * had here, since proofs are judged where nothing may wait: against somebody who holds the server's keys as well as its
 * rows the answers are as weak as answers are.
 */
export const securityQuestion: Factor = {
  kind: 'security_question',
  traits: {
    proof: 'knowledge',
    channel: 'memory',
    amr: ['kba'],
    assurance: 'none',
    secondChannel: false,
    independent: true,
    enrollable: true,
    rank: 85,
  },
  enrol,
  ask: ({ memory }) => ({ challenge: { asked: true }, show: { questions: questionsIn(memory?.questions) ?? [] } }),
  check,
}

/** The questions that are offered; those that are answered when it is confirmed stay. */
function enrol({ questions = [] }: EnrolRequest, { random }: FactorTools): Enrolled {
  const offered = questions.map((question) => ({ id: random.id(), question }))
  return { secret: random.bytes(32), memory: {}, challenge: { offered }, show: { questions: offered } }
}

function check({ secret, memory, challenge, proof }: CheckRequest): Verdict {
  const answers = answersIn(proof)
  if (answers === undefined || secret === undefined || secret.length === 0) return { is: 'wrong' }
  const offered = questionsIn(challenge?.offered)
  if (offered !== undefined) return confirm(secret, offered, answers)
  const kept = questionsIn(memory?.questions)
  if (challenge?.asked !== true || kept === undefined || typeof memory?.answers !== 'string') return { is: 'wrong' }
  const right = kept.every(({ id }) => answers.has(id)) && answers.size === kept.length
  return { is: right && sameSecret(hashOf(secret, kept, answers), memory.answers) ? 'right' : 'wrong' }
}

/** Three different answers to three of the questions at least; one answer to all of them would be a short password. */
function confirm(secret: Uint8Array, offered: readonly Question[], answers: Answers): Verdict {
  const questions = offered.filter(({ id }) => answers.has(id))
  const known = questions.length === answers.size && questions.length >= leastQuestions
  if (!known || new Set(answers.values()).size < answers.size) return { is: 'wrong' }
  return { is: 'right', memory: { questions, answers: hashOf(secret, questions, answers) } }
}

type Answers = ReadonlyMap<string, string>

const hashOf = (secret: Uint8Array, questions: readonly Question[], answers: Answers): string =>
  keyedHash(
    secret,
    questions.flatMap(({ id }) => [id, answers.get(id) ?? '']),
  )

/** Answers by the ids of their questions; undefined where one is missing, named twice or no answer. */
function answersIn(proof: unknown): Answers | undefined {
  if (!Array.isArray(proof) || proof.length < leastQuestions || proof.length > mostQuestions) return undefined
  const answers = new Map<string, string>()
  for (const it of proof) {
    if (!isRecord(it) || typeof it.id !== 'string') return undefined
    const answer = normalised(it.answer)
    if (answer === undefined || answers.has(it.id)) return undefined
    answers.set(it.id, answer)
  }
  return answers
}

function questionsIn(value: unknown): readonly Question[] | undefined {
  if (!Array.isArray(value) || !value.every(isQuestion)) return undefined
  return value.map(({ id, question }) => ({ id, question }))
}

const isQuestion = (it: unknown): it is Question =>
  isRecord(it) && typeof it.id === 'string' && typeof it.question === 'string'

const isRecord = (it: unknown): it is Readonly<Record<string, unknown>> => typeof it === 'object' && it !== null
