/** By which the job that learns a passage is known. */
export function learnKey(passageId: number): string {
  return `learn:${passageId}`;
}
