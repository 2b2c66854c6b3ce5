export {};

declare const self: Worker;

const LOOK_MS = 100;

/** Ends the process, at once, when it takes more memory than it may. */
self.onmessage = ({ data: most }: MessageEvent<number>) => {
  setInterval(() => {
    if (process.memoryUsage.rss() > most) process.kill(process.pid, "SIGKILL");
  }, LOOK_MS);
};
