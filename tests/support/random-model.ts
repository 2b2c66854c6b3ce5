/** The models that `selkie selftest` makes are the tests' models. */
export * from "../../trainer/devices/selftest/model.ts";
