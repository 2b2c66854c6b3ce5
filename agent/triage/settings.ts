/** When the learner may learn, and how much: none of it changes what is learned. */
export interface TriageSettings {
  /** Nothing is learned until people say so. */
  paused: boolean;
  /** Updates that are trained in one day at most, of the server's time zone; 0 for no limit. */
  dailyUpdates: number;
  /** Minutes of learning in one day at most; 0 for no limit. */
  dailyMinutes: number;
  /** Hours of the day in which nothing is learned. */
  quietHours: HourRange[];
  /** How far the trainer's process stands behind others, from 0 to 19, as `nice` has it. */
  niceness: number;
  /** Passages that are learned in one update at most, where that is cheaper; 1 for one by one. */
  together: number;
}

/** A stretch of a day, in minutes since midnight; one that ends before it begins goes over midnight. */
export interface HourRange {
  from: number;
  to: number;
}

export const DEFAULT_TRIAGE: TriageSettings = {
  paused: false,
  dailyUpdates: 0,
  dailyMinutes: 0,
  quietHours: [],
  niceness: 5,
  together: 1,
};
