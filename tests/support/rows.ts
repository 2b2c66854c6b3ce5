/** The rows that `selkie selftest` computes are the tests' rows. */
export * from "../../trainer/devices/selftest/rows.ts";
