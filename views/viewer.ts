import { createContext } from "hono/jsx";

/** Whether whoever looks had to sign in (`open`: nobody has to), and has. */
export type ViewerState = "open" | "in" | "out";

/** Told to every page, see `app/page.ts`. */
export const Viewer = createContext<ViewerState>("open");
