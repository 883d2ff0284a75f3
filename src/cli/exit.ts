/** A verb sets what the process answers: 0 done, 1 refused or failed. */
export type Exit = (code: 0 | 1) => void
