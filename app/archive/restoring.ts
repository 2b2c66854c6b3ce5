/** Says that a restore has begun and not ended: without it, half of two instances would pass for one. */
export const RESTORING = "restoring.json";
