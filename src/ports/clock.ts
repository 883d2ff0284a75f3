/** Where time comes from; everything that expires asks here, so that the development clock moves all of it. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
}
