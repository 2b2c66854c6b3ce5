/** Running an experiment and telling what it found. */
export { runForgettingCommand } from "./forgetting/run.ts";
export { present, readData, runCommand } from "./run.ts";
export { RULES } from "./teachers.ts";
export { worldData } from "./world.ts";
