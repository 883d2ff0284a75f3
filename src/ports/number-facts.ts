/** What a provider says about a telephone number just now; what it does not tell is absent. Moments in epoch ms. */
export interface NumberFacts {
  /** The number went to another SIM card. */
  readonly simChangedAt?: number
  /** It went to another operator. */
  readonly portedAt?: number
  /** Its calls were forwarded. */
  readonly forwardedAt?: number
  readonly type?: 'mobile' | 'landline' | 'voip' | 'other'
}

/** Knows about numbers. Rejects when it cannot answer; then nothing is sent (S-78). */
export interface NumberFactsSource {
  of(number: string): Promise<NumberFacts>
}
