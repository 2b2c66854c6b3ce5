/** What is known of the devices here, and what can be found out. */

export type { Variant } from "../ggml/locate.ts";
export { isBackend } from "../ggml/locate.ts";
export * from "./devices.ts";
export * from "./hardware.ts";
export type { Check } from "./selftest/checks.ts";
export * from "./selftest/report.ts";
export { selftest } from "./selftest/selftest.ts";
