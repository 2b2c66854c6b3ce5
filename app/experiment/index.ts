/** Running an experiment and telling what it found. */
export { readTasks } from "../../agent/experiment/few-shot/data.ts";
export { GRID_MODEL, gridData } from "./few-shot/grid.ts";
export { runFewShotCommand } from "./few-shot/run.ts";
export { runForgettingCommand } from "./forgetting/run.ts";
export { present, readData, runCommand } from "./run.ts";
export { RULES } from "./teachers.ts";
export { worldData } from "./world.ts";
