/** Says that a restore has begun and not ended: without it, half of two instances would pass for one. */
export const RESTORING = "restoring.json";
/** What folders are called that have what was replaced. */
export const REPLACED = "replaced-";
