/** What messages are for and about; how they are worded stands in `compose.ts` and `words/`. */
export { plain, type Said } from './plain.ts'
export type { NoticeCause } from './words/words.ts'

export type MessagePurpose = 'login' | 'enrolment' | 'verify-address' | 'notice' | 'password-reset' | 'logout'
