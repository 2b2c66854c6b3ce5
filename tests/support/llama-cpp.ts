/** What `selkie selftest` holds results against is what the tests do. */
export * from "../../trainer/devices/selftest/llama.ts";
