import { useEffect, useState } from 'react'

/** Whole seconds until `at` (epoch ms), counting down; 0 when it is past or there is nothing to wait for. */
export function useSecondsUntil(at: number | undefined): number {
  const left = () => (at === undefined ? 0 : Math.max(0, Math.ceil((at - Date.now()) / 1_000)))
  const [seconds, setSeconds] = useState(left)
  // biome-ignore lint/correctness/useExhaustiveDependencies: `left` is made of `at`
  useEffect(() => {
    setSeconds(left())
    if (at === undefined) return
    const timer = setInterval(() => {
      setSeconds(left())
      if (Date.now() >= at) clearInterval(timer)
    }, 500)
    return () => clearInterval(timer)
  }, [at])
  return seconds
}
