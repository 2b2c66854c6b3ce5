/** When a sleep begins by itself. */
export interface SleepSettings {
  /** So many versions after the last one; 0 for never. */
  versions: number;
  /** So many days after the last one; 0 for never. */
  days: number;
}

export const DEFAULT_SLEEP: SleepSettings = { versions: 100, days: 30 };
