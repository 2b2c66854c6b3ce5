/** What choosing the best asks of an edit. */
export interface Rewarded {
  passageId: number;
  reward: number;
}

/**
 * ReST-EM's filter as in SEAL: of each passage's edits the one with the highest reward, if that is
 * positive; the first of equals.
 */
export function bestOf<Edit extends Rewarded>(edits: readonly Edit[]): Edit[] {
  const best = new Map<number, Edit>();
  for (const edit of edits) {
    const leader = best.get(edit.passageId);
    if (edit.reward > (leader?.reward ?? 0)) best.set(edit.passageId, edit);
  }
  return [...best.values()];
}
